//! What gifts and points ask of the goods in the end: which units count, what they add up to, whether that is enough.

use fixedbitset::FixedBitSet;

use super::candidate::{Candidate, Candidates};
use super::problem::{Line, Problem, held};
use super::settle::Group;
use crate::money::Amount;
use crate::promotion::{Benefit, Measured, Promotion, Stacking};
use crate::rulebook::{PromotionIndex, spend_of};

/// The goods and the sum that a promotion outside the price promotions asks for.
pub struct Trigger {
    /// The lines of which one unit must count; those on which points are earned.
    pub on: FixedBitSet,
    /// The sum to be reached.
    pub spend: Option<Sum>,
    /// The offers that a counting unit must not carry.
    pub refuses: FixedBitSet,
}

/// A sum to be reached.
pub struct Sum {
    /// Over these lines.
    pub lines: FixedBitSet,
    /// Which prices; `Current` are the final ones.
    pub of: Measured,
    /// From here on it is reached.
    pub from: Amount,
}

/// Units of one line of the basket that become one gift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The gift's promotion.
    pub gift: PromotionIndex,
    /// Its level.
    pub level: i32,
    /// The line's place in the basket.
    pub line: usize,
    /// Units.
    pub count: u32,
    /// What each loses: its list price down to its floor.
    pub take: Amount,
}

impl Trigger {
    /// The trigger of a gift or of points.
    #[must_use]
    pub fn of(candidate: &Candidate<'_>, candidates: &Candidates<'_>, problem: &Problem) -> Self {
        let promotion = candidate.promotion;
        let from = match &promotion.benefit {
            Benefit::Gift(gift) => gift.spend.as_ref().map(|(_, from)| *from),
            Benefit::Points(points) => points.spend.as_ref().map(|(_, from)| *from),
            _ => None,
        };
        let spend = spend_of(promotion).zip(from).map(|(spend, from)| Sum {
            lines: held(&problem.lines, &candidate.measures),
            of: spend.measured,
            from,
        });
        let on = held(&problem.lines, &candidate.on);
        Trigger { on, spend, refuses: refused(promotion, candidates, problem) }
    }

    /// Whether a unit that carries these offers counts.
    #[must_use]
    pub fn counts(&self, carried: &[usize]) -> bool {
        carried.iter().all(|&offer| !self.refuses.contains(offer))
    }

    /// The groups that count on some lines.
    pub fn counting<'a>(&self, lines: &FixedBitSet, groups: &'a [Group]) -> impl Iterator<Item = &'a Group> {
        groups.iter().filter(|group| lines.contains(group.line) && self.counts(&group.carried))
    }

    /// Whether a unit of its goods counts and the sum is reached.
    #[must_use]
    pub fn is_met(&self, problem: &Problem, groups: &[Group]) -> bool {
        self.counting(&self.on, groups).next().is_some() && self.is_reached(problem, groups)
    }

    /// Whether the sum is reached.
    #[must_use]
    pub fn is_reached(&self, problem: &Problem, groups: &[Group]) -> bool {
        self.spend.as_ref().is_none_or(|spend| {
            let counting = self.counting(&spend.lines, groups);
            let sum: Amount = counting.map(|group| spend.price(problem, group).times(group.count)).sum();
            spend.from <= sum
        })
    }

    /// What the sum lacks. A unit that does not count because of what it carries is taken at its list price: that is what giving
    /// that up would bring.
    #[must_use]
    pub fn missing(&self, problem: &Problem, groups: &[Group]) -> Option<Amount> {
        let spend = self.spend.as_ref()?;
        let price = |group: &Group| {
            if self.counts(&group.carried) { spend.price(problem, group) } else { list(problem, group) }
        };
        let measured = groups.iter().filter(|group| spend.lines.contains(group.line));
        let sum: Amount = measured.map(|group| price(group).times(group.count)).sum();
        (sum < spend.from).then(|| spend.from - sum)
    }

    /// What keeps units from counting, by place in the rulebook: what they carry, or, where none of its goods are left, the gifts
    /// that they became.
    #[must_use]
    pub fn rivals(&self, problem: &Problem, groups: &[Group], converted: &[Piece]) -> Vec<PromotionIndex> {
        let is_asked = |group: &&Group| {
            let is_measured = self.spend.as_ref().is_some_and(|spend| spend.lines.contains(group.line));
            is_measured || self.on.contains(group.line)
        };
        let carried = groups.iter().filter(is_asked).flat_map(|group| &group.carried);
        let refused = carried.filter(|&&offer| self.refuses.contains(offer));
        let offers = refused.filter_map(|&place| problem.offers.get(place).map(|offer| offer.index));
        let gifts = converted.iter().filter(|_| self.on.is_clear()).map(|piece| piece.gift);
        let mut rivals: Vec<PromotionIndex> = offers.chain(gifts).collect();
        rivals.sort_unstable();
        rivals.dedup();
        rivals
    }
}

impl Sum {
    fn price(&self, problem: &Problem, group: &Group) -> Amount {
        match self.of {
            Measured::Current => group.price,
            Measured::List => list(problem, group),
        }
    }
}

fn list(problem: &Problem, group: &Group) -> Amount {
    problem.lines.get(group.line).map_or(Amount::ZERO, |line: &Line| line.list)
}

/// The offers that a promotion with a `stacks_with` of its own does not accept on a unit that counts for it.
fn refused(promotion: &Promotion, candidates: &Candidates<'_>, problem: &Problem) -> FixedBitSet {
    let mut refused = FixedBitSet::with_capacity(problem.offers.len());
    if promotion.stacks_with == Stacking::Unsaid {
        return refused;
    }
    for (place, offer) in problem.offers.iter().enumerate() {
        let found = candidates.list.binary_search_by_key(&offer.index, |candidate| candidate.index);
        let other = found.ok().and_then(|at| candidates.list.get(at));
        refused.set(place, other.is_some_and(|other| !promotion.accepts(other.promotion)));
    }
    refused
}

/// Every unit at its list price, carrying nothing: the most that can count.
#[must_use]
pub fn untouched(problem: &Problem) -> Vec<Group> {
    let group = |(line, numbers): (usize, &Line)| Group {
        line,
        count: numbers.quantity,
        price: numbers.list,
        carried: smallvec::SmallVec::new(),
        takes: smallvec::SmallVec::new(),
        seats: smallvec::SmallVec::new(),
    };
    problem.lines.iter().enumerate().map(group).collect()
}
