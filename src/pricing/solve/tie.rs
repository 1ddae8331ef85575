//! What breaks ties between assignments that cost the same: fewer codes and limited promotions used up, fewer promotions,
//! their ids in byte order.

use std::cmp::Ordering;

use smallvec::SmallVec;

use crate::pricing::problem::Problem;
use crate::rulebook::PromotionIndex;

/// Bits of a word.
const WORD: usize = 64;

/// Promotions that take something off: offers by place, then the delivery's by place behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Used {
    /// Those of them that use up a code or a limit.
    pub(super) up: usize,
    /// As bits; so few that a label holds them without an allocation.
    promotions: SmallVec<[u64; 2]>,
}

impl Used {
    pub(super) fn none(problem: &Problem) -> Self {
        let all = problem.offers.len() + problem.deliveries.len();
        Used { up: 0, promotions: SmallVec::from_elem(0, all.div_ceil(WORD)) }
    }

    pub(super) fn insert(&mut self, problem: &Problem, place: usize) {
        let Some(word) = self.promotions.get_mut(place / WORD) else {
            return;
        };
        let bit = 1 << (place % WORD);
        if *word & bit != 0 {
            return;
        }
        *word |= bit;
        let uses_up = match place.checked_sub(problem.offers.len()) {
            None => problem.offers.get(place).is_some_and(|offer| offer.uses_up),
            Some(delivery) => problem.deliveries.get(delivery).is_some_and(|offer| offer.uses_up),
        };
        self.up += usize::from(uses_up);
    }

    /// Whether everything used here is used there too.
    pub(super) fn is_within(&self, other: &Used) -> bool {
        self.promotions.iter().zip(&other.promotions).all(|(ours, theirs)| ours & !theirs == 0)
    }

    /// The order of ties: the one to be preferred comes first.
    pub(super) fn order(&self, other: &Used, problem: &Problem) -> Ordering {
        self.up
            .cmp(&other.up)
            .then_with(|| self.count().cmp(&other.count()))
            .then_with(|| self.ids(problem).cmp(&other.ids(problem)))
    }

    pub(super) fn count(&self) -> usize {
        self.promotions.iter().map(|word| usize::try_from(word.count_ones()).unwrap_or_default()).sum()
    }

    /// The places in the rulebook, which stand in the byte order of ids.
    fn ids(&self, problem: &Problem) -> Vec<PromotionIndex> {
        let id = |place: usize| match place.checked_sub(problem.offers.len()) {
            None => problem.offers.get(place).map(|offer| offer.index),
            Some(delivery) => problem.deliveries.get(delivery).map(|offer| offer.index),
        };
        let is_in = |place: &usize| {
            self.promotions.get(place / WORD).is_some_and(|word| word >> (place % WORD) & 1 == 1)
        };
        let mut ids: Vec<_> = (0..self.promotions.len() * WORD).filter(is_in).filter_map(id).collect();
        ids.sort_unstable();
        ids
    }
}
