//! IRC as clients see it: each test is a conversation.

mod support;

use support::script::plays;

#[test]
fn registration_needs_nick_user_and_the_end_of_negotiation() {
    plays(
        "alice connects
         alice> CAP LS 302
         alice< :n1 CAP * LS * :message-tags server-time echo-message...
         alice< :n1 CAP * LS :draft/account-registration=before-connect,custom-account-name
         alice> NICK alice
         alice> USER a 0 * :Alice
         alice> JOIN #rust
         alice< :n1 451 alice :You have not registered
         alice> CAP REQ :multi-prefix no-such-cap
         alice< :n1 CAP alice NAK :multi-prefix no-such-cap
         alice> CAP REQ :multi-prefix echo-message
         alice< :n1 CAP alice ACK :multi-prefix echo-message
         alice> CAP LIST
         alice< :n1 CAP alice LIST :echo-message multi-prefix cap-notify
         alice> CAP END
         alice< :n1 001 alice :Welcome to the Test Network, alice!~a@127.0.0.1
         alice< :n1 002 alice :Your host is n1, running version starling-...
         alice< :n1 003 alice :This server was created 2023-11-14T22:13:20.000Z
         alice< :n1 004 alice n1 starling-...
         alice< :n1 005 alice NETWORK=Test CASEMAPPING=ascii CHANTYPES=# CHANMODES=beI,k,lR,imnst PREFIX=(ov)@+ ...
         alice< :n1 005 alice KICKLEN=...
         alice< :n1 005 alice ...
         alice< :n1 251 alice :There are 1 users and 0 invisible on 1 servers
         alice< :n1 254 alice 0 :channels formed
         alice< :n1 255 alice :I have 1 clients and 0 servers
         alice< :n1 265 alice 1 1 :Current local users 1, max 1
         alice< :n1 266 alice 1 1 :Current global users 1, max 1
         alice< :n1 422 alice :MOTD File is missing
         alice> USER a 0 * :Alice
         alice< :n1 462 alice :You may not reregister",
    );
}

#[test]
fn who_asks_is_told_where_else_to_connect_before_and_after_registration() {
    plays(
        "alice connects
         alice> CAP REQ :starling/members
         alice< :n1 CAP * ACK :starling/members
         alice< :n1 MEMBERS irc :192.0.2.1:6667 192.0.2.2:6667
         bob enters
         bob> CAP REQ :starling/members
         bob< :n1 CAP bob ACK :starling/members
         bob< :n1 MEMBERS irc :192.0.2.1:6667 192.0.2.2:6667
         bob> CAP REQ :-starling/members
         bob< :n1 CAP bob ACK :-starling/members",
    );
}

#[test]
fn of_a_crowd_who_can_move_is_asked_once_and_nobody_is_closed() {
    plays(
        "alice enters
         bob enters
         bob> JOIN #crowded
         bob> PING here
         bob< :n1 PONG n1 :here
         alice> CAP REQ :starling/members
         alice< :n1 CAP alice ACK :starling/members
         alice< :n1 MEMBERS irc :192.0.2.1:6667 192.0.2.2:6667
         bob> JOIN #crowded
         alice< :n1 MOVE irc :192.0.2.2:6667
         bob> JOIN #overcrowded
         bob< ERROR :Closing Link: 127.0.0.1 (Other servers have fewer users; please reconnect to 192.0.2.2:6667)
         alice> PING here
         alice< :n1 PONG n1 :here",
    );
}

#[test]
fn a_nick_in_use_can_be_replaced() {
    plays(
        "alice enters
         bob connects
         bob> NICK Alice
         bob> USER b 0 * :Bob
         bob< :n1 433 * Alice :Nickname is already in use
         bob> NICK 1bob
         bob< :n1 432 * 1bob :Erroneous nickname
         bob> NICK
         bob< :n1 431 * :No nickname given
         bob> NICK bob
         bob< :n1 001 bob :Welcome to the Test Network, bob!~b@127.0.0.1
         bob< :n1 002 bob ...
         bob< :n1 003 bob ...
         bob< :n1 004 bob ...
         bob< :n1 005 bob ...
         bob< :n1 005 bob ...
         bob< :n1 005 bob ...
         bob< :n1 251 bob ...
         bob< :n1 254 bob ...
         bob< :n1 255 bob ...
         bob< :n1 265 bob ...
         bob< :n1 266 bob ...
         bob< :n1 422 bob ...
         bob> NICK alice
         bob< :n1 433 bob alice :Nickname is already in use
         bob> NICK robert
         bob< :bob!~b@127.0.0.1 NICK :robert",
    );
}

