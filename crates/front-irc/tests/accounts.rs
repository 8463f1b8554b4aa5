//! Logging in, registering and NickServ, as conversations.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::{digest, hmac, pbkdf2};
use std::num::NonZeroU32;
use support::script::{plays, plays_at};
use support::{Client, config, open};

/// `\0account\0password` as AUTHENTICATE carries it.
fn plain(account: &str, password: &str) -> String {
    BASE64.encode(format!("\0{account}\0{password}"))
}

/// Alice has an account; its password is `correct horse`.
const ALICE_REGISTERS: &str = "
    owner enters standard-replies
    owner> REGISTER alice * :correct horse
    owner< :n1 REGISTER SUCCESS alice :Account registered, and you are logged in
    owner< :n1 900 owner owner!~owner@127.0.0.1 alice :You are now logged in as alice
";

#[test]
fn sasl_plain_before_registration() {
    let login = plain("ALICE@phone", "correct horse");
    plays(&format!(
        "{ALICE_REGISTERS}
         alice connects
         alice> CAP REQ :sasl account-notify
         alice< :n1 CAP * ACK :sasl account-notify
         alice> NICK alice
         alice> USER alice 0 * :Alice
         alice> AUTHENTICATE PLAIN
         alice< AUTHENTICATE +
         alice> AUTHENTICATE {login}
         alice< :n1 900 alice alice!*@127.0.0.1 alice :You are now logged in as alice
         alice< :n1 903 alice :SASL authentication successful
         alice> CAP END
         alice< :n1 001 alice :Welcome to the Test Network, alice!~alice@127.0.0.1
         alice< :n1 002 alice ...
         alice< :n1 003 alice ...
         alice< :n1 004 alice ...
         alice< :n1 005 alice ...
         alice< :n1 005 alice ...
         alice< :n1 005 alice ...
         alice< :n1 251 alice ...
         alice< :n1 254 alice ...
         alice< :n1 255 alice ...
         alice< :n1 265 alice ...
         alice< :n1 266 alice ...
         alice< :n1 422 alice ...
         owner> WHOIS alice
         owner< :n1 311 owner alice ~alice 127.0.0.1 * :Alice
         owner< :n1 312 owner alice n1 :Test
         owner< :n1 330 owner alice alice :is logged in as
         owner< :n1 317 ...
         owner< :n1 318 ...
         owner> WHO alice %na
         owner< :n1 354 owner alice alice
         owner< :n1 315 ..."
    ));
}

#[test]
fn sasl_after_registration_tells_who_shares_a_room() {
    let login = plain("alice", "correct horse");
    plays(&format!(
        "{ALICE_REGISTERS}
         bob enters account-notify extended-join account-tag
         bob> JOIN #rust
         bob< :bob!~bob@127.0.0.1 JOIN #rust * :bob R
         bob< :n1 353 ...
         bob< :n1 366 ...
         al enters sasl
         al> JOIN #rust
         al< :al!~al@127.0.0.1 JOIN #rust
         al< :n1 353 ...
         al< :n1 366 ...
         bob< :al!~al@127.0.0.1 JOIN #rust * :al R
         al> AUTHENTICATE plain
         al< AUTHENTICATE +
         al> AUTHENTICATE {login}
         al< :n1 900 al al!~al@127.0.0.1 alice :You are now logged in as alice
         al< :n1 903 al :SASL authentication successful
         bob< @account=alice :al!~al@127.0.0.1 ACCOUNT alice
         al> PRIVMSG #rust hi
         bob< @account=alice :al!~al@127.0.0.1 PRIVMSG #rust :hi
         al> NICK alice
         al< :al!~al@127.0.0.1 NICK :alice
         bob< @account=alice :al!~al@127.0.0.1 NICK :alice"
    ));
}

