//! What can be asked, and what all requests share.

use crate::measures::Measures;
use crate::problem::Problem;
use crate::{healthz, members, where_to};
use axum::Router;
use axum::routing::get;
use node::lookup::{Lookup, Policy};
use std::net::IpAddr;
use std::sync::Arc;

/// Who asks: the other end of the connection. What a proxy says in a header could be said by anybody,
/// so it is not looked at.
#[derive(Clone, Copy)]
pub(crate) struct Client(pub(crate) IpAddr);

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) lookup: Lookup,
    pub(crate) policy: Policy,
    pub(crate) measures: Measures,
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/where", get(where_to::get))
        .route("/v1/members", get(members::get))
        .route("/healthz", get(healthz::get))
        .fallback(async || Problem::NotFound)
        .with_state(shared)
}
