//! Who may be a peer, and that nobody reads along: TLS 1.3, with a certificate of the cluster's authority on
//! both sides.
//!
//! Promise: with a [`Tls`] no byte of a caller is read as a peer's or a question's, and none of ours is sent, before
//! the other end has shown a certificate that this authority signed; who dials also wants it to name the host that
//! was dialed. What is wrong with it comes as an error of the kind `PermissionDenied`, in words.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{Accept, TlsAcceptor, TlsConnector, TlsStream};

/// Our certificate, and whose certificates we accept.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// With a chain that begins with our own certificate, its key, and the certificates of the authority.
    ///
    /// # Errors
    /// They are not what they should be, or do not belong together; in words.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        authority: Vec<CertificateDer<'static>>,
    ) -> Result<Tls, String> {
        let mut roots = RootCertStore::empty();
        for it in authority {
            roots.add(it).map_err(|why| format!("the authority's certificate: {why}"))?;
        }
        let roots = Arc::new(roots);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .map_err(|why| format!("the authority's certificate: {why}"))?;
        let only_1_3 = &[&version::TLS13];
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(only_1_3)
            .and_then(|it| {
                it.with_client_cert_verifier(verifier)
                    .with_single_cert(chain.clone(), key.clone_key())
            })
            .map_err(|why| why.to_string())?;
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(only_1_3)
            .and_then(|it| it.with_root_certificates(roots).with_client_auth_cert(chain, key))
            .map_err(|why| why.to_string())?;
        Ok(Tls { acceptor: Arc::new(server).into(), connector: Arc::new(client).into() })
    }

    /// A caller's connection. What is read or written first waits until it has shown its certificate.
    pub(super) fn accept(&self, stream: TcpStream) -> Stream {
        Stream(State::Accepting(Box::new(self.acceptor.accept(stream))))
    }

    /// Our connection to the node that was dialed as `host:port`.
    pub(super) async fn connect(&self, address: &str, stream: TcpStream) -> io::Result<Stream> {
        let name = ServerName::try_from(host_of(address).to_owned()).map_err(|why| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{address}: {why}"))
        })?;
        let connected = self.connector.connect(name, stream).await.map_err(|it| denied(&it));
        Ok(Stream(State::Open(Box::new(connected?.into()))))
    }
}

fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |it| it.0);
    host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(host)
}

fn denied(why: &io::Error) -> io::Error {
    match why.get_ref().is_some_and(|it| it.is::<rustls::Error>()) {
        true => io::Error::new(io::ErrorKind::PermissionDenied, format!("TLS: {why}")),
        false => io::Error::new(why.kind(), why.to_string()), // The connection broke.
    }
}

fn closed<T>() -> io::Result<T> {
    Err(io::ErrorKind::NotConnected.into())
}

/// A connection, with or without TLS.
pub struct Stream(State);

enum State {
    Plain(TcpStream),
    Accepting(Box<Accept<TcpStream>>),
    Open(Box<TlsStream<TcpStream>>),
    /// The caller had nothing to show.
    Closed,
}

impl Stream {
    /// A client's connection to a door, with or without TLS. What is read or written first waits until the two have agreed
    /// on how to speak.
    #[must_use]
    pub fn of_client(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> Stream {
        match tls {
            None => Stream::plain(stream),
            Some(it) => Stream(State::Accepting(Box::new(TlsAcceptor::from(it).accept(stream)))),
        }
    }

    /// Without TLS.
    pub(super) fn plain(stream: TcpStream) -> Stream {
        Stream(State::Plain(stream))
    }

    /// The caller has shown who it is.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let State::Accepting(accept) = &mut self.0 {
            let opened = ready!(Pin::new(accept).poll(context));
            self.0 = State::Closed;
            self.0 = State::Open(Box::new(opened.map_err(|it| denied(&it))?.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_open(context))?;
        match &mut self.0 {
            State::Plain(it) => Pin::new(it).poll_read(context, buffer),
            State::Open(it) => {
                let read = ready!(Pin::new(it).poll_read(context, buffer));
                // In TLS 1.3 a client hears of it in its first read that its certificate was not liked.
                Poll::Ready(read.map_err(|why| denied(&why)))
            }
            State::Accepting(_) | State::Closed => Poll::Ready(closed()),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(context))?;
        match &mut self.0 {
            State::Plain(it) => Pin::new(it).poll_write(context, bytes),
            State::Open(it) => Pin::new(it).poll_write(context, bytes),
            State::Accepting(_) | State::Closed => Poll::Ready(closed()),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(context))?;
        match &mut self.0 {
            State::Plain(it) => Pin::new(it).poll_flush(context),
            State::Open(it) => Pin::new(it).poll_flush(context),
            State::Accepting(_) | State::Closed => Poll::Ready(closed()),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(context))?;
        match &mut self.0 {
            State::Plain(it) => Pin::new(it).poll_shutdown(context),
            State::Open(it) => Pin::new(it).poll_shutdown(context),
            State::Accepting(_) | State::Closed => Poll::Ready(closed()),
        }
    }
}
