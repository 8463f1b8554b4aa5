//! The directory: members of the cluster, where groups live, unique nicks, sessions.

mod command;
mod event;
mod state;

pub use command::{Change, DirectoryCommand, NewSession};
pub use event::{DirectoryEvent, DirectoryOutcome, DirectoryRefusal};
pub use state::{Directory, Member, MemberState, Placement, Roles, Session, UserModes};