#[test]
fn rooms_from_first_to_last() {
    plays(
        "alice enters
         bob enters
         alice> JOIN #Rust
         alice< :alice!~alice@127.0.0.1 JOIN #Rust
         alice< :n1 353 alice = #Rust :@alice
         alice< :n1 366 alice #Rust :End of /NAMES list
         alice> TOPIC #rust :All about Rust
         alice< :alice!~alice@127.0.0.1 TOPIC #Rust :All about Rust
         bob> JOIN #rust
         bob< :bob!~bob@127.0.0.1 JOIN #Rust
         bob< :n1 332 bob #Rust :All about Rust
         bob< :n1 333 bob #Rust alice!~alice@127.0.0.1 1700000...
         bob< :n1 353 bob = #Rust :@alice bob
         bob< :n1 366 bob #Rust :End of /NAMES list
         alice< :bob!~bob@127.0.0.1 JOIN #Rust
         bob> MODE #rust +v bob
         bob< :n1 482 bob #Rust :You're not channel operator
         alice> MODE #rust +vk-t bob secret
         alice< :alice!~alice@127.0.0.1 MODE #Rust +vk...
         bob< :alice!~alice@127.0.0.1 MODE #Rust +vk...
         bob> PRIVMSG #rust :hello
         alice< :bob!~bob@127.0.0.1 PRIVMSG #Rust :hello
         bob> PRIVMSG @#rust :only for operators
         alice< :bob!~bob@127.0.0.1 PRIVMSG @#Rust :only for operators
         alice> KICK #rust bob :enough
         alice< :alice!~alice@127.0.0.1 KICK #Rust bob :enough
         bob< :alice!~alice@127.0.0.1 KICK #Rust bob :enough
         bob> PRIVMSG #rust :still here?
         bob< :n1 404 bob #Rust :Cannot send to channel
         bob> JOIN #rust
         bob< :n1 475 bob #Rust :Cannot join channel (+k)
         bob> PART #rust
         bob< :n1 442 bob #Rust :You're not on that channel
         alice> PART #rust :bye
         alice< :alice!~alice@127.0.0.1 PART #Rust :bye
         alice> JOIN rust
         alice< :n1 403 alice rust :No such channel",
    );
}

#[test]
fn who_leaves_is_seen_to_leave_once() {
    plays(
        "alice enters
         bob enters
         alice> JOIN #a,#b
         alice< :alice!~alice@127.0.0.1 JOIN #a
         alice< :n1 353 alice = #a :@alice
         alice< :n1 366 alice #a :End of /NAMES list
         alice< :alice!~alice@127.0.0.1 JOIN #b
         alice< :n1 353 alice = #b :@alice
         alice< :n1 366 alice #b :End of /NAMES list
         bob> JOIN #a,#b
         bob< :bob!~bob@127.0.0.1 JOIN #a
         bob< :n1 353 bob = #a :@alice bob
         bob< :n1 366 bob #a :End of /NAMES list
         bob< :bob!~bob@127.0.0.1 JOIN #b
         bob< :n1 353 bob = #b :@alice bob
         bob< :n1 366 bob #b :End of /NAMES list
         alice< :bob!~bob@127.0.0.1 JOIN #a
         alice< :bob!~bob@127.0.0.1 JOIN #b
         bob> NICK bobby
         bob< :bob!~bob@127.0.0.1 NICK :bobby
         alice< :bob!~bob@127.0.0.1 NICK :bobby
         bob> QUIT :see you
         bob< ERROR :Closing Link: 127.0.0.1 (Quit: see you)
         bob< (closed)
         alice< :bobby!~bob@127.0.0.1 QUIT :Quit: see you
         alice> JOIN 0
         alice< :alice!~alice@127.0.0.1 PART #a
         alice< :alice!~alice@127.0.0.1 PART #b",
    );
}

