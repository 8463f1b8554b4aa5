//! Reads one section, key by key, into types.
//!
//! A key is known because somebody asked for it: when a section is closed, what nobody asked for is
//! unknown. So there is no second list of keys that could disagree with the first.

use super::duration;
use super::tree::{PREFIX, Place, Problem, Raw, Table, Value};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How unlike a key may be and still be taken for a misspelling (Jaro-Winkler; 1 is equal).
const LIKENESS_MIN: f64 = 0.8;

/// A section that is being read.
pub(crate) struct Section<'a> {
    name: String,
    number: Option<usize>,
    place: Place,
    table: Table,
    /// The keys that were asked for; `None`: not written.
    places: BTreeMap<&'static str, Option<Place>>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Section<'a> {
    /// Begins to read. `number` is that of a `[[name]]`.
    pub(crate) fn open(
        name: &str,
        number: Option<usize>,
        value: Value,
        problems: &'a mut Vec<Problem>,
    ) -> Section<'a> {
        let table = match value.raw {
            Raw::Table(table) => table,
            other => {
                let wants = match number {
                    None => format!("`{name}` is {}; write it as [{name}]", shown(&other)),
                    Some(_) => format!("`{name}` has {}; write [[{name}]]", shown(&other)),
                };
                problems.push(Problem { place: value.place.clone(), text: wants });
                Table::new()
            }
        };
        Section {
            name: name.to_owned(),
            number,
            place: value.place,
            table,
            places: BTreeMap::new(),
            problems,
        }
    }

    /// Whether the key is written, well or badly.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key) || self.places.get(key).is_some_and(Option::is_some)
    }

    /// Where the key is written, or else where its section begins.
    pub(crate) fn place(&self, key: &str) -> Place {
        let written = self.places.get(key).and_then(Option::as_ref);
        written.unwrap_or(&self.place).clone()
    }

    /// Reports something wrong with a key.
    pub(crate) fn problem(&mut self, key: &str, text: String) {
        let place = self.place(key);
        self.problems.push(Problem { place, text });
    }

    /// Text that `parse` makes into something; `accepts` completes "it takes …".
    pub(crate) fn text<T>(
        &mut self,
        key: &'static str,
        accepts: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let raw = self.take(key)?;
        let parsed = match &raw {
            Raw::Text(text) | Raw::Variable(text) => parse(text),
            _ => None,
        };
        self.or_refuse(key, &raw, accepts, parsed)
    }

    /// A whole number.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<usize> {
        self.integer(key, range).and_then(|it| usize::try_from(it).ok())
    }

    /// A whole number that may be negative.
    pub(crate) fn integer(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let raw = self.take(key)?;
        let number = match &raw {
            Raw::Integer(number) => Some(*number),
            Raw::Variable(text) => text.trim().parse().ok(),
            _ => None,
        };
        let fits = number.filter(|it| range.contains(it));
        let accepts = format!("a whole number from {} to {}", range.start(), range.end());
        self.or_refuse(key, &raw, &accepts, fits)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let raw = self.take(key)?;
        let boolean = match &raw {
            Raw::Boolean(boolean) => Some(*boolean),
            Raw::Variable(text) => text.trim().parse().ok(),
            _ => None,
        };
        self.or_refuse(key, &raw, "true or false", boolean)
    }

    /// A span of time within bounds.
    pub(crate) fn duration(
        &mut self,
        key: &'static str,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let accepts =
            format!("a duration such as \"60s\", \"5m\", \"1h\", \"30d\", {}", bounds(&range));
        self.text(key, &accepts, |text| duration::parse(text).filter(|it| range.contains(it)))
    }

    /// A span of time, or `"forever"`, which is `None`.
    pub(crate) fn duration_or_forever(
        &mut self,
        key: &'static str,
        range: RangeInclusive<Duration>,
    ) -> Option<Option<Duration>> {
        let accepts =
            format!("\"forever\" or a duration such as \"12h\", \"30d\", {}", bounds(&range));
        self.text(key, &accepts, |text| match text {
            "forever" => Some(None),
            _ => duration::parse(text).filter(|it| range.contains(it)).map(Some),
        })
    }

    /// A list of texts. In the environment: a TOML array, or separated by commas.
    pub(crate) fn list<T>(
        &mut self,
        key: &'static str,
        accepts: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let raw = self.take(key)?;
        let texts = match &raw {
            Raw::List(values) => values.iter().map(text_of).collect(),
            Raw::Variable(text) => split(text),
            _ => None,
        };
        let parsed = texts.and_then(|them| them.iter().map(|it| parse(it)).collect());
        self.or_refuse(key, &raw, accepts, parsed)
    }

    /// One of some words; `later` are right, but this version cannot do them yet.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        now: &[(&str, T)],
        later: &[&str],
    ) -> Option<T> {
        let raw = self.take(key)?;
        let word = match &raw {
            Raw::Text(word) | Raw::Variable(word) => word.as_str(),
            _ => "",
        };
        let words: Vec<String> = now.iter().map(|(it, _)| format!("{it:?}")).collect();
        if later.contains(&word) {
            let words = words.join(", ");
            let text = format!(
                "`{}.{key} = {word:?}` is not in this version yet; it has {words}",
                self.name
            );
            self.problem(key, text);
            return None;
        }
        let chosen = now.iter().find(|(it, _)| *it == word).map(|(_, it)| *it);
        self.or_refuse(key, &raw, &words.join(" or "), chosen)
    }

    /// Reports that a key is not there.
    pub(crate) fn missing(&mut self, key: &str) {
        let text = format!("[[{}]] needs `{key}`", self.name);
        self.problem(key, text);
    }

    /// Ends the reading: what nobody asked for is unknown.
    pub(crate) fn close(self) {
        let known: Vec<&str> = self.places.keys().copied().collect();
        for (key, value) in &self.table {
            let text = match (nearest(key, &known), &value.place) {
                (Some(near), Place::Variable(_)) => {
                    format!("did you mean {}?", self.variable(near))
                }
                (Some(near), _) => format!("did you mean `{}.{near}`?", self.name),
                (None, _) => format!("`{}` takes {}", self.name, known.join(", ")),
            };
            self.problems.push(Problem {
                place: value.place.clone(),
                text: format!("unknown key `{}.{key}`; {text}", self.name),
            });
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Raw> {
        let value = self.table.remove(key);
        self.places.insert(key, value.as_ref().map(|it| it.place.clone()));
        value.map(|it| it.raw)
    }

    fn or_refuse<T>(
        &mut self,
        key: &'static str,
        raw: &Raw,
        accepts: &str,
        parsed: Option<T>,
    ) -> Option<T> {
        if parsed.is_none() {
            // A secret does not belong into a message, however wrong it is.
            let given = match key {
                "password" => "not usable".to_owned(),
                _ => shown(raw),
            };
            let text = format!("`{}.{key}` is {given}; it takes {accepts}", self.name);
            self.problem(key, text);
        }
        parsed
    }

    fn variable(&self, key: &str) -> String {
        let number = self.number.map(|it| format!("{it}__")).unwrap_or_default();
        format!("{PREFIX}{}__{number}{key}", self.name).to_ascii_uppercase()
    }
}

/// The one of `known` that `written` is most likely meant to be.
pub(crate) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |it: &str| strsim::jaro_winkler(written, it);
    known
        .iter()
        .copied()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|it| likeness(it) >= LIKENESS_MIN)
}

