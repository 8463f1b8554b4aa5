//! `FAIL`, `WARN` and `NOTE`: answers that a program can read.
//!
//! Follows [standard-replies](https://ircv3.net/specs/extensions/standard-replies).

use crate::build::LineWriter;

/// What kind of answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command was not carried out.
    Fail,
    /// It was carried out, but something needs attention.
    Warn,
    /// Something worth knowing.
    Note,
}

impl Kind {
    /// The verb of such a line.
    pub fn verb(self) -> &'static str {
        match self {
            Kind::Fail => "FAIL",
            Kind::Warn => "WARN",
            Kind::Note => "NOTE",
        }
    }
}

/// Writes the body of a standard reply after the tags (such as `label`) that `line` may hold, and
/// ends the line. `command` is the one it answers, or `*`.
pub fn finish(
    line: &mut LineWriter<'_>,
    server: &str,
    kind: Kind,
    command: &str,
    code: &str,
    context: &[&str],
    description: &str,
) {
    line.source(server)
        .verb(kind.verb())
        .param(command)
        .param(code);
    for it in context {
        line.param(it);
    }
    line.trailing(description).finish();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_specification() {
        let mut out = Vec::new();
        let line = &mut LineWriter::new(&mut out);
        let text = "You're not authenticated";
        finish(
            line,
            "irc.example",
            Kind::Fail,
            "BOX",
            "BOXES_INVALID",
            &["STACK", "CLOCKWISE"],
            text,
        );
        let line = &mut LineWriter::new(&mut out);
        line.tag("label", "1");
        finish(
            line,
            "irc.example",
            Kind::Note,
            "*",
            "OPER_MESSAGE",
            &[],
            "The message",
        );
        let expected = ":irc.example FAIL BOX BOXES_INVALID STACK CLOCKWISE :You're not authenticated\r\n\
                        @label=1 :irc.example NOTE * OPER_MESSAGE :The message\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
