//! The directory under any commands: nothing panics, a nick and a member's name have one owner, a
//! refused command changes nothing, and a restored replica goes on as the others do.
#![no_main]

use arbitrary::{Result, Unstructured};
use chat::directory::{
    AccountChange, AccountCommand, Change, Directory, DirectoryCommand, Fingerprint, MemberState,
    NewSession, Roles, UserModes,
};
use chat::{Nick, NodeId, SessionId, Stamp, codec};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use std::sync::Arc;

const COMMANDS_MAX: usize = 100;

fuzz_target!(|bytes: &[u8]| {
    let _ = run(&mut Unstructured::new(bytes));
});

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let mut directory = Directory::new();
    let mut other = Directory::new();
    for _ in 0..COMMANDS_MAX {
        if input.is_empty() {
            break;
        }
        if input.ratio(1, 8)? {
            other = Directory::restore(&other.snapshot()).expect("our own snapshot");
        }
        let now = Stamp(input.int_in_range(0..=255)?);
        let command = command(input)?;
        assert_eq!(codec::decode(&codec::encode(&command)).as_ref(), Ok(&command));
        let before = directory.clone();
        let outcome = directory.apply(now, command.clone());
        assert_eq!(other.apply(now, command), outcome);
        assert_eq!(other.snapshot(), directory.snapshot());
        if outcome.refused.is_some() {
            assert!(outcome.events.is_empty());
            assert!(before.members().eq(directory.members()));
            assert!(before.sessions().eq(directory.sessions()));
            assert!(before.accounts().eq(directory.accounts()));
        }
        check(&directory);
    }
    Ok(())
}

fn check(directory: &Directory) {
    let mut nicks = BTreeSet::new();
    for it in directory.sessions() {
        assert!(nicks.insert(it.nick.key()), "{} twice", it.nick);
        assert_eq!(directory.by_nick(it.nick.as_str()), Some(it));
        assert!(directory.sessions_of(it.node).any(|other| other == it));
    }
    let mut owned = BTreeSet::new();
    for it in directory.accounts() {
        assert!(!it.certificates.is_empty());
        for certificate in &it.certificates {
            assert!(owned.insert(*certificate), "{certificate} twice");
            assert_eq!(directory.account_by_certificate(certificate), Some(it));
        }
    }
    let mut names = BTreeSet::new();
    let mut count = 0;
    for it in directory.members() {
        assert!(names.insert(it.name.clone()), "{} twice", it.name);
        count += directory.session_count_of(it.id);
    }
    assert!(count <= directory.session_count());
}

fn command(input: &mut Unstructured<'_>) -> Result<DirectoryCommand> {
    Ok(match input.int_in_range(0..=17)? {
        0 => DirectoryCommand::Found {
            cluster: input.arbitrary()?,
            network: text(input)?,
            groups: input.arbitrary()?,
        },
        1 | 2 => DirectoryCommand::AddMember {
            id: node(input)?,
            name: text(input)?,
            address: text(input)?,
            roles: Roles { directory: input.arbitrary()?, chat: input.arbitrary()? },
            replaces: if input.ratio(1, 3)? { Some(node(input)?) } else { None },
        },
        3 => DirectoryCommand::MarkMember {
            id: node(input)?,
            state: *input.choose(&[MemberState::Up, MemberState::Draining, MemberState::Down])?,
        },
        4 => DirectoryCommand::RemoveMember { id: node(input)? },
        5 => {
            let count = input.int_in_range(0..=3)?;
            let replicas = (0..count).map(|_| node(input)).collect::<Result<_>>()?;
            DirectoryCommand::Place { group: input.int_in_range(0..=3)?, replicas }
        }
        6..=8 => DirectoryCommand::Register(NewSession {
            session: session(input)?,
            nick: nick(input)?,
            user: text(input)?,
            host: text(input)?,
            realname: text(input)?,
            account: if input.ratio(1, 3)? { Some(text(input)?) } else { None },
            node: node(input)?,
            is_secure: input.arbitrary()?,
        }),
        9 => DirectoryCommand::Rename { session: session(input)?, nick: nick(input)? },
        10 | 11 => DirectoryCommand::Alter { session: session(input)?, change: change(input)? },
        12 => DirectoryCommand::End {
            session: session(input)?,
            reason: text(input)?,
            by: if input.ratio(1, 3)? { Some(nick(input)?) } else { None },
        },
        13 => DirectoryCommand::Rank { id: node(input)?, priority: input.arbitrary()? },
        14..=16 => DirectoryCommand::Account(account(input)?),
        _ => DirectoryCommand::EndAll { node: node(input)?, reason: text(input)? },
    })
}

fn account(input: &mut Unstructured<'_>) -> Result<AccountCommand> {
    let name = nick(input)?;
    let certificate = Fingerprint([input.int_in_range(0..=2)?; 32]);
    let change = match input.int_in_range(0..=2)? {
        0 => AccountChange::AddCertificate(certificate),
        1 => AccountChange::RemoveCertificate(certificate),
        _ => AccountChange::Email(Some(text(input)?)),
    };
    Ok(match input.int_in_range(0..=3)? {
        0 | 1 => AccountCommand::Register {
            name,
            credentials: None,
            certificate: input.ratio(3, 4)?.then_some(certificate),
            email: None,
            is_verified: input.arbitrary()?,
            by: input.ratio(1, 2)?.then(|| SessionId(1)),
        },
        2 => AccountCommand::Alter { account: name.as_str().into(), change },
        _ => AccountCommand::Drop { account: name.as_str().into() },
    })
}

fn change(input: &mut Unstructured<'_>) -> Result<Change> {
    let text = text(input)?;
    let some = input.ratio(1, 2)?.then(|| text.clone());
    Ok(match input.int_in_range(0..=5)? {
        0 => Change::Away(some),
        1 => Change::Realname(text),
        2 => Change::Host { user: text.clone(), host: text },
        3 => Change::Account(some),
        4 => Change::Modes(UserModes {
            invisible: input.arbitrary()?,
            wallops: input.arbitrary()?,
            bot: input.arbitrary()?,
        }),
        _ => Change::Operator(some),
    })
}

fn session(input: &mut Unstructured<'_>) -> Result<SessionId> {
    Ok(SessionId(input.int_in_range(1..=4)?))
}

fn node(input: &mut Unstructured<'_>) -> Result<NodeId> {
    Ok(NodeId(input.int_in_range(0..=3)?))
}

fn nick(input: &mut Unstructured<'_>) -> Result<Nick> {
    Ok(Nick::parse(input.choose(&["a", "A", "b", "c"])?, 32).expect("a nick"))
}

fn text(input: &mut Unstructured<'_>) -> Result<Arc<str>> {
    if input.ratio(1, 8)? {
        return Ok(input.arbitrary::<&str>()?.into());
    }
    Ok((*input.choose(&["", "n1", "n2", "x"])?).into())
}
