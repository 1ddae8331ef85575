//! What the units of a line may carry, in the order of effect.

use super::model::{BITS_MAX, Bits, LEVELS_MAX, PICKS_MAX, Pick, bit};
use crate::money::{Amount, Rounding};
use crate::pricing::problem::{Cut, Line};
use crate::promotion::Stage;

/// One thing that a unit may carry: an offer at a tier, or in a role of its sets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act<'p> {
    pub offer: usize,
    pub level: usize,
    /// The bit of its tier; none for an offer without tiers.
    pub tier: Bits,
    pub stage: Stage,
    /// The place within the stage.
    pub order: u8,
    pub does: Does<'p>,
    pub seat: Option<usize>,
    /// The place of its maximum, where that may hold, with it.
    pub maximum: Option<(usize, Amount)>,
}

/// What an act does to the price of a unit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Does<'p> {
    Cut(&'p Cut),
    /// The set costs a price: the unit gives all that it costs, and the set takes the price back.
    Empties,
    /// The set gets an amount, whoever of it.
    Shares,
}

/// What is the same for all lines.
pub(super) struct Kinds<'k> {
    /// The offers that go with each offer.
    pub compatible: &'k [Bits],
    pub rounding: Rounding,
}

/// A pick while it grows.
#[derive(Clone, Copy)]
pub(super) struct Grown {
    pub pick: Pick,
    /// The price before the basket stage of each level.
    pub before_basket: [Amount; LEVELS_MAX],
    /// The price in the end.
    pub price: Amount,
    /// The price before what is not known: at least the price in the end.
    pub price_most: Amount,
    /// Whether an act is in it that others may not follow: what it leaves is not known.
    pub is_closed: bool,
    /// The least room that an amount off its set finds.
    pub share_room: Option<Amount>,
}

/// All ways to carry some of `acts`, which stand in the order of effect; `None` where there are too many, or where what one leaves to
/// another is not known.
pub(super) fn grow(kinds: &Kinds<'_>, place: usize, line: &Line, acts: &[Act<'_>]) -> Option<Vec<Grown>> {
    let nothing = Grown {
        pick: Pick {
            value: 0,
            high: [0; LEVELS_MAX - 1],
            carried: 0,
            used: 0,
            tiers: 0,
            takers: 0,
            room: 0,
            withholds: 0,
            seats: 0,
            capped: None,
        },
        before_basket: [line.list; LEVELS_MAX],
        price: line.list,
        price_most: line.list,
        is_closed: false,
        share_room: None,
    };
    let mut grower = Grower { kinds, place, line, grown: Vec::with_capacity(2 * acts.len() + 1) };
    grower.more(nothing, acts)?;
    Some(grower.grown)
}

struct Grower<'a> {
    kinds: &'a Kinds<'a>,
    place: usize,
    line: &'a Line,
    grown: Vec<Grown>,
}

impl Grower<'_> {
    fn more(&mut self, grown: Grown, acts: &[Act<'_>]) -> Option<()> {
        if self.grown.len() >= PICKS_MAX {
            return None;
        }
        self.grown.push(grown);
        for (at, act) in acts.iter().enumerate() {
            let fits = self.kinds.compatible.get(act.offer).copied().unwrap_or_default() & !bit(act.offer);
            if grown.pick.carried & !fits == 0 {
                let next = self.with(&grown, act)?;
                self.more(next, acts.get(at + 1..).unwrap_or_default())?;
            }
        }
        Some(())
    }

    fn with(&self, grown: &Grown, act: &Act<'_>) -> Option<Grown> {
        if grown.is_closed {
            return None;
        }
        let mut next = *grown;
        let take = match act.does {
            Does::Cut(cut) => cut.take(self.place, self.line, grown.price, self.kinds.rounding),
            Does::Empties => grown.price,
            Does::Shares => Amount::ZERO,
        };
        next.price -= take;
        // What one unit takes beyond the maximum is lost whatever the others take.
        let counts = act.maximum.map_or(take, |(_, most)| take.min(most));
        for (level, before) in next.before_basket.iter_mut().enumerate() {
            if act.level < level || act.level == level && act.stage == Stage::Item {
                *before = next.price;
            }
        }
        let pick = &mut next.pick;
        pick.value += counts.minor();
        pick.high.iter_mut().skip(act.level).for_each(|high| *high += counts.minor());
        pick.carried |= bit(act.offer);
        pick.tiers |= act.tier;
        let is_shared = !matches!(act.does, Does::Cut(_));
        if is_shared || !take.is_zero() {
            pick.used |= bit(act.offer);
        }
        pick.seats |= act.seat.map_or(0, bit);
        if let Some((maximum, _)) = act.maximum {
            pick.capped = Some((maximum, counts.minor()));
        }
        next.is_closed = is_shared || act.maximum.is_some() && !take.is_zero();
        next.price_most = if next.is_closed { grown.price } else { next.price };
        if is_shared {
            next.share_room = Some(grown.price.above(self.line.floor));
        }
        Some(next)
    }
}

/// Offers by place of which there are no more than bits.
pub(super) fn fit(count: usize) -> Option<()> {
    (count <= BITS_MAX).then_some(())
}