#[test]
fn what_is_wrong_with_sasl_is_said_and_nobody_is_logged_in() {
    let wrong = plain("alice", "wrong horse");
    let nobody = plain("nobody", "correct horse");
    let other = BASE64.encode("bob\0alice\0correct horse");
    let binary = BASE64.encode(b"\0alice\0\xff\xfe");
    let empty = plain("alice", "");
    plays(&format!(
        "{ALICE_REGISTERS}
         bob enters
         bob> AUTHENTICATE PLAIN
         bob< :n1 904 bob :SASL authentication failed: negotiate the capability sasl first
         bob> CAP REQ sasl
         bob< :n1 CAP bob ACK :sasl
         bob> AUTHENTICATE
         bob< :n1 461 bob AUTHENTICATE ...
         bob> AUTHENTICATE *
         bob< :n1 906 bob :SASL authentication aborted
         bob> AUTHENTICATE GSSAPI
         bob< :n1 908 bob PLAIN,EXTERNAL,SCRAM-SHA-256 :are available SASL mechanisms
         bob< :n1 904 bob :SASL authentication failed: there is no such mechanism
         bob> AUTHENTICATE EXTERNAL
         bob< :n1 904 bob :SASL authentication failed: you have shown no client certificate
         bob> AUTHENTICATE PLAIN
         bob< AUTHENTICATE +
         bob> AUTHENTICATE *
         bob< :n1 906 bob :SASL authentication aborted
         bob> AUTHENTICATE PLAIN
         bob< AUTHENTICATE +
         bob> AUTHENTICATE +
         bob< :n1 904 bob :SASL authentication failed: this is no message of that mechanism
         bob> AUTHENTICATE PLAIN
         bob< AUTHENTICATE +
         bob> AUTHENTICATE not*base64
         bob< :n1 904 bob :SASL authentication failed: this is no message of that mechanism
         bob> AUTHENTICATE PLAIN
         bob< AUTHENTICATE +
         bob> AUTHENTICATE {binary}
         bob< :n1 904 bob :SASL authentication failed: this is no message of that mechanism
         bob> AUTHENTICATE PLAIN
         bob< AUTHENTICATE +
         bob> AUTHENTICATE {other}
         bob< :n1 904 bob :SASL authentication failed: this is no message of that mechanism
         bob> AUTHENTICATE PLAIN
         bob< AUTHENTICATE +
         bob> AUTHENTICATE {wrong}
         bob< :n1 904 bob :SASL authentication failed: wrong account or password
         bob> AUTHENTICATE PLAIN
         bob< AUTHENTICATE +
         bob> AUTHENTICATE {nobody}
         bob< :n1 904 bob :SASL authentication failed: wrong account or password
         bob> AUTHENTICATE PLAIN
         bob< AUTHENTICATE +
         bob> AUTHENTICATE {empty}
         bob< :n1 904 bob :SASL authentication failed: wrong account or password
         bob> NS INFO
         bob< :NickServ!NickServ@n1 NOTICE bob :You are not logged in."
    ));
}

#[test]
fn a_payload_is_as_long_as_it_may_be_and_no_longer() {
    let door = open(config());
    let mut bob = Client::connect(door.addresses()[0]);
    bob.say("CAP REQ sasl\r\nNICK bob\r\nAUTHENTICATE PLAIN");
    bob.until("AUTHENTICATE +");
    bob.say(&format!("AUTHENTICATE {}", "x".repeat(401)));
    bob.until(" 905 ");
    bob.say("AUTHENTICATE PLAIN");
    bob.until("AUTHENTICATE +");
    for _ in 0..11 {
        bob.say(&format!("AUTHENTICATE {}", "YWJj".repeat(100)));
    }
    bob.until(" 905 ");
    let long = plain("bob", &"x".repeat(2_000)); // In many chunks, and never right.
    bob.say("AUTHENTICATE *\r\nAUTHENTICATE PLAIN");
    bob.until("AUTHENTICATE +");
    for chunk in irc_proto::sasl::chunks(&BASE64.decode(&long).unwrap()) {
        bob.say(&format!("AUTHENTICATE {chunk}"));
    }
    bob.until("904 bob :SASL authentication failed: wrong account or password");
    bob.say(&format!("AUTHENTICATE {}", "x".repeat(65_536)));
    bob.until(" 417 "); // 64 KiB are no line.
    door.stop();
}

#[test]
fn who_fails_again_and_again_is_disconnected() {
    let wrong = plain("alice", "wrong horse");
    let door = open(config());
    let mut bob = Client::connect(door.addresses()[0]);
    bob.say("CAP REQ sasl\r\nNICK bob");
    for _ in 0..5 {
        bob.say(&format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {wrong}"));
        bob.until(" 904 ");
    }
    bob.until("ERROR :Closing Link: 127.0.0.1 (Too many logins failed)");
    assert_eq!(bob.line(), None);
    door.stop();
}

/// A client's side of SCRAM-SHA-256, written from RFC 5802 once more.
fn scram_final(first_bare: &str, challenge: &str, password: &str) -> String {
    let part = |name: &str| {
        let found = challenge.split(',').find_map(|it| it.strip_prefix(name));
        found.expect("the server says so").to_owned()
    };
    let salt = BASE64.decode(part("s=")).unwrap();
    let rounds = NonZeroU32::new(part("i=").parse().unwrap()).unwrap();
    let mut salted = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password.as_bytes(), &mut salted);
    let sign = |key: &[u8], text: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
    };
    let client_key = sign(&salted, "Client Key");
    let stored_key = digest::digest(&digest::SHA256, &client_key);
    let without_proof = format!("c=biws,r={}", part("r="));
    let said = format!("{first_bare},{challenge},{without_proof}");
    let signature = sign(stored_key.as_ref(), &said);
    let proof: Vec<u8> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
    format!("{without_proof},p={}", BASE64.encode(proof))
}

