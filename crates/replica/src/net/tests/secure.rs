//! Links under certificates: who has one of the cluster's authority is let in, and nobody else.

use std::io;

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::super::{RealNetwork, Tls, ask};
use super::*;

const ANY_PORT: &str = "127.0.0.1:0";

/// Signs the certificates of one cluster.
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

    fn root(&self) -> CertificateDer<'static> {
        self.cert.der().clone()
    }

    /// A certificate for a node at this host.
    fn certify(&self, host: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().expect("chance enough");
        let params = CertificateParams::new([host.to_owned()]).expect("a valid name");
        let signed = params.signed_by(&key, &self.cert, &self.key).expect("a valid certificate");
        (signed.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    fn network(&self, host: &str, trusted: &Authority) -> RealNetwork {
        let (cert, key) = self.certify(host);
        let tls = Tls::new(vec![cert], key, vec![trusted.root()]).expect("they fit together");
        RealNetwork { tls: Some(tls) }
    }
}

/// Why a question to the node was not answered.
async fn denial(net: &RealNetwork, node: &Node) -> io::Error {
    ask(net, &node.address, b"abc").await.expect_err("it is not let in")
}

#[tokio::test]
async fn nodes_of_one_authority_talk_and_answer_each_other() {
    in_local_set(async {
        let authority = Authority::new();
        let net = authority.network("127.0.0.1", &authority);
        let mut nodes = Vec::new();
        for id in 1..=2 {
            nodes.push(Node::start(&net, ANY_PORT, me(id)).await);
        }
        introduce(&nodes);
        nodes[0].wait_for(Up(2)).await;
        nodes[1].wait_for(Up(1)).await;
        let long = vec![7; 1 << 20];
        assert!(nodes[0].send(2, &long));
        assert_eq!(nodes[1].next().await, Frame(1, long));
        assert_eq!(ask(&net, &nodes[0].address, b"abc").await.expect("it is let in"), b"cba");
    })
    .await;
}

#[tokio::test]
async fn who_has_no_certificate_of_the_authority_is_let_in_by_nobody() {
    in_local_set(async {
        let (authority, other) = (Authority::new(), Authority::new());
        let net = authority.network("127.0.0.1", &authority);
        let mut node = Node::start(&net, ANY_PORT, me(1)).await;
        // Of another authority: one that trusts ours, and one that does not.
        let stranger = other.network("127.0.0.1", &authority);
        let why = denial(&stranger, &node).await;
        assert_eq!(why.kind(), io::ErrorKind::PermissionDenied, "{why}");
        let why = denial(&other.network("127.0.0.1", &other), &node).await;
        assert_eq!(why.kind(), io::ErrorKind::PermissionDenied, "{why}");
        // Without TLS at all; and with it, to a node that has none.
        denial(&RealNetwork::default(), &node).await;
        let open = Node::start(&RealNetwork::default(), ANY_PORT, me(2)).await;
        denial(&net, &open).await;
        assert!(node.has_been_told_nothing());
        assert!(ask(&net, &node.address, b"abc").await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_not_taken_for_the_dialed_one() {
    in_local_set(async {
        let authority = Authority::new();
        let elsewhere = authority.network("10.9.8.7", &authority);
        let node = Node::start(&elsewhere, ANY_PORT, me(1)).await;
        let why = denial(&authority.network("127.0.0.1", &authority), &node).await;
        assert_eq!(why.kind(), io::ErrorKind::PermissionDenied);
        assert!(why.to_string().contains("not valid for name"), "{why}");
    })
    .await;
}

#[test]
fn a_key_that_is_not_the_certificates_is_refused_in_words() {
    let authority = Authority::new();
    let ((cert, _), (_, key)) = (authority.certify("a"), authority.certify("a"));
    let why = Tls::new(vec![cert], key, vec![authority.root()]).expect_err("they differ");
    assert!(why.contains("keys may not be consistent"), "{why}");
}
