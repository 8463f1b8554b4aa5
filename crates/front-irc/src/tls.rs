//! Certificates.

use rustls::ServerConfig;
use std::path::Path;
use std::sync::Arc;

/// What a listener needs to speak TLS. The error says which file is wrong, and how.
pub(crate) fn load(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let (certs, private) = node::pem::read(cert, key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?
        .with_no_client_auth()
        .with_single_cert(certs, private)
        .map_err(|why| match why {
            rustls::Error::InconsistentKeys(_) => format!(
                "the certificate {} does not match the key {}",
                cert.display(),
                key.display()
            ),
            why => format!("{} with {}: {why}", cert.display(), key.display()),
        })?;
    Ok(Arc::new(config))
}
