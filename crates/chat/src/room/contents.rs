//! One room: who is in, what was set, and what follows from it.
//!
//! Promise: only the verbs change a room, and each of its lists stays within its limit.

use super::journey::{Closing, Era, Journey};
use super::numbers::Numbers;
use super::verbs::say;
use super::{Access, Ownership, Refusal, RoomVerb};
use crate::{Nick, Replication, RoomName, SessionId, Stamp, Who, fold, mask};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// One room. It outlives its last occupant until a command expires it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Room {
    pub(super) shown: Arc<str>,
    pub(super) created_at: Stamp,
    pub(super) last_used: Stamp,
    pub(super) topic: Option<Topic>,
    pub(super) flags: Flags,
    pub(super) key: Option<Arc<str>>,
    pub(super) occupants_max: Option<u32>,
    pub(super) lists: Lists,
    /// Sessions with an outstanding invitation, the oldest first.
    pub(super) invited: VecDeque<SessionId>,
    pub(super) occupants: BTreeMap<SessionId, Occupant>,
    /// The last number that each session used here: they go along when the room moves.
    pub(super) numbers: Numbers,
    pub(super) journey: Journey,
    /// Whose it is. Beside the room in bytes: `Snapshot` and `AdoptOwned`.
    #[serde(skip)]
    pub(super) owned: Option<Box<Ownership>>,
}

/// A room's topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its words.
    pub text: Arc<str>,
    /// `nick!user@host` of who set it.
    pub set_by: Arc<str>,
    /// When.
    pub set_at: Stamp,
}

/// Somebody in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Occupant {
    /// As they were when they last did something here (nick may be older than the directory's).
    pub who: Who,
    /// `@`
    pub is_operator: bool,
    /// `+`
    pub is_voiced: bool,
}

/// The modes that are just on or off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Flags {
    pub(super) invite_only: bool,
    pub(super) moderated: bool,
    pub(super) no_outside: bool,
    pub(super) secret: bool,
    pub(super) topic_locked: bool,
}

/// The `b`, `e` and `I` lists.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Lists {
    bans: Vec<Entry>,
    exceptions: Vec<Entry>,
    invitations: Vec<Entry>,
}

/// One line of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) mask: Arc<str>,
    pub(super) set_by: Arc<str>,
    pub(super) set_at: Stamp,
}

impl Room {
    /// The name as its creator wrote it.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// When it was created.
    #[must_use]
    pub fn created_at(&self) -> Stamp {
        self.created_at
    }

    /// When something last happened in it.
    #[must_use]
    pub fn last_used(&self) -> Stamp {
        self.last_used
    }

    /// How it is replicated.
    #[must_use]
    pub fn replication(&self) -> Replication {
        self.journey.replication
    }

