//! Test helper: commands go in, what came of them is compared as short lines.

use super::{
    AccountChange, AccountCommand, AccountEvent, Credentials, Directory, DirectoryCommand,
    DirectoryEvent, DirectoryOutcome, Fingerprint, MemberState, NewSession, Roles, ScramKeys,
};
use crate::{Nick, NodeId, SessionId, Stamp};
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Scene {
    pub(super) directory: Directory,
    ms: u64,
}

impl Scene {
    pub(super) fn apply(&mut self, command: DirectoryCommand) -> DirectoryOutcome {
        self.ms += 1;
        self.directory.apply(Stamp::from_ms(self.ms), command)
    }

    /// Applies a command and compares everything that came of it.
    #[track_caller]
    pub(super) fn sees(&mut self, command: DirectoryCommand, expected: &[&str]) {
        let outcome = self.apply(command);
        let mut seen: Vec<String> = outcome.events.iter().map(shown).collect();
        seen.extend(outcome.refused.map(|why| format!("refused {why:?}")));
        assert_eq!(seen, expected);
    }

    #[track_caller]
    pub(super) fn registers(&mut self, id: u64, name: &str, node: u64) {
        self.sees(register(id, name, node), &[&format!("{name} registered")]);
    }
}

pub(super) fn nick(raw: &str) -> Nick {
    Nick::parse(raw, 32).expect("tests use valid nicks")
}

pub(super) fn add(id: u64, name: &str) -> DirectoryCommand {
    DirectoryCommand::AddMember {
        id: NodeId(id),
        name: name.into(),
        address: format!("{name}:7000").into(),
        roles: Roles { directory: true, chat: true },
        replaces: None,
    }
}

pub(super) fn mark(id: u64, state: MemberState) -> DirectoryCommand {
    let id = NodeId(id);
    DirectoryCommand::MarkMember { id, state }
}

pub(super) fn register(id: u64, name: &str, node: u64) -> DirectoryCommand {
    DirectoryCommand::Register(NewSession {
        session: SessionId(id),
        nick: nick(name),
        user: name.into(),
        host: "host".into(),
        realname: name.into(),
        account: None,
        node: NodeId(node),
        is_secure: false,
    })
}

/// Registers an account with this password and this certificate.
pub(super) fn account(name: &str, secret: Option<u8>, proof: Option<u8>) -> DirectoryCommand {
    DirectoryCommand::Account(AccountCommand::Register {
        name: nick(name),
        credentials: secret.map(password),
        certificate: proof.map(certificate),
        email: None,
        is_verified: false,
        by: None,
    })
}

pub(super) fn drop_account(name: &str) -> DirectoryCommand {
    DirectoryCommand::Account(AccountCommand::Drop { account: name.into() })
}

pub(super) fn alter_account(name: &str, change: AccountChange) -> DirectoryCommand {
    DirectoryCommand::Account(AccountCommand::Alter { account: name.into(), change })
}

pub(super) fn password(it: u8) -> Arc<Credentials> {
    let scram =
        ScramKeys { salt: [it; 16], iterations: 1, stored_key: [it; 32], server_key: [it; 32] };
    Arc::new(Credentials { hash: format!("hash {it}").into(), scram })
}

pub(super) fn certificate(it: u8) -> Fingerprint {
    Fingerprint([it; 32])
}

fn shown(event: &DirectoryEvent) -> String {
    match event {
        DirectoryEvent::Founded => "founded".to_owned(),
        DirectoryEvent::MemberAdded(id) => format!("member {} added", id.0),
        DirectoryEvent::MemberMarked(id, state) => format!("member {} {state:?}", id.0),
        DirectoryEvent::MemberRemoved(id) => format!("member {} removed", id.0),
        DirectoryEvent::Placed(group) => format!("group {group} placed"),
        DirectoryEvent::ViewSet(group) => format!("group {group} has another view"),
        DirectoryEvent::Drained(id, is_drained) => {
            format!("member {} drained: {is_drained}", id.0)
        }
        DirectoryEvent::Ranked(id, priority) => format!("member {} has priority {priority}", id.0),
        DirectoryEvent::Pinned(group) => format!("group {group} pinned"),
        DirectoryEvent::Settled(group) => format!("group {group} settled"),
        DirectoryEvent::Registered(session) => format!("{} registered", session.nick),
        DirectoryEvent::Renamed { session, from } => format!("{from} is now {}", session.nick),
        DirectoryEvent::Displaced { session, from } => {
            format!("{from} gave way as {}", session.nick)
        }
        DirectoryEvent::Altered { session, change, .. } => {
            format!("{} altered: {change:?}", session.nick)
        }
        DirectoryEvent::Attached { session, from } => {
            format!("{} came from {} to {}", session.nick, from.0, session.node.0)
        }
        DirectoryEvent::Account(AccountEvent::Registered(it)) => {
            format!("account {} registered", it.name)
        }
        DirectoryEvent::Account(AccountEvent::Dropped(it)) => {
            format!("account {} dropped", it.name)
        }
        DirectoryEvent::Account(AccountEvent::Altered(it)) => {
            format!("account {} altered", it.name)
        }
        DirectoryEvent::Ended { session, reason, by: None } => {
            format!("{} ended: {reason}", session.nick)
        }
        DirectoryEvent::Ended { session, reason, by: Some(by) } => {
            format!("{} ended by {by}: {reason}", session.nick)
        }
    }
}
