//! Replication as pure arithmetic: hybrid logical clocks, the ring.
