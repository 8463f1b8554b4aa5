//! Real processes whose links are secured by certificates of their own authority.

mod support;

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use support::alone;
use support::client::SOON;
use support::cluster::{BOTH, Cluster};
use support::wait_for;
use tempfile::TempDir;

/// Signs the certificates of a cluster on this machine.
struct Authority {
    cert: Certificate,
    key: KeyPair,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are valid names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("chance enough");
        let cert = params.self_signed(&key).expect("a valid certificate");
        Authority { cert, key }
    }

    /// Writes a certificate, its key and ours, and gives the lines of `[cluster]` that name them.
    fn keys(&self, dir: &Path, name: &str) -> String {
        let key = KeyPair::generate().expect("chance enough");
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a valid name");
        let cert = params.signed_by(&key, &self.cert, &self.key).expect("a valid certificate");
        let files = [
            ("tls_cert", format!("{name}.cert"), cert.pem()),
            ("tls_key", format!("{name}.key"), key.serialize_pem()),
            ("tls_ca", format!("{name}.ca"), self.cert.pem()),
        ];
        let lines = files.map(|(option, file, pem)| {
            let path = dir.join(file);
            fs::write(&path, pem).expect("a file can be written");
            format!("{option} = \"{}\"\n", path.display())
        });
        lines.concat()
    }
}

fn status(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starling"));
    command.arg("status").args(args).output().expect("the program was built")
}

#[test]
fn nodes_with_certificates_are_a_network_that_nobody_without_one_can_ask_or_join() {
    let _alone = alone();
    let dir = TempDir::with_prefix("starling-keys-").expect("a directory can be made");
    let authority = Authority::new();
    let keys = |name: &str| authority.keys(dir.path(), name);
    let nodes = vec![keys("one"), keys("two"), keys("three")];
    keys("operator");
    let file = |kind: &str| dir.path().join(format!("operator.{kind}"));
    let tls = node::pem::cluster(&file("cert"), &file("key"), &file("ca"));
    let mut cluster = Cluster::start_secured(nodes, tls.expect("they fit together"));

    let (mut alice, mut bob) = (cluster.client(0, "alice"), cluster.client(2, "bob"));
    alice.join("#secrets", SOON).expect("the room is open");
    bob.join("#secrets", SOON).expect("the room is open");
    alice.send("PRIVMSG #secrets :by no wire in the clear").expect("she is connected");
    let heard = bob.wait(SOON, |it| it.is("PRIVMSG")).expect("he is in the room");
    assert_eq!(heard.param(1), "by no wire in the clear");

    let peers = cluster.peers(0).to_string();
    let told = status(&["--node", &peers]);
    assert_eq!(told.status.code(), Some(1), "{told:?}");
    let config = cluster.config(1).display().to_string();
    let told = status(&["--config", &config, "--node", &peers]);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    assert!(String::from_utf8_lossy(&told.stdout).contains("3 nodes"), "{told:?}");

    // A node of another authority is turned away, and said to be, once.
    let stranger = Authority::new().keys(dir.path(), "stranger");
    let refusals = |cluster: &Cluster| cluster.log(0).matches("is refused, however often").count();
    let before = refusals(&cluster); // Whoever asked without a certificate.
    let index = cluster.add_with(BOTH, stranger);
    let is_tried_again = |log: &str| log.matches("cannot join yet").count() >= 3;
    wait_for("the stranger to be turned away", SOON, || {
        is_tried_again(&cluster.log(index)).then_some(())
    });
    assert_eq!((before, refusals(&cluster)), (1, 2));
    assert_eq!(cluster.status(0).expect("it runs").nodes.len(), 3);
    cluster.kill9(index);
}
