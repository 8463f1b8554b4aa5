//! What a member says of itself, to the node that it runs on.

use super::{Bully, PeerId, Position, Reign, Role};

/// How a member stands to the coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is no member.
    Outside,
    /// Nobody coordinates, as far as it knows.
    Electing,
    /// Somebody else does.
    Follows(Reign),
    /// It does itself.
    Coordinates {
        /// Its own.
        reign: Reign,
        /// It has heard how far the others' copies have come.
        is_ready: bool,
    },
}

impl Bully {
    /// How it stands now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.role {
            Role::Outside => Standing::Outside,
            Role::Following(it) => Standing::Follows(it.reign),
            Role::Coordinating(it) => {
                Standing::Coordinates { reign: it.reign, is_ready: it.is_ready }
            }
            _ => Standing::Electing,
        }
    }

    /// Of a coordinator: how far the copies have come, its own and those of all that follow it.
    pub fn gathered(&self) -> impl Iterator<Item = (PeerId, Position)> + '_ {
        let reigning = match &self.role {
            Role::Coordinating(it) => Some(it),
            _ => None,
        };
        let others = reigning.into_iter().flat_map(|it| &it.gathered);
        reigning
            .map(|_| (self.me, self.position))
            .into_iter()
            .chain(others.map(|(id, it)| (*id, it.0)))
    }

    /// Of a coordinator: whose copy knows most; of several the highest in rank.
    #[must_use]
    pub fn freshest(&self) -> Option<PeerId> {
        self.gathered().max_by_key(|(id, at)| (at.epoch, at.index, self.rank(*id))).map(|it| it.0)
    }
}
