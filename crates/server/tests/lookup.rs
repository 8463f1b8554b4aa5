//! Real processes say where to connect, by every door that tells it, while one of them dies and one leaves.

mod support;

use api::v1;
use api::v1::directory_client::DirectoryClient;
use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RData, RecordType};
use rcgen::{CertificateParams, KeyPair};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use support::client::{Client, SOON};
use support::cluster::{Cluster, free_address};
use support::{alone, wait_for};
use tempfile::TempDir;
use tonic::transport::{ClientTlsConfig, Endpoint};

/// No client is sent to a dead node after this.
const DEATH_KNOWN_MAX: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_millis(500);

/// The doors of one node that tell where to connect.
struct Doors {
    dns: SocketAddr,
    web: SocketAddr,
    grpc: SocketAddr,
}

impl Doors {
    fn new() -> Doors {
        Doors { dns: free_address(), web: free_address(), grpc: free_address() }
    }

    fn configuration(&self) -> String {
        let Doors { dns, web, grpc } = self;
        format!(
            "[lookup]\ndns_answers_per_prefix = 0\n\
             [[listen]]\ndoor = \"dns\"\naddress = \"{dns}\"\nzone = \"chat.test\"\n\
             [[listen]]\ndoor = \"web\"\naddress = \"{web}\"\n\
             [[listen]]\ndoor = \"grpc\"\naddress = \"{grpc}\"\n"
        )
    }

    /// IRC doors as each of them names them; `None`: one does not answer.
    fn named(&self) -> Option<[BTreeSet<SocketAddr>; 3]> {
        Some([by_dns(self.dns)?, by_web(self.web)?, by_grpc(self.grpc)?])
    }
}

/// The address that SRV names, by the addresses that come with it.
fn by_dns(to: SocketAddr) -> Option<BTreeSet<SocketAddr>> {
    let answer = ask_dns(to, "_irc._tcp.chat.test.", RecordType::SRV)?;
    let address_of = |target: &Name| {
        let mut beside = answer.additionals.iter().filter(|it| it.name == *target);
        beside.find_map(|it| it.data.ip_addr())
    };
    let named = answer.answers.iter().map(|it| match &it.data {
        RData::SRV(srv) => {
            let ip = address_of(&srv.target).expect("its address stands beside it");
            SocketAddr::from((ip, srv.port))
        }
        other => panic!("no SRV: {other}"),
    });
    Some(named.collect())
}

fn ask_dns(to: SocketAddr, name: &str, kind: RecordType) -> Option<Message> {
    let mut query = Message::query();
    query.add_query(Query::query(Name::from_ascii(name).expect("a name"), kind));
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("it can be set");
    socket.connect(to).expect("it can be connected");
    socket.send(&query.to_vec().expect("it can be written")).ok()?;
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).ok()?;
    Some(Message::from_vec(&answer[..length]).expect("it can be read"))
}

fn by_web(to: SocketAddr) -> Option<BTreeSet<SocketAddr>> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).expect("it can be set");
    let request = "GET /v1/where?door=irc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    if head.starts_with("HTTP/1.1 503") {
        return Some(BTreeSet::new());
    }
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).expect("it is JSON");
    let nodes = body["nodes"].as_array().expect("a list").iter();
    let address = |it: &serde_json::Value| it["address"].as_str()?.parse().ok();
    Some(nodes.map(|it| address(it).expect("an address")).collect())
}

fn by_grpc(to: SocketAddr) -> Option<BTreeSet<SocketAddr>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answer = runtime.expect("a runtime").block_on(async {
        let mut client = DirectoryClient::connect(format!("http://{to}")).await.ok()?;
        let door = v1::DoorKind::Irc.into();
        let asked = v1::LookupRequest { door, ..v1::LookupRequest::default() };
        Some(client.lookup(asked).await)
    })?;
    match answer {
        Ok(answer) => {
            let address = |it: &v1::Place| format!("{}:{}", it.host, it.port).parse();
            let places = answer.get_ref().places.iter();
            Some(places.map(|it| address(it).expect("an address")).collect())
        }
        Err(status) if status.code() == tonic::Code::Unavailable => Some(BTreeSet::new()),
        Err(status) => panic!("{status}"),
    }
}

/// The next list that a client is told which asked for it.
fn told(client: &mut Client) -> BTreeSet<SocketAddr> {
    let line = client.wait(SOON, |it| it.is("MEMBERS")).expect("it is told");
    let list = line.param(1).split_whitespace();
    list.map(|it| it.parse().expect("an address")).collect()
}

fn start() -> (Cluster, Vec<Doors>) {
    let doors: Vec<Doors> = (0..3).map(|_| Doors::new()).collect();
    let cluster = Cluster::start_each(doors.iter().map(Doors::configuration).collect());
    (cluster, doors)
}

/// Waits until these nodes are named by every door of these nodes, and no others.
#[track_caller]
fn wait_named(cluster: &Cluster, doors: &[&Doors], nodes: &[usize], limit: Duration) {
    let wanted: BTreeSet<SocketAddr> = nodes.iter().map(|it| cluster.irc(*it)).collect();
    let mut last = Vec::new();
    let what = format!("nodes {nodes:?} to be named, and no others");
    wait_for(&what, limit, || {
        last = doors.iter().map(|it| it.named()).collect();
        let is_it = |it: &Option<[BTreeSet<SocketAddr>; 3]>| {
            it.as_ref().is_some_and(|it| it.iter().all(|it| *it == wanted))
        };
        last.iter().all(is_it).then_some(())
    });
}

