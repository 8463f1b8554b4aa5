//! `GET /healthz`: whether this node takes clients, for whoever starts and stops nodes.

use crate::problem::{Problem, json};
use crate::routes::Shared;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use node::lookup::Health;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct Healthy {
    status: &'static str,
}

pub(crate) async fn get(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    match shared.lookup.members().own().map(|it| it.health) {
        Some(Health::Up) => Ok(json(StatusCode::OK, &Healthy { status: Health::Up.as_str() })),
        Some(health) => Err(Problem::NotNow(health.as_str().to_owned())),
        None => Err(Problem::NotNow("not a member yet".to_owned())),
    }
}
