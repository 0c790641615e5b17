//! Points in time as exports write them, with every "never" and "don't know" kept apart.

use jiff::{Timestamp, civil, tz::Offset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A date in an input. An unknown is never shown as safe, so the ways of having no date stay distinct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state", content = "at")]
pub enum When {
    /// The input does not say.
    #[default]
    Unknown,
    /// At this moment.
    At(#[schemars(with = "String")] Timestamp),
    /// The input says that it never happened or never will.
    Never,
    /// Has no meaning for this subject (`N/A`).
    NotApplicable,
    /// The provider does not track it here (`not_supported`).
    Unsupported,
}

impl When {
    /// True for [`When::Unknown`].
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The moment, when there is one.
    #[must_use]
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(t) => Some(t),
            _ => None,
        }
    }

    /// Whole days from this moment to `as_of`; negative when it lies after it. `None` unless a moment is known.
    #[must_use]
    pub fn days_before(self, as_of: Timestamp) -> Option<i64> {
        self.at().map(|t| (as_of.as_second() - t.as_second()).div_euclid(86_400))
    }

    /// Reads any date form seen in exports (see [`parse_instant`]); text that is none of them is `Unknown`.
    ///
    /// `9999-12-31T23:59:59Z`, `0001-01-01…` and `infinity` are `Never`; what `N/A` or an empty text means depends on
    /// the field, so the format reader decides on those.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if text.eq_ignore_ascii_case("infinity") || text.starts_with("0001-01-01") || text.starts_with("9999-12-31") {
            return Self::Never;
        }
        parse_instant(text).map_or(Self::Unknown, Self::At)
    }
}

/// Reads one moment from the forms that cloud exports use: RFC 3339 with any number of fractional digits, a space or
/// `T`, offsets `Z`, `+00:00`, `+0000` or the invalid `-8:00`, a bare date (midnight UTC), and epoch seconds or
/// milliseconds as a number in text.
#[must_use]
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if !(9..=13).contains(&whole.len()) {
            return None;
        }
        let number: i64 = whole.parse().ok()?;
        if whole.len() >= 12 {
            return Timestamp::from_millisecond(number).ok();
        }
        let mut nanos = fraction.get(..9.min(fraction.len()))?.to_owned();
        while nanos.len() < 9 {
            nanos.push('0');
        }
        return Timestamp::new(number, nanos.parse().ok()?).ok();
    }
    let date: civil::Date = text.get(..10)?.parse().ok()?;
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let clock = rest.get(..zone_at)?.trim_end();
    let clock = match clock.split_once('.') {
        Some((head, fraction)) => format!("{head}.{}", fraction.get(..9.min(fraction.len()))?),
        None => clock.to_owned(),
    };
    let time: civil::Time = clock.parse().ok()?;
    let zone = rest.get(zone_at..)?;
    let offset_seconds: i32 = if zone.is_empty() || zone.eq_ignore_ascii_case("z") {
        0
    } else {
        let sign = if zone.starts_with('-') { -1 } else { 1 };
        let digits = zone.get(1..)?;
        let (hours, minutes) = match digits.split_once(':') {
            Some((h, m)) => (h, m),
            None if digits.len() == 4 => digits.split_at(2),
            None => (digits, "0"),
        };
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        if hours > 23 || minutes > 59 {
            return None;
        }
        sign * (hours * 3600 + minutes * 60)
    };
    Offset::from_seconds(offset_seconds).ok()?.to_timestamp(date.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_date_form_of_the_exports_is_read() {
        for (text, want) in [
            ("2018-08-12T17:20:55+00:00", "2018-08-12T17:20:55Z"),
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
            ("2019-12-18 19:10:08+00:00", "2019-12-18T19:10:08Z"),
            ("2019-10-17T15:47:00.587000-06:00", "2019-10-17T21:47:00.587Z"),
            ("1523477145.729", "2018-04-11T20:05:45.729Z"),
            ("1785771633", "2026-08-03T15:40:33Z"),
            ("1785771633789", "2026-08-03T15:40:33.789Z"),
            ("2021-03-01T00:00:00-8:00", "2021-03-01T08:00:00Z"),
            ("2022-06-13T09:27:32.2479019Z", "2022-06-13T09:27:32.2479019Z"),
            ("2021-01-31", "2021-01-31T00:00:00Z"),
            ("2024-05-01T10:00:00.000-0700", "2024-05-01T17:00:00Z"),
        ] {
            assert_eq!(parse_instant(text).map(|t| t.to_string()).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn text_that_is_no_date_is_unknown_and_never_panics() {
        for text in
            ["", "N/A", "no_information", "2024-13-01", "2024-01-01T25:00:00Z", "1", "é2024-01-01", "2024-01-0é"]
        {
            assert_eq!(When::parse(text), When::Unknown, "{text}");
        }
        assert_eq!(When::parse("9999-12-31T23:59:59Z"), When::Never);
        assert_eq!(When::parse("0001-01-01T00:00:00Z"), When::Never);
        assert_eq!(When::parse("infinity"), When::Never);
    }
}
