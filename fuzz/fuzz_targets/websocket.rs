//! A WebSocket: the same lines whatever pieces its bytes come in, and none longer than a line may be.
//!
//! The first byte chooses: even, the rest follows a good handshake, cut as the second byte says; odd,
//! the rest is the handshake.
#![no_main]

use front_irc::fuzzing::websocket;
use irc_proto::limits::CLIENT_LINE_BYTES_MAX;
use libfuzzer_sys::fuzz_target;

const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// The response, and a closing frame.
const SAID_BYTES_MAX: usize = 1024;

fuzz_target!(|bytes: &[u8]| {
    let [is_handshake, cut, stream @ ..] = bytes else { return };
    if is_handshake % 2 == 1 {
        let heard = websocket([stream]);
        assert!(heard.lines.is_empty(), "a client speaks after the response only");
        assert!(heard.said.len() <= SAID_BYTES_MAX);
        let _ = websocket(stream.chunks(usize::from(*cut) + 1));
        return;
    }
    let whole = websocket([REQUEST, stream]);
    assert!(whole.said.starts_with(b"HTTP/1.1 101 "));
    // Each frame, of at least six bytes, becomes a line; a ping is answered with what it held.
    assert!(whole.lines.len() <= 2 * bytes.len());
    assert!(whole.said.len() <= SAID_BYTES_MAX + bytes.len());
    let frame_bytes_max = CLIENT_LINE_BYTES_MAX + 512;
    for line in whole.lines.split_inclusive(|it| *it == b'\n') {
        assert!(line.ends_with(b"\n") && line.len() <= frame_bytes_max + 2);
    }
    let pieces = [REQUEST].into_iter().chain(stream.chunks(usize::from(*cut) + 1));
    assert_eq!(websocket(pieces), whole);
});
