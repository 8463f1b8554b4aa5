//! Each kind of bad history is caught by the invariant that it breaks and by no other; good ones pass.

mod support;

use checker::{
    ClaimOutcome, Evidence, Guarantee, Kept, Leadership, Outcome, Read, check, invariants,
};
use std::collections::BTreeSet;
use support::*;

/// Breaks the good history, of which nobody saw anything meanwhile.
fn broken(change: impl Fn(&mut Evidence)) -> Vec<&'static str> {
    let mut evidence = unseen();
    change(&mut evidence);
    violated(&evidence)
}

/// Breaks the good history that people read and heard.
fn seen_broken(change: impl Fn(&mut Evidence)) -> Vec<&'static str> {
    let mut evidence = good();
    change(&mut evidence);
    violated(&evidence)
}

#[test]
fn good_histories_pass() {
    passes(&good());
    passes(&unseen());
}

#[test]
fn what_is_unknown_may_have_happened() {
    let mut it = good();
    everywhere(&mut it, |items| items.push(kept(6, "bob", 3)));
    passes(&it);
}

#[test]
fn no_history_is_no_proof() {
    assert_eq!(violated(&Evidence::default()), ["judged"]);
    let no_finals = |it: &mut Evidence| it.finals.retain(|it| &*it.place != "#a");
    // Nothing can be said of it then.
    assert_eq!(broken(no_finals), ["judged"]);
}

#[test]
fn a_lost_message_is_caught() {
    let found = broken(|it| everywhere(it, |items| drop(items.remove(2))));
    assert_eq!(found, ["acknowledged"]);
}

#[test]
fn what_gossip_loses_with_a_single_disk_is_excused_and_nothing_else() {
    let lost = |node: &str, at_ms: u64, everywhere_lost: bool| {
        broken(|it| {
            it.guarantees.insert("#a".into(), Guarantee::PerSender);
            it.lost_disks.push((node.into(), at_ms));
            match everywhere_lost {
                true => everywhere(it, |items| drop(items.remove(2))),
                false => drop(it.finals[0].items.remove(2)),
            }
        })
    };
    let (of, sent_ms) = {
        let it = unseen();
        let record = it.finals[0].items[2].clone();
        let (sender, number) = record.message.expect("it is a message");
        let sent = it.sent.iter().find(|it| it.sender == sender && it.number == number);
        let sent = sent.expect("it was sent");
        (sent.node.to_string(), sent.sent_ms)
    };
    assert_eq!(lost(&of, sent_ms + 1, true), [""; 0]);
    assert_eq!(lost("n9", sent_ms + 1, true), ["acknowledged"], "another's disk");
    assert_eq!(lost(&of, sent_ms - 1, true), ["acknowledged"], "before it was said");
    assert_eq!(lost(&of, sent_ms + 1, false), ["acknowledged", "equal"], "others have it");
    let one_order = broken(|it| {
        it.lost_disks.push((of.as_str().into(), sent_ms + 1));
        everywhere(it, |items| drop(items.remove(2)));
    });
    assert_eq!(one_order, ["acknowledged"], "where a majority promised to have it");
}

#[test]
fn a_doubled_message_is_caught() {
    let found = broken(|it| everywhere(it, |items| items.push(kept(6, "bob", 2))));
    assert_eq!(found, ["once"]);
}

#[test]
fn an_unknown_message_that_is_there_twice_is_caught() {
    let twice = |items: &mut Vec<Kept>| items.extend([kept(6, "bob", 3), kept(7, "bob", 3)]);
    assert_eq!(broken(|it| everywhere(it, twice)), ["once"]);
}

#[test]
fn a_senders_messages_in_another_order_are_caught() {
    let swap = |items: &mut Vec<Kept>| {
        let (first, third) = (items[0].message.clone(), items[2].message.clone());
        (items[0].message, items[2].message) = (third, first);
        (items[0].body, items[2].body) = ("ann 2".into(), "ann 1".into());
    };
    // Bob's first was not acknowledged before Ann's second was sent, so that only her order is broken.
    let found = broken(|it| {
        it.sent[1].answered_ms = 250;
        everywhere(it, swap);
    });
    assert_eq!(found, ["order"]);
}

