//! TLS and WebSocket carry the same lines.

mod support;

use front_irc::{StartError, Timings, Transport};
use rcgen::CertifiedKey;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use support::{Client, PATIENCE, config, listener, open, open_with};
use tempfile::TempDir;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

struct Pem {
    _dir: TempDir,
    cert: PathBuf,
    key: PathBuf,
    der: CertificateDer<'static>,
}

fn pem() -> Pem {
    let CertifiedKey { cert, key_pair } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let dir = TempDir::new().unwrap();
    let (cert_path, key_path) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert_path, cert.pem()).unwrap();
    std::fs::write(&key_path, key_pair.serialize_pem()).unwrap();
    Pem { _dir: dir, cert: cert_path, key: key_path, der: cert.der().clone() }
}

fn tls_config(pem: &Pem, transport: Transport) -> front_irc::Config {
    let mut config = config();
    config.listeners = vec![listener(transport)];
    config.listeners[0].tls = Some((pem.cert.clone(), pem.key.clone()));
    config
}

fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn connect_tls(address: SocketAddr, pem: &Pem) -> StreamOwned<ClientConnection, TcpStream> {
    connect_tls_as(address, pem, None)
}

/// With a client certificate that the client says is its own.
fn connect_tls_as(
    address: SocketAddr,
    pem: &Pem,
    own: Option<ClientCertificate>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(pem.der.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        Some(own) => config.with_client_cert_resolver(Arc::new(own)),
        None => config.with_no_client_auth(),
    };
    let name = ServerName::try_from("localhost").unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), connect(address))
}

/// What a client shows, whether or not certificate and key belong together.
#[derive(Clone, Debug)]
struct ClientCertificate(Arc<rustls::sign::CertifiedKey>);

