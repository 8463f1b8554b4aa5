//! The directory: members of the cluster, where groups live, unique nicks, sessions.

mod accounts;
mod aside;
mod command;
mod event;
mod keys;
mod nicks;
mod orders;
mod shapes;
mod snapshot;
mod state;
mod verbs;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod scene;

pub use accounts::{
    Account, AccountChange, AccountCommand, AccountEvent, AccountRefusal, Credentials, Fingerprint,
    ScramKeys,
};
pub use aside::Aside;
pub use command::{Attach, Change, DirectoryCommand, NewSession};
pub use event::{DirectoryEvent, DirectoryOutcome, DirectoryRefusal};
pub use keys::Digest;
pub use shapes::{Member, MemberState, Placement, Roles, Session, UserModes, View};
pub use state::{Directory, Part};
