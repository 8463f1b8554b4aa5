//! How long an answer may be.
//!
//! The address a UDP packet comes from may be forged, and then the answer hits somebody else. So an
//! answer is never more than ten times what was sent for it, and never more than every path carries in
//! one piece. Instead of being cut, an answer names fewer nodes, the best ones: nobody needs them all.

use crate::respond::Via;
use hickory_proto::rr::Name;

/// RFC 1035; more would need EDNS, and would be worth more to whoever forges addresses.
pub(crate) const UDP_BYTES_MAX: usize = 512;
/// Bytes of an answer for each byte of its query, over UDP.
pub(crate) const AMPLIFICATION_MAX: usize = 10;
/// Nodes in one answer at most, however it is carried: a client tries a few and asks again.
pub(crate) const NODES_MAX: usize = 8;

/// Type, class, TTL and length, behind the owner's name.
pub(crate) const RECORD_BYTES: usize = 10;
/// A name that stands in the packet already.
pub(crate) const POINTER_BYTES: usize = 2;
/// Priority, weight and port, before the target of SRV.
pub(crate) const SRV_BYTES: usize = 6;
const HEADER_BYTES: usize = 12;
const TYPE_AND_CLASS_BYTES: usize = 4;
/// Without options; we send none.
const EDNS_BYTES: usize = 11;
const TCP_BYTES_MAX: usize = 65_535;

/// The longest answer to a query of so many bytes.
pub(crate) fn limit(via: Via, query_bytes: usize) -> usize {
    match via {
        Via::Udp => UDP_BYTES_MAX.min(AMPLIFICATION_MAX * query_bytes),
        Via::Tcp => TCP_BYTES_MAX,
    }
}

/// What a name takes that does not stand in the packet yet.
pub(crate) fn name_bytes(name: &Name) -> usize {
    name.len() + 1
}

/// What is left for records.
pub(crate) struct Budget {
    bytes: usize,
    nodes: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize, question: &Name, has_edns: bool) -> Budget {
        let edns = if has_edns { EDNS_BYTES } else { 0 };
        let fixed = HEADER_BYTES + name_bytes(question) + TYPE_AND_CLASS_BYTES + edns;
        Budget { bytes: limit.saturating_sub(fixed), nodes: NODES_MAX }
    }

    /// Takes the bytes of one more node, if there is room for it.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let has_room = bytes <= self.bytes && self.nodes > 0;
        if has_room {
            self.bytes -= bytes;
            self.nodes -= 1;
        }
        has_room
    }
}
