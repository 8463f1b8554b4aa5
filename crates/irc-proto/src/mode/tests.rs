use super::*;
use proptest::prelude::*;

/// Changes as text: `+o alice`, `?b` for a missing parameter, `!x` for an unknown letter.
fn parsed(params: &[&str], with_param_max: usize) -> Vec<String> {
    let show = |it| match it {
        Ok(ModeChange { add, letter, param }) => {
            let sign = if add { '+' } else { '-' };
            param.map_or(format!("{sign}{letter}"), |it| format!("{sign}{letter} {it}"))
        }
        Err(ModeError::MissingParam(letter)) => format!("?{letter}"),
        Err(ModeError::Unknown(letter)) => format!("!{letter}"),
    };
    CHANNEL_MODES.parse(params, with_param_max).map(show).collect()
}

#[test]
fn parameters_go_to_the_letters_that_take_one() {
    let params = ["+ontl-vlk", "alice", "10", "bob", "key"];
    assert_eq!(parsed(&params, 9), ["+o alice", "+n", "+t", "+l 10", "-v bob", "-l", "-k key"]);
    assert_eq!(parsed(&["nt"], 9), ["+n", "+t"]);
    assert_eq!(parsed(&[], 9), [""; 0]);
}

#[test]
fn a_list_without_parameter_is_asked_for_once() {
    assert_eq!(parsed(&["b"], 9), ["+b"]);
    assert_eq!(parsed(&["+bb-bebb", "*!*@x"], 9), ["+b *!*@x", "+b", "-e"]);
}

#[test]
fn what_is_no_change_is_told_and_the_rest_goes_on() {
    assert_eq!(parsed(&["+oxn"], 9), ["?o", "!x", "+n"]);
    assert_eq!(parsed(&["+k-k"], 9), ["?k", "-k"]);
    assert_eq!(parsed(&["+ko", "", "alice"], 9), ["?k", "+o alice"]);
    assert_eq!(parsed(&["é"], 9), ["!é"]);
}

#[test]
fn past_the_limit_only_letters_without_parameter_count() {
    assert_eq!(parsed(&["+ooon", "a", "b", "c"], 2), ["+o a", "+o b", "+n"]);
}

#[test]
fn modes_of_users_are_flags() {
    let changes: Vec<_> = USER_MODES.parse(&["+i-wx"], 0).collect();
    let flag = |add, letter| Ok(ModeChange { add, letter, param: None });
    assert_eq!(changes, [flag(true, 'i'), flag(false, 'w'), Err(ModeError::Unknown('x'))]);
}

#[test]
fn signs_are_written_where_they_change() {
    let change = |add, letter, param| ModeChange { add, letter, param };
    let changes =
        [change(true, 'o', Some("a")), change(true, 'n', None), change(false, 'v', Some("b"))];
    let both = ModeLine { letters: "+on-v".into(), params: vec!["a", "b"] };
    assert_eq!(lines(changes, 100, 9), [both]);
    let split = lines(changes, 100, 1);
    assert_eq!(split[0], ModeLine { letters: "+on".into(), params: vec!["a"] });
    assert_eq!(split[1], ModeLine { letters: "-v".into(), params: vec!["b"] });
}

fn change() -> impl Strategy<Value = (bool, char, String)> {
    let letters: Vec<char> = "beIklimnstov".chars().collect();
    (any::<bool>(), prop::sample::select(letters), "[a-z!@*]{1,12}")
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(changes in prop::collection::vec(change(), 0..30)) {
        let changes: Vec<ModeChange> = changes.iter().map(|(add, letter, param)| {
            let bare = match CHANNEL_MODES.kind(*letter).unwrap() {
                ModeKind::Flag => true,
                ModeKind::ParamOnSet => !add,
                _ => false,
            };
            ModeChange { add: *add, letter: *letter, param: (!bare).then_some(param.as_str()) }
        }).collect();

        let mut read = Vec::new();
        for line in lines(changes.iter().copied(), 40, 3) {
            prop_assert!(line.bytes() <= 40 && line.params.len() <= 3);
            let mut params = vec![line.letters.as_str()];
            params.extend(&line.params);
            for it in CHANNEL_MODES.parse(&params, 3) {
                let it = it.unwrap();
                read.push((it.add, it.letter, it.param.map(str::to_owned)));
            }
        }
        let expected: Vec<_> =
            changes.iter().map(|it| (it.add, it.letter, it.param.map(str::to_owned))).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn no_letters_make_the_parser_panic(letters in any::<String>(), param in any::<String>()) {
        for _ in CHANNEL_MODES.parse(&[&letters, &param, ""], 2) {}
    }
}
