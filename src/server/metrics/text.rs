//! Families of numbers as OpenMetrics writes them. Prometheus knows floating-point numbers alone: they are made here, of whole ones, and nothing
//! is ever worked out with them.
#![expect(
    clippy::disallowed_types,
    reason = "the format of Prometheus has no other numbers; no money is among them"
)]

use std::fmt::Error;
use std::time::Duration;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::server::meters::{Counted, Histogram};

/// A number and its unit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    /// How many, or 0 and 1 for no and yes.
    Whole(u64),
    /// Bytes.
    Bytes(u64),
    /// Seconds.
    Time(Duration),
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Value::Whole(u64::try_from(count).unwrap_or(u64::MAX))
    }
}

impl From<bool> for Value {
    fn from(is_so: bool) -> Self {
        Value::Whole(u64::from(is_so))
    }
}

/// A moment in seconds of Unix time.
pub(super) fn moment(unix: i64) -> Value {
    Value::Time(Duration::from_secs(u64::try_from(unix).unwrap_or_default()))
}

/// What the numbers of a family are.
#[derive(Debug, Clone, Copy)]
enum Unity {
    None,
    Bytes,
    Seconds,
}

impl Unity {
    fn unit(self) -> Option<&'static Unit> {
        match self {
            Unity::None => None,
            Unity::Bytes => Some(&Unit::Bytes),
            Unity::Seconds => Some(&Unit::Seconds),
        }
    }
}

/// The labels of a number: names and what they are here.
pub(super) type Labels<'a> = Vec<(&'static str, &'a str)>;

/// A page that grows family by family.
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) DescriptorEncoder<'a>);

impl Text<'_> {
    /// A number that goes up and down.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Into<Value>) -> Result<(), Error> {
        self.gauges(name, help, [(Vec::new(), value.into())])
    }

    /// The same for each of some labels, all of one unit.
    pub(super) fn gauges<'l>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l>, Value)>,
    ) -> Result<(), Error> {
        self.family(name, help, MetricType::Gauge, values)
    }

    /// A number that only grows, from 0 at the start.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: impl Into<Value>) -> Result<(), Error> {
        self.counters(name, help, [(Vec::new(), value.into())])
    }

    /// The same for each of some labels, all of one unit.
    pub(super) fn counters<'l>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l>, Value)>,
    ) -> Result<(), Error> {
        self.family(name, help, MetricType::Counter, values)
    }

    fn family<'l>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        values: impl IntoIterator<Item = (Labels<'l>, Value)>,
    ) -> Result<(), Error> {
        let values: Vec<(Labels<'l>, Value)> = values.into_iter().collect();
        let unity = match values.first() {
            Some((_, Value::Bytes(_))) => Unity::Bytes,
            Some((_, Value::Time(_))) => Unity::Seconds,
            Some((_, Value::Whole(_))) | None => Unity::None,
        };
        let mut family = self.0.encode_descriptor(name, help, unity.unit(), kind)?;
        for (labels, value) in values {
            let write = if matches!(kind, MetricType::Counter) { count } else { show };
            if labels.is_empty() {
                write(&mut family, value)?;
            } else {
                write(&mut family.encode_family(&labels)?, value)?;
            }
        }
        Ok(())
    }

    /// Seconds that may not be known: the family is there all the same.
    pub(super) fn age(&mut self, name: &str, help: &str, age: Option<Duration>) -> Result<(), Error> {
        let mut family = self.0.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
        age.map_or(Ok(()), |age| show(&mut family, Value::Time(age)))
    }

    /// How often times fell where.
    pub(super) fn times<'l>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l>, &'l Histogram)>,
    ) -> Result<(), Error> {
        let mut family = self.0.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
        for (labels, times) in values {
            let counted = times.counted();
            if labels.is_empty() {
                fall(&mut family, &counted, Duration::from_nanos)?;
            } else {
                fall(&mut family.encode_family(&labels)?, &counted, Duration::from_nanos)?;
            }
        }
        Ok(())
    }

    /// How often sizes fell where.
    pub(super) fn sizes(&mut self, name: &str, help: &str, sizes: &Histogram) -> Result<(), Error> {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        // A whole number as so many seconds is itself.
        fall(&mut family, &sizes.counted(), Duration::from_secs)
    }
}

fn count(family: &mut MetricEncoder<'_>, value: Value) -> Result<(), Error> {
    match value {
        Value::Whole(whole) | Value::Bytes(whole) => {
            family.encode_counter::<NoLabelSet, _, u64>(&whole, None)
        }
        Value::Time(time) => family.encode_counter::<NoLabelSet, _, u64>(&time.as_secs_f64(), None),
    }
}

fn show(family: &mut MetricEncoder<'_>, value: Value) -> Result<(), Error> {
    match value {
        Value::Whole(whole) | Value::Bytes(whole) => family.encode_gauge(&whole),
        Value::Time(time) => family.encode_gauge(&time.as_secs_f64()),
    }
}

fn fall(
    family: &mut MetricEncoder<'_>,
    counted: &Counted,
    unit: impl Fn(u64) -> Duration,
) -> Result<(), Error> {
    let number = |whole: u64| unit(whole).as_secs_f64();
    let bucket = |(bound, count): &(Option<u64>, u64)| (bound.map_or(f64::INFINITY, number), *count);
    let buckets: Vec<(f64, u64)> = counted.counts.iter().map(bucket).collect();
    let all = counted.counts.iter().map(|(_, count)| count).sum();
    family.encode_histogram::<NoLabelSet>(number(counted.sum), all, &buckets, None)
}