fn unwrapped(line: &str) -> String {
    let payload = line.strip_prefix("AUTHENTICATE ").expect("it goes on");
    String::from_utf8(BASE64.decode(payload).unwrap()).unwrap()
}

#[test]
fn sasl_scram_with_a_right_and_a_wrong_password_and_half_way() {
    let door = open(config());
    let address = door.addresses()[0];
    plays_at(address, ALICE_REGISTERS);
    let first = "n=alice,r=abcdefgh";
    let begin = |client: &mut Client| {
        client.say("AUTHENTICATE SCRAM-SHA-256");
        client.until("AUTHENTICATE +");
        client.say(&format!("AUTHENTICATE {}", BASE64.encode(format!("n,,{first}"))));
        unwrapped(&client.until("AUTHENTICATE "))
    };
    let mut client = Client::connect(address);
    client.say("CAP REQ sasl\r\nNICK bob");
    let challenge = begin(&mut client);
    let wrong = scram_final(first, &challenge, "wrong horse");
    client.say(&format!("AUTHENTICATE {}", BASE64.encode(wrong)));
    client.until(" 904 ");
    begin(&mut client);
    client.say("AUTHENTICATE *");
    client.until(" 906 ");
    // What was right in one exchange is nothing in the next.
    let challenge = begin(&mut client);
    let right = scram_final(first, &challenge, "correct horse");
    client.say("AUTHENTICATE *");
    client.until(" 906 ");
    begin(&mut client);
    client.say(&format!("AUTHENTICATE {}", BASE64.encode(right)));
    client.until(" 904 ");
    let challenge = begin(&mut client);
    let right = scram_final(first, &challenge, "correct horse");
    client.say(&format!("AUTHENTICATE {}", BASE64.encode(right)));
    assert!(unwrapped(&client.until("AUTHENTICATE ")).starts_with("v="));
    client.say("AUTHENTICATE +");
    client.until(" 900 bob bob!*@127.0.0.1 alice ");
    client.until(" 903 ");
    door.stop();
}

#[test]
fn register_answers_by_code() {
    plays(&format!(
        "{ALICE_REGISTERS}
         owner> REGISTER other * :correct horse
         owner< :n1 FAIL REGISTER ALREADY_AUTHENTICATED other :You are logged in to an account already
         bob enters standard-replies
         bob> REGISTER Alice * :correct horse
         bob< :n1 FAIL REGISTER ACCOUNT_EXISTS Alice :there is, or was, an account of this name
         bob> REGISTER owner * :correct horse
         bob< :n1 FAIL REGISTER ACCOUNT_EXISTS owner :somebody else is called so at the moment
         bob> REGISTER 1bob * :correct horse
         bob< :n1 FAIL REGISTER BAD_ACCOUNT_NAME 1bob ...
         bob> REGISTER * nowhere :correct horse
         bob< :n1 FAIL REGISTER INVALID_EMAIL * ...
         bob> REGISTER * * short
         bob< :n1 FAIL REGISTER UNACCEPTABLE_PASSWORD bob ...
         bob> REGISTER *
         bob< :n1 461 bob REGISTER ...
         bob> VERIFY bob 12345
         bob< :n1 FAIL VERIFY INVALID_CODE bob ...
         bob> REGISTER * bob@example.org :correct horse
         bob< :n1 REGISTER SUCCESS bob :Account registered, and you are logged in
         bob< :n1 900 bob bob!~bob@127.0.0.1 bob :You are now logged in as bob
         carol connects
         carol> CAP LS 302
         carol< :n1 CAP * LS * ...
         carol< :n1 CAP * LS :draft/account-registration=before-connect,custom-account-name
         carol> REGISTER * * :correct horse
         carol< :n1 NOTICE * :*** REGISTER *: Choose a nick first
         carol> NICK carol
         carol> REGISTER * * :correct horse
         carol< :n1 REGISTER SUCCESS carol :Account registered, and you are logged in
         carol< :n1 900 carol carol!*@127.0.0.1 carol :You are now logged in as carol"
    ));
}

