//! A problem in sums and bits.

use std::ops::Range;

use smallvec::SmallVec;

use crate::pricing::problem::Problem;

/// Offers, or tiers of offers, by place.
pub(super) type Bits = u128;
/// So many there may be.
pub(super) const BITS_MAX: usize = 128;
/// The most picks of one line.
pub(super) const PICKS_MAX: usize = 96;
/// The most roles of all sets.
pub(super) const ROLES_MAX: usize = 16;

/// The bit of a place; nothing for a place beyond.
pub(super) fn bit(place: usize) -> Bits {
    u32::try_from(place).ok().and_then(|place| 1_u128.checked_shl(place)).unwrap_or_default()
}

/// The places of bits, ascending.
pub(super) fn places(mut bits: Bits) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (bits != 0).then(|| bits.trailing_zeros())?;
        bits &= bits - 1;
        usize::try_from(place).ok()
    })
}

/// What a unit of a line may carry.
#[derive(Debug, Clone)]
pub(super) struct Pick {
    /// What is taken off one unit by itself, in minor units.
    pub value: i64,
    /// Offers.
    pub carried: Bits,
    /// Those of them that take something off.
    pub used: Bits,
    /// Tiers that it is reckoned with.
    pub tiers: Bits,
    /// Basket amounts that take it when they are on.
    pub takers: Bits,
    /// What is left of one unit above its floor, at most.
    pub room: i64,
    /// Offers whose benefit the retailer assigns, for which it counts in any case without getting it.
    pub withholds: Bits,
    /// Its roles in sets.
    pub seats: SmallVec<[usize; 1]>,
    /// What of its value falls under a maximum, by place among the maxima.
    pub capped: Option<(usize, i64)>,
}

/// A line, the dearest first.
#[derive(Debug)]
pub(super) struct Line {
    /// Its place in the problem.
    pub place: usize,
    pub quantity: u32,
    pub list: i64,
    /// Its picks, the best first.
    pub picks: Range<usize>,
}

/// A sum that decides something.
#[derive(Debug)]
pub(super) struct Gauge {
    /// Basket amounts that keep the units they take from counting.
    pub hidden_by: Bits,
    /// Whether more is never worse.
    pub is_rising: bool,
    /// What is measured.
    pub of: GaugeOf,
}

/// What a gauge measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GaugeOf {
    /// The spend of an offer.
    Spend(usize),
    /// The units that carry an offer: of one SKU, or of all.
    Count(usize, Option<usize>),
    /// The spend of a promotion on the delivery.
    Delivery(usize),
}

/// One decision.
#[derive(Debug)]
pub(super) struct Switch {
    /// Its settings; those that take most first, off last.
    pub settings: Range<usize>,
    /// The tiers that it is about.
    pub tiers: Bits,
    /// The basket amounts that it is about, as bits.
    pub on: Bits,
}

/// One way to decide.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    /// The tiers that units may carry.
    pub tiers: Bits,
    /// What it takes off beside what units carry.
    pub amount: i64,
    /// The basket amount that is on, as a bit.
    pub on: Bits,
    /// The promotion on the delivery.
    pub delivery: Option<usize>,
    /// A gauge must reach a sum.
    pub need: Option<(usize, i64)>,
    /// A gauge must not pass a sum.
    pub limit: Option<(usize, i64)>,
}

impl Setting {
    pub(super) const OFF: Setting =
        Setting { tiers: 0, amount: 0, on: 0, delivery: None, need: None, limit: None };
}

/// The sets of an offer.
#[derive(Debug)]
pub(super) struct Kit {
    pub offer: usize,
    /// Its roles among all.
    pub roles: Range<usize>,
    /// Whether no benefited unit of a set may be dearer than one that is not.
    pub is_ordered: bool,
    /// Whether the benefit must go to the cheapest of all that count; then each set is of one unit.
    pub retailer_assigns: bool,
    /// The offers that go with it on a unit.
    pub compatible: Bits,
    pub sets_max: i64,
    /// What a set gets beside what its units lose.
    pub gain: i64,
}

/// A role in sets.
#[derive(Debug)]
pub(super) struct Role {
    pub quantity: i64,
    pub is_benefited: bool,
}

/// The whole.
pub(super) struct Table<'p> {
    pub problem: &'p Problem,
    pub lines: Vec<Line>,
    /// Line by line.
    pub picks: Vec<Pick>,
    /// What one unit with a pick adds to each gauge, pick by pick.
    pub sums: Vec<i64>,
    pub gauges: Vec<Gauge>,
    pub switches: Vec<Switch>,
    pub settings: Vec<Setting>,
    pub kits: Vec<Kit>,
    pub roles: Vec<Role>,
    /// Offers whose maximum may hold, with it.
    pub maxima: Vec<(usize, i64)>,
    /// Offers with a number of units that may carry them.
    pub limited: Vec<(usize, i64)>,
    /// Basket amounts, each with those that it cannot share a unit with.
    pub baskets: Vec<(usize, Bits)>,
    /// Offers that use up a code or a limit.
    pub uses_up: Bits,
}

impl Table<'_> {
    /// What one unit with a pick adds to a gauge when these basket amounts are on.
    pub(super) fn sum(&self, pick: usize, gauge: usize, on: Bits) -> i64 {
        let hidden = self.gauges.get(gauge).map_or(0, |gauge| gauge.hidden_by) & on;
        if hidden != 0 && self.picks.get(pick).is_some_and(|pick| pick.takers & hidden != 0) {
            return 0;
        }
        self.sums.get(pick * self.gauges.len() + gauge).copied().unwrap_or_default()
    }

    /// Whether a unit may have a pick when these basket amounts are on: no two take it that cannot share it.
    pub(super) fn may_share(&self, pick: &Pick, on: Bits) -> bool {
        let takers = pick.takers & on;
        takers & takers.wrapping_sub(1) == 0
            || self.baskets.iter().all(|&(place, rivals)| takers & bit(place) == 0 || takers & rivals == 0)
    }

    pub(super) fn settings(&self, switch: &Switch) -> &[Setting] {
        self.settings.get(switch.settings.clone()).unwrap_or_default()
    }
}
