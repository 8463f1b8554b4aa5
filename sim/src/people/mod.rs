//! The people of a run. A kind of person is a file here and a row in [`MIXES`].
//!
//! Promise: whoever acts tells the story before and after. A person whose node dies is gone with it;
//! only [`movers`] go on elsewhere, and remember.

mod changers;
mod home;
mod listener;
mod movers;
mod operators;
mod pairs;
mod racers;
mod readers;
pub(crate) mod rooms;
mod talkers;

pub(crate) use home::Home;
pub(crate) use movers::Travellers;
pub(crate) use pairs::{COUNT as PAIRS, auditor, conversation};

use tokio::task::spawn_local;

/// A kind of person: begins its life at a node. The number tells those of one kind apart.
type Role = fn(Home, u64);

/// Who is there in a run, at each node.
#[derive(Debug)]
pub(crate) struct Mix {
    /// Of which scenario; the first row is for all others.
    scenario: &'static str,
    roles: &'static [(Role, u64)],
    /// How many go from node to node, in the whole cluster.
    pub(crate) movers: usize,
    /// They stay at a node for so long, in milliseconds.
    stay_ms: (u64, u64),
}

const MIXES: &[Mix] = &[
    Mix {
        scenario: "",
        roles: &[
            (talkers::begin, 5),
            (pairs::begin, 1),
            (pairs::audit, 1),
            (racers::begin, 1),
            (operators::begin, 1),
            (readers::begin, 1),
            (changers::begin, 1),
            (changers::begin_gossip, 1),
        ],
        movers: 3,
        stay_ms: (300, 1_500),
    },
    Mix {
        scenario: "changes",
        roles: &[(talkers::begin, 3), (readers::begin, 1), (changers::begin, 1)],
        movers: 3,
        stay_ms: (300, 1_500),
    },
    Mix {
        scenario: "promotions",
        roles: &[(talkers::begin, 3), (readers::begin, 1), (changers::begin, 1)],
        movers: 3,
        stay_ms: (300, 1_500),
    },
    Mix {
        scenario: "gossip",
        roles: &[(talkers::begin, 5), (readers::begin, 2), (changers::begin_gossip, 1)],
        movers: 3,
        stay_ms: (300, 1_500),
    },
    Mix { scenario: "moves", roles: &[(talkers::begin, 1)], movers: 60, stay_ms: (1, 60) },
];

/// Who is there in a scenario.
pub(crate) fn mix_of(scenario: &str) -> &'static Mix {
    MIXES.iter().find(|it| it.scenario == scenario).unwrap_or(&MIXES[0])
}

impl Default for &'static Mix {
    fn default() -> &'static Mix {
        &MIXES[0]
    }
}

impl Mix {
    /// True if somebody of this kind is there.
    fn has(&self, role: Role) -> bool {
        self.roles.iter().any(|it| std::ptr::fn_addr_eq(it.0, role))
    }

    /// Rooms that somebody uses.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &'static str> {
        let has_operators = self.has(operators::begin);
        let all = rooms::ALL.iter().map(|it| it.name);
        all.filter(move |it| has_operators || *it != rooms::OF_OPERATORS)
    }

    /// True if people write to each other.
    pub(crate) fn has_pairs(&self) -> bool {
        self.has(pairs::begin)
    }
}

/// Lets the people of a node begin.
pub(crate) fn begin(home: &Home) {
    home.story.is_of(home.door.listening(), home.node, home.life);
    spawn_local(listener::listen(home.clone()));
    spawn_local(movers::receive(home.clone()));
    for (role, count) in home.story.mix().roles {
        for number in 0..*count {
            role(home.clone(), number);
        }
    }
}

/// Those who talked at a node that is leaving go on here, under new nicks.
pub(crate) fn move_in(home: &Home, from: &Home) {
    talkers::move_in(home, from);
}
