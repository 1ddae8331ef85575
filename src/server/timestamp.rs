//! A moment on the wire, in proto3 JSON as the format asks for it: RFC 3339 and always `Z`. That of `pbjson-types` writes `+00:00`.
//!
//! Source: <https://protobuf.dev/programming-guides/json/>, "Timestamp".

use jiff::fmt::temporal::DateTimePrinter;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `google.protobuf.Timestamp`: seconds since 1970-01-01T00:00:00Z, and nanoseconds within that second.
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Timestamp {
    /// Seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds, 0 to 999,999,999 also before the epoch.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Timestamp {
    /// Digits behind the second: the format knows none, 3, 6 or 9.
    const fn digits(self) -> u8 {
        match self.nanos {
            0 => 0,
            nanos if nanos % 1_000_000 == 0 => 3,
            nanos if nanos % 1_000 == 0 => 6,
            _ => 9,
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let moment = jiff::Timestamp::new(self.seconds, self.nanos).map_err(S::Error::custom)?;
        let printer = DateTimePrinter::new().precision(Some(self.digits()));
        serializer.serialize_str(&printer.timestamp_to_string(&moment))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment: jiff::Timestamp = text.parse().map_err(D::Error::custom)?;
        // Nanoseconds count forward from the second before the moment, also before the epoch.
        let before = i64::from(moment.subsec_nanosecond() < 0);
        let nanos = moment.subsec_nanosecond().rem_euclid(1_000_000_000);
        Ok(Timestamp { seconds: moment.as_second().saturating_sub(before), nanos })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_utc_with_a_z_and_reads_any_offset() {
        for (seconds, nanos, json) in [
            (0, 0, "\"1970-01-01T00:00:00Z\""),
            (1_795_773_600, 0, "\"2026-11-27T10:00:00Z\""),
            (1_795_773_600, 120_000_000, "\"2026-11-27T10:00:00.120Z\""),
            (1_795_773_600, 5_000, "\"2026-11-27T10:00:00.000005Z\""),
            (-1, 1, "\"1969-12-31T23:59:59.000000001Z\""),
        ] {
            let time = Timestamp { seconds, nanos };
            assert_eq!(serde_json::to_string(&time).unwrap(), json);
            assert_eq!(serde_json::from_str::<Timestamp>(json).unwrap(), time);
        }
        let elsewhere: Timestamp = serde_json::from_str("\"2026-11-27T12:00:00+02:00\"").unwrap();
        assert_eq!(elsewhere, Timestamp { seconds: 1_795_773_600, nanos: 0 });
        assert!(serde_json::to_string(&Timestamp { seconds: i64::MAX, nanos: 0 }).is_err());
    }
}