#[test]
fn messages_carry_what_each_client_asked_for() {
    plays(
        "alice enters message-tags server-time echo-message
         bob enters server-time
         carol enters
         dave enters message-tags
         alice> JOIN #a
         alice< @time=T;msgid=M :alice!~alice@127.0.0.1 JOIN #a
         alice< :n1 353 alice = #a :@alice
         alice< :n1 366 alice #a :End of /NAMES list
         bob> JOIN #a
         bob< @time=T :bob!~bob@127.0.0.1 JOIN #a
         bob< :n1 353 bob = #a :@alice bob
         bob< :n1 366 bob #a :End of /NAMES list
         alice< @time=T;msgid=M :bob!~bob@127.0.0.1 JOIN #a
         alice> @+draft/reply=x\\sy;label=1;other=2 PRIVMSG #a :hi
         alice< @time=T;msgid=M;+draft/reply=x\\sy :alice!~alice@127.0.0.1 PRIVMSG #a :hi
         bob< @time=T :alice!~alice@127.0.0.1 PRIVMSG #a :hi
         alice> @+typing=active TAGMSG #a
         alice< @time=T;msgid=M;+typing=active :alice!~alice@127.0.0.1 TAGMSG #a
         carol> PRIVMSG dave :psst
         dave< @msgid=M :carol!~carol@127.0.0.1 PRIVMSG dave :psst
         carol> PRIVMSG nobody :psst
         carol< :n1 401 carol nobody :No such nick/channel
         carol> NOTICE nobody :psst
         carol> TAGMSG dave
         carol< :n1 421 carol TAGMSG :Unknown command
         alice> PRIVMSG alice :to myself
         alice< @time=T;msgid=M :alice!~alice@127.0.0.1 PRIVMSG alice :to myself
         alice< @time=T;msgid=M :alice!~alice@127.0.0.1 PRIVMSG alice :to myself",
    );
}

#[test]
fn labels_come_back_with_the_whole_answer() {
    plays(
        "alice enters labeled-response batch echo-message
         alice> @label=one PING x
         alice< @label=one :n1 PONG n1 :x
         alice> @label=two PONG x
         alice< @label=two :n1 ACK
         alice> @label=three JOIN #a
         alice< @label=three :n1 BATCH +b1 labeled-response
         alice< @batch=b1 :alice!~alice@127.0.0.1 JOIN #a
         alice< @batch=b1 :n1 353 alice = #a :@alice
         alice< @batch=b1 :n1 366 alice #a :End of /NAMES list
         alice< :n1 BATCH -b1
         alice> @label=four PRIVMSG #a :hi
         alice< @label=four :alice!~alice@127.0.0.1 PRIVMSG #a :hi
         alice> @label=five PRIVMSG #nowhere :hi
         alice< @label=five :n1 403 alice #nowhere :No such channel
         alice> @label=six NOTICE nobody :hi
         alice< @label=six :n1 ACK
         alice> @label=seven NOSUCH
         alice< @label=seven :n1 421 alice NOSUCH :Unknown command",
    );
}

#[test]
fn a_message_that_was_not_committed_says_so() {
    plays(
        "alice enters standard-replies
         bob enters
         alice> PRIVMSG #cut :hi
         alice< :n1 FAIL PRIVMSG MESSAGE_REFUSED #cut :Your message was not sent: no majority...
         alice> PRIVMSG #lost :hi
         alice< :n1 FAIL PRIVMSG MESSAGE_UNKNOWN #lost :Your message may or may not have been delivered...
         bob> PRIVMSG #cut :hi
         bob< :n1 NOTICE bob :*** PRIVMSG #cut: Your message was not sent: no majority...
         bob> PRIVMSG #lost :hi
         bob< :n1 NOTICE bob :*** PRIVMSG #lost: Your message may or may not have been delivered...",
    );
}

