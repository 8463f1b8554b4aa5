//! What is true: rooms and the directory, as pure deterministic machines.
