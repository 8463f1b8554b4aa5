//! How long a line may be, and of how many parameters.

/// Bytes of a line without its tags and without CR LF.
///
/// [RFC 1459 2.3](https://www.rfc-editor.org/rfc/rfc1459#section-2.3): 512 with CR LF.
pub const BODY_BYTES_MAX: usize = 510;

/// Bytes of tags that a client may send, with the leading `@` and the space after them.
///
/// [message-tags](https://ircv3.net/specs/extensions/message-tags#size-limit): 4094 of tag data.
pub const CLIENT_TAGS_BYTES_MAX: usize = 4096;

/// Bytes of tags in any line, those of the server and of the client together, with `@` and space.
pub const TAGS_BYTES_MAX: usize = 8191;

/// Bytes of the longest line a client may send, without CR LF.
pub const CLIENT_LINE_BYTES_MAX: usize = CLIENT_TAGS_BYTES_MAX + BODY_BYTES_MAX;

/// Bytes of the longest line a server may send, without CR LF.
pub const SERVER_LINE_BYTES_MAX: usize = TAGS_BYTES_MAX + BODY_BYTES_MAX;

/// Parameters of one line (RFC 1459 2.3.1): 14 of one word each and the rest of the line.
pub const PARAMS_MAX: usize = 15;
