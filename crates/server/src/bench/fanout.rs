//! `fanout`: one full room, a few senders. The price of one delivery.

use anyhow::{Result, ensure};

use super::load::{self, LoadArgs, observer};
use super::progress::Progress;
use super::report::{Fields, Report};
use super::setup::Common;
use super::traffic::Plan;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Occupants of the room.
    #[arg(long, short = 'n', default_value_t = 500)]
    occupants: usize,
    /// How many of them send.
    #[arg(long, default_value_t = 4)]
    senders: usize,
    #[command(flatten)]
    load: LoadArgs,
}

pub(super) fn run(args: &Args, common: &Common, progress: &Progress) -> Result<Report> {
    ensure!(args.occupants >= 2, "fanout needs at least 2 occupants");
    ensure!(
        (1..=args.occupants).contains(&args.senders),
        "--senders must be 1 to the number of occupants"
    );
    let mut engine = common.engine(args.occupants, args.load.caps())?;
    let servers = common.server.len();
    let acker = |sender| {
        if args.load.echo {
            sender
        } else {
            observer(sender, args.occupants, args.senders, servers)
        }
    };
    let plan = Plan {
        rooms_of: vec![vec![0]; args.occupants],
        senders: (0..args.senders).map(|sender| (sender, 0, acker(sender))).collect(),
        room_names: vec![engine.hello.run.room(0)],
        text_bytes: args.load.bytes,
        is_echoed: args.load.echo,
    };
    let window = args.load.window.unwrap_or(32);
    let mut sizes = Fields::default();
    sizes.put("occupants", args.occupants);
    sizes.put("senders", args.senders);
    load::run(&mut engine, &plan, &args.load, window, common, sizes, progress)
}
