//! TOPIC: set or clear what the room is about.

use crate::room::{Refusal, Room, Topic};
use crate::{Limits, Stamp, What, Who};
use std::sync::Arc;

pub(in crate::room) fn topic(
    room: &mut Room,
    who: &Who,
    now: Stamp,
    limits: &Limits,
    text: Arc<str>,
) -> Result<What, Refusal> {
    if room.occupant(who.session).is_none() {
        return Err(Refusal::NotInRoom);
    }
    if room.flags.topic_locked && !room.has_power(who) {
        return Err(Refusal::NotOperator);
    }
    let text = shortened(text, limits.topic_bytes_max);
    room.topic = (!text.is_empty()).then(|| Topic {
        text: text.clone(),
        set_by: who.source().into(),
        set_at: now,
    });
    Ok(What::Topic { text })
}

/// Too long a topic is cut, as TOPICLEN tells clients.
fn shortened(text: Arc<str>, bytes_max: usize) -> Arc<str> {
    if text.len() <= bytes_max {
        return text;
    }
    text[..text.floor_char_boundary(bytes_max)].into()
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::room::scene::{Scene, plays};

    #[test]
    fn a_locked_topic_is_for_operators() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             bob> join #rust
             < bob joined #rust
             bob> topic #rust ours
             < refused NotOperator
             carol> topic #rust ours
             < refused NotInRoom
             alice> mode #rust -t
             < alice set -t
             bob> topic #rust ours
             < bob set topic ours",
        );
    }

    #[test]
    fn a_topic_says_who_set_it_and_when_until_it_is_cleared() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> topic #rust all about it
             < alice set topic all about it",
        );
        let topic = scene.room("#rust").topic().expect("a topic was set");
        assert_eq!(&*topic.text, "all about it");
        assert_eq!(&*topic.set_by, "alice!alice@alice.host");
        assert_eq!(topic.set_at, scene.room("#rust").last_used());
        scene.plays(
            "alice> topic #rust
             < alice set topic",
        );
        assert_eq!(scene.room("#rust").topic(), None);
    }

    #[test]
    fn too_long_a_topic_is_cut_between_characters() {
        let mut scene = Scene::with(Limits { topic_bytes_max: 4, ..Limits::default() });
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> topic #rust abcéé
             < alice set topic abc",
        );
    }
}
