//! What programs say to a node, over gRPC: `proto/` has the definitions, and this is the code that is
//! made of them when it is built. What the messages mean stands there.

/// Version 1.
pub mod v1 {
    #![allow(missing_docs, unreachable_pub, clippy::all, reason = "written by the generator")]
    tonic::include_proto!("starling.v1");
}
