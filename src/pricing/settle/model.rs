//! Assignments and what they cost, as types.

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use crate::money::Amount;
use crate::pricing::problem::Offer;

/// Places of offers.
pub type Offers = SmallVec<[usize; 4]>;

/// What is taken off down to each level, the highest first, each sum holding the ones before it; the last one with the
/// delivery. The greater in the order of lists is the better price.
pub type Value = SmallVec<[i64; 4]>;

/// Which units carry which offers, which units make up which sets, and which basket amounts are on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignment {
    /// In the order of the lines; the counts of a line sum to its quantity.
    pub units: Vec<Units>,
    /// The offers whose basket amount is taken.
    pub on: FixedBitSet,
    /// The sets. Every unit that carries an offer with sets is in one set of it.
    pub sets: Vec<Made>,
}

/// Units of one line that carry the same offers by choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    /// The line's place.
    pub line: usize,
    /// How many.
    pub count: u32,
    /// Ascending.
    pub carried: Offers,
}

/// Sets of one offer that are made up alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The offer.
    pub offer: usize,
    /// How many such sets.
    pub times: u32,
    /// What one of them is made up of.
    // INVARIANT: each entry of `units` that is named stands in sets of the offer with all its units and in one role. Where
    // it stands in sets of two offers, it has one unit: else it would not be said which sets share which unit.
    pub members: Vec<Part>,
}

/// Units of one set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The place of their entry in the assignment.
    pub units: usize,
    /// Their role.
    pub role: usize,
    /// How many.
    pub count: u32,
}

/// An assignment with its prices.
#[derive(Debug, Clone)]
pub struct Settled {
    /// How good it is.
    pub value: Value,
    /// The units, by what they carry and cost, in basket order.
    pub groups: Vec<Group>,
    /// The sets, as the groups name them.
    pub batches: Vec<Batch>,
    /// What each offer took off.
    pub taken: Vec<Amount>,
    /// The place of the delivery's offer.
    pub delivery: Option<usize>,
}

/// Units of one line that carry and cost the same.
#[derive(Debug, Clone)]
pub struct Group {
    /// The line's place.
    pub line: usize,
    /// How many.
    pub count: u32,
    /// Where the price stands.
    pub price: Amount,
    /// The offers it carries: by choice, and the basket amounts that take it.
    pub carried: Offers,
    /// What took how much off one, in the order of effect.
    pub takes: SmallVec<[(usize, Amount); 4]>,
    /// The sets that its units are in.
    pub seats: SmallVec<[Seat; 1]>,
}

/// A place in sets that are made up alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The place of the batch.
    pub batch: usize,
    /// The place among its members.
    pub member: usize,
}

/// Sets of one offer that are made up alike and cost the same. All groups with a seat have `times` × the member's count of
/// units together, and any way to deal them out to the sets is as good as another.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The offer.
    pub offer: usize,
    /// How many sets; none for a batch that was split into others.
    pub times: u32,
    /// The role of each member, and its units in one set.
    pub members: Vec<(usize, u32)>,
}

impl Assignment {
    /// Whether an offer takes effect at all.
    pub(super) fn uses(&self, offer: usize) -> bool {
        self.on.contains(offer) || self.units.iter().any(|units| units.carried.contains(&offer))
    }
}

/// The tier that a measured sum, or a number of units, reaches.
#[must_use]
pub fn reached(offer: &Offer, sum: i64) -> Option<usize> {
    if offer.spend.is_none() && offer.count.is_none() {
        return Some(0);
    }
    offer.tiers.iter().rposition(|tier| tier.from <= sum)
}

/// How many times a basket amount is taken for a measured sum.
#[must_use]
pub fn multiples(offer: &Offer, from: i64, sum: i64) -> u32 {
    let is_every = offer.spend.as_ref().is_some_and(|measure| measure.every);
    if !is_every || from <= 0 {
        return 1;
    }
    u32::try_from(sum / from).unwrap_or(u32::MAX)
}

impl Group {
    /// Takes something off each unit, where the offer is carried.
    pub(super) fn reduce(&mut self, place: usize, take: Amount) {
        if self.carried.contains(&place) {
            self.price -= take;
            self.takes.push((place, take));
        }
    }
}
