//! What a node says of its load, once a second.

/// The load of a node at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Report {
    /// Differs from that of every other report of the node, also of an earlier life. Two reports of
    /// equal load are two.
    pub(crate) number: u64,
    /// It serves, and takes new clients.
    pub(crate) is_open: bool,
    /// Connected clients.
    pub(crate) connections: u32,
}

impl Report {
    /// `17 open 250`
    pub(crate) fn to_word(self) -> String {
        let state = if self.is_open { "open" } else { "closed" };
        format!("{} {state} {}", self.number, self.connections)
    }

    /// `None`: no report of ours.
    pub(crate) fn from_word(word: &str) -> Option<Report> {
        let mut parts = word.split(' ');
        let number = parts.next()?.parse().ok()?;
        let is_open = match parts.next()? {
            "open" => true,
            "closed" => false,
            _ => return None,
        };
        Some(Report { number, is_open, connections: parts.next()?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_report_is_read_as_it_was_said() {
        for report in [
            Report { number: 1 << 40, is_open: true, connections: 250 },
            Report { number: u64::MAX, is_open: false, connections: u32::MAX },
        ] {
            assert_eq!(Report::from_word(&report.to_word()), Some(report));
        }
        for rubbish in ["", "1", "1 open", "1 ajar 2", "-1 open 2", "1 open 4294967296", "open 1 2"]
        {
            assert_eq!(Report::from_word(rubbish), None, "{rubbish}");
        }
    }

    proptest! {
        #[test]
        fn rubbish_of_a_peer_is_no_report_or_one_that_can_be_said(word in "[ -~]{0,60}") {
            if let Some(report) = Report::from_word(&word) {
                prop_assert_eq!(Report::from_word(&report.to_word()), Some(report));
            }
        }
    }
}
