//! `GET /v1/members`: all members, now and whenever one changes, as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! Changes of load alone are not told. Of several changes that a slow client did not take, the last one
//! is told: nothing waits for anybody.

use crate::measures::Measures;
use crate::routes::Shared;
use axum::extract::State;
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use node::lookup::{Members, Watch};
use serde::Serialize;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// Proxies close what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[derive(Serialize)]
struct List<'a> {
    version: u64,
    network: &'a str,
    /// Who tells.
    node: Option<&'a str>,
    nodes: Vec<Node<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    name: &'a str,
    health: &'a str,
    chat: bool,
    directory: bool,
    connections: u32,
    doors: BTreeMap<&'a str, String>,
}

/// Counts a client as long as it is told of changes.
struct Watcher {
    watch: Watch,
    shared: Arc<Shared>,
}

impl Watcher {
    fn new(shared: Arc<Shared>) -> Watcher {
        let Measures { watchers, .. } = &shared.measures;
        watchers.increment(1);
        Watcher { watch: shared.lookup.watch(), shared }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.measures.watchers.decrement(1);
    }
}

pub(crate) async fn get(State(shared): State<Arc<Shared>>) -> Response {
    let events = stream::unfold(Watcher::new(shared), |mut watcher| async {
        let members = watcher.watch.next().await?;
        Some((Ok::<_, Infallible>(event(&members)), watcher))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    let everybody = [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (everybody, events).into_response()
}

fn event(members: &Members) -> Event {
    let list = List {
        version: members.version,
        network: &members.network,
        node: members.own().map(|it| &*it.name),
        nodes: members.nodes.iter().map(node).collect(),
    };
    let text = serde_json::to_string(&list).expect("our own types become JSON");
    Event::default().event("members").id(members.version.to_string()).data(text)
}

fn node(member: &node::lookup::Member) -> Node<'_> {
    Node {
        name: &member.name,
        health: member.health.as_str(),
        chat: member.roles.chat,
        directory: member.roles.directory,
        connections: member.connections,
        doors: member.doors.iter().map(|(kind, at)| (kind.as_str(), at.to_string())).collect(),
    }
}