#[test]
fn a_message_before_one_that_was_acknowledged_before_it_was_sent_is_caught() {
    let swap = |items: &mut Vec<Kept>| {
        *items = vec![kept(1, "ann", 1), kept(2, "ann", 2), kept(4, "bob", 1), kept(5, "bob", 2)];
    };
    assert_eq!(broken(|it| everywhere(it, swap)), ["real-time"]);
    let of_gossip = broken(|it| {
        it.guarantees.insert("#a".into(), Guarantee::PerSender);
        everywhere(it, swap);
    });
    assert!(of_gossip.is_empty(), "only senders have an order there: {of_gossip:?}");
}

#[test]
fn what_was_refused_and_happened_is_caught() {
    let found = broken(|it| everywhere(it, |items| items.insert(3, kept(4, "ann", 3))));
    assert_eq!(found, ["refused", "ids"], "this id is in use");
    let found = broken(|it| everywhere(it, |items| items.push(kept(6, "ann", 3))));
    assert_eq!(found, ["refused"]);
}

#[test]
fn what_nobody_sent_is_caught() {
    let found = broken(|it| everywhere(it, |items| items.push(kept(6, "eve", 1))));
    assert_eq!(found, ["invented"]);
    let found = broken(|it| everywhere(it, |items| items[1].body = "bob 7".into()));
    assert_eq!(found, ["invented"], "with another text");
}

#[test]
fn a_message_in_a_place_where_it_was_not_sent_is_caught() {
    let found = broken(|it| {
        let of_b = it.finals.iter_mut().filter(|it| &*it.place == "#b");
        of_b.for_each(|it| it.items.push(kept(7, "ann", 1)));
    });
    assert_eq!(found, ["invented"]);
}

#[test]
fn a_question_without_an_answer_is_caught() {
    assert_eq!(seen_broken(|it| it.sent[5].outcome = Outcome::Waiting), ["answered"]);
}

#[test]
fn ids_that_do_not_grow_are_caught() {
    let found = broken(|it| {
        everywhere(it, |items| {
            let (first, second) = (items[0].id.clone(), items[1].id.clone());
            (items[0].id, items[1].id) = (second, first);
        });
    });
    assert_eq!(found, ["ids"]);
}

#[test]
fn an_id_in_two_places_is_caught() {
    let found = seen_broken(|it| {
        let of_b = it.finals.iter_mut().filter(|it| &*it.place == "#b");
        of_b.for_each(|it| it.items[0].id = "000002".into());
    });
    assert_eq!(found, ["ids"]);
}

#[test]
fn nodes_that_differ_are_caught() {
    let found = broken(|it| it.finals[1].items.push(kept(6, "bob", 3)));
    assert_eq!(found, ["equal"], "one has an unknown message");
    let found = broken(|it| it.finals[1].items[1].body = "so bob 1".into());
    assert_eq!(found, ["equal"], "one tells it otherwise");
}

#[test]
fn what_was_seen_and_is_gone_is_caught() {
    let mut it = unseen();
    it.live.push(live("ann on n1", &[kept(1, "ann", 1), kept(6, "bob", 3)]));
    it.live[0].is_unbroken = false;
    assert_eq!(violated(&it), ["unchanged"]);
}

#[test]
fn what_was_seen_and_changed_is_caught() {
    let found = seen_broken(|it| everywhere(it, |items| items[1].body = "bob 1!".into()));
    assert_eq!(found, ["unchanged"]);
}

#[test]
fn what_was_put_between_things_that_were_seen_is_caught() {
    let mut it = unseen();
    let all = records();
    it.reads.push(read("eve", "n2", 400, &[all[0].clone(), all[2].clone()]));
    assert_eq!(violated(&it), ["unchanged"]);
    it.guarantees.insert("#a".into(), Guarantee::PerSender);
    passes(&it); // Bob's came late.
}

