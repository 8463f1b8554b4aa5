//! For the fuzz targets: the WebSocket layer, fed by hand.

use crate::websocket::WebSocketLayer;

/// What a client's bytes came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Lines, each with its end.
    pub lines: Vec<u8>,
    /// Bytes for the client: the response, pongs, the closing frame.
    pub said: Vec<u8>,
    /// Whether nothing more would be read, and why, if not in peace.
    pub ended: Option<Option<&'static str>>,
}

/// Feeds a WebSocket as a connection does, until it ends.
#[must_use]
pub fn websocket<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Heard {
    let mut layer = WebSocketLayer::new();
    let mut heard = Heard::default();
    for piece in pieces {
        let fed = layer.feed(piece, &mut heard.lines);
        heard.ended = fed.err().or(layer.ended());
        if heard.ended.is_some() {
            layer.close();
            break;
        }
    }
    heard.said = std::mem::take(layer.raw().0);
    heard
}
