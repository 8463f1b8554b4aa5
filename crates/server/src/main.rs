//! The `starling` binary: configuration, wiring, subcommands.

mod config;

fn main() {
    let _ = config::load(None);
}