#[test]
fn history_is_played_back_as_far_as_the_client_understands_it() {
    plays(
        "alice enters
         bob enters batch server-time message-tags draft/chathistory
         carol enters batch draft/chathistory draft/event-playback labeled-response
         alice> JOIN #A
         alice< :alice!~alice@127.0.0.1 JOIN #A
         alice< :n1 353 alice = #A :@alice
         alice< :n1 366 alice #A :End of /NAMES list
         alice> PRIVMSG #a :one
         alice> TOPIC #a :t
         alice< :alice!~alice@127.0.0.1 TOPIC #A :t
         alice> PRIVMSG #a :two
         alice> ISON alice
         alice< :n1 303 alice :alice
         bob> CHATHISTORY LATEST #a * 10
         bob< :n1 BATCH +b1 chathistory #a
         bob< @batch=b1;time=T;msgid=M :alice!~alice@127.0.0.1 PRIVMSG #a :one
         bob< @batch=b1;time=T;msgid=M :alice!~alice@127.0.0.1 PRIVMSG #a :two
         bob< :n1 BATCH -b1
         carol> @label=h CHATHISTORY LATEST #a * 3
         carol< @label=h :n1 BATCH +b2 chathistory #a
         carol< @batch=b2 :alice!~alice@127.0.0.1 PRIVMSG #a :one
         carol< @batch=b2 :alice!~alice@127.0.0.1 TOPIC #a :t
         carol< @batch=b2 :alice!~alice@127.0.0.1 PRIVMSG #a :two
         carol< :n1 BATCH -b2
         alice> CHATHISTORY LATEST #a * 1
         alice< :alice!~alice@127.0.0.1 PRIVMSG #a :two
         bob> CHATHISTORY LATEST #none * 1
         bob< :n1 NOTICE bob :*** CHATHISTORY LATEST #none: Messages could not be retrieved...
         bob> CHATHISTORY BEFORE #a msgid=nonsense 1
         bob< :n1 NOTICE bob :*** CHATHISTORY BEFORE: Invalid message reference...
         bob> CHATHISTORY
         bob< :n1 NOTICE bob :*** CHATHISTORY *: Insufficient parameters
         bob> CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2030-01-01T00:00:00.000Z 5
         bob< :n1 BATCH +b3 draft/chathistory-targets
         bob< @batch=b3 :n1 CHATHISTORY TARGETS #a 2023-11-14T22:13:...
         bob< :n1 BATCH -b3",
    );
}

#[test]
fn monitor_tells_who_comes_and_goes() {
    plays(
        "alice enters
         alice> MONITOR + bob,Carol
         alice< :n1 731 alice :bob,Carol
         bob enters
         alice< :n1 730 alice :bob!~bob@127.0.0.1
         bob> NICK carol
         bob< :bob!~bob@127.0.0.1 NICK :carol
         alice< :n1 731 alice :bob
         alice< :n1 730 alice :carol!~bob@127.0.0.1
         alice> MONITOR L
         alice< :n1 732 alice :bob,carol
         alice< :n1 733 alice :End of MONITOR list
         alice> MONITOR S
         alice< :n1 730 alice :carol!~bob@127.0.0.1
         alice< :n1 731 alice :bob
         alice> MONITOR - bob
         bob> QUIT
         bob< ERROR :Closing Link: 127.0.0.1 (Client quit)
         bob< (closed)
         alice< :n1 731 alice :carol
         alice> MONITOR C
         alice> MONITOR L
         alice< :n1 733 alice :End of MONITOR list",
    );
}