impl ClientCertificate {
    fn new(certificate: &CertifiedKey, key: &CertifiedKey) -> ClientCertificate {
        let key = PrivateKeyDer::Pkcs8(key.key_pair.serialize_der().into());
        let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        let chain = vec![certificate.cert.der().clone()];
        ClientCertificate(Arc::new(rustls::sign::CertifiedKey::new(chain, key)))
    }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(
        &self,
        _hints: &[&[u8]],
        _schemes: &[rustls::SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn a_client_certificate_logs_in_whoever_holds_its_key() {
    let pem = pem();
    let door = open(tls_config(&pem, Transport::Stream));
    let address = door.addresses()[0];
    let [own, other] =
        [(); 2].map(|()| rcgen::generate_simple_self_signed(["alice".to_owned()]).unwrap());
    let shown = ClientCertificate::new(&own, &own);
    let mut alice = BufReader::new(connect_tls_as(address, &pem, Some(shown.clone())));
    alice.get_mut().write_all(b"NICK alice\r\nUSER a 0 * :a\r\n").unwrap();
    until(&mut alice, " 422 ");
    alice.get_mut().write_all(b"CAP REQ sasl\r\nAUTHENTICATE EXTERNAL\r\n").unwrap();
    until(&mut alice, "AUTHENTICATE +");
    alice.get_mut().write_all(b"AUTHENTICATE +\r\n").unwrap();
    until(&mut alice, "904 alice :SASL authentication failed: wrong account or password");
    alice.get_mut().write_all(b"NS REGISTER correct-horse\r\nNS CERT ADD\r\n").unwrap();
    until(&mut alice, "The certificates are changed.");

    let mut phone = BufReader::new(connect_tls_as(address, &pem, Some(shown)));
    let begin = b"CAP REQ sasl\r\nNICK phone\r\nAUTHENTICATE EXTERNAL\r\nAUTHENTICATE +\r\n";
    phone.get_mut().write_all(begin).unwrap();
    until(&mut phone, "900 phone phone!*@127.0.0.1 alice :You are now logged in as alice");
    until(&mut phone, " 903 ");

    // Somebody else has a certificate of their own, or shows alice's without its key.
    let mut eve =
        BufReader::new(connect_tls_as(address, &pem, Some(ClientCertificate::new(&other, &other))));
    eve.get_mut().write_all(begin).unwrap();
    until(&mut eve, " 904 ");
    let mut thief = connect_tls_as(address, &pem, Some(ClientCertificate::new(&own, &other)));
    let _ = thief.write_all(begin);
    let mut heard = Vec::new();
    let _ = thief.read_to_end(&mut heard); // An alert, as an error, or the end.
    assert!(heard.is_empty(), "{}", String::from_utf8_lossy(&heard));
    door.stop();
}

fn until(reader: &mut impl BufRead, text: &str) -> String {
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 0 {
        if line.contains(text) {
            return line;
        }
        line.clear();
    }
    panic!("closed before {text:?}");
}

#[test]
fn tls_carries_lines_and_shows_in_whois() {
    let pem = pem();
    let door = open(tls_config(&pem, Transport::Stream));
    let mut alice = BufReader::new(connect_tls(door.addresses()[0], &pem));
    alice.get_mut().write_all(b"NICK alice\r\nUSER a 0 * :a\r\n").unwrap();
    until(&mut alice, " 422 ");
    alice.get_mut().write_all(b"WHOIS alice\r\n").unwrap();
    until(&mut alice, " 671 alice alice :is using a secure connection");
    // More than one record, in both directions.
    let lines: String = (0..5000).map(|it| format!("PING {it}\r\n")).collect();
    let mut expected = 0;
    alice.get_mut().write_all(lines.as_bytes()).unwrap();
    while expected < 5000 {
        let line = until(&mut alice, "PONG");
        assert_eq!(line.trim_end(), format!(":n1 PONG n1 :{expected}"));
        expected += 1;
    }
    door.stop();
}

#[test]
fn half_a_handshake_is_closed_on_time() {
    let pem = pem();
    let timings = Timings { registration: Duration::from_millis(100), ..Timings::default() };
    let door = open_with(tls_config(&pem, Transport::Stream), timings);
    let mut half = connect(door.addresses()[0]);
    half.write_all(&[22, 3, 1, 0, 200, 1]).unwrap(); // The beginning of a ClientHello.
    let mut alert = Vec::new();
    half.read_to_end(&mut alert).expect("closed before the test loses patience");
    let mut plain = Client::connect(door.addresses()[0]);
    plain.say("NICK alice\r\nUSER a 0 * :a");
    while plain.line().is_some() {} // An alert, then the end.
    door.stop();
}

#[test]
fn certificates_that_cannot_be_used_stop_the_start() {
    let (one, other) = (pem(), pem());
    let start = |cert: &PathBuf, key: &PathBuf| {
        let mut config = config();
        config.listeners[0].tls = Some((cert.clone(), key.clone()));
        match front_irc::start(config, support::fake_node::start()) {
            Err(StartError::Tls { why, .. }) => why,
            _ => panic!("the door opened"),
        }
    };
    let why = start(&one.cert, &other.key);
    assert!(why.contains("does not match the key"), "{why}");
    let why = start(&PathBuf::from("/nowhere.pem"), &one.key);
    assert!(why.contains("cannot read the certificate /nowhere.pem"), "{why}");
    let why = start(&one.key, &one.key);
    assert!(why.contains("there is no certificate in"), "{why}");
    let why = start(&one.cert, &one.cert);
    assert!(why.contains("cannot read the key"), "{why}");
}

fn web_socket<S: Read + Write>(stream: S, protocols: &str) -> (WebSocket<S>, Option<String>) {
    let mut request = "ws://localhost/".into_client_request().unwrap();
    let value = HeaderValue::from_str(protocols).unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", value);
    let (socket, response) = tungstenite::client(request, stream)
        .map_err(|error| error.to_string())
        .expect("the door speaks WebSocket");
    let chosen = response.headers().get("Sec-WebSocket-Protocol");
    (socket, chosen.map(|it| it.to_str().unwrap().to_owned()))
}

fn frame_with<S: Read + Write>(socket: &mut WebSocket<S>, text: &str) -> Message {
    loop {
        let message = socket.read().unwrap();
        if message.clone().into_data().windows(text.len()).any(|it| it == text.as_bytes()) {
            return message;
        }
    }
}

#[test]
fn text_frames_hold_one_line_each() {
    let mut it = config();
    it.listeners = vec![listener(Transport::WebSocket)];
    let door = open(it);
    let (mut alice, chosen) =
        web_socket(connect(door.addresses()[0]), "soap, text.ircv3.net, binary.ircv3.net");
    assert_eq!(chosen.as_deref(), Some("text.ircv3.net"));
    alice.send(Message::text("NICK alice")).unwrap();
    alice.send(Message::text("USER a 0 * :a")).unwrap();
    frame_with(&mut alice, " 422 ");
    alice.send(Message::text("PING é")).unwrap();
    assert_eq!(alice.read().unwrap(), Message::text(":n1 PONG n1 :é"));
    alice.send(Message::text("QUIT :bye")).unwrap();
    let end = Message::text("ERROR :Closing Link: 127.0.0.1 (Quit: bye)");
    assert_eq!(alice.read().unwrap(), end);
    assert!(matches!(alice.read().unwrap(), Message::Close(_)));
    door.stop();
}

#[test]
fn binary_frames_over_tls() {
    let pem = pem();
    let door = open(tls_config(&pem, Transport::WebSocket));
    let (mut alice, chosen) =
        web_socket(connect_tls(door.addresses()[0], &pem), "binary.ircv3.net");
    assert_eq!(chosen.as_deref(), Some("binary.ircv3.net"));
    alice.send(Message::binary(&b"NICK alice"[..])).unwrap();
    alice.send(Message::binary(&b"USER a 0 * :a"[..])).unwrap();
    frame_with(&mut alice, " 422 ");
    alice.send(Message::binary(&b"PRIVMSG alice :caf\xe9"[..])).unwrap();
    assert!(matches!(frame_with(&mut alice, "not UTF-8"), Message::Binary(_)));
    alice.send(Message::Ping("are you there".into())).unwrap();
    assert_eq!(alice.read().unwrap(), Message::Pong("are you there".into()));
    door.stop();
}

#[test]
fn a_broken_web_socket_is_told_why() {
    let mut it = config();
    it.listeners = vec![listener(Transport::WebSocket)];
    let door = open(it);
    // Masked with zeros: what is sent is what is read.
    let long = [&[0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0][..], &[b'x'; 100]].concat();
    for (frame, code) in [
        (&b"\x83\x80\0\0\0\0"[..], CloseCode::Protocol), // A reserved opcode.
        (b"\x81\x81\0\0\0\0\xff", CloseCode::Invalid),
        (&long, CloseCode::Size),
    ] {
        let (mut alice, _) = web_socket(connect(door.addresses()[0]), "text.ircv3.net");
        alice.get_mut().write_all(frame).unwrap();
        let close = loop {
            if let Message::Close(frame) = alice.read().unwrap() {
                break frame;
            }
        };
        assert_eq!(close.map(|it| it.code), Some(code));
    }
    door.stop();
}

#[test]
fn a_closed_web_socket_is_let_go() {
    let mut it = config();
    it.listeners = vec![listener(Transport::WebSocket)];
    let door = open(it);
    let (mut alice, _) = web_socket(connect(door.addresses()[0]), "text.ircv3.net");
    alice.send(Message::text("PING x")).unwrap();
    alice.close(None).unwrap();
    assert_eq!(alice.read().unwrap(), Message::text(":n1 PONG n1 :x"));
    while alice.read().is_ok() {} // The answer to the close, then the end of the stream.
    assert!(!alice.can_read());
    door.stop();
}

#[test]
fn what_is_no_web_socket_gets_an_http_answer() {
    let mut it = config();
    it.listeners = vec![listener(Transport::WebSocket)];
    let door = open(it);
    let mut browser = connect(door.addresses()[0]);
    browser.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    browser.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{answer}");
    let mut endless = connect(door.addresses()[0]);
    let header = format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(100_000));
    let _ = endless.write_all(header.as_bytes());
    assert!(matches!(endless.read(&mut [0; 10]), Ok(0) | Err(_)));
    door.stop();
}
