//! Callers that are refused are logged once, not with every attempt: a peer of another version tries every
//! second for as long as it runs.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// Different refusals remembered: more than a cluster has nodes, and a bound for whoever makes them up.
const REMEMBERED_MAX: usize = 256;

/// What was logged.
#[derive(Debug, Default)]
pub(super) struct TurnedAway(BTreeSet<(IpAddr, String)>);

impl TurnedAway {
    /// Whether this refusal was not logged yet. Once there are too many of them, none is.
    pub(super) fn is_news(&mut self, from: IpAddr, why: &str) -> bool {
        self.0.len() < REMEMBERED_MAX && self.0.insert((from, why.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_is_news_once_and_only_so_many_are_remembered() {
        let mut it = TurnedAway::default();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        assert!(it.is_news(one, "another cluster"));
        assert!(!it.is_news(one, "another cluster"));
        assert!(it.is_news(one, "another version"));
        assert!(it.is_news(other, "another cluster"));
        let told = (0..1_000).filter(|n| it.is_news(one, &n.to_string())).count();
        assert_eq!(told, REMEMBERED_MAX - 3);
    }
}