#[test]
fn operators_kill_and_speak_to_each_other() {
    plays(
        "alice enters labeled-response batch
         bob enters
         alice> STATS o
         alice< :n1 481 alice :Permission Denied- You're not an IRC operator
         alice< :n1 219 alice o :End of /STATS report
         alice> KILL bob :no
         alice< :n1 481 alice :Permission Denied- You're not an IRC operator
         alice> OPER admin wrong
         alice< :n1 464 alice :Password incorrect
         alice> @label=o OPER admin secret
         alice< @label=o :n1 BATCH +b1 labeled-response
         alice< @batch=b1 :alice!~alice@127.0.0.1 MODE alice +o
         alice< @batch=b1 :n1 381 alice :You are now an IRC operator
         alice< :n1 BATCH -b1
         bob> MODE bob +w
         bob< :bob!~bob@127.0.0.1 MODE bob +w
         bob> MODE bob
         bob< :n1 221 bob +w
         bob> MODE alice
         bob< :n1 502 bob :Can't view or change modes of other users
         alice> WALLOPS :watch out
         bob< :alice!~alice@127.0.0.1 WALLOPS :watch out
         alice< :alice!~alice@127.0.0.1 WALLOPS :watch out
         alice> KILL bob :spam
         bob< ERROR :Closing Link: 127.0.0.1 (Killed (alice (spam)))
         bob< (closed)
         alice> STATS o
         alice< :n1 243 alice O *@* * :admin
         alice< :n1 219 alice o :End of /STATS report
         alice> KILL bob :spam
         alice< :n1 401 alice bob :No such nick/channel
         alice> MODE alice -o
         alice< :alice!~alice@127.0.0.1 MODE alice -o",
    );
}

#[test]
fn people_are_found_and_described() {
    plays(
        "alice enters away-notify setname
         bob enters
         alice> JOIN #a
         alice< :alice!~alice@127.0.0.1 JOIN #a
         alice< :n1 353 alice = #a :@alice
         alice< :n1 366 alice #a :End of /NAMES list
         bob> JOIN #a
         bob< :bob!~bob@127.0.0.1 JOIN #a
         bob< :n1 353 bob = #a :@alice bob
         bob< :n1 366 bob #a :End of /NAMES list
         alice< :bob!~bob@127.0.0.1 JOIN #a
         bob> AWAY :lunch
         bob< :n1 306 bob :You have been marked as being away
         alice< :bob!~bob@127.0.0.1 AWAY :lunch
         alice> PRIVMSG bob :are you there?
         bob< :alice!~alice@127.0.0.1 PRIVMSG bob :are you there?
         alice< :n1 301 alice bob :lunch
         alice> WHOIS bob
         alice< :n1 311 alice bob ~bob 127.0.0.1 * :bob R
         alice< :n1 319 alice bob :#a
         alice< :n1 312 alice bob n1 :Test
         alice< :n1 301 alice bob :lunch
         alice< :n1 317 alice bob 0 1700000...
         alice< :n1 318 alice bob :End of /WHOIS list
         alice> WHO #a
         alice< :n1 352 alice #a ~alice 127.0.0.1 n1 alice H@ :0 alice R
         alice< :n1 352 alice #a ~bob 127.0.0.1 n1 bob G :0 bob R
         alice< :n1 315 alice #a :End of WHO list
         alice> WHO b* %tnf,7
         alice< :n1 354 alice 7 bob G
         alice< :n1 315 alice b* :End of WHO list
         alice> USERHOST bob alice nobody
         alice< :n1 302 alice :bob=-~bob@127.0.0.1 alice=+~alice@127.0.0.1
         alice> ISON bob nobody
         alice< :n1 303 alice :bob
         alice> SETNAME :Alice L.
         alice< :alice!~alice@127.0.0.1 SETNAME :Alice L.
         bob> AWAY
         bob< :n1 305 bob :You are no longer marked as being away
         alice< :bob!~bob@127.0.0.1 AWAY
         alice> LIST >1
         alice< :n1 321 alice Channel :Users  Name
         alice< :n1 322 alice #a 2 :
         alice< :n1 323 alice :End of /LIST
         alice> WHOIS nobody
         alice< :n1 401 alice nobody :No such nick/channel
         alice< :n1 318 alice nobody :End of /WHOIS list
         alice> WHOWAS nobody
         alice< :n1 406 alice nobody :There was no such nickname
         alice< :n1 369 alice nobody :End of WHOWAS
         alice> INVITE carol #a
         alice< :n1 401 alice carol :No such nick/channel
         alice> INVITE bob #a
         alice< :n1 443 alice bob #a :is already on channel",
    );
}

