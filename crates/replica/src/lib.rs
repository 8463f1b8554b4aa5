//! How entries are replicated and stored: strategies, Raft, peers, log store. Entries are opaque bytes here.

pub mod store;
