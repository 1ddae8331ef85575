//! What a unit may carry, and the sums that it adds to, as types.

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use crate::pricing::problem::Problem;
use crate::pricing::settle::{Offers, Value};
use crate::promotion::{Measured, Stage};

/// Level, stage, kind and offer: the order of effect.
pub(super) type Moment = (usize, Stage, u8, usize);

/// One set of offers that a unit of a line may carry.
#[derive(Debug, Clone)]
pub(in crate::pricing::solve) struct Choice {
    /// Ascending places of offers.
    pub carried: Offers,
    /// The offers with their tiers, ascending by offer.
    pub acts: Acts,
    /// What is taken off one unit, when no maximum holds and before any basket amount: at least what it can be. What a set
    /// gets as a whole is not in it.
    pub value: Value,
    /// For each offer with a maximum that may hold: what of `value` is owed to it.
    pub capped: SmallVec<[(usize, i64); 2]>,
    /// The basket amounts that take the unit when they are on, with the room that is left above the floor.
    pub takers: SmallVec<[(usize, i64); 2]>,
    /// The room that each of them finds at least.
    pub rooms: SmallVec<[i64; 2]>,
    /// What one unit adds to the sum of each gauge, at most and at least, beside what its sets add.
    pub adds: SmallVec<[(i64, i64); 4]>,
    /// The same with the share in its sets, whatever it is.
    pub reach: SmallVec<[(i64, i64); 4]>,
    /// Its places in sets: the kit, and the role in the kit.
    pub seats: SmallVec<[(usize, usize); 1]>,
}

impl Choice {
    /// A choice of which only what it carries is of interest.
    pub(in crate::pricing::solve) fn standing(carried: Offers, seats: SmallVec<[(usize, usize); 1]>) -> Self {
        Choice {
            carried,
            acts: Acts::new(),
            value: Value::new(),
            capped: SmallVec::new(),
            takers: SmallVec::new(),
            rooms: SmallVec::new(),
            adds: SmallVec::new(),
            reach: SmallVec::new(),
            seats,
        }
    }
}

/// An offer at one of its tiers; for an offer with sets, in one of its roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pricing::solve) struct Act {
    pub offer: usize,
    pub tier: usize,
}

/// What one unit carries.
pub(in crate::pricing::solve) type Acts = SmallVec<[Act; 4]>;

/// A sum that decides something: of an offer with a spend, of the units that carry an offer, of a promotion on the delivery,
/// or of a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pricing::solve) enum Gauge {
    Offer(usize),
    /// Units of one SKU, or of all.
    Count(usize, Option<usize>),
    Delivery(usize),
    /// The sum that a duty asks for.
    Duty(usize),
    /// The units that a duty asks for.
    Pieces(usize),
}

/// What is measured when all promotions have taken effect.
pub(in crate::pricing::solve) struct End<'a> {
    /// Over these lines.
    pub lines: &'a FixedBitSet,
    /// Which prices; nothing where units are counted.
    pub of: Option<Measured>,
    /// The offers that a counting unit must not carry.
    refuses: &'a FixedBitSet,
}

impl<'a> End<'a> {
    /// Behind every promotion.
    pub(super) const MOMENT: Moment = (usize::MAX, Stage::Basket, 0, 0);

    /// What a gauge measures in the end; nothing where it measures before.
    pub(in crate::pricing::solve) fn of(problem: &'a Problem, gauge: Gauge) -> Option<Self> {
        match gauge {
            Gauge::Delivery(place) => {
                let offer = problem.deliveries.get(place)?;
                Some(End { lines: &offer.lines, of: Some(offer.of), refuses: &offer.refuses })
            }
            Gauge::Duty(place) => {
                let duty = problem.duties.get(place)?;
                Some(End { lines: &duty.lines, of: Some(duty.of), refuses: &duty.refuses })
            }
            Gauge::Pieces(place) => {
                let duty = problem.duties.get(place)?;
                Some(End { lines: &duty.lines, of: None, refuses: &duty.refuses })
            }
            Gauge::Offer(_) | Gauge::Count(..) => None,
        }
    }

    /// Whether a unit that carries these offers counts.
    pub(in crate::pricing::solve) fn counts(&self, carried: &[usize]) -> bool {
        carried.iter().all(|&offer| !self.refuses.contains(offer))
    }
}
