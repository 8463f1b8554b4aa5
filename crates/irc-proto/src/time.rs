//! Moments as text: `YYYY-MM-DDThh:mm:ss.sssZ`, UTC, of
//! [server-time](https://ircv3.net/specs/extensions/server-time) and CHATHISTORY.
//!
//! Written by hand because every delivered message carries one. Dates are counted as by Howard
//! Hinnant ("chrono-compatible low-level date algorithms"): years begin in March, so that the leap
//! day comes last, and 400 of them make an era.

const DAY_MS: u64 = 86_400_000;
const ERA_DAYS: u64 = 146_097;
const ERA_DAYS_BEFORE_1970: u64 = 719_468; // From 0000-03-01.

/// The last moment four digits can name: 9999-12-31T23:59:59.999Z.
pub const UNIX_MS_MAX: u64 = 253_402_300_799_999;

/// Bytes of a moment as text.
pub const TEXT_BYTES: usize = 24;

/// Appends a moment. Later ones than [`UNIX_MS_MAX`] are written as that.
pub fn write(unix_ms: u64, out: &mut Vec<u8>) {
    let unix_ms = unix_ms.min(UNIX_MS_MAX);
    let (year, month, day) = date_of(unix_ms / DAY_MS);
    let ms = unix_ms % DAY_MS;

    let mut text = *b"0000-00-00T00:00:00.000Z";
    put_digits(&mut text[0..4], year);
    put_digits(&mut text[5..7], month);
    put_digits(&mut text[8..10], day);
    put_digits(&mut text[11..13], ms / 3_600_000);
    put_digits(&mut text[14..16], ms / 60_000 % 60);
    put_digits(&mut text[17..19], ms / 1000 % 60);
    put_digits(&mut text[20..23], ms % 1000);
    out.extend_from_slice(&text);
}

/// Reads a moment back. The fraction may be left out or have one to nine digits, of which three
/// count; 60 is a second too (a leap second is the next one). Nothing before 1970 is a moment.
pub fn parse(text: &str) -> Option<u64> {
    let (whole, rest) = text.as_bytes().split_at_checked(19)?;
    let number = |from: usize, to: usize| digits(&whole[from..to]);
    let separators = [whole[4], whole[7], whole[10], whole[13], whole[16]];
    if separators != *b"--T::" {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let is_in_range = year >= 1970 && (1..=12).contains(&month) && day >= 1;
    if !is_in_range || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_of(year, month, day);
    if date_of(days) != (year, month, day) {
        return None; // 30 February and its like.
    }
    Some(days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + fraction_ms(rest)?)
}

fn fraction_ms(rest: &[u8]) -> Option<u64> {
    let rest = rest.strip_suffix(b"Z")?;
    if rest.is_empty() {
        return Some(0);
    }
    let fraction = rest.strip_prefix(b".").filter(|it| (1..=9).contains(&it.len()))?;
    digits(fraction)?;
    let mut milliseconds = *b"000";
    let count = fraction.len().min(3);
    milliseconds[..count].copy_from_slice(&fraction[..count]);
    digits(&milliseconds)
}

fn put_digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    let add = |sum: u64, it: &u8| it.is_ascii_digit().then(|| sum * 10 + u64::from(it - b'0'));
    text.iter().try_fold(0, add)
}

fn date_of(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + ERA_DAYS_BEFORE_1970;
    let (era, day_of_era) = (days / ERA_DAYS, days % ERA_DAYS);
    let leap_days = day_of_era / 1_460 + day_of_era / 146_096;
    let year_of_era = (day_of_era + day_of_era / 36_524 - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

fn days_of(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - ERA_DAYS_BEFORE_1970
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(unix_ms: u64) -> String {
        let mut out = Vec::new();
        write(unix_ms, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_moments() {
        let known = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_318_968_938_040, "2011-10-18T20:15:38.040Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (UNIX_MS_MAX, "9999-12-31T23:59:59.999Z"),
        ];
        for (unix_ms, expected) in known {
            assert_eq!(text(unix_ms), expected);
            assert_eq!(parse(expected), Some(unix_ms));
        }
        assert_eq!(text(u64::MAX), text(UNIX_MS_MAX));
    }

    #[test]
    fn the_fraction_may_have_any_length() {
        assert_eq!(parse("1970-01-01T00:00:01Z"), Some(1000));
        assert_eq!(parse("1970-01-01T00:00:01.5Z"), Some(1500));
        assert_eq!(parse("1970-01-01T00:00:01.123456789Z"), Some(1123));
        assert_eq!(parse("1970-01-01T00:00:60Z"), Some(60_000));
    }

    #[test]
    fn what_is_no_moment() {
        let others = [
            "",
            "1970",
            "2011-10-18 20:15:38.040Z",
            "2011-10-18T20:15:38.040",
            "2011-10-18T20:15:38.Z",
            "2011-10-18T20:15:38.1234567890Z",
            "2011-02-29T00:00:00.000Z",
            "2011-13-01T00:00:00.000Z",
            "2011-00-01T00:00:00.000Z",
            "2011-01-00T00:00:00.000Z",
            "2011-01-01T24:00:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "+011-01-01T00:00:00.000Z",
            "2011-01-01T00:00:00.00é",
        ];
        for other in others {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_moment_survives_the_wire(unix_ms in 0..=UNIX_MS_MAX) {
            prop_assert_eq!(text(unix_ms).len(), TEXT_BYTES);
            prop_assert_eq!(parse(&text(unix_ms)), Some(unix_ms));
        }

        #[test]
        fn later_moments_sort_later(a in 0..=UNIX_MS_MAX, b in 0..=UNIX_MS_MAX) {
            prop_assert_eq!(a.cmp(&b), text(a).cmp(&text(b)));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[0-9TZ:.é-]{0,30}") {
            let _ = parse(&text);
        }
    }
}