#[test]
fn modes_are_shown_and_lists_listed() {
    plays(
        "alice enters multi-prefix userhost-in-names extended-join invite-notify
         bob enters
         alice> JOIN #a
         alice< :alice!~alice@127.0.0.1 JOIN #a * :alice R
         alice< :n1 353 alice = #a :@alice!~alice@127.0.0.1
         alice< :n1 366 alice #a :End of /NAMES list
         alice> MODE #a +vl-t+b alice 5 spammer
         alice< :alice!~alice@127.0.0.1 MODE #a +vl...
         alice> MODE #a
         alice< :n1 324 alice #a +...
         alice< :n1 329 alice #a 1700000...
         alice> MODE #a b
         alice< :n1 367 alice #a spammer!*@* alice!~alice@127.0.0.1 1700000...
         alice< :n1 368 alice #a :End of channel ban list
         alice> MODE #a +X
         alice< :n1 472 alice X :is unknown mode char to me
         alice> NAMES #a
         alice< :n1 353 alice = #a :@+alice!~alice@127.0.0.1
         alice< :n1 366 alice #a :End of /NAMES list
         alice> MODE #a +i
         alice< :alice!~alice@127.0.0.1 MODE #a +i
         bob> JOIN #a
         bob< :n1 473 bob #a :Cannot join channel (+i)
         alice> INVITE bob #a
         alice< :n1 341 alice bob #a
         bob< :alice!~alice@127.0.0.1 INVITE bob #a
         bob> NAMES #nowhere
         bob< :n1 366 bob #nowhere :End of /NAMES list
         bob> TOPIC #nowhere
         bob< :n1 403 bob #nowhere :No such channel
         bob> TOPIC #a
         bob< :n1 331 bob #a :No topic is set",
    );
}

#[test]
fn mistakes_are_answered() {
    plays(
        "alice enters standard-replies
         alice> JOIN
         alice< :n1 461 alice JOIN :Not enough parameters
         alice> PRIVMSG
         alice< :n1 411 alice :No recipient given (PRIVMSG)
         alice> PRIVMSG #a
         alice< :n1 412 alice :No text to send
         alice> PRIVMSG a,b,c,d,e :hi
         alice< :n1 407 alice e :Too many targets
         alice< :n1 401 alice a :No such nick/channel
         alice< :n1 401 alice b :No such nick/channel
         alice< :n1 401 alice c :No such nick/channel
         alice< :n1 401 alice d :No such nick/channel
         alice> PING
         alice< :n1 409 alice :No origin specified
         alice> CAP NONSENSE
         alice< :n1 410 alice NONSENSE :Invalid CAP command
         alice> HELP nonsense
         alice< :n1 524 alice NONSENSE :No help available on this topic
         alice> SETNAME :
         alice< :n1 FAIL SETNAME INVALID_REALNAME :...",
    );
}

#[test]
fn the_server_describes_itself() {
    plays(
        "alice enters
         alice> VERSION
         alice< :n1 351 alice starling-...
         alice< :n1 005 alice ...
         alice< :n1 005 alice ...
         alice< :n1 005 alice ...
         alice> LINKS
         alice< :n1 364 alice n1 n1 :0 Test (up)
         alice< :n1 365 alice * :End of /LINKS list
         alice> LUSERS
         alice< :n1 251 alice :There are 1 users and 0 invisible on 1 servers
         alice< :n1 254 alice 0 :channels formed
         alice< :n1 255 alice :I have 1 clients and 0 servers
         alice< :n1 265 alice 1 1 :Current local users 1, max 1
         alice< :n1 266 alice 1 1 :Current global users 1, max 1
         alice> STATS u
         alice< :n1 242 alice :Server Up ...
         alice< :n1 219 alice u :End of /STATS report
         alice> TIME
         alice< :n1 391 alice n1 ...
         alice> ADMIN
         alice< :n1 423 alice n1 :No administrative info available",
    );
}

