//! The conditions of LIST (`ELIST=CMNTU`): which channels somebody wants to see.
//!
//! [Modern IRC, ELIST](https://modern.ircdocs.horse/#elist-parameter).

use crate::mask;

const MINUTE_MS: u64 = 60_000;

/// What a channel must be to be listed. All that is given must hold; of several masks one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListFilter<'a> {
    /// `U`: `>n` and `<n`, occupants.
    pub users: Bounds,
    /// `C`: `C>n` and `C<n`, minutes since it was created.
    pub created_minutes: Bounds,
    /// `T`: `T>n` and `T<n`, minutes since its topic was set.
    pub topic_minutes: Bounds,
    /// `M`: names or masks of names, of which one must fit if there are any.
    pub names: Vec<&'a str>,
    /// `N`: `!mask`, none of which may fit.
    pub not_names: Vec<&'a str>,
}

/// More than one number, fewer than another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// `>n`
    pub more_than: Option<u64>,
    /// `<n`
    pub fewer_than: Option<u64>,
}

/// What is known of a channel that may be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its occupants.
    pub users: u64,
    /// When it was created.
    pub created_ms: u64,
    /// When its topic was set, if it has one.
    pub topic_ms: Option<u64>,
}

impl<'a> ListFilter<'a> {
    /// Reads the conditions between commas. One that makes no sense is taken for a name, and
    /// nothing has such a name.
    pub fn parse(conditions: &'a str) -> ListFilter<'a> {
        let mut filter = ListFilter::default();
        for it in conditions.split(',').filter(|it| !it.is_empty()) {
            if filter.add_bound(it) {
                continue;
            }
            match it.strip_prefix('!') {
                Some(mask) => filter.not_names.push(mask),
                None => filter.names.push(it),
            }
        }
        filter
    }

    /// Whether a channel is to be listed at that moment.
    pub fn matches(&self, it: &Listed<'_>, now_ms: u64) -> bool {
        let minutes_since = |moment: u64| now_ms.saturating_sub(moment) / MINUTE_MS;
        let topic_fits = match it.topic_ms {
            Some(set) => self.topic_minutes.hold(minutes_since(set)),
            None => self.topic_minutes == Bounds::default(),
        };
        self.users.hold(it.users)
            && self.created_minutes.hold(minutes_since(it.created_ms))
            && topic_fits
            && (self.names.is_empty() || self.names.iter().any(|mask| mask::matches(mask, it.name)))
            && !self.not_names.iter().any(|mask| mask::matches(mask, it.name))
    }

    /// The names asked for, if there are only names: they can be looked up instead of searched for.
    pub fn exact_names(&self) -> Option<&[&'a str]> {
        let is_exact = !self.names.is_empty() && self.names.iter().all(|it| is_exact(it));
        is_exact.then_some(&self.names)
    }

    fn add_bound(&mut self, condition: &str) -> bool {
        let (bounds, comparison) = match condition.as_bytes() {
            [b'C' | b'c', ..] => (&mut self.created_minutes, &condition[1..]),
            [b'T' | b't', ..] => (&mut self.topic_minutes, &condition[1..]),
            _ => (&mut self.users, condition),
        };
        let (sign, number) = match comparison.as_bytes() {
            [sign @ (b'<' | b'>'), ..] => (*sign, &comparison[1..]),
            _ => return false,
        };
        if number.is_empty() || !number.bytes().all(|it| it.is_ascii_digit()) {
            return false;
        }
        let number = number.parse().unwrap_or(u64::MAX); // More digits than it can have.
        match sign {
            b'>' => bounds.more_than = bounds.more_than.max(Some(number)),
            _ => bounds.fewer_than = Some(bounds.fewer_than.map_or(number, |it| it.min(number))),
        }
        true
    }
}

impl Bounds {
    fn hold(self, number: u64) -> bool {
        self.more_than.is_none_or(|it| it < number) && self.fewer_than.is_none_or(|it| number < it)
    }
}

fn is_exact(name: &str) -> bool {
    !mask::has_wildcards(name) && !name.contains('\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1000 * MINUTE_MS;

    #[track_caller]
    fn lists(conditions: &str, expected: bool) {
        // Ten occupants; created 100 minutes ago, topic set 50 minutes ago.
        let created_ms = NOW - 100 * MINUTE_MS;
        let topic_ms = Some(NOW - 50 * MINUTE_MS);
        let channel = Listed { name: "#rust", users: 10, created_ms, topic_ms };
        assert_eq!(ListFilter::parse(conditions).matches(&channel, NOW), expected, "{conditions}");
    }

    #[test]
    fn numbers() {
        for fits in ["", ">9", "<11", ">5,<20", "C>99", "C<101", "T>49", "t<51", ">5,C<200"] {
            lists(fits, true);
        }
        for other in [">10", "<10", ">5,<7", "C>100", "C<100", "T>50", "T<50", ">5,C<50"] {
            lists(other, false);
        }
        lists(">99999999999999999999", false);
        lists("<99999999999999999999", true);
    }

    #[test]
    fn the_narrower_of_two_bounds_counts() {
        lists(">5,>50", false);
        lists("<50,<5", false);
    }

    #[test]
    fn names() {
        for fits in ["#rust", "#RUST", "*us*", "#a,#rust", "!*foo*", "*u*,!*foo*"] {
            lists(fits, true);
        }
        for other in ["#go", "!*us*", "*u*,!*st", ">x", "C<", "<-1", "C"] {
            lists(other, false);
        }
    }

    #[test]
    fn a_channel_without_topic_has_no_age_of_it() {
        let channel = Listed { name: "#a", users: 1, created_ms: 0, topic_ms: None };
        assert!(!ListFilter::parse("T<9999").matches(&channel, NOW));
        assert!(ListFilter::parse("U,#a").matches(&channel, NOW));
    }

    #[test]
    fn names_without_wildcards_can_be_looked_up() {
        assert_eq!(ListFilter::parse("#a,#b").exact_names(), Some(["#a", "#b"].as_slice()));
        assert_eq!(ListFilter::parse("#a,#b*").exact_names(), None);
        assert_eq!(ListFilter::parse(">5").exact_names(), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(conditions in "[CTU<>!*#,0-9é]{0,20}") {
            let channel = Listed { name: "#a", users: 1, created_ms: 0, topic_ms: None };
            let _ = ListFilter::parse(&conditions).matches(&channel, NOW);
        }
    }
}
