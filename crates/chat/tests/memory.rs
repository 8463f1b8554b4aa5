//! What a session, and a group of rooms, cost the directory in memory. A program of its own: it counts all that is
//! allocated.

use chat::directory::{Directory, DirectoryCommand, NewSession, Roles};
use chat::{Nick, NodeId, SessionId, Stamp};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const SESSIONS: u64 = 50_000;
/// As if each room were a group of its own: of rooms in groups the directory knows nothing.
const ROOMS: u32 = 10_000;
const COPIES: u32 = 3;
const NODES: u64 = 100;
/// Beyond the names themselves.
const BYTES_MAX: usize = 200;
/// A shared text has two counters in front of it.
const TEXT_HEAD: usize = 16;

#[test]
fn a_session_takes_less_than_200_bytes_beside_its_names_and_so_does_a_room() {
    let _counting = dhat::Profiler::builder().testing().build();
    let mut directory = Directory::new();
    for node in 1..=NODES {
        directory.apply(
            Stamp::from_ms(1),
            DirectoryCommand::AddMember {
                id: NodeId(node),
                name: format!("n{node}").into(),
                address: format!("10.0.0.{node}:7100").into(),
                roles: Roles { directory: false, chat: true },
                replaces: None,
            },
        );
    }
    let before = dhat::HeapStats::get().curr_bytes;
    let mut names = 0;
    for number in 0..SESSIONS {
        // Not in the order of their ids: as nodes draw them.
        let session = SessionId(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let texts = [
            format!("somebody{number}"),
            format!("user{number}"),
            format!("host-{number}.example"),
            format!("Some Body the {number}th"),
        ];
        names += texts.iter().map(|it| (it.len() + TEXT_HEAD).next_multiple_of(8)).sum::<usize>();
        let [nick, user, host, realname] = texts;
        let outcome = directory.apply(
            Stamp::from_ms(2),
            DirectoryCommand::Register(NewSession {
                session,
                nick: Nick::parse(&nick, 32).expect("a nick"),
                user: user.into(),
                host: host.into(),
                realname: realname.into(),
                account: None,
                node: NodeId(1 + number % NODES),
                is_secure: true,
            }),
        );
        assert_eq!(outcome.refused, None);
    }
    let grown = dhat::HeapStats::get().curr_bytes - before;
    let each = (grown - names) / SESSIONS as usize;
    eprintln!("{each} bytes a session beside its names, {} with them", grown / SESSIONS as usize);
    assert!(each < BYTES_MAX, "{each} bytes each");

    let before = dhat::HeapStats::get().curr_bytes;
    for group in 1..=ROOMS {
        let replicas = (0..COPIES).map(|it| NodeId(1 + u64::from(group + it) % NODES)).collect();
        let outcome =
            directory.apply(Stamp::from_ms(3), DirectoryCommand::Place { group, replicas });
        assert_eq!(outcome.refused, None);
    }
    let each = (dhat::HeapStats::get().curr_bytes - before) / ROOMS as usize;
    eprintln!("{each} bytes a group of {COPIES} copies");
    assert!(each < BYTES_MAX, "{each} bytes each");
    assert!((1..=ROOMS).all(|it| directory.placement(it).is_some()), "all were placed");
}
