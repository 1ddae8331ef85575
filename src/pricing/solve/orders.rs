//! In which orders the units of lines are tried.
//!
//! The units of a line are alike, so their order is ours. The spare minor unit of what is shared goes to earlier units, and what
//! takes effect later, or is measured, may find it worth more on one than on another.

use fixedbitset::FixedBitSet;
use smallvec::SmallVec;

use super::choice::{Choice, Choices, Kit};
use super::way::Served;
use crate::pricing::problem::Problem;
use crate::promotion::Measured;

/// The most choices of one line whose orders are tried.
const ORDERED_MAX: usize = 6;
/// The most orders of all lines together.
const ORDERS_MAX: usize = 64;

/// The orders that are tried.
pub(super) struct Orders {
    /// The lines on which the order of choices matters, each with how many orders are tried of it.
    lines: SmallVec<[(usize, usize); 4]>,
    /// How many there are, each line's with each other's.
    pub count: usize,
    /// Whether there are no others that matter.
    pub is_whole: bool,
}

impl Orders {
    /// Those of a way with these basket amounts on. Of two choices on a line one or the other comes first, and turned they are the
    /// same two orders again; of three each may. What is shared goes over the lines, so each order of one meets each of another.
    pub(super) fn of(problem: &Problem, choices: &Choices, served: &[Served], on: &FixedBitSet) -> Self {
        let table = Table { problem, choices, served, on };
        let (followed, is_measured) = (table.followed(), table.is_measured());
        let mut lines: Vec<usize> = served.iter().map(|units| units.line).collect();
        lines.sort_unstable();
        let mut orders = Orders { lines: SmallVec::new(), count: 1, is_whole: true };
        for chunk in lines.chunk_by(PartialEq::eq) {
            let line = chunk.first().copied().unwrap_or_default();
            let shares = table.shares(line, &followed);
            let of_line = match chunk.len() {
                0 | 1 => continue,
                _ if shares == 0 => continue,
                2 => 2,
                kinds => 2 * kinds.min(ORDERED_MAX),
            };
            // Of two choices with several units each the spare minor units may fall on some of both: no more is taken off so than at
            // one of the ends, but a sum may be just reached. Where several amounts are shared a single unit may be wanted in the
            // middle.
            let several = table.of_line(line).filter(|units| units.count > 1).count();
            orders.is_whole &= !is_measured || several == 0 || (several == 1 && shares == 1);
            orders.is_whole &= chunk.len() <= 3 && orders.count * of_line <= ORDERS_MAX;
            orders.count = (orders.count * of_line).min(ORDERS_MAX);
            orders.lines.push((line, of_line));
        }
        // Units with fewer promotions may as well come first: where nothing is shared that is a matter of legality alone.
        if orders.lines.is_empty() {
            orders.count = 2;
        }
        orders
    }

    /// The order of a line's units in one of them all.
    pub(super) fn of_line(&self, line: usize, mut order: usize) -> usize {
        if self.lines.is_empty() {
            return order;
        }
        for &(one, orders) in &self.lines {
            if one == line {
                return order % orders;
            }
            order /= orders;
        }
        0
    }
}

/// What the orders are told from.
#[derive(Clone, Copy)]
struct Table<'a> {
    problem: &'a Problem,
    choices: &'a Choices,
    served: &'a [Served],
    /// The basket amounts that are on.
    on: &'a FixedBitSet,
}

impl<'a> Table<'a> {
    fn of_line(self, line: usize) -> impl Iterator<Item = &'a Served> {
        self.served.iter().filter(move |units| units.line == line)
    }

    fn choice(self, units: &Served) -> Option<&'a Choice> {
        self.choices.lines.get(units.line)?.get(units.choice)
    }

    fn is_used(self, offer: usize) -> bool {
        let mut carrying = self.served.iter().filter_map(|units| self.choice(units));
        self.on.contains(offer) || carrying.any(|choice| choice.carried.contains(&offer))
    }

    /// The basket amounts after which something takes effect or measures a part of their goods.
    fn followed(self) -> SmallVec<[usize; 2]> {
        let problem = self.problem;
        let is_followed = |&one: &usize| {
            problem.is_measured_apart(one) || problem.is_followed(one, |other| self.is_used(other))
        };
        self.on.ones().filter(is_followed).collect()
    }

    /// Whether current prices decide something.
    fn is_measured(self) -> bool {
        let mut offers = self.problem.offers.iter().enumerate();
        self.problem.measures_in_the_end()
            || offers.any(|(place, offer)| {
                let measures = offer.spend.as_ref().is_some_and(|spend| spend.of == Measured::Current);
                measures && self.is_used(place)
            })
    }

    /// How many amounts are shared by units of a line of which it matters who has the spare minor unit.
    fn shares(self, line: usize, followed: &[usize]) -> usize {
        let of_choice = |choice: &Choice| -> SmallVec<[usize; 4]> {
            let is_loose = |kit: &&Kit| !kit.is_exact || kit.is_watched;
            let takers = || choice.takers.iter().map(|&(offer, _)| offer);
            let may_be_cut = choice.acts.len() > 1 || takers().any(|offer| self.on.contains(offer));
            let capped = choice.capped.iter().map(|&(offer, _)| offer).filter(|_| may_be_cut);
            let kits = choice.seats.iter().filter_map(|&(kit, _)| self.choices.kits.get(kit));
            let kits = kits.filter(is_loose).map(|kit| kit.offer);
            takers().filter(|offer| followed.contains(offer)).chain(capped).chain(kits).collect()
        };
        let choices = self.of_line(line).filter_map(|units| self.choice(units));
        let mut shares: SmallVec<[usize; 4]> = choices.flat_map(of_choice).collect();
        shares.sort_unstable();
        shares.dedup();
        shares.len()
    }
}
