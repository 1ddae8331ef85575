//! What the search sees, as types.

use std::ops::Range;

use fixedbitset::FixedBitSet;
use smallvec::{SmallVec, smallvec};

use crate::money::{Amount, Rate, Rounding};
use crate::promotion::{Base, Count, Measured, Stage};
use crate::rulebook::PromotionIndex;

/// The whole problem.
pub struct Problem {
    /// How fractions are rounded.
    pub rounding: Rounding,
    /// The lines, in basket order.
    pub lines: Vec<Line>,
    /// The price promotions, by id in byte order.
    pub offers: Vec<Offer>,
    // INVARIANT: square, one row an offer, symmetric; an offer is compatible with itself.
    pub(super) compatible: Vec<FixedBitSet>,
    /// How many levels the price promotions have; place 0 is the highest.
    pub levels: usize,
    /// The promotions on the delivery, the one that would apply first in front.
    pub deliveries: Vec<DeliveryOffer>,
    /// Those that would take nothing off; only a reason is wanted of them.
    pub idle_deliveries: Vec<DeliveryOffer>,
    /// What the delivery costs before promotions.
    pub delivery_price: Amount,
    /// The levels themselves, the highest first.
    pub hierarchy: Vec<i32>,
    /// What every assignment must reach; nothing unless a unit of the basket became a gift.
    pub duties: Vec<Duty>,
}

/// Neighboring lines of the basket that no promotion tells apart, as one: so that a line split in two is priced as before.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The place of the first of them in the basket.
    pub first: usize,
    /// Units.
    pub quantity: u32,
    /// The list price of one.
    pub list: Amount,
    /// The lowest price of one.
    pub floor: Amount,
    /// A number for its SKU.
    pub sku: usize,
}

/// One price promotion.
pub struct Offer {
    /// Its place in the rulebook.
    pub index: PromotionIndex,
    /// The place of its level.
    pub level: usize,
    /// Its stage.
    pub stage: Stage,
    /// The lines it touches.
    pub on: FixedBitSet,
    /// What it measures; nothing for a promotion without spend.
    pub spend: Option<Measure>,
    /// What it counts; nothing for a promotion without tiers by quantity.
    pub count: Option<Count>,
    /// How its sets are made up; nothing for a promotion without sets.
    pub set: Option<SetRules>,
    /// Ascending by `from`; one tier from zero without a measure; for a set one a role. Never empty.
    pub tiers: Vec<Tier>,
    /// The most it takes off the basket.
    pub max_discount: Option<Amount>,
    /// The most units that may carry it.
    pub units_max: Option<u32>,
    /// Whether using it uses up a code or a counted limit.
    pub uses_up: bool,
}

/// What a spend adds up.
pub struct Measure {
    /// Over these lines.
    pub lines: FixedBitSet,
    /// Which prices.
    pub of: Measured,
    /// Whether a basket amount is taken once for each full `from`.
    pub every: bool,
}

/// One tier.
#[derive(Debug, Clone)]
pub struct Tier {
    /// The sum in minor units, or the number of units, from which it is for.
    pub from: i64,
    /// What it gives.
    pub give: Give,
}

/// What a tier gives.
#[derive(Debug, Clone)]
pub enum Give {
    /// Something off each unit that carries it.
    Units(Cut),
    /// An amount taken once off the goods together.
    Basket(Amount),
}

/// How the sets of a promotion are made up.
#[derive(Debug)]
pub struct SetRules {
    /// What a unit can be in a set, pattern by pattern.
    pub roles: Vec<Role>,
    /// The ways to make up a set: each set follows one.
    pub patterns: Vec<Pattern>,
    /// For each slot the lines whose units fit.
    pub slots: Vec<FixedBitSet>,
    /// The most sets.
    pub sets_max: Option<u32>,
    /// What the whole set gets, shared by its units.
    pub shared: Option<SetShare>,
    /// Whether the units that get the benefit must be the cheapest that count.
    pub retailer_assigns: bool,
    /// The place within a stage at which the promotion takes effect.
    pub order: u8,
    /// Whether every way to make up a set is among the patterns.
    pub is_whole: bool,
    /// The slots that a role's slot stands for, with the units that each needs: those that are alike in this basket are one.
    pub alike: Vec<SmallVec<[(usize, u32); 1]>>,
}