#[test]
fn another_id_than_was_acknowledged_is_caught() {
    assert_eq!(seen_broken(|it| it.sent[0].id = Some("000001".into())), [""; 0]);
    assert_eq!(seen_broken(|it| it.sent[0].id = Some("000009".into())), ["unchanged"]);
}

#[test]
fn a_record_delivered_twice_is_caught() {
    let again = |it: &mut Evidence| {
        let first = it.live[0].items[0].clone();
        it.live[0].items.insert(1, first);
    };
    assert_eq!(seen_broken(again), ["delivered"]);
}

#[test]
fn records_delivered_in_another_order_are_caught() {
    let swap = |it: &mut Evidence| {
        it.live[0].items.swap(0, 1);
        it.live[0].items[0].record.at_ms = 0; // Time is another matter; so is what it was.
        it.live[0].items[0].record.at_ms = it.live[0].items[1].record.at_ms;
    };
    let mut same_time = unseen();
    let same = |items: &mut Vec<Kept>| items.iter_mut().for_each(|it| it.at_ms = 7);
    everywhere(&mut same_time, same);
    let mut all = records();
    same(&mut all);
    same_time.live.push(live("ann on n1", &all));
    passes(&same_time);
    swap(&mut same_time);
    assert_eq!(violated(&same_time), ["delivered"]);
    same_time.guarantees.insert("#a".into(), Guarantee::PerSender);
    passes(&same_time); // Another sender's may come first.
}

#[test]
fn gossip_that_delivers_one_senders_messages_in_another_order_is_caught() {
    let mut it = unseen();
    it.guarantees.insert("#a".into(), Guarantee::PerSender);
    let all = records();
    it.live.push(live("ann on n1", &[2, 1, 3, 0].map(|at| all[at].clone())));
    assert_eq!(violated(&it), ["order"]);
}

#[test]
fn a_message_that_did_not_reach_a_connection_is_caught() {
    assert_eq!(seen_broken(|it| drop(it.live[0].items.remove(1))), ["missed"]);
    let comes_and_goes = |it: &mut Evidence| {
        it.live[0].items.remove(1);
        it.live[0].is_unbroken = false;
    };
    assert_eq!(seen_broken(comes_and_goes), [""; 0]);
    let first_and_last = |it: &mut Evidence| {
        it.live[0].items.remove(0);
        it.live[0].items.pop();
    };
    assert_eq!(seen_broken(first_and_last), [""; 0], "it was there for a while");
}

#[test]
fn a_reader_who_does_not_find_their_own_message_is_caught() {
    let stale = |reader: &str, node: &str| {
        let mut it = unseen();
        it.reads.push(read(reader, node, 250, &records()[..2]));
        it
    };
    assert_eq!(violated(&stale("ann", "n2")), ["own-writes"]);
    passes(&stale("eve", "n2"));
    let mut of_gossip = stale("ann", "n2");
    of_gossip.guarantees.insert("#a".into(), Guarantee::PerSender);
    passes(&of_gossip); // She wrote on another node.
    let mut of_gossip = stale("ann", "n1");
    of_gossip.guarantees.insert("#a".into(), Guarantee::PerSender);
    assert_eq!(violated(&of_gossip), ["own-writes"]);
}

#[test]
fn a_page_need_not_reach_to_what_was_written_last() {
    let mut it = unseen();
    let page = Read { is_whole: false, ..read("ann", "n2", 250, &records()[..2]) };
    it.reads.push(page);
    passes(&it);
}

