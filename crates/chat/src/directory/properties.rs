//! Properties of the directory under random commands from a universe so small that everything collides.

use super::scene::{certificate, password};
use super::{
    Account, AccountChange, AccountCommand, AccountEvent, Aside, Attach, Change, Directory,
    DirectoryCommand, DirectoryEvent, MemberState, NewSession, Roles, Session, UserModes, View,
};
use crate::{Nick, NodeId, SessionId, Stamp, codec};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Step = (Stamp, DirectoryCommand);

fn node() -> impl Strategy<Value = NodeId> {
    (1..=4u64).prop_map(NodeId)
}

fn session() -> impl Strategy<Value = SessionId> {
    (1..=8u64).prop_map(SessionId)
}

fn nick() -> impl Strategy<Value = Nick> {
    let nicks = vec!["a", "A", "b", "B", "[c]", "[C]", "d"];
    select(nicks).prop_map(|raw| Nick::parse(raw, 32).expect("a nick"))
}

fn text(choices: &[&'static str]) -> impl Strategy<Value = Arc<str>> + use<> {
    select(choices.to_vec()).prop_map(Arc::from)
}

fn change() -> impl Strategy<Value = Change> {
    let words = || text(&["", "one", "two"]);
    let modes = any::<(bool, bool, bool)>()
        .prop_map(|(invisible, wallops, bot)| Change::Modes(UserModes { invisible, wallops, bot }));
    prop_oneof![
        option::of(words()).prop_map(Change::Away),
        words().prop_map(Change::Realname),
        (words(), words()).prop_map(|(user, host)| Change::Host { user, host }),
        option::of(words()).prop_map(Change::Account),
        modes,
        option::of(words()).prop_map(Change::Operator),
    ]
}

fn add_member() -> impl Strategy<Value = DirectoryCommand> {
    let names = text(&["n1", "N1", "n2", "n3"]);
    let roles = any::<(bool, bool)>().prop_map(|(directory, chat)| Roles { directory, chat });
    (node(), names, text(&["x", "y"]), roles, option::of(node())).prop_map(
        |(id, name, address, roles, replaces)| DirectoryCommand::AddMember {
            id,
            name,
            address,
            roles,
            replaces,
        },
    )
}

fn register() -> impl Strategy<Value = DirectoryCommand> {
    (session(), nick(), node()).prop_map(|(session, nick, node)| {
        DirectoryCommand::Register(NewSession {
            session,
            nick,
            user: "u".into(),
            host: "h".into(),
            realname: "r".into(),
            account: None,
            node,
            is_secure: false,
        })
    })
}

/// Mostly what could be the next view.
fn set_view() -> impl Strategy<Value = DirectoryCommand> {
    let nodes = || prop::sample::subsequence((1..=4u64).map(NodeId).collect::<Vec<_>>(), 1..4);
    let epochs = (0..6u64, prop::bool::weighted(0.9));
    (1..3u32, epochs, node(), nodes(), nodes(), node()).prop_map(
        |(group, (on_epoch, is_next), primary, in_sync, replicas, by)| {
            let epoch = on_epoch + u64::from(is_next);
            let view = View { epoch, primary, in_sync, replicas };
            DirectoryCommand::SetView { group, on_epoch, view, by }
        },
    )
}

fn account_command() -> impl Strategy<Value = DirectoryCommand> {
    let proof = || (0..3u8).prop_map(certificate);
    let secret = || (0..3u8).prop_map(password);
    let change = prop_oneof![
        secret().prop_map(AccountChange::Password),
        proof().prop_map(AccountChange::AddCertificate),
        proof().prop_map(AccountChange::RemoveCertificate),
        option::of(text(&["a@x", "b@x"])).prop_map(AccountChange::Email),
        Just(AccountChange::Verified),
        any::<bool>().prop_map(AccountChange::AlwaysOn),
    ];
    let parts = (nick(), option::of(secret()), option::of(proof()), option::of(session()));
    let register = parts.prop_map(|(name, credentials, certificate, by)| {
        let (email, is_verified) = (None, false);
        AccountCommand::Register { name, credentials, certificate, email, is_verified, by }
    });
    let name = || text(&["a", "A", "b", "[c]", "d"]);
    prop_oneof![
        4 => register,
        3 => (name(), change).prop_map(|(account, change)| AccountCommand::Alter { account, change }),
        1 => name().prop_map(|account| AccountCommand::Drop { account }),
    ]
    .prop_map(DirectoryCommand::Account)
}

/// What operators ask, and groups report.
fn order() -> impl Strategy<Value = DirectoryCommand> {
    let drain = (node(), any::<bool>());
    let pin = (0..3u32, vec(node(), 0..3));
    let settle = (0..3u32, 0..4u64);
    prop_oneof![
        drain.prop_map(|(id, is_drained)| DirectoryCommand::Drain { id, is_drained }),
        pin.prop_map(|(group, replicas)| DirectoryCommand::Pin { group, replicas }),
        settle.prop_map(|(group, epoch)| DirectoryCommand::Settle { group, epoch }),
        (node(), node()).prop_map(|(dead, by)| DirectoryCommand::Replace { dead, by }),
        (node(), -1..2i32).prop_map(|(id, priority)| DirectoryCommand::Rank { id, priority }),
    ]
}

/// Few keys, so that some fit.
fn of_keys() -> impl Strategy<Value = DirectoryCommand> {
    let key = || (0..2u8).prop_map(|it| [it; 32]);
    let attach = (session(), key(), key(), node(), any::<bool>());
    prop_oneof![
        (session(), key()).prop_map(|(session, key)| DirectoryCommand::SetKey { session, key }),
        (session(), key()).prop_map(|(session, key)| DirectoryCommand::ConfirmKey { session, key }),
        attach.prop_map(|(session, key, next, node, is_secure)| {
            DirectoryCommand::Attach(Attach { session, key, next, node, is_secure })
        }),
        node().prop_map(|node| DirectoryCommand::EndKeyless { node, reason: "gone".into() }),
    ]
}

/// A session of this side, as it became on the other one.
fn restate() -> impl Strategy<Value = DirectoryCommand> {
    let of = (session(), nick(), node(), (0..60u64).prop_map(Stamp));
    (of, option::of(text(&["lunch"])), any::<bool>()).prop_map(
        |((id, nick, node, since), away, bot)| {
            DirectoryCommand::Restate(Session {
                id,
                nick,
                user: "u".into(),
                host: "h".into(),
                realname: "r".into(),
                account: None,
                node,
                is_secure: false,
                modes: UserModes { bot, ..UserModes::default() },
                operator: None,
                away: away.map(Aside::from),
                since,
            })
        },
    )
}

fn command() -> impl Strategy<Value = DirectoryCommand> {
    let states = vec![MemberState::Up, MemberState::Draining, MemberState::Down];
    let mark = (node(), select(states));
    let place = (0..3u32, vec(node(), 0..3));
    let found = (any::<u64>(), 1..4u32);
    let end = (session(), text(&["bye"]), option::of(nick()));
    prop_oneof![
        1 => found.prop_map(|(cluster, groups)| DirectoryCommand::Found {
            cluster, network: "n".into(), groups,
        }),
        4 => add_member(),
        3 => mark.prop_map(|(id, state)| DirectoryCommand::MarkMember { id, state }),
        1 => node().prop_map(|id| DirectoryCommand::RemoveMember { id }),
        1 => place.prop_map(|(group, replicas)| DirectoryCommand::Place { group, replicas }),
        8 => register(),
        4 => (session(), nick()).prop_map(|(session, nick)| DirectoryCommand::Rename { session, nick }),
        3 => (session(), change()).prop_map(|(session, change)| DirectoryCommand::Alter { session, change }),
        2 => end.prop_map(|(session, reason, by)| DirectoryCommand::End { session, reason, by }),
        1 => node().prop_map(|node| DirectoryCommand::EndAll { node, reason: "gone".into() }),
        1 => set_view(),
        2 => order(),
        3 => of_keys(),
        3 => restate(),
        5 => account_command(),
    ]
}

/// Clocks jump in both directions.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(((0..60u64).prop_map(Stamp), command()), 0..80)
}

