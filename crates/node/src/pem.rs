//! Certificates and keys as files.

mod any_certificate;

use any_certificate::AnyCertificate;
use replica::net::Tls;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoClientAuth;
use rustls::server::danger::ClientCertVerifier;
use std::path::Path;
use std::sync::Arc;

/// A chain of certificates and its key. The error says which file is wrong, and how.
pub fn read(
    cert: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let chain = certificates(cert)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|why| format!("cannot read the key {}: {why}", key.display()))?;
    Ok((chain, private))
}

/// What a door asks of a client beside the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromClients {
    /// Nothing.
    Nothing,
    /// A certificate, if it has one: whoever signed it.
    Certificate,
}

/// What a door needs to speak TLS to anybody, and these protocols over it, the best first; none: whichever.
/// The error says which file is wrong, and how.
pub fn door(
    cert: &Path,
    key: &Path,
    protocols: &[&str],
    asks: FromClients,
) -> Result<Arc<ServerConfig>, String> {
    let (chain, private) = read(cert, key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let verifier: Arc<dyn ClientCertVerifier> = match asks {
        FromClients::Nothing => Arc::new(NoClientAuth),
        FromClients::Certificate => Arc::new(AnyCertificate(algorithms)),
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, private)
        .map_err(|why| match why {
            rustls::Error::InconsistentKeys(_) => format!(
                "the certificate {} does not match the key {}",
                cert.display(),
                key.display()
            ),
            why => format!("{} with {}: {why}", cert.display(), key.display()),
        })?;
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    Ok(Arc::new(config))
}

/// What links to other nodes need: our certificate, its key, and the authority that signs those of all nodes.
/// The error says which file is wrong, and how.
pub fn cluster(cert: &Path, key: &Path, authority: &Path) -> Result<Tls, String> {
    let (chain, private) = read(cert, key)?;
    let roots = certificates(authority)?;
    Tls::new(chain, private, roots).map_err(|why| {
        format!("{} with {} and {}: {why}", cert.display(), key.display(), authority.display())
    })
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|why| format!("cannot read the certificate {}: {why}", file.display()))?;
    match found.is_empty() {
        true => Err(format!("there is no certificate in {}", file.display())),
        false => Ok(found),
    }
}
