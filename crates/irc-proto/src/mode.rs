//! MODE: a string of letters and its parameters, read into single changes and written back.
//!
//! [Modern IRC, channel mode](https://modern.ircdocs.horse/#mode-message): which letters take a
//! parameter depends on their kind, the types A to D of `CHANMODES` and those of `PREFIX`.

use crate::limits::BODY_BYTES_MAX;

/// Which letters there are and of what kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModeTable {
    /// Type A: an entry of a list is added or removed; without parameter the list is asked for.
    pub list: &'static str,
    /// Type B: a parameter to set and to unset it.
    pub param_always: &'static str,
    /// Type C: a parameter to set it only.
    pub param_on_set: &'static str,
    /// Type D: never a parameter.
    pub flag: &'static str,
    /// Powers of an occupant; the parameter is a nick.
    pub prefix: &'static str,
}

/// The kind of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of `ModeTable` say it")]
pub enum ModeKind {
    List,
    ParamAlways,
    ParamOnSet,
    Flag,
    Prefix,
}

/// The modes of our channels: `CHANMODES=beI,k,lR,imnst` and `PREFIX=(ov)@+`.
pub const CHANNEL_MODES: ModeTable =
    ModeTable { list: "beI", param_always: "k", param_on_set: "lR", flag: "imnst", prefix: "ov" };

/// The modes of our users: invisible, operator, wallops, bot.
pub const USER_MODES: ModeTable =
    ModeTable { list: "", param_always: "", param_on_set: "", flag: "iowB", prefix: "" };

/// One change that somebody asks for or was told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModeChange<'a> {
    /// `+` or `-`.
    pub add: bool,
    /// Which mode.
    pub letter: char,
    /// Its parameter. A list without one is a question; so may `-k` come without.
    pub param: Option<&'a str>,
}

/// Why one letter is no change; the letters after it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ModeError {
    /// `472 ERR_UNKNOWNMODE`, or `501 ERR_UMODEUNKNOWNFLAG` for a user.
    #[error("unknown mode {0}")]
    Unknown(char),
    /// `696 ERR_INVALIDMODEPARAM`; said of `+` without the parameter it needs.
    #[error("mode {0} needs a parameter")]
    MissingParam(char),
}

impl ModeTable {
    /// The kind of a letter, if it is a mode here.
    pub fn kind(&self, letter: char) -> Option<ModeKind> {
        let kinds = [
            (self.list, ModeKind::List),
            (self.param_always, ModeKind::ParamAlways),
            (self.param_on_set, ModeKind::ParamOnSet),
            (self.flag, ModeKind::Flag),
            (self.prefix, ModeKind::Prefix),
        ];
        kinds.into_iter().find(|(letters, _)| letters.contains(letter)).map(|(_, kind)| kind)
    }

    /// Reads `params` as they stand after the target of MODE: the letters, then their parameters.
    ///
    /// Left out without a word: what needs a parameter after `with_param_max` that had one (`MODES`
    /// of ISUPPORT), and a second question for the same list.
    pub fn parse<'p, 'a>(
        self,
        params: &'p [&'a str],
        with_param_max: usize,
    ) -> ModeChanges<'p, 'a> {
        let (letters, params) = match params.split_first() {
            Some((letters, params)) => (letters.chars(), params),
            None => ("".chars(), params),
        };
        let asked = [None; LISTS_MAX];
        ModeChanges {
            table: self,
            add: true,
            letters,
            params,
            with_param_left: with_param_max,
            asked,
        }
    }
}

const LISTS_MAX: usize = 8; // More kinds of lists than anybody has.

/// The changes of one MODE, in order. See [`ModeTable::parse`].
#[derive(Debug, Clone)]
pub struct ModeChanges<'p, 'a> {
    table: ModeTable,
    add: bool,
    letters: std::str::Chars<'a>,
    params: &'p [&'a str],
    with_param_left: usize,
    asked: [Option<char>; LISTS_MAX],
}

impl<'a> Iterator for ModeChanges<'_, 'a> {
    type Item = Result<ModeChange<'a>, ModeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let letter = self.letters.next()?;
            match letter {
                '+' => self.add = true,
                '-' => self.add = false,
                _ => {
                    if let Some(change) = self.change(letter) {
                        return Some(change);
                    }
                }
            }
        }
    }
}

impl<'a> ModeChanges<'_, 'a> {
    /// `None`: the letter is passed over.
    fn change(&mut self, letter: char) -> Option<Result<ModeChange<'a>, ModeError>> {
        let Some(kind) = self.table.kind(letter) else {
            return Some(Err(ModeError::Unknown(letter)));
        };
        let bare = ModeChange { add: self.add, letter, param: None };
        let takes_param = match kind {
            ModeKind::Flag => false,
            ModeKind::ParamOnSet => self.add,
            ModeKind::List | ModeKind::ParamAlways | ModeKind::Prefix => true,
        };
        if !takes_param {
            return Some(Ok(bare));
        }
        let Some((param, rest)) = self.params.split_first() else {
            return match kind {
                ModeKind::List => self.is_first_question(letter).then_some(Ok(bare)),
                ModeKind::ParamAlways if !self.add => Some(Ok(bare)),
                _ => Some(Err(ModeError::MissingParam(letter))),
            };
        };
        self.params = rest; // Even past the limit, so that later letters get their own.
        self.with_param_left = self.with_param_left.checked_sub(1)?;
        if param.is_empty() {
            return Some(Err(ModeError::MissingParam(letter)));
        }
        Some(Ok(ModeChange { param: Some(param), ..bare }))
    }

    /// A line full of `b` must not be answered with the list five hundred times.
    fn is_first_question(&mut self, letter: char) -> bool {
        if self.asked.contains(&Some(letter)) {
            return false;
        }
        match self.asked.iter_mut().find(|it| it.is_none()) {
            Some(free) => {
                *free = Some(letter);
                true
            }
            None => false,
        }
    }
}

/// The letters and parameters of one MODE line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModeLine<'a> {
    /// `+o-v`, each sign written where it changes.
    pub letters: String,
    /// One for every letter that has one.
    pub params: Vec<&'a str>,
}

impl ModeLine<'_> {
    /// Bytes of letters and parameters with the spaces between them.
    pub fn bytes(&self) -> usize {
        self.letters.len() + self.params.iter().map(|it| 1 + it.len()).sum::<usize>()
    }
}

/// Gathers changes into as few lines as hold them, each with at most `bytes_max` bytes of letters
/// and parameters and `with_param_max` parameters. A change too long for any line has its own.
pub fn lines<'a>(
    changes: impl IntoIterator<Item = ModeChange<'a>>,
    bytes_max: usize,
    with_param_max: usize,
) -> Vec<ModeLine<'a>> {
    let bytes_max = bytes_max.min(BODY_BYTES_MAX);
    let mut lines: Vec<ModeLine<'a>> = Vec::new();
    let mut sign = None;
    for change in changes {
        let bytes =
            "+".len() + change.letter.len_utf8() + change.param.map_or(0, |it| 1 + it.len());
        let fits = lines.last().is_some_and(|line| {
            line.bytes() + bytes <= bytes_max
                && line.params.len() + usize::from(change.param.is_some()) <= with_param_max
        });
        if !fits {
            lines.push(ModeLine::default());
            sign = None;
        }
        let line = lines.last_mut().expect("one was pushed if there was none");
        if sign != Some(change.add) {
            line.letters.push(if change.add { '+' } else { '-' });
            sign = Some(change.add);
        }
        line.letters.push(change.letter);
        line.params.extend(change.param);
    }
    lines
}

#[cfg(test)]
mod tests;