fn check(directory: &Directory) {
    let mut nicks = BTreeSet::new();
    let mut counts: BTreeMap<NodeId, usize> = BTreeMap::new();
    for session in directory.sessions() {
        assert!(nicks.insert(session.nick.key()), "{session:?}");
        *counts.entry(session.node).or_default() += 1;
        assert_eq!(directory.session(session.id), Some(session));
        assert_eq!(directory.by_nick(session.nick.as_str()), Some(session));
        assert_eq!(directory.by_nick(&session.nick.key()), Some(session));
        assert!(directory.member(session.node).is_some());
    }
    assert_eq!(directory.session_count(), nicks.len());
    assert_eq!(directory.indexed(), (nicks.len(), counts.len()));
    for (node, count) in counts {
        assert_eq!(directory.session_count_of(node), count);
        assert_eq!(directory.sessions_of(node).count(), count);
    }
    for id in (1..=4u64).map(NodeId) {
        let is_pinned = (0..3).filter_map(|it| directory.pin(it)).any(|it| it.contains(&id));
        assert!(directory.member(id).is_some() || !(directory.is_drained(id) || is_pinned));
    }
    assert!(directory.keys.sessions().all(|it| directory.session(it).is_some()));
    let mut owners = BTreeMap::new();
    for account in directory.accounts() {
        assert!(account.credentials.is_some() || !account.certificates.is_empty());
        for it in &account.certificates {
            assert_eq!(owners.insert(*it, account.name.clone()), None);
            assert_eq!(directory.account_by_certificate(it), Some(account));
        }
    }
    let names: BTreeSet<_> = directory.members().map(|it| crate::fold(&it.name)).collect();
    assert_eq!(names.len(), directory.members().count());
}

