//! IRC as text: lines, tags, numerics, casemapping, capabilities. Pure.
//!
//! Promise: whatever bytes arrive, parsing answers with a value or a small error, never a panic,
//! and in bounded memory; whatever is written is one well-formed line within its limit.
//!
//! Knows nothing of sockets, clocks, rooms or sessions. The IRC door reads clients with it, and the
//! load generator and the test client read servers with the same parser.

pub mod limits;

pub mod framer;
pub mod line;
pub mod params;
pub mod tags;

pub mod build;
pub mod standard_reply;
pub mod time;

pub mod casemap;
pub mod mask;
pub mod names;

pub mod caps;
pub mod isupport;
pub mod mode;
pub mod numeric;

pub mod chathistory;
pub mod elist;
pub mod sasl;
pub mod who;

pub use build::LineWriter;
pub use caps::{Cap, CapSet};
pub use framer::LineBuffer;
pub use line::{Line, LineError};
pub use params::Params;
pub use tags::{Tag, Tags};
