use super::*;
use proptest::prelude::*;

const FILE: &str = "starling.toml";

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config, Refused> {
    let file = File { shown: FILE, dir: Path::new("/etc/starling"), text };
    let variables = variables.iter().map(|(name, text)| (name.to_string(), text.to_string()));
    parse(Some(file), variables)
}

#[track_caller]
fn refused(text: &str, variables: &[(&str, &str)], expected: &[&str]) {
    let problems = read(text, variables).expect_err("it must be refused");
    assert_eq!(problems.to_string(), expected.join("\n"));
}

#[track_caller]
fn accepted(text: &str, variables: &[(&str, &str)]) -> Config {
    read(text, variables).unwrap_or_else(|problems| panic!("{problems}"))
}

const FULL: &str = r##"
[node]
name = "n1.chat.example"
data_dir = "/var/lib/starling"
roles = ["directory", "chat"]
motd = ["Welcome.", "", "Be kind."]

[cluster]
network = "Example"
address = "10.0.0.1:7100"
join = ["10.0.0.2:7100", "n3.chat.example:7100", "[2001:db8::1]:7100"]
directory = "raft"
groups = 8
priority = -5

[rooms]
replication = "raft"
copies = 5

[gossip]
fanout = 2

[lookup]
policy = "ip-hash"
rebalance = "all"
rebalance_slack = 30
dns_answers_per_prefix = 50

[[listen]]
door = "irc"
address = "0.0.0.0:6697"
advertise = "n1.chat.example:6697"
tls_cert = "cert.pem"
tls_key = "/keys/key.pem"
password = "hunter2"

[[listen]]
door = "websocket"
address = "[::1]:8097"

[[listen]]
door = "dns"
address = "0.0.0.0:53"
zone = "chat.example"

[[listen]]
door = "web"
address = "0.0.0.0:8080"

[[listen]]
door = "grpc"
address = "0.0.0.0:7000"
tls_cert = "rpc.pem"
tls_key = "/keys/rpc.pem"

[[listen]]
door = "metrics"
address = "127.0.0.1:9100"

[[operator]]
name = "admin"
password = "plain"

[accounts]
registration = false
before_connect = false
email_required = false

[limits]
nick_length = 16
connections_per_ip = 3
flood_protection = false
sendq_bytes = 65536
session_grace = "5m"

[history]
max_messages_per_query = 50
retention = "30d"
empty_room_ttl = "forever"
"##;

#[test]
fn every_key_of_a_full_file_arrives() {
    let config = accepted(FULL, &[]);
    let node = config.for_node();
    assert_eq!(node.name, "n1.chat.example");
    assert_eq!(node.data_dir, Path::new("/var/lib/starling"));
    assert!(node.directory && node.chat);
    assert_eq!(node.network, "Example");
    assert_eq!(node.address, "10.0.0.1:7100");
    assert_eq!(node.join, ["10.0.0.2:7100", "n3.chat.example:7100", "[2001:db8::1]:7100"]);
    assert_eq!((node.copies, node.groups, node.priority), (5, 8, -5));
    assert_eq!(node.session_grace, Duration::from_secs(300));
    assert_eq!(node.retention, Some(Duration::from_secs(30 * 86_400)));
    assert_eq!(node.empty_room_ttl, None);

    let irc = config.for_irc();
    assert_eq!(irc.listeners.len(), 2);
    let cert = PathBuf::from("/etc/starling/cert.pem");
    assert_eq!(irc.listeners[0].tls, Some((cert, PathBuf::from("/keys/key.pem"))));
    assert_eq!(irc.listeners[0].password.as_deref(), Some("hunter2"));
    assert_eq!(irc.listeners[1].address, "[::1]:8097");
    assert_eq!(irc.listeners[1].transport, front_irc::Transport::WebSocket);
    assert_eq!(irc.operators[0].name, "admin");
    assert_eq!((irc.nick_length, irc.connections_per_ip), (16, 3));
    assert!(!irc.flood_protection);
    assert_eq!((irc.sendq_bytes, irc.history_max), (65_536, 50));
    assert_eq!(irc.motd, ["Welcome.", "", "Be kind."]);

    assert_eq!(config.metrics_address(), Some("127.0.0.1:9100".parse().expect("an address")));
    let node = config.for_node();
    assert_eq!((node.fanout, node.rebalance, node.rebalance_slack), (2, Rebalance::All, 30));
    let dns = config.for_dns().expect("there is one");
    assert_eq!((dns.policy, dns.answers_per_prefix), (Policy::IpHash, 50));
    assert_eq!(dns.listeners[0].address, "0.0.0.0:53".parse().expect("an address"));
    assert_eq!(dns.listeners[0].zone.to_string(), "chat.example");
    let (web, grpc) = (config.for_web().expect("there is one"), config.for_grpc());
    let grpc = grpc.expect("there is one");
    assert_eq!(web.listeners[0].address, "0.0.0.0:8080".parse().expect("an address"));
    assert_eq!(web.listeners[0].tls, None);
    assert_eq!(grpc.listeners[0].address, "0.0.0.0:7000".parse().expect("an address"));
    let (cert, key) = grpc.listeners[0].tls.clone().expect("it is written");
    assert_eq!((cert, key), ("/etc/starling/rpc.pem".into(), "/keys/rpc.pem".into()));
    assert_eq!([web.policy, grpc.policy], [Policy::IpHash; 2]);
    assert_eq!([web.connections_per_ip, grpc.connections_per_ip], [3; 2]);
    let accounts = config.for_node().accounts;
    assert!(!accounts.registration && !accounts.before_connect && !accounts.slows);
    assert!(!irc.registration && !irc.before_connect && !config.accounts.email_required);
    assert_eq!(
        config.warnings,
        [
            "the password of operator \"admin\" is plain text; put an argon2 hash into the configuration",
        ]
    );
}

