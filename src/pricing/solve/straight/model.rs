//! A problem in sums and bits.

use std::ops::Range;

use smallvec::SmallVec;

use crate::pricing::problem::Problem;

/// Offers, or tiers of offers, by place.
pub(super) type Bits = u128;
/// So many there may be.
pub(super) const BITS_MAX: usize = 128;
/// The most units.
pub(super) const UNITS_MAX: u32 = 10_000;
/// Goods for more than this in minor units are left to wider numbers: times units, rows and multipliers it stays far below `i64::MAX`.
pub(super) const TOTAL_MAX: i64 = 1 << 32;
/// The most levels: each is gone through by itself.
pub(super) const LEVELS_MAX: usize = 4;
/// The most picks of one line.
pub(super) const PICKS_MAX: usize = 96;
/// The most roles of all sets.
pub(super) const ROLES_MAX: usize = 24;

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
#[derive(Debug, Clone, Copy)]
pub(super) struct Pick {
    /// What is taken off one unit by itself, in minor units.
    pub value: i64,
    /// The same by the levels before the last, each with those above it.
    pub high: [i64; LEVELS_MAX - 1],
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
    /// Its roles in sets, as bits.
    pub seats: Bits,
    /// What of its value falls under a maximum, by place among the maxima.
    pub capped: Option<(usize, i64)>,
}

/// A line, the dearest first.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Its place in the problem.
    pub place: usize,
    pub quantity: u32,
    pub list: i64,
    /// Its picks, the best first.
    pub picks: Range<usize>,
}

/// Units of a line with a pick.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chosen {
    /// The place of the line in the table.
    pub line: usize,
    pub pick: usize,
    pub count: u32,
}

/// A sum that decides something.
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
pub(super) struct Switch {
    /// Its settings; those that take most first, off last, or first where amounts are worth nothing.
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

/// The sets of an offer that are made up one way.
#[derive(Debug, Clone)]
pub(super) struct Kit {
    pub offer: usize,
    pub level: usize,
    /// The place of its first role in the offer.
    pub first_role: usize,
    /// Its roles among all.
    pub roles: Range<usize>,
    /// Whether no benefited unit of a set may be dearer than one that is not.
    pub is_ordered: bool,
    /// Whether the benefit must go to the cheapest of all that count; then each set is of one unit.
    pub retailer_assigns: bool,
    /// The offers that go with it on a unit.
    pub compatible: Bits,
    pub sets_max: i64,
    /// The most sets of the offer, whatever they are made up of.
    pub all_sets_max: i64,
    /// Whether its units would make up more sets than there may be.
    pub is_scarce: bool,
    /// What a set gets beside what its units lose.
    pub gain: i64,
}

/// A role in sets.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub quantity: i64,
    pub is_benefited: bool,
}

/// The whole.
#[derive(Clone)]
pub(super) struct Table<'p> {
    pub problem: &'p Problem,
    /// The level whose discount is wanted, with those above it.
    pub level: usize,
    /// What the levels above come to, each with those above it.
    pub goals: SmallVec<[i64; 1]>,
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

    /// Whether two switches are about amounts that are never on together: what one takes, the other may not.
    pub(super) fn are_apart(&self, one: usize, other: usize) -> bool {
        let switches = self.switches.get(one).zip(self.switches.get(other));
        switches.is_some_and(|(one, other)| {
            one.on & other.on == 0
                && [one, other].iter().all(|switch| switch.on.count_ones() == 1)
                && self.baskets.iter().any(|&(place, rivals)| one.on == bit(place) && rivals & other.on != 0)
                && [one, other].iter().any(|switch| !self.can_be_on(switch, one.on | other.on))
        })
    }

    /// Whether a switch can be on together with others.
    fn can_be_on(&self, switch: &Switch, on: Bits) -> bool {
        let may = |at: &usize| self.picks.get(*at).is_some_and(|pick| self.may_share(pick, on));
        let most = |adds: &dyn Fn(usize) -> i64| -> i64 {
            let line = |line: &Line| {
                line.picks.clone().filter(may).map(adds).max().unwrap_or_default() * i64::from(line.quantity)
            };
            self.lines.iter().map(line).sum()
        };
        let takes =
            |at: usize| i64::from(self.picks.get(at).is_some_and(|pick| pick.takers & switch.on != 0));
        // All that a switch waits for is on one gauge.
        let needs =
            self.settings(switch).iter().filter(|setting| setting.on != 0).map(|setting| setting.need);
        match needs.min().flatten() {
            Some((gauge, sum)) => most(&|at| self.sum(at, gauge, on)) >= sum,
            None => most(&takes) > 0,
        }
    }

    /// The most that a gauge can show.
    pub(super) fn most(&self, gauge: usize) -> i64 {
        let gauges = self.gauges.len();
        let most = self.lines.iter().map(|line| {
            let adds = line.picks.clone().filter_map(|pick| self.sums.get(pick * gauges + gauge));
            adds.max().copied().unwrap_or_default() * i64::from(line.quantity)
        });
        most.sum()
    }

    /// The promotions that a setting uses by itself.
    pub(super) fn used_by(&self, setting: &Setting) -> Bits {
        let delivery = setting.delivery.map(|place| bit(self.problem.offers.len() + place));
        setting.on | delivery.filter(|_| setting.amount > 0).unwrap_or_default()
    }

    pub(super) fn settings(&self, switch: &Switch) -> &[Setting] {
        self.settings.get(switch.settings.clone()).unwrap_or_default()
    }
}
