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

/// One such answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandardReply<'a> {
    /// What kind of answer it is.
    pub kind: Kind,
    /// The command it answers, or `*`.
    pub command: &'a str,
    /// For programs: `INVALID_PARAMS` and the like.
    pub code: &'a str,
    /// What it is about, a word each.
    pub context: &'a [&'a str],
    /// For people.
    pub description: &'a str,
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

impl StandardReply<'_> {
    /// Writes everything after the tags (such as `label`) that `line` may hold, and ends the line.
    pub fn finish(&self, server: &str, line: &mut LineWriter<'_>) {
        line.source(server).verb(self.kind.verb()).param(self.command).param(self.code);
        for it in self.context {
            line.param(it);
        }
        line.trailing(self.description).finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_specification() {
        let mut out = Vec::new();
        let fail = StandardReply {
            kind: Kind::Fail,
            command: "BOX",
            code: "BOXES_INVALID",
            context: &["STACK", "CLOCKWISE"],
            description: "Given boxes are not supported",
        };
        fail.finish("irc.example", LineWriter::new(&mut out).tag("label", "1"));
        let note = StandardReply {
            kind: Kind::Note,
            command: "*",
            code: "OPER_MESSAGE",
            context: &[],
            description: "The message",
        };
        note.finish("irc.example", &mut LineWriter::new(&mut out));
        let expected = "@label=1 :irc.example FAIL BOX BOXES_INVALID STACK CLOCKWISE \
                        :Given boxes are not supported\r\n\
                        :irc.example NOTE * OPER_MESSAGE :The message\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