#[test]
fn with_nothing_written_a_node_founds_a_network_on_the_loopback() {
    let config = parse(None, []).expect("defaults are valid");
    let node = config.for_node();
    assert!(!node.name.is_empty());
    assert_eq!(node.data_dir, Path::new("starling-data"));
    assert!(node.directory && node.chat);
    assert_eq!((node.network.as_str(), node.address.as_str()), ("Starling", "127.0.0.1:7100"));
    assert!(node.join.is_empty());
    assert_eq!((node.copies, node.groups), (3, 16));
    assert_eq!(node.session_grace, Duration::from_secs(60));
    assert_eq!(node.retention, None);
    assert_eq!(node.empty_room_ttl, Some(Duration::from_secs(30 * 86_400)));

    let irc = config.for_irc();
    assert_eq!(irc.listeners.len(), 1);
    assert_eq!(irc.listeners[0].address, "127.0.0.1:6667");
    assert_eq!((irc.nick_length, irc.connections_per_ip), (32, 64));
    assert!(irc.flood_protection);
    assert_eq!((irc.sendq_bytes, irc.history_max), (1_048_576, 100));
    assert_eq!(config.metrics_address(), None);
    assert!(
        config.for_dns().is_none() && config.for_web().is_none() && config.for_grpc().is_none()
    );
    assert_eq!(config.lookup.policy, Policy::LeastConnections);
    assert_eq!(config.warnings, [""; 0]);
}

#[test]
fn what_is_shown_of_a_configuration_is_one_again_and_keeps_secrets() {
    let shown = toml::to_string(&accepted(FULL, &[])).expect("plain data");
    assert!(!shown.contains("hunter2") && !shown.contains("\"plain\""), "{shown}");
    let again = accepted(&shown, &[]);
    assert_eq!(toml::to_string(&again).expect("plain data"), shown);
}

