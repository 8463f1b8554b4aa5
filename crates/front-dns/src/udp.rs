//! Datagrams, one after the other: an answer takes some microseconds, so nothing is gained by more tasks.

use crate::measures::Measures;
use crate::rate::{Rate, Verdict};
use crate::respond::{Outcome, Responder, Via, slip};
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep};

/// A query with all its options is far shorter; what is longer is cut by the system, and malformed.
const PACKET_BYTES_MAX: usize = 1_500;
/// After a failed receive, so that a broken socket does not spin.
const RECEIVE_PAUSE: Duration = Duration::from_millis(10);

/// Answers until it is dropped.
pub(crate) async fn run(
    socket: UdpSocket,
    mut responder: Responder,
    mut rate: Rate,
    measures: Measures,
) {
    let began = Instant::now();
    let mut buffer = [0; PACKET_BYTES_MAX];
    loop {
        let (length, from) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                // Somebody who does not wait for an answer makes ICMP errors, which come out here.
                tracing::debug!(%error, "cannot receive a datagram");
                sleep(RECEIVE_PAUSE).await;
                continue;
            }
        };
        let packet = &buffer[..length];
        let now_us = began.elapsed().as_micros() as u64;
        let (answer, outcome) = answer(&mut responder, &mut rate, packet, from.ip(), now_us);
        measures.count(Via::Udp, outcome);
        // An answer that finds no room is lost like any datagram: waiting for one would hold up all.
        if answer.is_some_and(|it| socket.try_send_to(&it, from).is_err()) {
            measures.unsent.increment(1);
        }
    }
}

fn answer(
    responder: &mut Responder,
    rate: &mut Rate,
    packet: &[u8],
    from: IpAddr,
    now_us: u64,
) -> (Option<Vec<u8>>, Outcome) {
    match rate.ask(from, now_us) {
        Verdict::Answer => responder.respond(packet, from, Via::Udp),
        Verdict::Slip => (slip(packet), Outcome::Slipped),
        Verdict::Drop => (None, Outcome::Dropped),
    }
}
