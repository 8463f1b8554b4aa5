//! The door on a node without log and disk, to measure the door by itself with `ircload`.

#[path = "../tests/support/mod.rs"]
mod support;

fn main() {
    let mut config = support::config();
    config.listeners[0].address = "127.0.0.1:16667".into();
    config.connections_per_ip = 100_000;
    config.shards = std::env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(1);
    let _door = support::open(config);
    loop {
        std::thread::park();
    }
}