#[test]
fn a_client_finds_a_node_by_every_door_and_none_that_is_dead() {
    let _alone = alone();
    let (mut cluster, doors) = start();
    let all: Vec<&Doors> = doors.iter().collect();
    wait_named(&cluster, &all, &[0, 1, 2], SOON);

    let named = by_dns(doors[0].dns).expect("it answers");
    let irc = named.into_iter().next().expect("somebody is named");
    Client::register(irc, "guest", SOON).expect("who is named lets clients in");

    let text = ask_dns(doors[1].dns, "chat.test.", RecordType::TXT).expect("it answers");
    assert!(text.answers[0].data.to_string().contains("up=3"), "{text}");
    let refused = ask_dns(doors[1].dns, "example.", RecordType::A).expect("it answers");
    assert_eq!(refused.metadata.response_code.to_string(), "Query Refused");

    let mut watcher = cluster.client(0, "watcher");
    watcher.send("CAP REQ :starling/members").expect("the node lives");
    assert_eq!(told(&mut watcher).len(), 3);

    cluster.kill9(2);
    wait_named(&cluster, &all[..2], &[0, 1], DEATH_KNOWN_MAX);
    assert_eq!(told(&mut watcher), BTreeSet::from([cluster.irc(0), cluster.irc(1)]));
    cluster.restart(2);
    wait_named(&cluster, &all, &[0, 1, 2], SOON * 3);
}

#[test]
fn a_node_that_leaves_sends_clients_to_the_others_to_the_end() {
    let _alone = alone();
    let (mut cluster, doors) = start();
    let all: Vec<&Doors> = doors.iter().collect();
    wait_named(&cluster, &all, &[0, 1, 2], SOON);
    // So many are closed one after the other, over two seconds.
    let _guests: Vec<Client> = (0..20).map(|it| cluster.client(1, &format!("guest{it}"))).collect();

    cluster.terminate(1);
    // Itself among them: its doors answer until it ends.
    wait_named(&cluster, &[&doors[1]], &[0, 2], SOON);
    wait_named(&cluster, &[&doors[0], &doors[2]], &[0, 2], DEATH_KNOWN_MAX);
    assert_eq!(cluster.wait_end(1), Some(0));
}

#[test]
fn doors_with_a_certificate_answer_who_speaks_tls_and_nobody_else() {
    let _alone = alone();
    let dir = TempDir::with_prefix("starling-doors-").expect("a directory can be made");
    let key = KeyPair::generate().expect("chance enough");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a valid name");
    let cert = params.self_signed(&key).expect("a valid certificate");
    let files = [("cert", cert.pem()), ("key", key.serialize_pem())];
    let [cert_file, key_file] = files.map(|(name, pem)| {
        let path = dir.path().join(name);
        std::fs::write(&path, pem).expect("a file can be written");
        path.display().to_string()
    });
    let (web, grpc) = (free_address(), free_address());
    let door = |kind: &str, address| {
        format!(
            "[[listen]]\ndoor = \"{kind}\"\naddress = \"{address}\"\n\
             tls_cert = \"{cert_file}\"\ntls_key = \"{key_file}\"\n"
        )
    };
    let cluster = Cluster::start_each(vec![[door("web", web), door("grpc", grpc)].concat()]);
    let irc = cluster.irc(0).to_string();

    let answer = wait_for("the web door to name the node", SOON, || {
        get_secured(web, &cert).ok().filter(|it| it.contains(&irc))
    });
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(by_web(web).is_none(), "it speaks without TLS");

    let tls =
        ClientTlsConfig::new().ca_certificate(tonic::transport::Certificate::from_pem(cert.pem()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let asked = v1::LookupRequest { door: v1::DoorKind::Irc.into(), ..Default::default() };
    let (found, plain) = runtime.expect("a runtime").block_on(async {
        let to = Endpoint::from_shared(format!("https://localhost:{}", grpc.port()));
        let to = to.and_then(|it| it.tls_config(tls)).expect("it can be asked");
        let mut client = DirectoryClient::new(to.connect().await.expect("it speaks TLS"));
        let found = client.lookup(asked).await.expect("it answers").into_inner();
        let plain = match DirectoryClient::connect(format!("http://{grpc}")).await {
            Ok(mut client) => client.lookup(asked).await.is_ok(),
            Err(_) => false,
        };
        (found, plain)
    });
    assert_eq!(found.places.len(), 1, "{found:?}");
    assert!(!plain, "it speaks without TLS");
}

/// Where to connect, over TLS with this certificate and no other.
fn get_secured(to: SocketAddr, cert: &rcgen::Certificate) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(cert.der().clone()).expect("a valid certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("its versions are offered")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().expect("a valid name");
    let client = rustls::ClientConnection::new(Arc::new(config), name).expect("it can begin");
    let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(SOON))?;
    let mut stream = rustls::StreamOwned::new(client, stream);
    let request = "GET /v1/where?door=irc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
