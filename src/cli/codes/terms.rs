//! What codes may be used for, as flags say it.

use anyhow::{Result, ensure};

use crate::cli::calendar::{edge, zone};
use crate::rulebook::text::calendar::Edge;
use crate::server::timestamp::Timestamp;
use crate::server::wire::{BirthdayWindow, CodeTerms};
use crate::time::Zone;

/// The flags.
#[derive(Debug, Clone, clap::Args)]
pub struct Flags {
    /// Baskets in which each code may be used; 0 for any number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub uses: u32,
    /// Not before: a day, or a moment such as 2027-03-01T09:00
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// No longer from then on; a day is included
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The zone in which days and moments without one are meant
    #[arg(long, value_name = "ZONE", default_value = "Europe/Kyiv")]
    pub time_zone: String,
    /// Only around the customer's birthday: from so many days before it
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=366))]
    pub birthday_before: Option<u32>,
    /// Only around the customer's birthday: until so many days after it
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=366))]
    pub birthday_after: Option<u32>,
}

impl Flags {
    /// The zone.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn zone(&self) -> Result<Zone> {
        zone(&self.time_zone)
    }

    /// What they say.
    ///
    /// # Errors
    /// A moment that is none, or an end before the start.
    pub fn terms(&self) -> Result<CodeTerms> {
        let zone = self.zone()?;
        let start_time = edge("from", self.from.as_deref(), &zone, Edge::From)?;
        let end_time = edge("until", self.until.as_deref(), &zone, Edge::Until)?;
        ensure!(!is_empty(start_time, end_time), "--until is not after --from");
        let birthday =
            (self.birthday_before.is_some() || self.birthday_after.is_some()).then(|| BirthdayWindow {
                days_before: self.birthday_before.unwrap_or_default(),
                days_after: self.birthday_after.unwrap_or_default(),
            });
        Ok(CodeTerms { uses_max: Some(self.uses), start_time, end_time, birthday, ..CodeTerms::default() })
    }
}

/// Whether a window holds nothing.
#[must_use]
pub fn is_empty(start: Option<Timestamp>, end: Option<Timestamp>) -> bool {
    matches!((start, end), (Some(start), Some(end)) if end.seconds <= start.seconds)
}