#[test]
fn a_reader_who_loses_sight_of_something_is_caught() {
    let mut it = unseen();
    let all = records();
    it.reads.push(read("eve", "n1", 400, &all));
    it.reads.push(read("eve", "n2", 405, &all[..2]));
    passes(&it); // Side by side.
    it.reads.push(read("eve", "n2", 500, &all[..3]));
    assert_eq!(violated(&it), ["monotonic-reads"]);
    it.reads[2].reader = "kim".into();
    passes(&it);
    it.reads[2] = Read { after: Some(all[1].id.clone()), ..read("eve", "n2", 500, &all[2..3]) };
    assert_eq!(violated(&it), ["monotonic-reads"], "a later page");
}

#[test]
fn a_ghost_and_somebody_missing_are_caught() {
    let shows = |who: &[&str]| broken(|it| it.shown[1] = shown("n2", who));
    assert_eq!(shows(&["ann", "bob", "eve"]), ["ghosts"]);
    assert_eq!(shows(&["ann"]), ["ghosts"]);
    assert_eq!(shows(&["ann", "ann", "bob"]), ["ghosts"]);
    assert_eq!(shows(&["bob", "ann"]), [""; 0]);
}

#[test]
fn a_term_with_two_leaders_is_caught() {
    let led = |led: [(&str, u64, &str); 2]| {
        let begun = led.map(|(group, term, node)| Leadership {
            group: group.into(),
            term,
            node: node.into(),
            at_ms: 100,
        });
        broken(|it| it.leaderships = begun.to_vec())
    };
    assert_eq!(led([("g1", 2, "n1"), ("g1", 2, "n2")]), ["leaders"]);
    // One that was started again may have forgotten what it sent as a leader.
    assert_eq!(led([("g1", 2, "n1"), ("g1", 2, "n1")]), ["leaders"]);
    assert_eq!(led([("g1", 2, "n1"), ("g1", 3, "n2")]), [""; 0]);
    assert_eq!(led([("g1", 2, "n1"), ("g2", 2, "n2")]), [""; 0]);
}

#[test]
fn time_that_runs_backward_is_caught() {
    let found = broken(|it| everywhere(it, |items| items[1].at_ms = 0));
    assert_eq!(found, ["server-time"]);
}

#[test]
fn two_who_hold_one_nick_are_caught() {
    assert_eq!(broken(|it| it.releases.clear()), ["names"]);
}

#[test]
fn a_search_without_an_end_is_no_proof() {
    // Each of the forty may have had it for a while, in any order; and then two have it at once.
    let found = broken(|it| {
        for client in 0..40 {
            let client = format!("c{client}");
            it.claims.push(claim(&client, 100, 0, ClaimOutcome::Unknown));
            it.releases.push(release(&client, 100, None));
        }
        it.claims.push(claim("zoe", 400, 410, ClaimOutcome::Held));
        it.claims.push(claim("yan", 420, 430, ClaimOutcome::Held));
        it.releases.push(release("bob", 80, Some(90)));
    });
    assert_eq!(found, ["names-undecided"]);
}

#[test]
fn every_invariant_has_a_history_that_breaks_it_alone() {
    // The tests above, by what they expect alone.
    let source = include_str!("kinds.rs");
    let proved: BTreeSet<&str> =
        source.split("[\"").filter_map(|it| it.split_once("\"]")).map(|it| it.0).collect();
    let names = invariants::ALL.iter().map(|it| it.name);
    let unproved: Vec<&str> = names.filter(|it| !proved.contains(it)).collect();
    assert!(unproved.is_empty(), "{unproved:?}");
}

#[test]
fn a_story_names_times_nodes_and_what_was_done_around_it_only() {
    let mut it = unseen();
    for sent in it.sent.iter_mut().filter(|it| it.number == 2) {
        sent.sent_ms += 10_000;
        sent.answered_ms += 10_000;
    }
    everywhere(&mut it, |items| items.truncate(2));
    let story = &check(&it)[0].story;
    let expected = "n1, n2 lacks what was acknowledged (2 in all)\n    \
        ann 2 to #a through n1, sent at 10200 ms, acknowledged at 10210 ms\n  \
        done meanwhile:\n       9000 ms  kill";
    assert_eq!(story, expected);
}
