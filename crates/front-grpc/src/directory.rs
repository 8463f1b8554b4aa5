//! The service.

use crate::convert;
use crate::measures::Measures;
use api::v1;
use api::v1::directory_server::Directory;
use futures_util::stream::{self, Stream};
use node::lookup::{Lookup, Policy, Wanted, Watch};
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Nodes that anybody gets to hear of at once.
const PLACES_MAX: usize = 100;

/// Answers programs.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) lookup: Lookup,
    pub(crate) policy: Policy,
    pub(crate) measures: Arc<Measures>,
}

#[tonic::async_trait]
impl Directory for Service {
    async fn lookup(
        &self,
        request: Request<v1::LookupRequest>,
    ) -> Result<Response<v1::LookupResponse>, Status> {
        let client = address_of(&request);
        let asked = request.into_inner();
        let kind = v1::DoorKind::try_from(asked.door).ok().and_then(convert::kind);
        let kind = kind.ok_or_else(|| Status::invalid_argument("door: a kind is needed"))?;
        let policy = v1::Policy::try_from(asked.policy)
            .map_err(|_| Status::invalid_argument("policy: not one of this version"))?;
        let policy = convert::policy(policy).unwrap_or(self.policy);
        let choice = self.lookup.choose(policy, Wanted::Door(kind), client);
        let limit = match asked.limit as usize {
            0 => PLACES_MAX,
            limit => limit.min(PLACES_MAX),
        };
        let places: Vec<v1::Place> = choice.iter().take(limit).map(convert::to_place).collect();
        if places.is_empty() {
            let text = format!("no healthy node has a door for {kind}; ask again");
            return Err(Status::unavailable(text));
        }
        self.measures.lookups.increment(1);
        Ok(Response::new(v1::LookupResponse {
            version: choice.members().version,
            policy: convert::to_policy(policy).into(),
            places,
        }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::Members, Status>> + Send>>;

    async fn watch(
        &self,
        _: Request<v1::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let watcher = Watcher::new(self);
        let told = stream::unfold(watcher, |mut watcher| async {
            let members = watcher.watch.next().await?;
            Some((Ok(convert::to_members(&members)), watcher))
        });
        Ok(Response::new(Box::pin(told)))
    }
}

/// Counts a client as long as it is told of changes.
struct Watcher {
    watch: Watch,
    measures: Arc<Measures>,
}

impl Watcher {
    fn new(service: &Service) -> Watcher {
        service.measures.watchers.increment(1);
        Watcher { watch: service.lookup.watch(), measures: service.measures.clone() }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.measures.watchers.decrement(1);
    }
}

/// The other end of the connection. Every connection of ours has one; without it, all are one client.
fn address_of<T>(request: &Request<T>) -> IpAddr {
    request.remote_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |it| it.ip())
}
