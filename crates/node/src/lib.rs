//! One process of the network: chat machines on replicated logs, sessions, delivery; the handle that doors use.
