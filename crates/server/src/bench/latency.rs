//! How long things took.
//!
//! Promise: no percentile is reported too low, and none is off by more than a thousandth.

use hdrhistogram::Histogram;

/// Shorter than any way through a kernel; finer would only cost cache.
const SHORTEST_NS: u64 = 1_000;
/// A load that waits longer has stalled and ended before.
const LONGEST_NS: u64 = 120_000_000_000;

/// A histogram of nanoseconds that answers in milliseconds.
pub(super) struct Latency(Histogram<u64>);

impl Latency {
    pub(super) fn new() -> Latency {
        Latency(
            Histogram::new_with_bounds(SHORTEST_NS, LONGEST_NS, 3)
                .expect("the bounds are far apart"),
        )
    }

    pub(super) fn record(&mut self, ns: u64) {
        self.0.saturating_record(ns);
    }

    pub(super) fn add(&mut self, other: &Latency) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    pub(super) fn quantile_ms(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1e6
    }

    pub(super) fn max_ms(&self) -> f64 {
        self.0.max() as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_close_and_never_low() {
        let mut latency = Latency::new();
        for microseconds in 1..=100_000 {
            latency.record(microseconds * 1_000);
        }
        for (quantile, want_ms) in [(0.5, 50.0), (0.99, 99.0), (0.01, 1.0), (1.0, 100.0)] {
            let got_ms = latency.quantile_ms(quantile);
            assert!(
                got_ms >= want_ms && got_ms < want_ms * 1.002,
                "{quantile}: {got_ms} for {want_ms}"
            );
        }
        assert!((latency.max_ms() - 100.0).abs() < 0.1);
    }

    #[test]
    fn an_absurd_time_saturates_instead_of_failing() {
        let mut latency = Latency::new();
        latency.record(u64::MAX);
        assert!(latency.max_ms() >= 120_000.0);
    }
}
