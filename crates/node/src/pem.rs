//! Certificates and keys as files.

use replica::net::Tls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;

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
