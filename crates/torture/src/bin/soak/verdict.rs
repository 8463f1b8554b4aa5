//! What may not grow.

use super::sample::{Held, Sample};
use std::time::Duration;

/// Memory after the settling time, as a ratio of then.
const MEMORY_GROWTH_MAX: f64 = 1.02;
/// A queue that is this much longer in the last third than in the first has grown.
const QUEUE_GROWTH_MAX: f64 = 2.0;
/// Queues below this are empty for our purpose: some of a second's messages are always on their way.
const QUEUE_SHORT: f64 = 5_000.0;
/// Besides the history: segments of the log come and go, two and a spare of 64 MiB, and the manifest.
const LOG_SLACK_BYTES: f64 = (3 * (64 << 20)) as f64;

/// What was found, in words; empty if all is well.
pub(super) fn judge(
    samples: &[Sample],
    settle: Duration,
    report: &serde_json::Value,
) -> Vec<String> {
    let mut found = Vec::new();
    match report["faults"].as_u64() {
        Some(0) => {}
        other => found.push(format!("the load counted faults: {other:?}")),
    }
    let judged: Vec<&Sample> = samples.iter().filter(|it| it.at >= settle).collect();
    let third = judged.len() / 3;
    if third == 0 {
        found.push("too short to judge".to_owned());
        return found;
    }
    let (early, late) = (&judged[..third], &judged[judged.len() - third..]);
    // Two minutes' worth at each end, but no more than a third.
    let few = third.min(24);
    for node in 0..judged[0].nodes.len() {
        let name = format!("n{}", node + 1);
        let memory = |it: &[&Sample]| median(it, node, |it| it.memory);
        let (from, to) = (memory(&early[..few]), memory(&late[late.len() - few..]));
        if to > from * MEMORY_GROWTH_MAX {
            found.push(format!("memory of {name} grew from {from:.0} to {to:.0} bytes"));
        }
        type Queue = (&'static str, fn(&Held) -> u64);
        let queues: [Queue; 3] = [
            ("waiting commands", |it| it.waiting),
            ("bytes pending for the log", |it| it.pending),
            ("backlog of the shards", |it| it.backlog),
        ];
        for (queue, of) in queues {
            let (from, to) = (median(early, node, of), median(late, node, of));
            if to > QUEUE_SHORT && to > from * QUEUE_GROWTH_MAX {
                found.push(format!("{queue} of {name} grew from {from:.0} to {to:.0}"));
            }
        }
        let (first, last) = (judged[0].nodes[node], judged[judged.len() - 1].nodes[node]);
        let data = last.history as f64 - first.history as f64;
        let disk = last.disk as f64 - first.disk as f64;
        if (disk - data).abs() > LOG_SLACK_BYTES + 0.02 * data {
            found.push(format!("disk of {name} grew by {disk:.0} bytes for {data:.0} of history"));
        }
    }
    found
}

fn median(samples: &[&Sample], node: usize, of: fn(&Held) -> u64) -> f64 {
    let mut values: Vec<u64> = samples.iter().map(|it| of(&it.nodes[node])).collect();
    values.sort_unstable();
    values[values.len() / 2] as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty minutes, a sample every five seconds.
    fn samples(of: impl Fn(u64) -> Held) -> Vec<Sample> {
        let every = |it: u64| Sample { at: Duration::from_secs(it * 5), nodes: vec![of(it)] };
        (0..240).map(every).collect()
    }

    fn steady(at: u64) -> Held {
        let data = at * 10_000_000;
        Held { memory: 90 << 20, disk: data + (200 << 20), history: data, ..Held::default() }
    }

    fn found(of: impl Fn(u64) -> Held) -> Vec<String> {
        let report = serde_json::json!({ "faults": 0 });
        judge(&samples(of), Duration::from_secs(300), &report)
    }

    #[test]
    fn a_steady_node_passes() {
        assert!(found(steady).is_empty());
    }

    #[test]
    fn whatever_grows_is_found() {
        let leaks = |at| Held { memory: (90 << 20) + at * 40_000, ..steady(at) };
        let waits = |at| Held { waiting: at * 1_000, ..steady(at) };
        let litters = |at| Held { disk: at * 12_000_000, ..steady(at) };
        for (of, what) in [
            (&leaks as &dyn Fn(u64) -> Held, "memory of n1"),
            (&waits, "waiting commands of n1"),
            (&litters, "disk of n1"),
        ] {
            let found = found(of);
            assert!(found.len() == 1 && found[0].contains(what), "{found:?}");
        }
    }

    #[test]
    fn a_load_with_faults_or_without_a_report_does_not_pass() {
        for report in [serde_json::json!({ "faults": 2 }), serde_json::json!({})] {
            assert_eq!(judge(&samples(steady), Duration::from_secs(300), &report).len(), 1);
        }
    }
}
