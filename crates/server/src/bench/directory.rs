//! `directory`: how long it takes, in a large network, to find where every group should live, and to which group
//! every room belongs.
//!
//! The directory's real machine, in this process, with everybody in it: no node runs and no socket is opened. What that
//! takes in memory is counted by `crates/chat/tests/memory.rs`.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use chat::directory::{Directory, DirectoryCommand, NewSession, Roles};
use chat::{Nick, NodeId, SessionId, Stamp};
use replica_proto::GroupRing;

use super::pauses::median;
use super::progress::Progress;
use super::report::{Fields, Report};
use super::setup::at_least_one;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Nodes with rooms.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    nodes: u32,
    /// People.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    sessions: u32,
    /// Rooms.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rooms: u32,
    /// Groups that the rooms are in, each number measured by itself; as many as there are rooms is the worst there can be.
    #[arg(long, value_delimiter = ',', default_value = "16,1024,10000",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    groups: Vec<u32>,
    /// Copies of each group.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9))]
    copies: u16,
    /// How often each time is taken; the median counts.
    #[arg(long, default_value_t = 5, value_parser = at_least_one)]
    trials: usize,
}

pub(super) fn run(args: &Args, progress: &Progress) -> Result<Report> {
    let mut report = Report::default();
    progress.phase("registering", 1);
    let mut directory = Directory::new();
    (1..=args.nodes).try_for_each(|it| add_member(&mut directory, it))?;
    (0..args.sessions).try_for_each(|it| register(&mut directory, it, args.nodes))?;
    report.fields.put("nodes", args.nodes);
    report.fields.put("sessions", args.sessions);
    report.fields.put("rooms", args.rooms);
    report.fields.put("copies", args.copies);
    report.fields.put("trials", args.trials);
    progress.phase("placing", args.groups.len());
    for (done, groups) in args.groups.iter().enumerate() {
        report.levels.push(place(args, &mut directory, *groups)?);
        progress.at(done + 1);
    }
    Ok(report)
}

/// Finds all places so many times, and once more when the directory has taken them.
fn place(args: &Args, directory: &mut Directory, groups: u32) -> Result<Fields> {
    let copies = usize::from(args.copies);
    let (mut layout_ms, mut rooms_ms, mut layout) = (Vec::new(), Vec::new(), None);
    for _ in 0..args.trials {
        let begun = Instant::now();
        layout = Some(node::lay_out(directory, groups, copies));
        layout_ms.push(begun.elapsed().as_secs_f64() * 1_000.0);
        let ring = GroupRing::new(groups);
        let names: Vec<String> = (0..args.rooms).map(|it| format!("#room{it}")).collect();
        let begun = Instant::now();
        let found = names.iter().filter(|it| ring.group_of(it) > 0).count();
        rooms_ms.push(begun.elapsed().as_secs_f64() * 1_000.0);
        ensure!(found == names.len(), "{found} of {} rooms have a group", names.len());
    }
    let layout = layout.context("there is one trial at least")?;
    let placed = layout.values().filter(|it| !it.is_empty()).count();
    ensure!(placed == layout.len(), "{placed} of {} groups have a place", layout.len());
    for (group, replicas) in &layout {
        apply(directory, DirectoryCommand::Place { group: *group, replicas: replicas.clone() })?;
    }
    let begun = Instant::now();
    let again = node::lay_out(directory, groups, copies);
    layout_ms.push(begun.elapsed().as_secs_f64() * 1_000.0);
    ensure!(again == layout, "the places of groups depend on where they are");
    layout_ms.sort_by(f64::total_cmp);
    rooms_ms.sort_by(f64::total_cmp);
    let mut level = Fields::default();
    level.put("groups", groups);
    level.put_number("places_ms", median(&layout_ms), 1);
    level.put_number("rooms_to_groups_ms", median(&rooms_ms), 2);
    Ok(level)
}

fn add_member(directory: &mut Directory, number: u32) -> Result<()> {
    let command = DirectoryCommand::AddMember {
        id: NodeId(u64::from(number)),
        name: format!("n{number}.chat.example").into(),
        address: format!("n{number}.chat.example:7100").into(),
        roles: Roles { directory: false, chat: true },
        replaces: None,
    };
    apply(directory, command)
}

fn register(directory: &mut Directory, number: u32, nodes: u32) -> Result<()> {
    let texts = [
        format!("somebody{number}"),
        format!("user{number}"),
        format!("host-{number}.example"),
        format!("Some Body the {number}th"),
    ];
    let [nick, user, host, realname] = texts;
    let command = DirectoryCommand::Register(NewSession {
        // Not in the order of their ids: as nodes draw them.
        session: SessionId(u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
        nick: Nick::parse(&nick, 32).context("a nick")?,
        user: user.into(),
        host: host.into(),
        realname: realname.into(),
        account: None,
        node: NodeId(u64::from(1 + number % nodes)),
        is_secure: true,
    });
    apply(directory, command)
}

fn apply(directory: &mut Directory, command: DirectoryCommand) -> Result<()> {
    let outcome = directory.apply(Stamp::from_ms(1), command);
    ensure!(outcome.refused.is_none(), "the directory refuses: {:?}", outcome.refused);
    Ok(())
}
