//! What has to be true after every step, and in the end.

use super::super::{Reign, Standing};
use super::{Ask, Member, Position};
use crate::testnet::{Id, Net, Watch};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Truth {
    /// From the lowest rank to the highest, as all are told in the end.
    pub(super) members: Vec<Id>,
    /// All that ever began.
    begun: BTreeSet<Reign>,
    /// Who coordinates, as of its last step.
    reigning: BTreeMap<Id, Reign>,
    /// Each node's highest round since its start.
    rounds: BTreeMap<Id, (u64, u64)>,
    /// How many reigns were seen to be ready.
    pub(super) served: BTreeSet<Reign>,
}

impl Truth {
    pub(super) fn new(members: Vec<Id>) -> Truth {
        Truth {
            members,
            begun: BTreeSet::new(),
            reigning: BTreeMap::new(),
            rounds: BTreeMap::new(),
            served: BTreeSet::new(),
        }
    }

    fn reigns(&mut self, id: Id, reign: Reign) -> Result<(), String> {
        if reign.coordinator != id {
            return Err(format!("{id} reigns as {reign:?}"));
        }
        if self.reigning.insert(id, reign) == Some(reign) {
            return Ok(());
        }
        if self.begun.insert(reign) { Ok(()) } else { Err(format!("{reign:?} begins twice")) }
    }
}

impl Watch<Member> for Truth {
    fn look(&mut self, id: Id, node: &mut Member, _disk: &()) -> Result<(), String> {
        let machine = &node.machine;
        let standing = machine.standing();
        if !matches!(standing, Standing::Coordinates { .. }) {
            self.reigning.remove(&id);
        }
        let before = self.rounds.insert(id, (machine.life, machine.round));
        if before.is_some_and(|it| it > (machine.life, machine.round)) {
            return Err(format!("{id} went back from round {before:?} to {}", machine.round));
        }
        match standing {
            Standing::Outside | Standing::Electing => Ok(()),
            Standing::Coordinates { reign, is_ready } => {
                if is_ready {
                    self.served.insert(reign);
                }
                self.reigns(id, reign)
            }
            Standing::Follows(reign) if !self.begun.contains(&reign) => {
                Err(format!("{id} follows {reign:?}, which never began"))
            }
            Standing::Follows(reign) if !machine.is_above_me(reign.coordinator) => {
                Err(format!("{id} follows {reign:?}, and has the higher rank"))
            }
            Standing::Follows(_) => Ok(()),
        }
    }

    fn disturb(&mut self, net: &mut Net<Member>) {
        if let Some(id) = net.random.pick(&net.ids())
            && net.random.chance(500)
        {
            let position = Position {
                epoch: net.random.below(3),
                index: net.random.below(100),
                ..Position::default()
            };
            net.ask(id, Ask::Position(position));
        }
        if net.random.chance(100) {
            // Some member leaves, or whoever left before comes back in another place.
            let all = net.ids();
            let turn = net.random.below(all.len() as u64) as usize;
            self.members = all;
            self.members.rotate_left(turn);
            if net.random.chance(500) && self.members.len() > 1 {
                self.members.pop();
            }
            for id in net.ids() {
                net.ask(id, Ask::Members(self.members.clone()));
            }
        }
    }
}

/// All follow the highest, which knows how far each of them has come.
pub(super) fn settled(truth: &Truth, net: &Net<Member>) -> Result<Reign, String> {
    let highest = *truth.members.iter().rfind(|it| net.is_up(**it)).ok_or("nobody is up")?;
    let node = |id| net.node(id).ok_or(format!("{id} is down"));
    let machine = &node(highest)?.machine;
    let Standing::Coordinates { reign, is_ready: true } = machine.standing() else {
        return Err(format!("{highest} is the highest, and {:?}", machine.standing()));
    };
    let mut positions = BTreeMap::new();
    for id in net.ids().into_iter().filter(|it| net.is_up(*it)) {
        let it = node(id)?;
        let is_member = truth.members.contains(&id);
        let wanted = if is_member { Standing::Follows(reign) } else { Standing::Outside };
        if id != highest && it.machine.standing() != wanted {
            return Err(format!("{id} {:?}, and not {wanted:?}", it.machine.standing()));
        }
        if is_member {
            positions.insert(id, it.position);
        }
    }
    let gathered: BTreeMap<Id, Position> = machine.gathered().collect();
    if gathered != positions {
        return Err(format!("{highest} gathered {gathered:?} of {positions:?}"));
    }
    let known = |it: &Position| (it.epoch, it.index);
    let newest = positions.values().map(known).max();
    if machine.freshest().map(|it| known(&positions[&it])) != newest {
        return Err(format!("{:?} is not the freshest of {positions:?}", machine.freshest()));
    }
    Ok(reign)
}
