//! Nodes that want to become members.

use super::*;

#[test]
fn who_has_a_living_members_name_is_refused_once_it_had_time_to_be_missed() {
    let node = Alone::with(&[]);
    let answer = |name: &str, asking_ms| {
        let (address, name) = ("127.0.0.1:2".to_owned(), name.to_owned());
        node.core.replaced_by(&JoinQuestion {
            id: 8,
            name,
            address,
            directory: true,
            chat: true,
            names: Names::Raft,
            asking_ms,
        })
    };
    assert!(matches!(answer("b", 0), Ok(None)));
    assert!(matches!(answer("a", 0), Err(JoinAnswer::Later(_))));
    let refused = answer("a", 5_000);
    let Err(JoinAnswer::Refused(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("give this one another name"), "{why}");
}