    /// How often it has moved.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.journey.epoch
    }

    /// Where it was before, the oldest first: in each group its history is what is up to the era's
    /// last stamp and above that of the era before. Older than the first may be anywhere.
    #[must_use]
    pub fn eras(&self) -> &[Era] {
        &self.journey.eras
    }

    /// The eras before this move, each with the move that ended it. The oldest may be forgotten.
    pub fn eras_before(&self, epoch: u64) -> impl Iterator<Item = (u64, &Era)> {
        let first = self.epoch().saturating_sub(self.eras().len() as u64);
        let ended = (first + 1..).zip(self.eras());
        ended.take_while(move |it| it.0 <= epoch)
    }

    /// Its gossip is about to end: nothing may be said until it has.
    #[must_use]
    pub fn closing(&self) -> Option<&Closing> {
        self.journey.closing.as_ref()
    }

    /// Whether they are heard here, as the room is now.
    pub fn may_say(&self, who: &Who) -> Result<(), Refusal> {
        say(self, who)
    }

    /// Topic, if any.
    #[must_use]
    pub fn topic(&self) -> Option<&Topic> {
        self.topic.as_ref()
    }

    /// Occupants in a fixed order.
    pub fn occupants(&self) -> impl Iterator<Item = &Occupant> {
        self.occupants.values()
    }

    /// One occupant.
    #[must_use]
    pub fn occupant(&self, session: SessionId) -> Option<&Occupant> {
        self.occupants.get(&session)
    }

    /// How many are in.
    #[must_use]
    pub fn occupant_count(&self) -> usize {
        self.occupants.len()
    }

    /// Simple modes as shown by MODE: letters (`imnst`, `k`, `l`) and parameters of `k` and `l`.
    #[must_use]
    pub fn modes(&self) -> (String, Option<&str>, Option<u32>) {
        let mut letters: String = self.flags.letters().collect();
        letters.extend(self.key.is_some().then_some('k'));
        letters.extend(self.occupants_max.is_some().then_some('l'));
        (letters, self.key.as_deref(), self.occupants_max)
    }

    /// `+s`: not listed, not shown in WHOIS to others.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.flags.secret
    }

    /// The `b`, `e` or `I` list: mask, who set it, when.
    pub fn list(&self, letter: char) -> impl Iterator<Item = (&str, &str, Stamp)> {
        self.lists.of(letter).iter().map(|it| (&*it.mask, &*it.set_by, it.set_at))
    }

    /// May read history: an occupant or a server operator, or anybody where the room is neither
    /// secret, keyed nor invite-only and does not ban them.
    #[must_use]
    pub fn may_read(&self, who: &Who) -> bool {
        if who.is_operator || self.occupants.contains_key(&who.session) {
            return true;
        }
        let is_open = !self.flags.secret && !self.flags.invite_only && self.key.is_none();
        is_open && !self.is_banned(who)
    }

    /// What is said in a gossip room is no affair of its home's log, and while that ends of nobody's.
    pub(super) fn is_said_elsewhere(&self, verb: &RoomVerb) -> Option<Refusal> {
        if self.replication() != Replication::Gossip || !verb.is_order_free() {
            return None;
        }
        let epoch = self.epoch();
        Some(match self.closing() {
            Some(_) => Refusal::NotHere { epoch },
            None => Refusal::Moved { to: Replication::Gossip, epoch },
        })
    }

    /// An occupant by nick as known here.
    #[must_use]
    pub fn occupant_by_nick(&self, nick: &Nick) -> Option<&Occupant> {
        self.occupants().find(|it| {
            let known = it.who.nick.as_str();
            known.eq_ignore_ascii_case(nick.as_str())
        })
    }

    /// A room nobody has been in, with `+nt`. `epoch`: of an earlier room of this name, or 0.
    pub(super) fn new(name: &RoomName, shown: &Arc<str>, now: Stamp, epoch: u64) -> Room {
        let is_same_name = fold(shown) == name.as_str();
        Room {
            shown: if is_same_name {
                shown.clone()
            } else {
                name.as_str().into() // State holds no text that nobody has parsed.
            },
            created_at: now,
            last_used: now,
            flags: Flags { no_outside: true, topic_locked: true, ..Flags::default() },
            journey: Journey { epoch, ..Journey::default() },
            ..Room::default()
        }
    }

    /// `+b`, and no `+e`.
    pub(super) fn is_banned(&self, who: &Who) -> bool {
        if self.lists.bans.is_empty() {
            return false; // The usual case, on the path of every message: build no source.
        }
        let source = who.source();
        is_in(&self.lists.bans, who, &source) && !is_in(&self.lists.exceptions, who, &source)
    }

    /// Invited in person, or by `+I`.
    pub(super) fn is_invited(&self, who: &Who) -> bool {
        self.invited.contains(&who.session)
            || (!self.lists.invitations.is_empty()
                && is_in(&self.lists.invitations, who, &who.source()))
    }

    /// May use what needs `o`: the room's operators, and even from outside server operators and the accounts
    /// that have access.
    pub(super) fn has_power(&self, who: &Who) -> bool {
        who.is_operator
            || self.occupant(who.session).is_some_and(|it| it.is_operator)
            || self.access_of(who) >= Some(Access::Operator)
    }

    /// Remembers somebody inside as they are now.
    pub(super) fn refresh(&mut self, who: &Who) {
        if let Some(occupant) = self.occupants.get_mut(&who.session)
            && occupant.who != *who
        {
            occupant.who = who.clone();
        }
    }
}

/// Before the mask of an account's name (ISUPPORT `EXTBAN`, `ACCOUNTEXTBAN`).
const ACCOUNT_MASK: &str = "~a:";

fn is_in(list: &[Entry], who: &Who, source: &str) -> bool {
    list.iter().any(|it| match it.mask.strip_prefix(ACCOUNT_MASK) {
        Some(mask) => who.account.as_ref().is_some_and(|it| mask::matches(mask, it)),
        None => mask::matches(&it.mask, source),
    })
}

impl Flags {
    /// The flag of a letter.
    pub(super) fn of(&mut self, letter: char) -> Option<&mut bool> {
        match letter {
            'i' => Some(&mut self.invite_only),
            'm' => Some(&mut self.moderated),
            'n' => Some(&mut self.no_outside),
            's' => Some(&mut self.secret),
            't' => Some(&mut self.topic_locked),
            _ => None,
        }
    }

