//! What holds for all rule files of a folder: `settings.yaml`.

use std::collections::BTreeMap;

use crate::money::{Amount, Currency, Rounding};
use crate::time::Zone;

/// The settings; every field has a sane default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The currency of every amount.
    pub currency: Currency,
    /// The zone in which dates, hours and weekdays are meant.
    pub time_zone: Zone,
    /// How a fraction of a minor unit is rounded.
    pub rounding: Rounding,
    /// The lowest price of a unit.
    pub min_unit_price: Amount,
    /// The channels there are, folded; empty when any is accepted.
    pub channels: Vec<String>,
    /// The stores there are, by folded id; empty when any is accepted.
    pub stores: BTreeMap<String, Store>,
    /// The segments there are, folded; empty when any is accepted.
    pub segments: Vec<String>,
    /// The files of the catalogue.
    pub catalog: Vec<String>,
}

/// Where a store is; folded words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Store {
    /// Its city.
    pub city: Option<String>,
    /// Its region.
    pub region: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            currency: Currency::UAH,
            time_zone: Zone::named("Europe/Kyiv").unwrap_or_else(Zone::utc),
            rounding: Rounding::HalfUp,
            min_unit_price: Amount::ZERO,
            channels: Vec::new(),
            stores: BTreeMap::new(),
            segments: Vec::new(),
            catalog: Vec::new(),
        }
    }
}