/// What somebody who only hears events knows.
#[derive(Default)]
struct Told {
    sessions: BTreeMap<SessionId, Arc<Session>>,
    members: BTreeSet<NodeId>,
    accounts: BTreeMap<String, Arc<Account>>,
    dropped: BTreeSet<String>,
}

impl Told {
    fn hear(&mut self, event: &DirectoryEvent) {
        match event {
            DirectoryEvent::Registered(session) => {
                let known = self.sessions.insert(session.id, session.clone());
                assert_eq!(known, None);
            }
            DirectoryEvent::Renamed { session, from } => {
                let before = self.sessions.insert(session.id, session.clone());
                assert_eq!(before.map(|it| it.nick.clone()).as_ref(), Some(from));
                assert_ne!(session.nick, *from);
            }
            DirectoryEvent::Displaced { session, from } => {
                let before = self.sessions.insert(session.id, session.clone());
                assert!(before.is_some());
                assert_ne!(session.nick, *from);
            }
            DirectoryEvent::Altered { session, before, .. } => {
                let known = self.sessions.insert(session.id, session.clone());
                assert_eq!(known.as_ref(), Some(before));
                assert_ne!(session, before);
            }
            DirectoryEvent::Attached { session, from } => {
                let before = self.sessions.insert(session.id, session.clone());
                assert_eq!(before.map(|it| it.node), Some(*from));
            }
            DirectoryEvent::Ended { session, .. } => {
                assert_eq!(self.sessions.remove(&session.id).as_ref(), Some(session));
            }
            DirectoryEvent::MemberAdded(id) => drop(self.members.insert(*id)),
            DirectoryEvent::MemberRemoved(id) => assert!(self.members.remove(id)),
            DirectoryEvent::MemberMarked(id, _) => assert!(self.members.contains(id)),
            DirectoryEvent::Ranked(id, _) => assert!(self.members.contains(id)),
            DirectoryEvent::Drained(id, _) => assert!(self.members.contains(id)),
            DirectoryEvent::Account(AccountEvent::Registered(it)) => {
                assert_eq!(self.accounts.insert(it.name.key(), it.clone()), None);
                assert!(!self.dropped.contains(&it.name.key()));
            }
            DirectoryEvent::Account(AccountEvent::Altered(it)) => {
                let before = self.accounts.insert(it.name.key(), it.clone());
                assert!(before.is_some_and(|before| before != *it && before.name == it.name));
            }
            DirectoryEvent::Account(AccountEvent::Dropped(it)) => {
                assert_eq!(self.accounts.remove(&it.name.key()).as_ref(), Some(it));
                self.dropped.insert(it.name.key());
            }
            DirectoryEvent::Founded
            | DirectoryEvent::Placed(_)
            | DirectoryEvent::ViewSet(_)
            | DirectoryEvent::Pinned(_)
            | DirectoryEvent::Settled(_) => {}
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_asked_the_directory_stays_whole(steps in steps()) {
        let mut directory = Directory::new();
        let mut told = Told::default();
        let mut last = Stamp::default();
        for (now, command) in steps {
            let outcome = directory.apply(now, command);
            prop_assert!(outcome.at > last && outcome.at >= now);
            last = outcome.at;
            prop_assert!(outcome.refused.is_none() || outcome.events.is_empty());
            outcome.events.iter().for_each(|event| told.hear(event));
            prop_assert!(told.sessions.values().eq(directory.sessions()));
            prop_assert!(told.accounts.values().eq(directory.accounts()));
            prop_assert!(told.members.iter().eq(directory.members().map(|it| &it.id)));
            check(&directory);
        }
    }

    /// All members are there, and views come thick and fast.
    #[test]
    fn an_epoch_has_one_view_and_its_primary_was_in_sync_before(
        views in vec(set_view(), 0..200),
        removed in option::of(node()),
    ) {
        let mut directory = Directory::new();
        for id in 1..=4u64 {
            let roles = Roles { directory: true, chat: true };
            let (name, address) = (format!("n{id}").into(), "x".into());
            let add = DirectoryCommand::AddMember { id: NodeId(id), name, address, roles, replaces: None };
            directory.apply(Stamp(id), add);
        }
        if let Some(id) = removed {
            directory.apply(Stamp(9), DirectoryCommand::RemoveMember { id });
        }
        let mut heard: BTreeMap<(u32, u64), View> = BTreeMap::new();
        for command in views {
            let DirectoryCommand::SetView { group, by, .. } = command else { continue };
            let before = directory.view(group).cloned();
            let outcome = directory.apply(Stamp(10), command);
            let now = directory.view(group).cloned();
            prop_assert_eq!(outcome.events.is_empty(), now == before);
            prop_assert_eq!(outcome.events.is_empty(), outcome.refused.is_some());
            let (Some(view), false) = (now, outcome.events.is_empty()) else { continue };
            prop_assert!(view.in_sync.contains(&view.primary));
            let was_in_sync = |it| before.as_ref().is_some_and(|before| before.in_sync.contains(it));
            prop_assert!(view.in_sync.iter().all(|it| view.replicas.contains(it) || was_in_sync(it)));
            prop_assert!(view.replicas.iter().all(|it| removed != Some(*it)));
            prop_assert_eq!(view.epoch, before.as_ref().map_or(0, |it| it.epoch) + 1);
            if let Some(before) = before {
                prop_assert!(before.in_sync.contains(&view.primary));
                let is_none_added = view.in_sync.iter().all(|it| before.in_sync.contains(it));
                prop_assert!(is_none_added || by == before.primary);
            }
            prop_assert_eq!(heard.insert((group, view.epoch), view), None);
        }
    }

    #[test]
    fn a_restored_replica_goes_on_as_the_others_do(steps in steps(), at in any::<prop::sample::Index>()) {
        let mut directory = Directory::new();
        let mut other = Directory::new();
        let at = at.index(steps.len() + 1);
        for (i, (now, command)) in steps.into_iter().enumerate() {
            if i == at {
                other = Directory::restore(&other.snapshot()).expect("our own snapshot");
                check(&other);
            }
            prop_assert_eq!(directory.apply(now, command.clone()), other.apply(now, command));
            prop_assert_eq!(directory.snapshot(), other.snapshot());
        }
    }

    #[test]
    fn commands_survive_bytes(command in command()) {
        prop_assert_eq!(codec::decode(&codec::encode(&command)), Ok(command));
    }

    #[test]
    fn no_bytes_panic(mut bytes in vec(any::<u8>(), 0..200), is_ours in any::<bool>()) {
        if is_ours && let Some(first) = bytes.first_mut() {
            *first = codec::VERSION;
        }
        let _ = codec::decode::<DirectoryCommand>(&bytes);
        let _ = Directory::restore(&bytes);
    }

    /// Damage that still reads as a snapshot gives a wrong directory, but one that goes on.
    #[test]
    fn a_damaged_snapshot_is_refused_or_goes_on(
        before in steps(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        after in steps(),
    ) {
        let mut directory = Directory::new();
        for (now, command) in before {
            directory.apply(now, command);
        }
        let mut bytes = directory.snapshot();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(mut directory) = Directory::restore(&bytes) {
            for (now, command) in after {
                directory.apply(now, command);
            }
        }
    }
}
