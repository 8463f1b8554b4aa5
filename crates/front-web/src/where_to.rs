//! `GET /v1/where`: healthy nodes with a door, best first.

use crate::problem::{Problem, json};
use crate::routes::{Client, Shared};
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use node::lookup::{DoorAddress, DoorKind, Member, Policy, Wanted};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Nodes that anybody gets to hear of at once.
const NODES_MAX: usize = 100;

/// What can be asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    door: Option<String>,
    policy: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Answer<'a> {
    door: &'a str,
    policy: &'a str,
    version: u64,
    nodes: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    name: &'a str,
    address: String,
    host: String,
    port: u16,
    connections: u32,
}

impl<'a> Place<'a> {
    fn of((member, door): (&'a Member, &DoorAddress)) -> Place<'a> {
        Place {
            name: &member.name,
            address: door.to_string(),
            host: door.host.to_string(),
            port: door.port,
            connections: member.connections,
        }
    }
}

pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    Extension(Client(client)): Extension<Client>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|why| Problem::Wrong(why.body_text()))?;
    let kind = match asked.door.as_deref() {
        None => DoorKind::Irc,
        Some(word) => DoorKind::parse(word).ok_or_else(|| unknown("door", &DoorKind::ALL))?,
    };
    let policy = match asked.policy.as_deref() {
        None => shared.policy,
        Some(name) => Policy::parse(name).ok_or_else(|| unknown("policy", &Policy::ALL))?,
    };
    let choice = shared.lookup.choose(policy, Wanted::Door(kind), client);
    let limit = asked.limit.unwrap_or(NODES_MAX).clamp(1, NODES_MAX);
    let nodes: Vec<Place<'_>> = choice.iter().take(limit).map(Place::of).collect();
    if nodes.is_empty() {
        let text = format!("no healthy node has a door for {kind}; ask again");
        return Err(Problem::NotNow(text));
    }
    shared.measures.lookups.increment(1);
    let (door, policy, version) = (kind.as_str(), policy.as_str(), choice.members().version);
    Ok(json(StatusCode::OK, &Answer { door, policy, version, nodes }))
}

fn unknown(key: &str, known: &[impl std::fmt::Display]) -> Problem {
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    Problem::Wrong(format!("{key} is one of {}", known.join(", ")))
}
