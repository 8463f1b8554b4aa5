//! The fail points of the server: moments at which a node may die, each with a name.
//!
//! Promise: there is one before and after whatever is made durable and whatever leaves the node, in
//! all crates; the table is what the sources hold. The simulation lets nodes die at each of them.

/// A moment of which something depends.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// As it stands in the source: where, and when.
    pub name: &'static str,
    /// What it stands before or after.
    pub about: &'static str,
}

const fn point(name: &'static str, about: &'static str) -> Point {
    Point { name, about }
}

/// All there are, by name.
pub const ALL: &[Point] = &[
    point("ask.before-answer", "a question on the cluster port is decided, its asker not told"),
    point("ask.before-question", "a question to another node's cluster port is about to leave"),
    point("bully.before-confirm", "a sync is done, the copy of names has not counted it"),
    point("bully.before-drop", "a copy of names that does not count is about to be dropped"),
    point(
        "bully.before-message",
        "a word of an election, or of a copy of names, is about to leave",
    ),
    point("bully.before-receive", "such a word of a peer came, nobody has heard it here"),
    point("bully.before-write", "what a copy of names wants written is about to go to the log"),
    point("catch-up.after-install", "a fetched state is on disk, the strategy has not heard of it"),
    point("catch-up.before-history", "a part of the history is about to leave for a peer"),
    point("catch-up.before-install", "all of a fetched state is here, nothing restored"),
    point("catch-up.before-keep", "a fetched record is about to join the history"),
    point("catch-up.before-provide", "our state is about to be offered to peers"),
    point("catch-up.before-question", "a peer is about to be asked for state or history"),
    point("catch-up.before-state", "a part of our state is about to leave for a peer"),
    point("catch-up.before-state-part", "a part of a peer's state came, it is not taken yet"),
    point(
        "checkpoint.after-manifest",
        "the new checkpoint is the one that counts, the log not purged",
    ),
    point("checkpoint.before-begin", "a checkpoint is due, nothing of it written"),
    point("checkpoint.before-dir-sync", "the files are synced, names of new ones are not"),
    point(
        "checkpoint.before-manifest",
        "all that the manifest speaks of is synced, the old one counts",
    ),
    point("checkpoint.before-remove", "a file without any use is about to be removed"),
    point("checkpoint.before-sync", "the checkpoint is written, nothing of it synced"),
    point("engine.before-apply", "a committed entry is about to be applied"),
    point("engine.before-envelope", "an envelope is about to be handed to the links"),
    point("engine.before-offer", "the leader is about to put an entry into its log"),
    point("engine.before-purge", "a checkpoint is on disk, the log it makes needless still there"),
    point("engine.before-submit", "what all groups want written is about to go to the log"),
    point("gossip.before-confirm", "a sync is done, the replica has not counted it"),
    point("gossip.before-mark", "a disk forgot own entries, the log does not say so yet"),
    point("gossip.before-message", "a replica's message to a peer is about to leave"),
    point("gossip.before-receive", "a message of a peer came, the replica has not seen it"),
    point("gossip.before-send", "a gossip datagram is about to leave"),
    point("gossip.before-write", "entries of any origin are about to go to the log"),
    point("history.after-create", "a new history file is there, its name not synced"),
    point("history.before-append", "an applied record is about to join its room's tail"),
    point("history.before-chunk", "a full tail is about to become a chunk"),
    point("history.before-create", "a new history file is about to be made"),
    point("history.before-cut", "a start is about to cut what no checkpoint covers off a file"),
    point("history.before-discard", "a start is about to remove a file that no checkpoint names"),
    point("history.before-short-chunk", "a checkpoint is about to write out a room's tail"),
    point("history.before-tombstone", "a room or group is dropped in memory, not yet in a file"),
    point("history.before-write", "buffered chunks are about to be written"),
    point("identity.after-save", "the identity file is durable, nobody has heard of it"),
    point("identity.before-founding", "a founder's identity is about to be saved"),
    point("identity.before-joining", "a joiner's identity is about to be saved"),
    point(
        "identity.before-member",
        "a member's identity, or its count of starts, is about to be saved",
    ),
    point("join.before-remove", "a joiner is about to remove a file of an earlier life"),
    point("lane.before-answer", "an own command was applied, its sender is not told yet"),
    point("lane.before-give-up", "commands without progress are about to be given up"),
    point("lane.before-not-taken", "a node is about to hear that its section was not taken"),
    point("lane.before-propose", "a section is about to leave for the leader"),
    point("lane.before-take", "a section came from another node, the leader has not taken it"),
    point("letting-go.before-answer", "a replica is about to hear that its group removed it"),
    point("letting-go.before-question", "a replica without a leader is about to ask about itself"),
    point("link.after-write", "frames are with the operating system"),
    point("link.before-frame", "a frame is about to join those that wait for a peer's socket"),
    point("link.before-hello", "a connection to a peer stands, we have not said who we are"),
    point("link.before-write", "frames are about to be written to a peer's socket"),
    point("log.after-sync", "a batch is on disk, nobody knows"),
    point("log.before-marker", "a new log is about to be marked as this identity's"),
    point(
        "log.before-recovery-sync",
        "a log was read back, what a killed process wrote is not synced",
    ),
    point("log.before-report", "a batch is on disk and can be read, its ticket not reported"),
    point("log.before-sync", "a batch is written and not synced"),
    point("log.before-wipe", "the torn end of a log is about to be overwritten"),
    point("log.before-write", "a batch is sealed and about to be written"),
    point("node.after-deliver", "a door has its batch of answers and records"),
    point("node.before-answer", "a request's outcome is known, its answer not made"),
    point("node.before-deliver", "a batch of answers and records is about to go to a door"),
    point("node.before-history", "a peer's look-up of history came, it is not answered"),
    point("node.before-keep", "a record is applied and about to be kept"),
    point("observe.before-entries", "a node that follows again is about to be sent what it missed"),
    point("observe.before-question", "a node is about to ask a replica to let it follow"),
    point("observe.before-restart", "a node that follows is about to be told to fetch the state"),
    point("primary-backup.before-confirm", "a sync is done, the replica has not counted it"),
    point("primary-backup.before-message", "a replica's message to a peer is about to leave"),
    point("primary-backup.before-receive", "a message of a peer came, the replica has not seen it"),
    point("primary-backup.before-write", "what a replica wants written is about to go to the log"),
    point(
        "raft.before-confirm",
        "Raft is about to learn what is on disk, and messages to be let go",
    ),
    point("raft.before-entries", "new entries are about to be handed to the log"),
    point("raft.before-following", "a new leader speaks for the first time, nobody follows it yet"),
    point("raft.before-hard-state", "term and vote are about to be handed to the log"),
    point("raft.before-install", "a snapshot message is about to replace Raft's log"),
    point("raft.before-message", "a Raft message is about to leave"),
    point("replace.before-dir-sync", "a small file has its name, which is not synced"),
    point("replace.before-rename", "a small file's new contents are synced under another name"),
    point("replace.before-sync", "a small file's new contents are written and not synced"),
    point("replace.before-write", "a small file is about to be written anew"),
    point("replica.after-drop", "a replica's log is given up, its history is still there"),
    point("replica.before-begin", "a replica is about to begin, empty"),
    point("replica.before-drop", "a replica that is elsewhere now is about to be given up"),
    point("segment.after-release", "a segment without use lost its name, which is not synced"),
    point("segment.after-take", "a spare is a segment now, its name not synced"),
    point("segment.before-create", "a spare segment is about to be made"),
    point("segment.before-fill-sync", "a spare is full of zeros that are not synced"),
    point("segment.before-naming", "a full spare is about to get its name"),
    point("segment.before-release", "a segment without use is about to become a spare, or to go"),
    point("segment.before-take", "a spare is about to become a segment"),
];

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Adds every name that stands in a fail point below this folder.
    fn collect(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a crate has sources") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(&path).expect("it can be read");
                let call = concat!("fail_point!", "(\"");
                let names = text.split(call).skip(1).filter_map(|it| it.split('"').next());
                found.extend(names.map(str::to_owned));
            }
        }
    }

    #[test]
    fn the_table_is_what_the_sources_hold() {
        let mut found = BTreeSet::new();
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for entry in std::fs::read_dir(crates).expect("there are crates") {
            let sources = entry.expect("it can be listed").path().join("src");
            if sources.is_dir() {
                collect(&sources, &mut found);
            }
        }
        let named: Vec<&str> = ALL.iter().map(|it| it.name).collect();
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(named, found, "the table, sorted, and the sources");
    }
}