    fn letters(mut self) -> impl Iterator<Item = char> {
        "imnst".chars().filter(move |letter| self.of(*letter).is_some_and(|it| *it))
    }
}

impl Lists {
    fn of(&self, letter: char) -> &[Entry] {
        match letter {
            'b' => &self.bans,
            'e' => &self.exceptions,
            'I' => &self.invitations,
            _ => &[],
        }
    }

    /// The list of a letter, to change it.
    pub(super) fn of_mut(&mut self, letter: char) -> Option<&mut Vec<Entry>> {
        match letter {
            'b' => Some(&mut self.bans),
            'e' => Some(&mut self.exceptions),
            'I' => Some(&mut self.invitations),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::room::scene::{Scene, plays, who};

    /// Who of three may read: alice inside, bob outside, and a server operator outside.
    fn readers(modes: &str) -> String {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator",
        );
        if !modes.is_empty() {
            scene.plays(&format!("alice> mode #rust {modes}\n< alice set {modes}"));
        }
        let readers = ["alice", "bob", "oper"];
        let may_read = |nick: &&&str| scene.room("#rust").may_read(&who(nick));
        let names: Vec<&str> = readers.iter().filter(may_read).copied().collect();
        names.join(" ")
    }

    #[test]
    fn modes_decide_who_reads_from_outside() {
        assert_eq!(readers(""), "alice bob oper");
        assert_eq!(readers("+s"), "alice oper");
        assert_eq!(readers("+i"), "alice oper");
        assert_eq!(readers("+k sesame"), "alice oper");
        assert_eq!(readers("+b bob!*@*"), "alice oper");
        assert_eq!(readers("+be bob!*@* *!*@bob.host"), "alice bob oper");
        assert_eq!(readers("+b *!*@*"), "alice oper");
    }

    #[test]
    fn an_occupant_is_found_by_nick_in_any_case() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator",
        );
        let room = scene.room("#rust");
        let found = room.occupant_by_nick(&crate::Nick::parse("ALICE", 32).expect("a nick"));
        assert_eq!(found.map(|it| &it.who), Some(&who("alice")));
        assert_eq!(room.occupant_by_nick(&who("bob").nick), None);
    }
    #[test]
    fn a_room_says_what_it_is_and_who_is_in() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #Rust
             < alice joined #Rust as operator
             bob> join #rust
             < bob joined #Rust",
        );
        let room = scene.room("#rust");
        let nicks: Vec<&str> = room.occupants().map(|it| it.who.nick.as_str()).collect();
        assert_eq!(
            (room.shown(), room.occupant_count(), nicks),
            ("#Rust", 2, vec!["bob", "alice"])
        );
        assert_eq!((room.created_at().ms(), room.last_used().ms()), (1001, 1002));
        assert!(!room.is_secret());
        scene.plays("alice> mode #rust +s\n< alice set +s");
        assert!(scene.room("#rust").is_secret());
    }

    #[test]
    fn each_list_is_shown_by_its_letter() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +beI b!*@* e!*@* i!*@*
             < alice set +beI b!*@* e!*@* i!*@*",
        );
        let masks = |letter| -> Vec<String> {
            scene.room("#rust").list(letter).map(|it| it.0.to_owned()).collect()
        };
        assert_eq!([masks('b'), masks('e'), masks('I')], [["b!*@*"], ["e!*@*"], ["i!*@*"]]);
        assert_eq!(masks('x'), [""; 0]);
    }

    #[test]
    fn a_mask_may_mean_accounts() {
        plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +bI ~a:bob* ~a:carol
             < alice set +bI ~a:bob* ~a:carol
             eve@Bobby> join #rust
             < refused Banned
             bob> join #rust
             < bob joined #rust
             alice> mode #rust +i
             < alice set +i
             eve@CAROL> join #rust
             < eve joined #rust
             carol> join #rust
             < refused InviteOnly",
        );
    }

    #[test]
    fn a_standing_invitation_is_for_those_it_names() {
        let mut scene = Scene::default();
        scene.plays(
            "alice> join #rust
             < alice joined #rust as operator
             alice> mode #rust +iI carol!*@*
             < alice set +iI carol!*@*
             bob> join #rust
             < refused InviteOnly
             carol> join #rust
             < carol joined #rust",
        );
    }
}