#[test]
fn the_name_of_an_account_is_its_owners_nick() {
    let login = plain("alice", "correct horse");
    plays(&format!(
        "{ALICE_REGISTERS}
         mallory enters
         mallory> NICK Alice
         mallory< :n1 433 mallory Alice :Nickname is reserved: log in to its account (SASL, or /NS IDENTIFY) to use it
         mallory> NS IDENTIFY alice wrong-horse
         mallory< :NickServ!NickServ@n1 NOTICE mallory :That was not done: wrong account or password.
         eve connects
         eve> CAP REQ sasl
         eve< :n1 CAP * ACK :sasl
         eve> NICK alice
         eve> USER eve 0 * :Eve
         eve> CAP END
         eve< :n1 433 * alice :Nickname is reserved: log in to its account (SASL, or /NS IDENTIFY) to use it
         eve> AUTHENTICATE PLAIN
         eve< AUTHENTICATE +
         eve> AUTHENTICATE {login}
         eve< :n1 900 * *!*@127.0.0.1 alice :You are now logged in as alice
         eve< :n1 903 * :SASL authentication successful
         eve> NICK nickserv
         eve< :n1 433 * nickserv :Nickname is reserved for services"
    ));
}

#[test]
fn nickserv_registers_identifies_and_drops() {
    let ns = ":NickServ!NickServ@n1 NOTICE";
    plays(&format!(
        "alice enters account-notify
         alice> PRIVMSG NickServ :REGISTER correct-horse a@example.org
         alice< :alice!~alice@127.0.0.1 ACCOUNT alice
         alice< :n1 900 alice alice!~alice@127.0.0.1 alice :You are now logged in as alice
         alice< {ns} alice :alice is registered, and you are logged in.
         alice> NS register correct-horse
         alice< {ns} alice :You are logged in to an account already.
         bob enters
         bob> NS IDENTIFY alice correct-horse
         bob< :n1 900 bob bob!~bob@127.0.0.1 alice :You are now logged in as alice
         bob< {ns} bob :You are logged in.
         bob> PRIVMSG nickserv SESSIONS
         bob< {ns} bob :alice!~alice@127.0.0.1 on n1 since ...
         bob< {ns} bob :bob!~bob@127.0.0.1 on n1 since ...
         bob< {ns} bob :2 sessions are logged in.
         bob> NS INFO
         bob< {ns} bob :alice was registered at ...
         bob> NS PASSWORD wrong-horse battery-staple
         bob< {ns} bob :That was not done: wrong account or password.
         bob> NS PASSWORD correct-horse battery-staple
         bob< {ns} bob :The password is changed.
         bob> NS LOGOUT
         bob< :n1 901 bob bob!~bob@127.0.0.1 :You are now logged out
         bob< {ns} bob :You are logged out.
         bob> NS LOGOUT
         bob< {ns} bob :You are not logged in.
         bob> NS DROP battery-staple
         bob< {ns} bob :That was not done: you are not logged in.
         bob> NS IDENTIFY alice battery-staple
         bob< :n1 900 bob ...
         bob< {ns} bob :You are logged in.
         bob> NS DROP correct-horse
         bob< {ns} bob :That was not done: wrong account or password.
         bob> NS DROP battery-staple
         bob< :n1 901 bob bob!~bob@127.0.0.1 :You are now logged out
         bob< {ns} bob :The account is no more; its name is given to nobody again.
         alice< :alice!~alice@127.0.0.1 ACCOUNT *
         alice< :n1 901 alice alice!~alice@127.0.0.1 :You are now logged out
         bob> NS IDENTIFY alice battery-staple
         bob< {ns} bob :That was not done: wrong account or password.
         alice> NS REGISTER correct-horse
         alice< {ns} alice :That was not done: there is, or was, an account of this name."
    ));
}

#[test]
fn nickserv_keeps_certificates_and_knows_what_it_does_not_know() {
    let ns = ":NickServ!NickServ@n1 NOTICE";
    let one = "ab".repeat(32);
    plays(&format!(
        "alice enters
         alice> NS
         alice< {ns} alice :IDENTIFY ...
         alice< {ns} alice :REGISTER ...
         alice< {ns} alice :LOGOUT...
         alice< {ns} alice :PASSWORD ...
         alice< {ns} alice :CERT ...
         alice< {ns} alice :SESSIONS...
         alice< {ns} alice :INFO...
         alice< {ns} alice :DROP ...
         alice< {ns} alice :HELP: this
         alice> NS DANCE
         alice< {ns} alice :There is no such command; HELP shows those there are.
         alice> NS IDENTIFY
         alice< {ns} alice :IDENTIFY [account] password: log in
         alice> NS CERT LIST
         alice< {ns} alice :You are not logged in.
         alice> NS REGISTER correct-horse
         alice< :n1 900 ...
         alice< {ns} alice :alice is registered, and you are logged in.
         alice> NS CERT ADD
         alice< {ns} alice :You have shown no client certificate; name its fingerprint.
         alice> NS CERT ADD abc
         alice< {ns} alice :A fingerprint has 64 hexadecimal digits.
         alice> NS CERT ADD {one}
         alice< {ns} alice :The certificates are changed.
         alice> NS CERT LIST
         alice< {ns} alice :{one}
         alice< {ns} alice :1 certificates.
         alice> NS CERT DEL {one}
         alice< {ns} alice :The certificates are changed.
         alice> NS CERT DEL {one}
         alice< {ns} alice :That was not done: the account has no such certificate.
         alice> NS CERT
         alice< {ns} alice :CERT ...
         alice> NOTICE NickServ HELP"
    ));
}

