//! The first bytes of a connection: who is calling, and whether we talk to them.
//!
//! Promise: after a handshake both ends know that they are of one cluster, that each is the node
//! the other meant, and that they speak one version. It is no proof of identity: TLS gives that.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(super) const LINK_MAGIC: [u8; 8] = *b"STARLINK";
pub(super) const ASK_MAGIC: [u8; 8] = *b"STARLASK";
pub(super) const MAGIC_BYTES: usize = 8;

/// Raise it when frames change their meaning; both ends must agree.
const VERSION: u16 = 1;
const FIXED_BYTES: usize = 2 + 8 + 8 + 8 + 1;
const NAME_BYTES_MAX: usize = 255; // Its length travels in one byte.
const REASON_BYTES_MAX: usize = 255; // The same.
const UNREAD_BYTES_MAX: u64 = 1_024; // A hello of any version so far, and as much again.
const ACCEPTED: u8 = 0; // The length of the reason why not.

/// What the caller says of itself and of whom it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) version: u16,
    pub(super) cluster: u64,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) name: String,
}

impl Hello {
    pub(super) fn new(cluster: u64, from: u64, to: u64, name: &str) -> Hello {
        Hello { version: VERSION, cluster, from, to, name: name.to_owned() }
    }

    /// Magic and all, ready to write.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let name = clip(&self.name, NAME_BYTES_MAX);
        let mut out = Vec::with_capacity(MAGIC_BYTES + FIXED_BYTES + name.len());
        out.extend_from_slice(&LINK_MAGIC);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.cluster.to_le_bytes());
        out.extend_from_slice(&self.from.to_le_bytes());
        out.extend_from_slice(&self.to.to_le_bytes());
        out.push(name.len() as u8);
        out.extend_from_slice(name.as_bytes());
        out
    }

    /// Why node `id` of `cluster` does not talk to this caller, if so.
    pub(super) fn refusal(&self, cluster: u64, id: u64, is_member: bool) -> Option<String> {
        if let Some(why) = version_refusal(self.version) {
            return Some(why);
        }
        if cluster == 0 {
            return Some("not in a cluster yet".to_owned());
        }
        if self.cluster != cluster {
            return Some(format!("cluster {cluster:016x} here, not {:016x}", self.cluster));
        }
        if self.to != id {
            return Some(format!("this is node {id}, not node {}", self.to));
        }
        if self.from == id || !is_member {
            return Some(format!("node {} is no member known here", self.from));
        }
        None
    }
}

/// A handshake that came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandshakeError {
    #[error("refused: {0}")]
    Refused(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl HandshakeError {
    /// Why one of the two does not want the other; `None`: they did not get to speak.
    pub(super) fn refusal(&self) -> Option<String> {
        match self {
            HandshakeError::Refused(why) => Some(why.clone()),
            HandshakeError::Io(why) if why.kind() == io::ErrorKind::PermissionDenied => {
                Some(why.to_string())
            }
            HandshakeError::Io(_) => None,
        }
    }
}

/// The caller's half.
pub(super) async fn call<S>(stream: &mut S, hello: &Hello) -> Result<(), HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(&hello.to_bytes()).await?;
    stream.flush().await?;
    let reason_bytes = stream.read_u8().await?;
    if reason_bytes == ACCEPTED {
        return Ok(());
    }
    let mut reason = vec![0; reason_bytes.into()];
    stream.read_exact(&mut reason).await?;
    Err(HandshakeError::Refused(String::from_utf8_lossy(&reason).into_owned()))
}

/// Why we do not talk to a caller of this version, if so. What follows its number may be anything.
pub(super) fn version_refusal(theirs: u16) -> Option<String> {
    let words =
        || format!("link version {VERSION} here, not {theirs}: run one version on all nodes");
    (theirs != VERSION).then(words)
}

/// Reads what follows the magic: the version, in whichever layout the rest is.
pub(super) async fn read_version<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<u16> {
    stream.read_u16_le().await
}

/// Reads what follows the version, which is ours.
pub(super) async fn read_hello<S: AsyncRead + Unpin>(
    stream: &mut S,
    version: u16,
) -> io::Result<Hello> {
    let cluster = stream.read_u64_le().await?;
    let from = stream.read_u64_le().await?;
    let to = stream.read_u64_le().await?;
    let mut name = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut name).await?;
    Ok(Hello { version, cluster, from, to, name: String::from_utf8_lossy(&name).into_owned() })
}

pub(super) async fn accept<S: AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.write_all(&[ACCEPTED]).await?;
    stream.flush().await
}

pub(super) async fn refuse<S>(stream: &mut S, why: &str) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let why = clip(why, REASON_BYTES_MAX);
    let mut out = vec![why.len() as u8];
    out.extend_from_slice(why.as_bytes());
    stream.write_all(&out).await?;
    stream.shutdown().await?;
    // Closed with something unread in it, a connection may lose what was written.
    let mut unread = Vec::new();
    stream.take(UNREAD_BYTES_MAX).read_to_end(&mut unread).await.map(drop)
}

fn clip(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
