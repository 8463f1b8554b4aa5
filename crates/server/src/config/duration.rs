//! Spans of time as people write them: `500ms`, `60s`, `5m`, `1h`, `30d`.

use std::time::Duration;

const UNITS_MS: [(&str, u64); 6] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
];

/// A whole number and a unit. `None`: something else, or beyond what fits.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, unit_ms) = UNITS_MS.iter().find(|(name, _)| *name == unit.trim())?;
    let ms = number.parse::<u64>().ok()?.checked_mul(*unit_ms)?;
    Some(Duration::from_millis(ms))
}

/// In the largest unit that needs no fraction.
pub(crate) fn format(duration: Duration) -> String {
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if ms == 0 {
        return "0s".to_owned();
    }
    let whole = UNITS_MS.iter().rev().find(|(_, unit_ms)| ms % unit_ms == 0);
    let (unit, unit_ms) = whole.expect("every number of milliseconds is whole in milliseconds");
    format!("{}{unit}", ms / unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        let read = |text| parse(text).map(|it| it.as_millis());
        assert_eq!(read("60s"), Some(60_000));
        assert_eq!(read("5m"), Some(300_000));
        assert_eq!(read("30d"), Some(2_592_000_000));
        assert_eq!(read("250 ms"), Some(250));
        for bad in
            ["", "60", "s", "-1s", "1.5h", "1y", "99999999999999999999s", "9999999999999999d"]
        {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_duration_is_written_as_it_would_be_read() {
        for text in ["1ms", "60001ms", "1m", "36h", "30d", "1w", "0s"] {
            let duration = parse(text).expect("written in full");
            assert_eq!(parse(&format(duration)), Some(duration));
        }
        assert_eq!(format(Duration::from_secs(2_592_000)), "30d");
    }
}
