//! Asks a gRPC door.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use api::v1::directory_client::DirectoryClient;
use api::v1::{DoorKind, LookupRequest};
use tonic::transport::{Channel, Endpoint};

/// Lookups that share a connection, as those of one program would.
const PER_CONNECTION: usize = 16;

/// One of those who share a connection.
pub(super) struct Asker {
    client: DirectoryClient<Channel>,
    request: LookupRequest,
}

/// So many, and the connections for them.
pub(super) async fn askers(
    to: SocketAddr,
    door: &str,
    count: usize,
) -> Result<impl Iterator<Item = Asker>> {
    let kind = format!("DOOR_KIND_{}", door.to_ascii_uppercase());
    let kind = DoorKind::from_str_name(&kind).with_context(|| format!("--door {door}"))?;
    let request = LookupRequest { door: kind.into(), ..LookupRequest::default() };
    let endpoint = Endpoint::from_shared(format!("http://{to}"))?.tcp_nodelay(true);
    let mut clients = Vec::new();
    for _ in 0..count.div_ceil(PER_CONNECTION) {
        let channel = endpoint.connect().await.with_context(|| format!("--grpc {to}"))?;
        clients.push(DirectoryClient::new(channel));
    }
    let clients = (0..count).map(move |it| clients[it / PER_CONNECTION].clone());
    Ok(clients.map(move |client| Asker { client, request }))
}

impl Asker {
    pub(super) async fn ask(&mut self) -> Result<()> {
        let answer = self.client.lookup(self.request).await?;
        ensure!(!answer.get_ref().places.is_empty(), "it names nobody");
        Ok(())
    }
}