#[test]
fn chanserv_registers_a_room_and_knows_who_may_what_there() {
    let (ns, cs) = (":NickServ!NickServ@n1 NOTICE", ":ChanServ!ChanServ@n1 NOTICE");
    plays(&format!(
        "alice enters
         alice> JOIN #Rust
         alice< :alice!~alice@127.0.0.1 JOIN #Rust
         alice< :n1 353 ...
         alice< :n1 366 ...
         alice> PRIVMSG ChanServ :REGISTER #rust
         alice< {cs} alice :#Rust: that was not done: log in to an account first.
         alice> NS REGISTER correct-horse
         alice< :n1 900 ...
         alice< {ns} alice :alice is registered, and you are logged in.
         alice> CS INFO #rust
         alice< {cs} alice :#Rust is not registered.
         alice> CS REGISTER #rust
         alice< {cs} alice :That is done.
         alice> CS REGISTER #rust
         alice< {cs} alice :#Rust: that was not done: the room is registered already.
         alice> CS ACCESS #rust ADD bob OP
         alice< {cs} alice :#Rust: that was not done: there is no such account.
         bob enters
         bob> NS REGISTER correct-horse
         bob< :n1 900 ...
         bob< {ns} bob :bob is registered, and you are logged in.
         bob> CS ACCESS #rust ADD bob OP
         bob< {cs} bob :#Rust: that was not done: the room is not yours.
         alice> CS ACCESS #rust ADD bob KING
         alice< {cs} alice :A level is VOICE, OP or ADMIN.
         alice> CS ACCESS #rust ADD bob OP
         alice< {cs} alice :That is done.
         alice> CS ACCESS #rust
         alice< {cs} alice :alice OWNER
         alice< {cs} alice :bob OP
         alice< {cs} alice :End of the access list of #Rust.
         bob> JOIN #rust
         bob< :bob!~bob@127.0.0.1 JOIN #Rust
         bob< :n1 353 ...
         bob< :n1 366 ...
         bob< :ChanServ!ChanServ@services MODE #Rust +o bob
         alice< :bob!~bob@127.0.0.1 JOIN #Rust
         alice< :ChanServ!ChanServ@services MODE #Rust +o bob
         bob> CS DEOP #rust
         bob< :bob!~bob@127.0.0.1 MODE #Rust -o bob
         bob< {cs} bob :That is done.
         alice< :bob!~bob@127.0.0.1 MODE #Rust -o bob
         bob> CS OP #rust
         bob< :bob!~bob@127.0.0.1 MODE #Rust +o bob
         bob< {cs} bob :That is done.
         alice< :bob!~bob@127.0.0.1 MODE #Rust +o bob
         bob> CS OP #rust nobody
         bob< :n1 401 bob nobody :No such nick/channel...
         bob> CS DROP #rust
         bob< {cs} bob :#Rust: that was not done: the room is not yours.
         alice> CS DROP #rust
         alice< {cs} alice :That is done.
         alice> CS DROP #nowhere
         alice< {cs} alice :#nowhere: that was not done: there is no such room.
         alice> CS DROP nowhere
         alice< {cs} alice :That is no room's name."
    ));
}

#[test]
fn a_ban_may_mean_an_account() {
    plays(
        "alice enters
         alice> JOIN #rust
         alice< :alice!~alice@127.0.0.1 JOIN #rust
         alice< :n1 353 ...
         alice< :n1 366 ...
         alice> MODE #rust +b ~a:bob
         alice< :alice!~alice@127.0.0.1 MODE #rust +b ~a:bob
         eve enters
         eve> REGISTER bob * correct-horse
         eve< :n1 REGISTER SUCCESS bob ...
         eve< :n1 900 ...
         eve> JOIN #rust
         eve< :n1 474 eve #rust :Cannot join channel (+b)",
    );
}