/// One role in the sets of a promotion: a slot, and with `cheapest` whether the unit is one of those that are reduced.
#[derive(Debug)]
pub struct Role {
    /// The slot's place in the promotion: the first of those that are alike.
    pub slot: usize,
    /// The lines whose units fit.
    pub lines: FixedBitSet,
    /// Units of one set.
    pub quantity: u32,
    /// Whether the unit gets the benefit, or a part of it.
    pub is_benefited: bool,
}

/// One way to make up a set.
#[derive(Debug)]
pub struct Pattern {
    /// Its roles.
    pub roles: Range<usize>,
    /// Whether no benefited unit of a set may be dearer, by list price, than one that is not.
    pub is_ordered: bool,
}

/// What a whole set gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetShare {
    /// So much off.
    Amount(Amount),
    /// The set costs this.
    Price(Amount),
}

/// What is taken off one unit.
#[derive(Debug, Clone)]
pub enum Cut {
    /// Nothing by itself: the unit only belongs to a set, or has a share in what the set gets.
    Nothing,
    /// The new price.
    Price(Amount),
    /// The new price by line.
    PriceByLine(Vec<Option<Amount>>),
    /// A percentage.
    Percent(Rate, Base),
    /// An amount.
    Amount(Amount),
}

/// One promotion on the delivery.
pub struct DeliveryOffer {
    /// Its place in the rulebook.
    pub index: PromotionIndex,
    /// What it takes off.
    pub takes: Amount,
    /// The sum that its goods must reach.
    pub from: Amount,
    /// Which prices are added up.
    pub of: Measured,
    /// Over these lines.
    pub lines: FixedBitSet,
    /// The offers that a counting unit must not carry.
    pub refuses: FixedBitSet,
    /// Whether using it uses up a code or a counted limit.
    pub uses_up: bool,
}

/// What an assignment must reach, or it is not legal: what a gift asks for that a unit of the basket has become. Like what a
/// delivery promotion asks for, but not by choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Over these lines.
    pub lines: FixedBitSet,
    /// So many units of them must count.
    pub pieces: u32,
    /// Which prices are added up; `Current` are the final ones.
    pub of: Measured,
    /// The sum that the counting units must reach.
    pub from: Amount,
    /// The offers that a counting unit must not carry.
    pub refuses: FixedBitSet,
}

impl Problem {
    /// Whether two offers may meet on one unit.
    #[must_use]
    pub fn is_compatible(&self, one: usize, other: usize) -> bool {
        one == other || self.compatible.get(one).is_some_and(|row| row.contains(other))
    }

    /// The offers that may meet one on a unit, as bits; only the first 128 places.
    #[must_use]
    pub fn compatible_with(&self, offer: usize) -> u128 {
        let row = self.compatible.get(offer).map_or(&[][..], FixedBitSet::as_slice);
        let words = (0_u32..2).zip(row);
        words.fold(0, |bits, (place, &word)| {
            bits | u128::try_from(word).unwrap_or_default() << (usize::BITS * place)
        })
    }

    /// Whether an offer may meet all of `carried` on one unit.
    #[must_use]
    pub fn goes_with(&self, offer: usize, carried: &[usize]) -> bool {
        carried.iter().all(|&other| self.is_compatible(offer, other))
    }

    /// Whether any of the offers that `is_used` picks takes effect on goods after a basket amount: then it matters how that is spread.
    /// In one stage other amounts come before and after it, by id.
    #[must_use]
    pub fn is_followed(&self, basket: usize, is_used: impl Fn(usize) -> bool) -> bool {
        let turn = |place: usize, offer: &Offer, order: u8| (offer.level, offer.stage, order, place);
        let orders = |offer: &Offer| -> SmallVec<[u8; 4]> {
            match &offer.set {
                Some(rules) => smallvec![rules.order],
                None => offer.tiers.iter().map(|tier| tier.give.order()).collect(),
            }
        };
        let amount = Give::Basket(Amount::ZERO).order();
        self.offers.get(basket).is_none_or(|own| {
            let own = turn(basket, own, amount);
            let mut others = self.offers.iter().enumerate().filter(|(place, _)| is_used(*place));
            others.any(|(place, offer)| orders(offer).iter().any(|&order| own < turn(place, offer, order)))
        })
    }

