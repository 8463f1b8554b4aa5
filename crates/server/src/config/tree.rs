//! The configuration before it has types: the file's text and the environment laid over it.
//!
//! Every value remembers the place it came from, so that whatever is wrong with it later can be
//! pointed at. Nothing here knows which keys exist.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use toml_edit::{Document, Item, TableLike};

/// Sections that are written `[[name]]` and have a number in the environment.
pub(crate) const LISTS: [&str; 2] = ["listen", "operator"];

/// What every variable of ours begins with.
pub(crate) const PREFIX: &str = "STARLING_";

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the file, at a line counted from 1.
    Line(Arc<str>, usize),
    /// In the environment.
    Variable(String),
    /// Nowhere: it concerns the whole.
    Whole,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(file, line) => write!(f, "{file}:{line}: "),
            Place::Variable(name) => write!(f, "{name}: "),
            Place::Whole => Ok(()),
        }
    }
}

/// Something that stops the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where.
    pub(crate) place: Place,
    /// What is wrong and what to do.
    pub(crate) text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.place, self.text)
    }
}

/// Values by key.
pub(crate) type Table = BTreeMap<String, Value>;

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// What.
    pub(crate) raw: Raw,
    /// Where.
    pub(crate) place: Place,
}

/// What was written.
#[derive(Clone, Debug)]
pub(crate) enum Raw {
    /// `[name]` or `{ … }`
    Table(Table),
    /// `[ … ]` or `[[name]]`
    List(Vec<Value>),
    /// `"…"`
    Text(String),
    /// `1`
    Integer(i64),
    /// `true`
    Boolean(bool),
    /// A number with a point, a date: no key takes one.
    Other(String),
    /// The text of an environment variable: what it means is up to the key.
    Variable(String),
}

/// Parses the text of a file. `file` is how messages name it.
pub(crate) fn parse(file: &str, text: &str) -> Result<Table, Problem> {
    let lines = Lines { file: file.into(), text };
    match Document::parse(text) {
        Ok(document) => Ok(table(document.as_table(), &lines)),
        Err(error) => Err(Problem {
            place: lines.place(error.span()),
            text: format!("not TOML: {}", error.message().trim().replace('\n', "; ")),
        }),
    }
}

/// Turns offsets into line numbers.
struct Lines<'a> {
    file: Arc<str>,
    text: &'a str,
}

impl Lines<'_> {
    fn place(&self, span: Option<Range<usize>>) -> Place {
        let offset = span.map_or(0, |it| it.start).min(self.text.len());
        let newlines = self.text.as_bytes()[..offset].iter().filter(|b| **b == b'\n');
        Place::Line(self.file.clone(), newlines.count() + 1)
    }
}

fn table(from: &dyn TableLike, lines: &Lines<'_>) -> Table {
    let entry = |(key, item): (&str, &Item)| {
        let place = lines.place(from.key(key).and_then(|it| it.span()).or(item.span()));
        Some((key.to_owned(), Value { raw: raw(item, lines)?, place }))
    };
    from.iter().filter_map(entry).collect()
}

fn raw(item: &Item, lines: &Lines<'_>) -> Option<Raw> {
    let of_value = |value: &toml_edit::Value| -> Option<Value> {
        Some(Value {
            raw: raw(&Item::Value(value.clone()), lines)?,
            place: lines.place(value.span()),
        })
    };
    Some(match item {
        Item::None => return None,
        Item::Table(it) => Raw::Table(table(it, lines)),
        Item::ArrayOfTables(them) => {
            let one = |it: &toml_edit::Table| Value {
                raw: Raw::Table(table(it, lines)),
                place: lines.place(it.span()),
            };
            Raw::List(them.iter().map(one).collect())
        }
        Item::Value(value) => match value {
            toml_edit::Value::InlineTable(it) => Raw::Table(table(it, lines)),
            toml_edit::Value::Array(them) => Raw::List(them.iter().filter_map(of_value).collect()),
            toml_edit::Value::String(it) => Raw::Text(it.value().clone()),
            toml_edit::Value::Integer(it) => Raw::Integer(*it.value()),
            toml_edit::Value::Boolean(it) => Raw::Boolean(*it.value()),
            toml_edit::Value::Float(it) => Raw::Other(it.value().to_string()),
            toml_edit::Value::Datetime(it) => Raw::Other(it.value().to_string()),
        },
    })
}

/// Lays variables over the file: `STARLING_<SECTION>__<KEY>`, `STARLING_<SECTION>__<NUMBER>__<KEY>`.
/// Variables of other shapes (`STARLING_X`) are somebody else's.
pub(crate) fn overlay(
    tree: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
    problems: &mut Vec<Problem>,
) {
    let mut ours: Vec<Variable> = variables.into_iter().filter_map(Variable::parse).collect();
    // `LISTEN__10` comes after `LISTEN__9`: a list grows by one at a time.
    ours.sort_by_key(|it| (it.section.clone(), it.number, it.key.clone()));
    for variable in ours {
        let place = Place::Variable(variable.name.clone());
        if let Err(text) = put(tree, variable) {
            problems.push(Problem { place, text });
        }
    }
}

struct Variable {
    name: String,
    section: String,
    number: Option<usize>,
    key: String,
    text: String,
}

impl Variable {
    fn parse((name, text): (String, String)) -> Option<Variable> {
        let path = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
        let (section, rest) = path.split_once("__")?;
        let numbered = rest
            .split_once("__")
            .and_then(|(number, key)| Some((number.parse::<usize>().ok()?, key)));
        let (number, key) = match numbered {
            Some((number, key)) => (Some(number), key),
            None => (None, rest),
        };
        Some(Variable { section: section.to_owned(), number, key: key.to_owned(), text, name })
    }
}

fn put(tree: &mut Table, variable: Variable) -> Result<(), String> {
    let Variable { name, section, number, key, text } = variable;
    let upper = section.to_ascii_uppercase();
    let is_list = LISTS.contains(&section.as_str());
    if is_list != number.is_some() {
        let key = key.to_ascii_uppercase();
        return Err(match is_list {
            true => format!("`{section}` is a list; write {PREFIX}{upper}__0__{key}"),
            false => format!("`{section}` is no list; write {PREFIX}{upper}__{key}"),
        });
    }
    let place = Place::Variable(name);
    let empty = match is_list {
        true => Raw::List(Vec::new()),
        false => Raw::Table(Table::new()),
    };
    let slot = tree.entry(section.clone()).or_insert(Value { raw: empty, place: place.clone() });
    let target = match (&mut slot.raw, number) {
        (Raw::List(them), Some(number)) => {
            if them.len() < number {
                let next = them.len();
                return Err(format!(
                    "there are {next} of `{section}`; the next is {PREFIX}{upper}__{next}__…"
                ));
            }
            if them.len() == number {
                them.push(Value { raw: Raw::Table(Table::new()), place: place.clone() });
            }
            &mut them[number].raw
        }
        (raw, _) => raw,
    };
    // If the file has something else than a table here, that is reported when the section is read.
    if let Raw::Table(table) = target {
        table.insert(key, Value { raw: Raw::Variable(text), place });
    }
    Ok(())
}
