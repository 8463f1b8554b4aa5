//! CHATHISTORY, MODE, LIST, WHO and CAP: their parameters are read into values within their promises.
#![no_main]

use irc_proto::chathistory::{ChatHistoryQuery, Selector};
use irc_proto::elist::{ListFilter, Listed};
use irc_proto::mode::{CHANNEL_MODES, USER_MODES, lines};
use irc_proto::who::WhoOptions;
use irc_proto::{Params, caps::CapRequest, caps::CapSet, isupport, time};
use libfuzzer_sys::fuzz_target;

const LIMIT_MAX: usize = 50;

fuzz_target!(|text: &str| {
    let params = Params::parse(text);
    chathistory(&params);
    modes(&params);
    list(text);
    let _ = WhoOptions::parse(text).whox.map(|it| it.fields.iter().count());
    if let Ok(request) = CapRequest::parse(text, CapSet::EMPTY) {
        assert_eq!(request.apply(CapSet::EMPTY), CapSet::EMPTY, "nothing was offered");
    }
    let _ = isupport::unescape(text);
    if let Some(ms) = time::parse(text) {
        let mut again = Vec::new();
        time::write(ms, &mut again);
        let again = std::str::from_utf8(&again).expect("a moment is ASCII");
        assert_eq!(time::parse(again), Some(ms.min(time::UNIX_MS_MAX)));
    }
});

fn chathistory(params: &[&str]) {
    use ChatHistoryQuery::*;
    match ChatHistoryQuery::parse(params, LIMIT_MAX) {
        Ok(Latest { limit, .. } | Targets { limit, .. } | Between { limit, .. }) => {
            assert!((1..=LIMIT_MAX).contains(&limit));
        }
        Ok(
            Before { limit, place, .. } | After { limit, place, .. } | Around { limit, place, .. },
        ) => {
            assert!((1..=LIMIT_MAX).contains(&limit));
            assert_ne!(place, Selector::Star, "only LATEST takes a star");
        }
        Err(why) => why.reply(|it| assert!(!it.description.is_empty())),
    }
}

/// What was understood, gathered into lines and read again, is the same.
fn modes(params: &[&str]) {
    const WITH_PARAM_MAX: usize = 4;
    let _ = USER_MODES.parse(params, WITH_PARAM_MAX).count();
    let understood: Vec<_> = CHANNEL_MODES.parse(params, WITH_PARAM_MAX).flatten().collect();
    assert!(understood.iter().filter(|it| it.param.is_some()).count() <= WITH_PARAM_MAX);
    let mut again = Vec::new();
    for line in lines(understood.iter().copied(), 60, 2) {
        assert!(line.bytes() <= 60 || line.letters.len() <= 2);
        let words: Vec<&str> = [line.letters.as_str()].into_iter().chain(line.params).collect();
        let read = CHANNEL_MODES.parse(&words, WITH_PARAM_MAX);
        again.extend(read.map(|it| it.map(|it| (it.add, it.letter, it.param.map(str::to_owned)))));
    }
    let owned = understood.iter().map(|it| Ok((it.add, it.letter, it.param.map(str::to_owned))));
    assert!(again.into_iter().eq(owned));
}

/// One pass over many masks, and no more: a channel is listed or not.
fn list(text: &str) {
    let filter = ListFilter::parse(text);
    let (created_ms, topic_ms) = (60_000, Some(120_000));
    let channel = Listed { name: "#starling-users", users: 7, created_ms, topic_ms };
    let is_listed = filter.matches(&channel, 1_000_000);
    if let Some(names) = filter.exact_names() {
        let is_named = names.iter().any(|it| it.eq_ignore_ascii_case(channel.name));
        assert!(is_named || !is_listed);
    }
}
