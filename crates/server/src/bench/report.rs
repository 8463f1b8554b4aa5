//! What a run has found, for people or for programs.

use std::io::{self, Write, stdout};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::machine::{Span, Usage};

/// Fields in the order in which they are worth reading.
#[derive(Default, Debug)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    pub(super) fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, value.into()));
    }

    /// A number with as many digits as mean something; nothing where it could not be measured.
    pub(super) fn put_number(
        &mut self,
        name: &'static str,
        value: impl Into<Option<f64>>,
        digits: i32,
    ) {
        let scale = 10f64.powi(digits);
        let rounded = value.into().map(|it| (it * scale).round() / scale);
        self.put(
            name,
            if digits == 0 { json!(rounded.map(|it| it as i64)) } else { json!(rounded) },
        );
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find_map(|(key, value)| (*key == name).then_some(value))
    }

    pub(super) fn append(&mut self, mut more: Fields) {
        self.0.append(&mut more.0);
    }

    pub(super) fn put_span(&mut self, span: &Span, has_pids: bool) {
        self.put_number("measured_s", span.seconds, 3);
        if has_pids {
            self.put_number("server_cpu_s", span.server_cpu_s(), 2);
            self.put_number("server_user_s", span.server_user_s, 2);
            self.put_number("server_system_s", span.server_system_s, 2);
            self.put_number("server_cores", span.server_cpu_s() / span.seconds, 3);
        }
        self.put_number("bench_cores", span.own_cpu_s / span.seconds, 3);
        if has_pids {
            self.put_number("other_cores", span.other_cpu_s() / span.seconds, 2);
        }
    }

    pub(super) fn put_memory(&mut self, usage: &Usage) {
        self.put_number("server_rss_mib", usage.rss_bytes as f64 / 1048576.0, 1);
        self.put_number("server_rss_peak_mib", usage.rss_peak_bytes as f64 / 1048576.0, 1);
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.fields.0 {
            map.serialize_entry(name, value)?;
        }
        if !self.levels.is_empty() {
            map.serialize_entry("levels", &self.levels)?;
        }
        map.end()
    }
}

/// The whole answer of a scenario.
#[derive(Default, Debug)]
pub(super) struct Report {
    pub(super) fields: Fields,
    /// One row per level, for a scenario that has several.
    pub(super) levels: Vec<Fields>,
    /// Deliveries that must not happen or must not be missing. None, or the run has failed.
    pub(super) faults: u64,
}

impl Report {
    pub(super) fn print(&self, as_json: bool) -> io::Result<()> {
        let mut out = stdout().lock();
        if as_json {
            return writeln!(out, "{}", self.json());
        }
        write!(out, "{}", self.text())
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("names are strings and values are JSON")
    }

    fn text(&self) -> String {
        let width = self.fields.0.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, value) in &self.fields.0 {
            text += &format!("{name:width$}  {}\n", shown(value));
        }
        let Some(first) = self.levels.first() else {
            return text;
        };
        text.push('\n');
        let header: Vec<String> = first.0.iter().map(|(name, _)| (*name).to_string()).collect();
        let rows =
            self.levels.iter().map(|level| level.0.iter().map(|(_, value)| shown(value)).collect());
        let table: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
        for row in &table {
            for (column, cell) in row.iter().enumerate() {
                let width = table
                    .iter()
                    .filter_map(|it| it.get(column))
                    .map(String::len)
                    .max()
                    .unwrap_or(0);
                text += &format!("{cell:>width$}  ");
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }
}

/// A value as people read it: thousands apart, a dash where nothing was measured.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_string(),
        Value::String(text) => text.clone(),
        Value::Number(number) => grouped(&number.to_string()),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn grouped(number: &str) -> String {
    let (whole, fraction) =
        number.split_once('.').map_or((number, None), |(it, rest)| (it, Some(rest)));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    fraction.map_or(out.clone(), |rest| format!("{out}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (number, want) in
            [("0", "0"), ("1234", "1,234"), ("-123456", "-123,456"), ("4543720.5", "4,543,720.5")]
        {
            assert_eq!(grouped(number), want);
        }
    }

    #[test]
    fn fields_keep_their_order_in_both_forms() {
        let mut report = Report::default();
        report.fields.put("scenario", "commit");
        report.fields.put_number("msgs_per_s", 1234.56, 1);
        report.fields.put_number("deliveries_per_server_cpu_s", None, 0);
        let mut level = Fields::default();
        level.put("in_flight", 64);
        level.put_number("acks_per_s", 40_000.4, 0);
        report.levels.push(level);
        let json = r#"{"scenario":"commit","msgs_per_s":1234.6,"deliveries_per_server_cpu_s":null,"levels":[{"in_flight":64,"acks_per_s":40000}]}"#;
        assert_eq!(report.json(), json);
        let text = report.text();
        assert!(text.contains("msgs_per_s                   1,234.6\n"), "{text}");
        assert!(text.ends_with("in_flight  acks_per_s\n       64      40,000\n"), "{text}");
    }
}
