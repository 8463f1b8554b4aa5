//! Questions on the cluster port: status, nodes that want to join, and what operators ask of rooms.

use super::{Asker, Core, DIRECTORY};
use crate::Names;
use crate::admin::{ClusterQuestion, RoomQuestion};
use crate::door::{Answer, Refused};
use crate::status::Status;
use chat::NodeId;
use chat::directory::{DirectoryCommand, MemberState, Roles};
use replica::net::Responder;
use serde::{Deserialize, Serialize};

/// What can be asked, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Question {
    /// [`Status`].
    Status,
    /// [`JoinAnswer`].
    Join(JoinQuestion),
    /// [`crate::admin::RoomAnswer`].
    Room(RoomQuestion),
    /// [`MembersAnswer`](super::MembersAnswer), of a member that has lost the way to the directory.
    Members,
    /// [`crate::admin::ClusterAnswer`].
    Cluster(ClusterQuestion),
}

/// A node that wants to become a member.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JoinQuestion {
    /// Its identity.
    pub(crate) id: u64,
    /// Its unique name.
    pub(crate) name: String,
    /// Where peers reach it.
    pub(crate) address: String,
    /// May vote in the directory.
    pub(crate) directory: bool,
    /// Holds rooms.
    pub(crate) chat: bool,
    /// For how long it has asked, in milliseconds.
    #[serde(default)]
    pub(crate) asking_ms: u64,
    /// How it thinks that names are kept.
    #[serde(default)]
    pub(crate) names: Names,
}

/// A node that died is taken for alive at most so long after another of its name has started: its links
/// break, or fall silent, much earlier.
const TAKEN_FOR_ALIVE_MS: u64 = 3_000;

/// What becomes of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JoinAnswer {
    /// It is a member now.
    Welcome {
        /// Id of the cluster.
        cluster: u64,
        /// Room groups.
        groups: u32,
        /// Members: identity, address.
        members: Vec<(u64, String)>,
    },
    /// Not now; ask again.
    Later(String),
    /// Never like this.
    Refused(String),
}

/// A join under way.
pub(crate) struct Admission {
    responder: Responder,
    name: String,
}

impl Core {
    pub(super) fn answer_question(&mut self, question: &[u8], responder: Responder) {
        match serde_json::from_slice(question) {
            Ok(Question::Status) => {
                let status: Status = self.status();
                responder.answer(json(&status));
            }
            Ok(Question::Join(join)) => self.admit(join, responder),
            Ok(Question::Room(question)) => self.ask_of_room(question, responder),
            Ok(Question::Members) => self.answer_members(responder),
            Ok(Question::Cluster(question)) => self.ask_of_cluster(question, responder),
            Err(why) => responder.answer(json(&format!("not a question of this version: {why}"))),
        }
    }

    fn admit(&mut self, join: JoinQuestion, responder: Responder) {
        if !self.is_fresh || !self.engine.has_route(DIRECTORY) {
            let why = "the directory is not ready at this moment".to_owned();
            return responder.answer(json(&JoinAnswer::Later(why)));
        }
        if join.names != self.identity.names {
            let why = format!(
                "this cluster was founded with cluster.directory = \"{}\", and {} is configured with \"{}\": correct it there",
                self.identity.names, join.name, join.names
            );
            return responder.answer(json(&JoinAnswer::Refused(why)));
        }
        let replaces = match self.replaced_by(&join) {
            Ok(replaces) => replaces,
            Err(answer) => return responder.answer(json(&answer)),
        };
        let command = DirectoryCommand::AddMember {
            id: NodeId(join.id),
            name: join.name.as_str().into(),
            address: join.address.as_str().into(),
            roles: Roles { directory: join.directory, chat: join.chat },
            replaces,
        };
        tracing::info!(name = %join.name, address = %join.address, "a node joins");
        let number = self.draw();
        self.joiners.insert(number, Admission { responder, name: join.name });
        self.submit_to_directory(Asker::Joiner(number), &command);
    }

    /// The dead member whose name and place it may take, if there is one of its name.
    pub(super) fn replaced_by(&self, join: &JoinQuestion) -> Result<Option<NodeId>, JoinAnswer> {
        let namesake = self.directory.members().find(|it| *it.name == *join.name);
        let Some(namesake) = namesake.filter(|it| it.id.0 != join.id) else {
            return Ok(None);
        };
        let (id, name) = (namesake.id, &namesake.name);
        if self.up.contains(&id.0) || id == self.me {
            let why = format!("a node called {name} is a member and alive");
            return Err(match join.asking_ms < TAKEN_FOR_ALIVE_MS {
                true => JoinAnswer::Later(why), // Its earlier life may have ended just now.
                false => JoinAnswer::Refused(format!("{why}; give this one another name")),
            });
        }
        match namesake.state {
            MemberState::Down => Ok(Some(id)),
            _ => Err(JoinAnswer::Later(format!("a node called {name} was alive until lately"))),
        }
    }

    /// The directory has decided.
    pub(super) fn join_resolved(&mut self, number: u64, answer: &Answer) {
        let Some(Admission { responder, name }) = self.joiners.remove(&number) else {
            return;
        };
        let answer = match answer {
            Answer::Done => JoinAnswer::Welcome {
                cluster: self.identity.cluster,
                groups: self.identity.groups,
                members: self
                    .directory
                    .members()
                    .map(|it| (it.id.0, it.address.to_string()))
                    .collect(),
            },
            Answer::Refused(why) if why.contains(&Refused::Leaving) => {
                JoinAnswer::Refused(format!("a node called {name} is a member already"))
            }
            _ => JoinAnswer::Later("the directory did not answer in time".to_owned()),
        };
        responder.answer(json(&answer));
    }
}

pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our own types become JSON")
}
