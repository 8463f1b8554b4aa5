//! What can be asked of a running demo.

/// What there is.
pub(crate) const HELP: &str = "\
  status   how the cluster is
  k N      kill node N (kill -9)
  r N      start node N again
  q        quit
  help     this";

/// One thing asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Status,
    /// Node, counted from 1.
    Kill(usize),
    /// Node, counted from 1.
    Restart(usize),
    Help,
    Quit,
}

impl Command {
    /// `None`: nothing was asked.
    pub(crate) fn parse(line: &str, nodes: usize) -> Result<Option<Command>, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let node = |text: &str| match text.parse() {
            Ok(number) if (1..=nodes).contains(&number) => Ok(number),
            _ => Err(format!("there is no node {text:?}; there are 1 to {nodes}")),
        };
        Ok(Some(match words[..] {
            [] => return Ok(None),
            ["status" | "s"] => Command::Status,
            ["k" | "kill", number] => Command::Kill(node(number)?),
            ["r" | "restart", number] => Command::Restart(node(number)?),
            ["help" | "h" | "?"] => Command::Help,
            ["q" | "quit" | "exit"] => Command::Quit,
            _ => return Err(format!("{:?} is not one of\n{HELP}", line.trim())),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_short_and_nodes_are_counted_from_one() {
        let read = |line| Command::parse(line, 3);
        assert_eq!(read("  "), Ok(None));
        assert_eq!(read("status"), Ok(Some(Command::Status)));
        assert_eq!(read(" k  2 "), Ok(Some(Command::Kill(2))));
        assert_eq!(read("restart 3"), Ok(Some(Command::Restart(3))));
        assert_eq!(read("q"), Ok(Some(Command::Quit)));
        for bad in ["k 0", "r 4", "k x"] {
            assert!(read(bad).is_err_and(|it| it.ends_with("there are 1 to 3")), "{bad}");
        }
        assert!(read("k").is_err_and(|it| it.contains("is not one of")));
    }
}
