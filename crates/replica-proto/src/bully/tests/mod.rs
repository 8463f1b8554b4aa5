//! The machine on the test network.

mod garbage;
mod scenes;
mod storms;
mod watch;
mod wire;

use super::{Bully, Input, Message, Options, PeerId, Position, Sends};
use crate::testnet::{self, Id, Node, Now, Out};
use bytes::Bytes;

/// What a run is about.
#[derive(Clone, Debug)]
struct Setup {
    /// From the lowest rank to the highest.
    members: Vec<PeerId>,
    options: Options,
}

/// From outside.
#[derive(Clone, Debug)]
enum Ask {
    Members(Vec<PeerId>),
    Position(Position),
}

/// The machine with what its shell would do.
struct Member {
    machine: Bully,
    position: Position,
}

impl Node for Member {
    type Message = Bytes;
    type Disk = ();
    type Ask = Ask;
    type Setup = Setup;

    fn start(me: Id, now: Now, _seed: u64, _disk: &(), setup: &Setup) -> Member {
        // Its clock goes on while it is down, so this rises with each start.
        let mut machine = Bully::new(me, now.us, setup.options.clone());
        let mut sends = Sends::new();
        machine.step(now.ms, Input::Members(setup.members.clone()), &mut sends);
        assert_eq!(sends, [], "it has no link yet");
        Member { machine, position: Position::default() }
    }

    fn step(
        &mut self,
        now: Now,
        input: testnet::Input<Bytes, Ask>,
        _disk: &(),
        out: &mut Out<Member>,
    ) {
        let input = match input {
            testnet::Input::Receive(from, bytes) => {
                let message = Message::decode(bytes).expect("it was encoded");
                Input::Receive(from, message)
            }
            testnet::Input::Tick => Input::Tick,
            testnet::Input::Synced(_) => return,
            testnet::Input::Link(peer, is_up) => Input::Link(peer, is_up),
            testnet::Input::Ask(Ask::Members(members)) => Input::Members(members),
            testnet::Input::Ask(Ask::Position(position)) => {
                self.position = position;
                Input::Position(position)
            }
        };
        let mut sends = Sends::new();
        self.machine.step(now.ms, input, &mut sends);
        out.sends.extend(sends.into_iter().map(|(to, message)| (to, message.encode())));
    }
}
