//! `starling status --watch`: the same again every second, until Ctrl-C.
//!
//! A node that does not answer is said to, and asked again: that is when people look.

use super::{ANSWER_MAX, text};
use node::AdminError;
use node::{Contact, Status};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// From the beginning of one look to that of the next.
const EVERY: Duration = Duration::from_secs(1);
/// Moves the cursor home and clears what is below it; the history of the terminal stays.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Looks again and again. Ends when nobody reads any more.
pub(super) fn run(contact: &Contact, json: bool) -> anyhow::Result<ExitCode> {
    let clears = io::stdout().is_terminal() && !json;
    loop {
        let began = Instant::now();
        let shown = show(&node::ask_status(contact, ANSWER_MAX), json)?;
        let mut out = io::stdout().lock();
        let head = if clears { CLEAR } else { "" };
        let printed = write!(out, "{head}{shown}").and_then(|()| out.flush());
        drop(out);
        match printed {
            Err(why) if why.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            printed => printed?,
        }
        thread::sleep(EVERY.saturating_sub(began.elapsed()));
    }
}

/// One look: a page for people, or one line of JSON for programs.
fn show(status: &Result<Status, AdminError>, json: bool) -> anyhow::Result<String> {
    Ok(match (status, json) {
        (Ok(status), false) => format!("{}\n", text(status)),
        (Ok(status), true) => format!("{}\n", serde_json::to_string(status)?),
        (Err(why), false) => format!("{why}; asking again\n\n"),
        (Err(why), true) => format!("{}\n", serde_json::json!({ "error": why.to_string() })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_look_is_a_page_or_a_line_whether_or_not_the_node_answers() {
        let status = Ok(Status { network: "Example".to_owned(), ..Status::default() });
        let page = show(&status, false).expect("it can be shown");
        assert!(page.starts_with("Example has 0 nodes") && page.ends_with("\n\n"), "{page}");
        let line = show(&status, true).expect("it can be shown");
        assert_eq!(line.lines().count(), 1);
        let (address, why) = ("here".to_owned(), "gone".to_owned());
        let nobody = Err(AdminError::NoAnswer { address, why });
        let page = show(&nobody, false).expect("it can be shown");
        assert_eq!(page, "no answer from here: gone; asking again\n\n");
        let line = show(&nobody, true).expect("it can be shown");
        assert_eq!(line, "{\"error\":\"no answer from here: gone\"}\n");
    }
}
