//! The machine in the test network.

mod node;
mod situations;
mod spread;
mod storms;
mod watch;
mod wire;