    /// Whether a final sum measures some of the goods that a basket amount is taken off, and not the others: then it matters how that is
    /// spread.
    #[must_use]
    pub fn is_measured_apart(&self, basket: usize) -> bool {
        let on = self.offers.get(basket).map(|offer| &offer.on);
        self.final_sums().any(|(lines, refuses)| {
            !refuses.is_clear() || on.is_none_or(|on| !on.is_subset(lines) && !on.is_disjoint(lines))
        })
    }

    /// Whether what goods cost in the end is measured at all.
    #[must_use]
    pub fn measures_in_the_end(&self) -> bool {
        self.final_sums().next().is_some()
    }

    /// The lines of what is measured in the end at the prices of then, and the offers that a counting unit must not carry.
    fn final_sums(&self) -> impl Iterator<Item = (&FixedBitSet, &FixedBitSet)> {
        let deliveries = self.deliveries.iter().map(|one| (&one.lines, &one.refuses, one.of, one.from));
        let duties = self.duties.iter().map(|one| (&one.lines, &one.refuses, one.of, one.from));
        let sums = deliveries.chain(duties);
        let sums = sums.filter(|(.., of, from)| *of == Measured::Current && !from.is_zero());
        sums.map(|(lines, refuses, ..)| (lines, refuses))
    }

    /// What the goods cost before promotions.
    #[must_use]
    pub fn list_total(&self) -> Amount {
        self.lines.iter().map(|line| line.list.times(line.quantity)).sum()
    }
}

impl Duty {
    /// Whether a unit that carries these offers counts towards it.
    #[must_use]
    pub fn counts(&self, carried: &[usize]) -> bool {
        carried.iter().all(|&offer| !self.refuses.contains(offer))
    }
}

impl DeliveryOffer {
    /// Whether a unit that carries these offers counts towards it.
    #[must_use]
    pub fn counts(&self, carried: &[usize]) -> bool {
        carried.iter().all(|&offer| !self.refuses.contains(offer))
    }
}

impl Cut {
    /// What it takes off a unit of `line` that stands at `price`, down to the unit's floor.
    #[must_use]
    pub fn take(&self, place: usize, line: &Line, price: Amount, rounding: Rounding) -> Amount {
        self.wanted(place, line, price, rounding).min(price.above(line.floor))
    }

    /// What it would take off such a unit if there were no floor; an amount may be more than the unit costs.
    #[must_use]
    pub fn wanted(&self, place: usize, line: &Line, price: Amount, rounding: Rounding) -> Amount {
        match self {
            Cut::Nothing => Amount::ZERO,
            Cut::Price(new) => price.above(*new),
            Cut::PriceByLine(prices) => {
                prices.get(place).copied().flatten().map_or(Amount::ZERO, |new| price.above(new))
            }
            Cut::Percent(rate, Base::Current) => rate.of(price, rounding),
            Cut::Percent(rate, Base::List) => rate.of(line.list, rounding),
            Cut::Amount(amount) => *amount,
        }
    }
}

impl SetShare {
    /// What it takes off a set that costs `sum`, if there were no floors.
    #[must_use]
    pub fn of(&self, sum: Amount) -> Amount {
        match *self {
            SetShare::Amount(amount) => amount.min(sum),
            SetShare::Price(price) => sum.above(price),
        }
    }
}

impl Offer {
    /// The place at which it takes effect among the offers of its stage that stand beside it.
    #[must_use]
    pub fn order(&self) -> u8 {
        let by_tiers = || self.tiers.iter().map(|tier| tier.give.order()).min().unwrap_or_default();
        self.set.as_ref().map_or_else(by_tiers, |rules| rules.order)
    }
}

impl Give {
    /// The places within a stage, in order.
    pub const ORDERS: std::ops::RangeInclusive<u8> = 0..=2;

    /// The place within a stage: fixed prices, percentages, amounts.
    #[must_use]
    pub fn order(&self) -> u8 {
        match self {
            Give::Units(Cut::Price(_) | Cut::PriceByLine(_)) => 0,
            Give::Units(Cut::Percent(..)) => 1,
            Give::Units(Cut::Amount(_) | Cut::Nothing) | Give::Basket(_) => 2,
        }
    }
}