fn bounds(range: &RangeInclusive<Duration>) -> String {
    let [low, high] = [range.start(), range.end()].map(|it| duration::format(*it));
    format!("from {low} to {high}")
}

fn text_of(value: &Value) -> Option<String> {
    match &value.raw {
        Raw::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn split(text: &str) -> Option<Vec<String>> {
    if !text.trim_start().starts_with('[') {
        let parts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        return Some(parts.map(str::to_owned).collect());
    }
    let parsed = super::tree::parse("", &format!("it = {text}")).ok()?;
    match &parsed.get("it")?.raw {
        Raw::List(values) => values.iter().map(text_of).collect(),
        _ => None,
    }
}

/// A value in a message: on one line and not too long.
fn shown(raw: &Raw) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    let full = match raw {
        Raw::Table(_) => "a table".to_owned(),
        Raw::List(them) => {
            let all: Vec<String> = them.iter().map(|it| shown(&it.raw)).collect();
            format!("[{}]", all.join(", "))
        }
        Raw::Text(text) | Raw::Variable(text) => format!("{text:?}"),
        Raw::Integer(number) => number.to_string(),
        Raw::Boolean(boolean) => boolean.to_string(),
        Raw::Other(text) => text.clone(),
    };
    if full.chars().count() <= SHOWN_CHARS_MAX {
        return full;
    }
    full.chars().take(SHOWN_CHARS_MAX).chain(['…']).collect()
}