#[test]
fn the_environment_beats_the_file() {
    let config = accepted(
        FULL,
        &[
            ("STARLING_NODE__NAME", "n9"),
            ("STARLING_NODE__DATA_DIR", "here"),
            ("STARLING_NODE__ROLES", "directory, chat"),
            ("STARLING_CLUSTER__JOIN", r#"["10.0.0.7:7100", "10.0.0.8:7100"]"#),
            ("STARLING_LIMITS__CONNECTIONS_PER_IP", "1000"),
            ("STARLING_LIMITS__FLOOD_PROTECTION", "true"),
            ("STARLING_LIMITS__SESSION_GRACE", "90s"),
            ("STARLING_HISTORY__RETENTION", "forever"),
            ("STARLING_LISTEN__0__ADDRESS", "127.0.0.1:7777"),
            ("STARLING_LISTEN__6__DOOR", "websocket"),
            ("STARLING_LISTEN__6__ADDRESS", "127.0.0.1:7778"),
            ("STARLING_OPERATOR__0__PASSWORD", "other"),
            ("STARLING_CONFIGURATION", "somebody else's"),
            ("PATH", "/bin"),
        ],
    );
    let node = config.for_node();
    assert_eq!(node.name, "n9");
    assert_eq!(node.data_dir, Path::new("here"), "from where the variable was set");
    assert_eq!(node.join, ["10.0.0.7:7100", "10.0.0.8:7100"]);
    assert_eq!(node.session_grace, Duration::from_secs(90));
    assert_eq!(node.retention, None);
    let irc = config.for_irc();
    assert_eq!(irc.connections_per_ip, 1000);
    assert!(irc.flood_protection);
    assert_eq!(irc.listeners[0].address, "127.0.0.1:7777");
    assert_eq!(irc.listeners[2].address, "127.0.0.1:7778");
    assert_eq!(irc.operators[0].password, "other");
}

#[test]
fn a_whole_configuration_can_come_from_the_environment() {
    let variables = [
        ("STARLING_LISTEN__0__ADDRESS", "127.0.0.1:6000"),
        ("STARLING_OPERATOR__0__NAME", "admin"),
        ("STARLING_OPERATOR__0__PASSWORD", "secret"),
        ("STARLING_CLUSTER__JOIN", "10.0.0.7:7100,10.0.0.8:7100"),
    ];
    let variables = variables.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let config = parse(None, variables).expect("all valid");
    assert_eq!(config.for_irc().listeners[0].address, "127.0.0.1:6000");
    assert_eq!(config.for_irc().operators[0].name, "admin");
    assert_eq!(config.for_node().join.len(), 2);
}

#[test]
fn an_unknown_key_is_told_its_nearest() {
    refused(
        "[limits]\nnick_lenght = 9\n",
        &[],
        &["starling.toml:2: unknown key `limits.nick_lenght`; did you mean `limits.nick_length`?"],
    );
    refused(
        "[[listen]]\naddress = \"127.0.0.1:1\"\nadress = 9\n",
        &[],
        &["starling.toml:3: unknown key `listen.adress`; did you mean `listen.address`?"],
    );
}

#[test]
fn an_unknown_key_like_no_other_is_told_all() {
    refused(
        "[rooms]\nzzz = 9\n",
        &[],
        &["starling.toml:2: unknown key `rooms.zzz`; `rooms` takes copies, replication"],
    );
}

#[test]
fn an_unknown_section_is_told_its_nearest() {
    refused(
        "\n[limit]\nnick_length = 9\n",
        &[],
        &["starling.toml:2: unknown section `limit`; did you mean [limits]?"],
    );
    refused(
        "[[listener]]\n",
        &[],
        &["starling.toml:1: unknown section `listener`; did you mean [[listen]]?"],
    );
    refused(
        "name = \"x\"\n",
        &[],
        &[
            "starling.toml:1: `name` stands in no section; there are node, cluster, rooms, gossip, lookup, listen, operator, accounts, limits, history",
        ],
    );
    refused(
        "[accounts]\nemail_required = true\n",
        &[],
        &[
            "starling.toml:2: this version sends no mail, so nobody could prove that an address is theirs; leave `accounts.email_required` away",
        ],
    );
    refused(
        "[zzz]\n",
        &[],
        &[
            "starling.toml:1: unknown section `zzz`; there are node, cluster, rooms, gossip, lookup, listen, operator, accounts, limits, history",
        ],
    );
}

#[test]
fn an_unknown_variable_is_told_its_nearest() {
    refused(
        "",
        &[("STARLING_LIMITS__NICK_LENGHT", "9")],
        &[
            "STARLING_LIMITS__NICK_LENGHT: unknown key `limits.nick_lenght`; did you mean STARLING_LIMITS__NICK_LENGTH?",
        ],
    );
    refused(
        "",
        &[("STARLING_LIMIT__NICK_LENGTH", "9")],
        &[
            "STARLING_LIMIT__NICK_LENGTH: unknown section `limit`; did you mean STARLING_LIMITS__NICK_LENGTH?",
        ],
    );
    refused(
        "[[listen]]\naddress = \"127.0.0.1:1\"\n",
        &[("STARLING_LISTEN__0__ADRESS", "9")],
        &[
            "STARLING_LISTEN__0__ADRESS: unknown key `listen.adress`; did you mean STARLING_LISTEN__0__ADDRESS?",
        ],
    );
}

#[test]
fn a_variable_of_a_list_needs_the_next_number() {
    refused(
        "",
        &[("STARLING_LISTEN__ADDRESS", "127.0.0.1:1")],
        &["STARLING_LISTEN__ADDRESS: `listen` is a list; write STARLING_LISTEN__0__ADDRESS"],
    );
    refused(
        "",
        &[("STARLING_LISTEN__1__ADDRESS", "127.0.0.1:1")],
        &[
            "STARLING_LISTEN__1__ADDRESS: there are 0 of `listen`; the next is STARLING_LISTEN__0__…",
        ],
    );
    refused(
        "",
        &[("STARLING_NODE__0__NAME", "x")],
        &["STARLING_NODE__0__NAME: `node` is no list; write STARLING_NODE__NAME"],
    );
}

#[test]
fn a_bad_value_is_told_what_was_given_and_what_is_taken() {
    refused(
        "[limits]\nnick_length = 0\n",
        &[],
        &["starling.toml:2: `limits.nick_length` is 0; it takes a whole number from 1 to 64"],
    );
    refused(
        "[limits]\nnick_length = \"long\"\n",
        &[],
        &[
            "starling.toml:2: `limits.nick_length` is \"long\"; it takes a whole number from 1 to 64",
        ],
    );
    refused(
        "",
        &[("STARLING_LIMITS__NICK_LENGTH", "long")],
        &[
            "STARLING_LIMITS__NICK_LENGTH: `limits.nick_length` is \"long\"; it takes a whole number from 1 to 64",
        ],
    );
    refused(
        "[limits]\nflood_protection = \"no\"\n",
        &[],
        &["starling.toml:2: `limits.flood_protection` is \"no\"; it takes true or false"],
    );
    refused(
        "[limits]\nsession_grace = 60\n",
        &[],
        &[
            "starling.toml:2: `limits.session_grace` is 60; it takes a duration such as \"60s\", \"5m\", \"1h\", \"30d\", from 0s to 1d",
        ],
    );
    refused(
        "[history]\nretention = \"never\"\n",
        &[],
        &[
            "starling.toml:2: `history.retention` is \"never\"; it takes \"forever\" or a duration such as \"12h\", \"30d\", from 1m to 36500d",
        ],
    );
    refused(
        "[node]\nname = \"two words\"\nroles = [\"chat\", \"cook\"]\n",
        &[],
        &[
            "starling.toml:2: `node.name` is \"two words\"; it takes a name of at most 63 letters, digits, `.`, `-`, `_`",
            "starling.toml:3: `node.roles` is [\"chat\", \"cook\"]; it takes a list of \"directory\" and \"chat\"",
        ],
    );
    refused(
        "[rooms]\nreplication = \"paxos\"\n",
        &[],
        &[
            "starling.toml:2: `rooms.replication` is \"paxos\"; it takes \"raft\" or \"primary-backup\" or \"gossip\"",
        ],
    );
}

#[test]
fn an_address_that_peers_cannot_reach_is_refused() {
    for bad in ["0.0.0.0:7100", "[::]:7100", "10.0.0.1", "10.0.0.1:0", "::1:7100", "a b:1", ":7100"]
    {
        refused(
            &format!("[cluster]\naddress = \"{bad}\"\n"),
            &[],
            &[&format!(
                "starling.toml:2: `cluster.address` is \"{bad}\"; it takes HOST:PORT as peers reach it, for example \"10.0.0.1:7100\""
            )],
        );
    }
}

#[test]
fn a_listen_address_is_an_ip_and_a_port() {
    refused(
        "[[listen]]\naddress = \"localhost:6667\"\n",
        &[],
        &[
            "starling.toml:2: `listen.address` is \"localhost:6667\"; it takes IP:PORT, for example \"0.0.0.0:6697\" or \"[::]:6697\"",
        ],
    );
    refused("[[listen]]\ndoor = \"irc\"\n", &[], &["starling.toml:1: [[listen]] needs `address`"]);
}

#[test]
fn two_doors_cannot_have_one_address() {
    refused(
        "[[listen]]\naddress = \"127.0.0.1:1\"\n[[listen]]\ndoor = \"metrics\"\naddress = \"127.0.0.1:1\"\n",
        &[],
        &["starling.toml:5: `listen.address` 127.0.0.1:1 is there twice"],
    );
}

#[test]
fn a_certificate_and_its_key_belong_together() {
    let listen = "[[listen]]\naddress = \"127.0.0.1:1\"\n";
    refused(
        &format!("{listen}tls_cert = \"cert.pem\"\n"),
        &[],
        &["starling.toml:3: `listen.tls_cert` needs `listen.tls_key` beside it"],
    );
    refused(
        &format!("{listen}tls_key = \"key.pem\"\n"),
        &[],
        &["starling.toml:3: `listen.tls_key` needs `listen.tls_cert` beside it"],
    );
}

#[test]
fn what_secures_the_links_between_nodes_is_all_there_or_not_at_all() {
    let [cert, key, authority] = ["tls_cert = \"c\"\n", "tls_key = \"k\"\n", "tls_ca = \"a\"\n"];
    let config = accepted(&format!("[cluster]\n{cert}{key}{authority}"), &[]);
    let why = config.cluster_tls().expect_err("there are no such files");
    assert!(why.starts_with("the links between nodes: cannot read the certificate"), "{why}");
    assert!(accepted("", &[]).cluster_tls().expect("nothing to read").is_none());
    refused(
        &format!("[cluster]\n{cert}{authority}"),
        &[],
        &["starling.toml:2: `cluster.tls_cert` needs `cluster.tls_key` beside it"],
    );
    refused(
        &format!("[cluster]\n{authority}"),
        &[],
        &["starling.toml:2: `cluster.tls_ca` needs `cluster.tls_cert` beside it"],
    );
}

#[test]
fn what_a_door_cannot_do_is_refused() {
    let metrics = "[[listen]]\ndoor = \"metrics\"\naddress = \"127.0.0.1:1\"\n";
    refused(
        &format!("{metrics}password = \"x\"\n"),
        &[],
        &["starling.toml:4: `listen.password` does not belong to a metrics door"],
    );
    refused(
        "[[listen]]\ndoor = \"metrics\"\naddress = \"127.0.0.1:0\"\n",
        &[],
        &["starling.toml:3: a metrics door needs a port of its own choice, not 0"],
    );
    refused(
        &format!("{metrics}zone = \"chat.example\"\n"),
        &[],
        &["starling.toml:4: `listen.zone` belongs to a dns door"],
    );
    refused(
        &format!("{metrics}advertise = \"10.0.0.1:1\"\n"),
        &[],
        &["starling.toml:4: `listen.advertise` does not belong to a metrics door"],
    );
    refused(
        "[[listen]]\ndoor = \"dns\"\naddress = \"127.0.0.1:0\"\npassword = \"x\"\n",
        &[],
        &[
            "starling.toml:2: a dns door needs `listen.zone`, the name that it answers for",
            "starling.toml:3: a dns door needs a port of its own choice, not 0",
            "starling.toml:4: `listen.password` does not belong to a dns door",
        ],
    );
    refused(
        &format!("{metrics}[[listen]]\ndoor = \"metrics\"\naddress = \"127.0.0.1:2\"\n"),
        &[],
        &["starling.toml:5: there are two metrics doors; one is enough"],
    );
}

#[test]
fn clients_are_told_of_doors_where_they_can_reach_them() {
    let doors = |text: &str, irc: &[&str]| {
        let text = format!("[cluster]\naddress = \"10.0.0.1:7100\"\n{text}");
        let irc: Vec<SocketAddr> = irc.iter().map(|it| it.parse().expect("an address")).collect();
        let doors = accepted(&text, &[]).doors(&irc);
        doors.iter().map(|(kind, at)| format!("{kind} {at}")).collect::<Vec<_>>()
    };
    let listen = |door: &str, address: &str, more: &str| {
        format!("[[listen]]\ndoor = \"{door}\"\naddress = \"{address}\"\n{more}\n")
    };
    let tls = "tls_cert = \"c\"\ntls_key = \"k\"";
    let text = [
        listen("irc", "0.0.0.0:6667", ""),
        listen("metrics", "0.0.0.0:9100", ""),
        listen("irc", "10.9.9.9:0", tls),
        listen("websocket", "[::]:8097", "advertise = \"ws.chat.example:443\""),
        listen("dns", "0.0.0.0:53", "zone = \"chat.example\""),
        listen("irc", "0.0.0.0:6668", ""),
    ];
    let bound = ["0.0.0.0:6667", "10.9.9.9:41234", "[::]:8097", "0.0.0.0:6668"];
    let expected =
        ["irc 10.0.0.1:6667", "ircs 10.9.9.9:41234", "ws ws.chat.example:443", "dns 10.0.0.1:53"];
    assert_eq!(doors(&text.concat(), &bound), expected);

    let secret = listen("irc", "10.0.0.1:6667", "password = \"x\"");
    assert_eq!(doors(&secret, &["10.0.0.1:6667"]), [""; 0]);
    let told = listen("irc", "10.0.0.1:6667", "password = \"x\"\nadvertise = \"10.0.0.1:6667\"");
    assert_eq!(doors(&told, &["10.0.0.1:6667"]), ["irc 10.0.0.1:6667"]);
}

#[test]
fn what_is_advertised_can_be_connected_to() {
    for bad in ["0.0.0.0:6667", "10.0.0.1:0", "n1.chat.example", "a_b:1"] {
        refused(
            &format!("[[listen]]\naddress = \"127.0.0.1:1\"\nadvertise = \"{bad}\"\n"),
            &[],
            &[&format!(
                "starling.toml:3: `listen.advertise` is \"{bad}\"; it takes HOST:PORT as clients reach this door, for example \"n1.chat.example:6697\""
            )],
        );
    }
    refused(
        "[[listen]]\ndoor = \"dns\"\naddress = \"127.0.0.1:53\"\nzone = \"chat..example\"\n",
        &[],
        &[
            "starling.toml:4: `listen.zone` is \"chat..example\"; it takes the name of a zone, for example \"chat.example\"",
        ],
    );
}

#[test]
fn doors_for_programs_need_a_port_and_ask_for_no_password() {
    for door in ["web", "grpc"] {
        refused(
            &format!(
                "[[listen]]\ndoor = \"{door}\"\naddress = \"127.0.0.1:0\"\ntls_cert = \"c\"\ntls_key = \"k\"\npassword = \"x\"\n"
            ),
            &[],
            &[
                &format!("starling.toml:3: a {door} door needs a port of its own choice, not 0"),
                &format!("starling.toml:6: `listen.password` does not belong to a {door} door"),
            ],
        );
    }
}

#[test]
fn nodes_are_named_by_the_policy_that_is_written() {
    for policy in Policy::ALL {
        let config = accepted(&format!("[lookup]\npolicy = \"{policy}\"\n"), &[]);
        assert_eq!(config.lookup.policy, policy);
    }
    refused(
        "[lookup]\npolicy = \"random\"\n",
        &[],
        &[
            "starling.toml:2: `lookup.policy` is \"random\"; it takes \"least-connections\" or \"round-robin\" or \"ip-hash\" or \"nearest\"",
        ],
    );
}

#[test]
fn rooms_are_replicated_as_is_written() {
    for replication in chat::Replication::ALL {
        let text = format!("[rooms]\nreplication = \"{replication}\"\n");
        let file = File { shown: "starling.toml", dir: Path::new(""), text: &text };
        let config = parse(Some(file), []).unwrap_or_else(|it| panic!("{it}"));
        assert_eq!(config.for_node().replication, replication);
        let shown = toml::to_string(&config).expect("it can be shown");
        assert!(shown.contains(&text["[rooms]\n".len()..]), "{shown}");
    }
}

#[test]
fn what_is_gossiped_goes_to_a_few_at_once() {
    for bad in ["0", "17", "-1", "\"3\""] {
        refused(
            &format!("[gossip]\nfanout = {bad}\n"),
            &[],
            &[&format!(
                "starling.toml:2: `gossip.fanout` is {bad}; it takes a whole number from 1 to 16"
            )],
        );
    }
    refused(
        "[gossip]\nfan_out = 3\n",
        &[],
        &["starling.toml:2: unknown key `gossip.fan_out`; did you mean `gossip.fanout`?"],
    );
}

#[test]
fn names_are_kept_by_a_majority_or_by_whoever_is_left() {
    assert_eq!(accepted("", &[]).for_node().names, node::Names::Raft);
    let config = accepted("[cluster]\ndirectory = \"bully\"\n", &[]);
    assert_eq!(config.for_node().names, node::Names::Bully);
}

#[test]
fn a_priority_is_a_whole_number_that_may_be_negative() {
    assert_eq!(accepted("", &[]).for_node().priority, 0);
    let variable = [("STARLING_CLUSTER__PRIORITY", "-3")];
    assert_eq!(accepted("[cluster]\npriority = 7\n", &variable).for_node().priority, -3);
    for bad in ["1000001", "-1000001", "0.5", "\"1\""] {
        let expected = format!(
            "starling.toml:2: `cluster.priority` is {bad}; it takes a whole number from -1000000 to 1000000"
        );
        refused(&format!("[cluster]\npriority = {bad}\n"), &[], &[&expected]);
    }
}

#[test]
fn a_node_cannot_join_only_itself() {
    refused(
        "[cluster]\naddress = \"10.0.0.1:7100\"\njoin = [\"10.0.0.1:7100\"]\n",
        &[],
        &[
            "starling.toml:3: `cluster.join` names only this node itself; name another member, or leave it empty to found a new cluster",
        ],
    );
    let config = accepted(
        "[cluster]\naddress = \"10.0.0.1:7100\"\njoin = [\"10.0.0.1:7100\", \"10.0.0.2:7100\"]\n",
        &[],
    );
    assert_eq!(config.for_node().join, ["10.0.0.2:7100"], "one file may serve all nodes");
}

#[test]
fn a_node_without_the_directory_joins_and_one_without_chat_serves_nobody() {
    refused(
        "[node]\nroles = [\"chat\"]\n[cluster]\njoin = []\n",
        &[],
        &[
            "starling.toml:4: `cluster.join` is empty, but a node without the role \"directory\" cannot found a cluster; name a member to join",
        ],
    );
    refused(
        "[node]\nroles = [\"directory\"]\n[[listen]]\ndoor = \"irc\"\naddress = \"127.0.0.1:1\"\n",
        &[],
        &[
            "starling.toml:4: a node without the role \"chat\" serves no clients; leave this door away",
        ],
    );
    let witness = accepted("[node]\nroles = [\"directory\"]\n", &[]);
    assert_eq!(witness.for_irc().listeners.len(), 0);
    let dns = "[[listen]]\ndoor = \"dns\"\naddress = \"127.0.0.1:53\"\nzone = \"chat.example\"\n";
    let witness = accepted(&format!("[node]\nroles = [\"directory\"]\n{dns}"), &[]);
    assert!(witness.for_dns().is_some(), "it can say who does");
}

#[test]
fn an_operator_has_a_name_of_its_own_and_a_usable_password() {
    refused(
        "[[operator]]\nname = \"a\"\npassword = \"$argon2id$broken\"\n[[operator]]\nname = \"b\"\n",
        &[],
        &[
            "starling.toml:3: `operator.password` is not usable; it takes an argon2 hash in PHC form ($argon2id$…) or plain text without spaces",
            "starling.toml:4: [[operator]] needs `password`",
        ],
    );
    refused(
        "[[operator]]\nname = \"a\"\npassword = \"x\"\n[[operator]]\nname = \"a\"\npassword = \"y\"\n",
        &[],
        &["starling.toml:5: there are two operators called \"a\""],
    );
}

#[test]
fn a_section_of_the_wrong_shape_is_shown_the_right_one() {
    refused("node = 5\n", &[], &["starling.toml:1: `node` is 5; write it as [node]"]);
    refused(
        "[listen]\naddress = \"127.0.0.1:1\"\n",
        &[],
        &["starling.toml:1: `listen` is a list; write it as [[listen]]"],
    );
    refused(
        "listen = [1]\n",
        &[],
        &[
            "starling.toml:1: `listen` has 1; write [[listen]]",
            "starling.toml:1: [[listen]] needs `address`",
        ],
    );
}

#[test]
fn what_is_not_toml_says_where() {
    let problems = read("[node]\nname = \n", &[]).expect_err("not TOML").to_string();
    assert!(problems.starts_with("starling.toml:2: not TOML: "), "{problems}");
    assert!(!problems.contains('\n'), "{problems}");
    refused(
        "[node]\nname = \"a\"\nname = \"b\"\n",
        &[],
        &["starling.toml:3: not TOML: duplicate key"],
    );
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    refused(
        "[limits]\nnick_length = 0\nzzz = 1\n[node]\nname = \"\"\n",
        &[("STARLING_ROOMS__COPIES", "none")],
        &[
            "starling.toml:2: `limits.nick_length` is 0; it takes a whole number from 1 to 64",
            "starling.toml:3: unknown key `limits.zzz`; `limits` takes connections_per_ip, flood_protection, nick_length, sendq_bytes, session_grace",
            "starling.toml:5: `node.name` is \"\"; it takes a name of at most 63 letters, digits, `.`, `-`, `_`",
            "STARLING_ROOMS__COPIES: `rooms.copies` is \"none\"; it takes a whole number from 1 to 9",
        ],
    );
}

#[test]
fn the_page_about_configuration_has_every_key_and_variable() {
    let page = include_str!("../../../../docs/configuration.md");
    let all = toml::to_string(&accepted(FULL, &[])).expect("plain data");
    let tree = tree::parse(FILE, &all).expect("written by us");
    for (section, value) in tree {
        let (table, number) = match value.raw {
            tree::Raw::Table(table) => (table, ""),
            tree::Raw::List(mut all) => match all.remove(0).raw {
                tree::Raw::Table(table) => (table, "0__"),
                other => panic!("{section}: {other:?}"),
            },
            other => panic!("{section}: {other:?}"),
        };
        for key in table.keys() {
            let variable = format!("STARLING_{section}__{number}{key}").to_ascii_uppercase();
            assert!(page.contains(&format!("`{key}`")), "{section}.{key} is not described");
            assert!(page.contains(&format!("`{variable}`")), "{variable} is not described");
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = read(&text, &[]);
    }

    #[test]
    fn no_mixture_of_our_own_words_makes_the_parser_panic(
        words in proptest::collection::vec(prop_oneof![
            Just("["), Just("]"), Just("[["), Just("]]"), Just("\n"), Just("="), Just("."), Just("{"),
            Just("}"), Just("\""), Just(","), Just("node"), Just("listen"), Just("address"),
            Just("\"127.0.0.1:1\""), Just("join"), Just("operator"), Just("1"), Just("true"),
            Just("limits"), Just("session_grace"), Just("\"60s\""), Just("1979-05-27"), Just("1.5"),
        ], 0..40),
    ) {
        let _ = read(&words.concat(), &[]);
    }

    #[test]
    fn no_variable_makes_the_parser_panic(
        name in "STARLING_(NODE|LISTEN|OPERATOR|CLUSTER|X)?(__|_)?([0-9]{1,22}__)?[A-Z_]{0,12}",
        text in ".{0,40}",
    ) {
        let _ = read(FULL, &[(&name, &text)]);
    }
}

#[test]
fn clients_are_moved_to_even_out_load_unless_the_policy_says_where_each_belongs() {
    let of = |policy: &str| {
        let text = format!("[lookup]\npolicy = \"{policy}\"\n");
        accepted(&text, &[]).for_node().rebalance
    };
    assert_eq!([of("least-connections"), of("round-robin")], [Rebalance::Members; 2]);
    assert_eq!([of("ip-hash"), of("nearest")], [Rebalance::Off; 2]);
    assert_eq!(accepted("", &[]).for_node().rebalance_slack, 20);
}
