//! A configuration file, with variables over it: it is refused with places and reasons, or what it
//! says can be used without further checks of form and be written out again.
//!
//! The input is the file; each line at its end that begins with `STARLING_` is a variable.
#![no_main]

// The server is a binary and exports nothing: its module stands in here as it is.
#[allow(dead_code, unused_imports, reason = "the server uses the rest")]
#[path = "../../crates/server/src/config/mod.rs"]
mod config;

use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|input: &str| {
    let (text, variables) = apart(input);
    let file = config::File { shown: "starling.toml", dir: Path::new("/etc"), text };
    match config::parse(Some(file), variables) {
        Ok(config) => {
            assert!(config.listen.iter().all(|it| it.tls_cert.is_some() == it.tls_key.is_some()));
            let told = config.for_node();
            assert!(told.join.iter().all(|it| *it != told.address));
            assert!((1..=1024).contains(&told.groups));
            let door = config.for_irc();
            assert!(door.motd.iter().all(|it| !it.contains(['\r', '\n', '\0'])));
            toml::to_string(&config).expect("a configuration can be shown");
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
});

fn apart(input: &str) -> (&str, Vec<(String, String)>) {
    let mut text = input;
    let mut variables = Vec::new();
    while let Some((rest, line)) = text.rsplit_once('\n').filter(|it| it.1.starts_with("STARLING_"))
    {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        variables.push((name.to_owned(), value.to_owned()));
        text = rest;
    }
    (text, variables)
}