#[test]
fn operators_choose_how_a_room_is_replicated_and_everybody_in_it_sees_so() {
    plays(
        "alice enters
         bob enters
         alice> JOIN #Rust
         alice< :alice!~alice@127.0.0.1 JOIN #Rust
         alice< :n1 353 ...
         alice< :n1 366 ...
         bob> JOIN #rust
         bob< :bob!~bob@127.0.0.1 JOIN #Rust
         bob< :n1 353 ...
         bob< :n1 366 ...
         alice< :bob!~bob@127.0.0.1 JOIN #Rust
         bob> MODE #rust +R primary-backup
         bob< :n1 482 bob #Rust :You're not channel operator
         alice> MODE #rust +Rm primary-backup
         alice< :alice!~alice@127.0.0.1 MODE #Rust +m
         alice< :alice!~alice@127.0.0.1 MODE #Rust +R primary-backup
         bob< :alice!~alice@127.0.0.1 MODE #Rust +m
         bob< :alice!~alice@127.0.0.1 MODE #Rust +R primary-backup
         alice> PRIVMSG #rust :still here
         bob< :alice!~alice@127.0.0.1 PRIVMSG #Rust :still here
         bob> MODE #rust
         bob< :n1 324 bob #Rust +mntR primary-backup
         bob< :n1 329 ...
         alice> MODE #rust +R often
         alice< :n1 696 alice #rust R often :A room is replicated by raft, primary-backup or gossip
         alice> TOPIC #rust :ours
         alice< :alice!~alice@127.0.0.1 TOPIC #Rust :ours
         bob< :alice!~alice@127.0.0.1 TOPIC #Rust :ours
         bob> LIST
         bob< :n1 321 bob Channel :Users  Name
         bob< :n1 322 bob #Rust 2 :[+R primary-backup] ours
         bob< :n1 323 bob :End of /LIST
         alice> MODE #rust -R
         alice< :alice!~alice@127.0.0.1 MODE #Rust -R
         bob< :alice!~alice@127.0.0.1 MODE #Rust -R
         bob> MODE #rust
         bob< :n1 324 bob #Rust +mnt
         bob< :n1 329 ...",
    );
}

#[test]
fn a_session_goes_on_on_another_connection_and_nobody_sees_it() {
    plays(
        "bob enters
         bob> JOIN #sea
         bob< :bob!~bob@127.0.0.1 JOIN #sea
         bob< :n1 353 bob = #sea :@bob
         bob< :n1 366 bob #sea :End of /NAMES list
         alice enters
         alice> CAP REQ :starling/resume
         alice< :n1 CAP alice ACK :starling/resume
         alice< :n1 RESUME TOKEN :token-3
         alice> JOIN #sea
         alice< :alice!~alice@127.0.0.1 JOIN #sea
         alice< :n1 353 alice = #sea :@bob alice
         alice< :n1 366 alice #sea :End of /NAMES list
         bob< :alice!~alice@127.0.0.1 JOIN #sea
         again connects
         again> RESUME token-3 7
         again< :n1 NOTICE * :*** RESUME: Ask for the capability starling/resume first
         again> CAP REQ :starling/resume standard-replies extended-join
         again< :n1 CAP * ACK :starling/resume standard-replies extended-join
         again> RESUME token-3 seven
         again< :n1 FAIL RESUME INVALID_NUMBER :The second parameter is a number...
         again> RESUME token-9 7
         again< :n1 FAIL RESUME INVALID_TOKEN :There is no such session any more...
         again> RESUME
         again< :n1 461 * RESUME :Not enough parameters
         again> RESUME token-3 7
         alice< ERROR :Closing Link: 127.0.0.1 (Your session is not on this connection any more)
         alice< (closed)
         again< :n1 001 alice :Welcome back to the Test Network, alice
         again< :n1 002 alice :Your host is n1 now, running version...
         again< :n1 005 alice NETWORK=Test...
         again< :n1 005 alice KICKLEN=...
         again< :n1 005 alice ...
         again< :n1 RESUME TOKEN :token-3
         again< :alice!~alice@127.0.0.1 JOIN #sea * :alice R
         again< :n1 353 alice = #sea :@bob alice
         again< :n1 366 alice #sea :End of /NAMES list
         again< :n1 RESUME ATTACHED :alice
         bob> PRIVMSG #sea :still there?
         again< :bob!~bob@127.0.0.1 PRIVMSG #sea :still there?
         again> PRIVMSG #sea :yes
         bob< :alice!~alice@127.0.0.1 PRIVMSG #sea :yes
         again> RESUME token-3 7
         again< :n1 462 alice :You have a session already",
    );
}
