use super::*;
use crate::{Line, LineWriter};
use proptest::prelude::*;

const LIMIT_MAX: usize = 100;

#[track_caller]
fn reads(line: &str, expected: ChatHistoryQuery) {
    let line = Line::parse(line.as_bytes()).unwrap();
    assert_eq!(ChatHistoryQuery::parse(&line.params, LIMIT_MAX), Ok(expected));
}

#[track_caller]
fn fails(line: &str, expected: &str) {
    let line = Line::parse(line.as_bytes()).unwrap();
    let error = ChatHistoryQuery::parse(&line.params, LIMIT_MAX).unwrap_err();
    let mut out = Vec::new();
    error.reply(|reply| reply.finish("n1", &mut LineWriter::new(&mut out)));
    assert_eq!(String::from_utf8(out).unwrap(), format!(":n1 FAIL CHATHISTORY {expected}\r\n"));
}

const MOMENT: &str = "timestamp=2019-01-04T14:33:26.123Z";
const MOMENT_MS: u64 = 1_546_612_406_123;

#[test]
fn every_subcommand() {
    use ChatHistoryQuery::*;
    let (target, limit) = ("#rust", 50);
    let (moment, message) = (Selector::Timestamp(MOMENT_MS), Selector::MsgId("xx"));
    reads("CHATHISTORY LATEST #rust * 50", Latest { target, after: Selector::Star, limit });
    reads("CHATHISTORY latest #rust msgid=xx 50", Latest { target, after: message, limit });
    let line = format!("CHATHISTORY BEFORE #rust {MOMENT} 50");
    reads(&line, Before { target, place: moment, limit });
    reads("CHATHISTORY AFTER #rust msgid=xx 50", After { target, place: message, limit });
    reads("CHATHISTORY AROUND #rust msgid=xx 50", Around { target, place: message, limit });
    let line = format!("CHATHISTORY BETWEEN #rust {MOMENT} msgid=xx 50");
    reads(&line, Between { target, from: moment, to: message, limit });
    let line = format!("CHATHISTORY TARGETS {MOMENT} timestamp=1970-01-01T00:00:00.000Z 50");
    reads(&line, Targets { from_ms: MOMENT_MS, to_ms: 0, limit });
}

#[test]
fn a_limit_above_ours_becomes_ours() {
    let latest = |limit| ChatHistoryQuery::Latest { target: "#rust", after: Selector::Star, limit };
    reads("CHATHISTORY LATEST #rust * 101", latest(LIMIT_MAX));
    reads("CHATHISTORY LATEST #rust * 99999999999999999999999", latest(LIMIT_MAX));
}

#[test]
fn what_is_no_question_names_its_subcommand() {
    fails("CHATHISTORY", "INVALID_PARAMS * :Insufficient parameters");
    fails("CHATHISTORY WHATEVER #a", "INVALID_PARAMS WHATEVER :Unknown subcommand");
    fails("CHATHISTORY BEFORE #a", "INVALID_PARAMS BEFORE :Insufficient parameters");
    fails("CHATHISTORY LATEST #a * 5 6", "INVALID_PARAMS LATEST :Too many parameters");
    fails("CHATHISTORY LATEST #a * 0", "INVALID_PARAMS LATEST :Invalid limit");
    fails("CHATHISTORY LATEST #a * -5", "INVALID_PARAMS LATEST :Invalid limit");
    fails("CHATHISTORY LATEST #a * +5", "INVALID_PARAMS LATEST :Invalid limit");
    fails("CHATHISTORY AFTER #a timestamp=x 5", "INVALID_PARAMS AFTER :Invalid timestamp");
    fails("CHATHISTORY AFTER #a * 5", "INVALID_MSGREFTYPE AFTER :Invalid message reference");
    fails("CHATHISTORY AFTER #a msgid= 5", "INVALID_MSGREFTYPE AFTER :Invalid message reference");
    let line = format!("CHATHISTORY TARGETS {MOMENT} msgid=x 5");
    fails(&line, "INVALID_MSGREFTYPE TARGETS :Invalid message reference");
}

proptest! {
    #[test]
    fn no_parameters_make_the_parser_panic(
        name in prop::sample::select(vec!["LATEST", "BEFORE", "BETWEEN", "TARGETS", "x"]),
        others in prop::collection::vec("(timestamp=|msgid=|)[0-9TZ:.*-]{0,25}", 0..6),
    ) {
        let mut params = vec![name];
        params.extend(others.iter().map(String::as_str));
        let _ = ChatHistoryQuery::parse(&params, LIMIT_MAX);
    }
}
