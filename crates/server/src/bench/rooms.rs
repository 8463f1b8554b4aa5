//! `rooms`: many small rooms in which everyone talks. Small batches, many sockets.

use anyhow::{Result, ensure};

use super::load::{self, LoadArgs};
use super::progress::Progress;
use super::report::{Fields, Report};
use super::setup::{Common, at_least_one};
use super::traffic::Plan;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Rooms.
    #[arg(long, default_value_t = 200, value_parser = at_least_one)]
    rooms: usize,
    /// Occupants of each room; all of them send.
    #[arg(long, short = 'n', default_value_t = 10)]
    occupants: usize,
    #[command(flatten)]
    load: LoadArgs,
}

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    ensure!(args.occupants >= 2, "a room needs at least 2 occupants");
    let clients = args.rooms * args.occupants;
    let mut engine = common.engine(clients, args.load.caps())?;
    let room_of = |client: usize| client / args.occupants;
    // The next in the room acknowledges; in a cluster neighbours are on different servers.
    let neighbour =
        |client: usize| room_of(client) * args.occupants + (client + 1) % args.occupants;
    let acker = |client| {
        if args.load.echo { client } else { neighbour(client) }
    };
    let plan = Plan {
        rooms_of: (0..clients).map(|client| vec![room_of(client)]).collect(),
        senders: (0..clients).map(|client| (client, room_of(client), acker(client))).collect(),
        room_names: (0..args.rooms).map(|room| engine.hello.run.room(room)).collect(),
        text_bytes: args.load.bytes,
        is_echoed: args.load.echo,
    };
    let window = args.load.window.unwrap_or(1);
    let mut sizes = Fields::default();
    sizes.put("rooms", args.rooms);
    sizes.put("occupants", args.occupants);
    load::run(&mut engine, &plan, &args.load, window, common, sizes, progress)
}
