//! Chosen gifts that stand in the basket already: which units become the gift.
//!
//! A unit that becomes a gift costs its floor and is out of everything else, so every plan of such units is a smaller
//! basket of its own, to be priced by itself; the plan with the lowest total wins.

use fixedbitset::FixedBitSet;

use super::candidate::Candidates;
use super::gift::{Desk, GiftOffer, Goods};
use super::problem::Duty;
use super::trigger::Piece;
use crate::basket::Checked;
use crate::money::Amount;
use crate::promotion::Measured;

/// Plans that are priced. A customer chooses one or two gifts and has each on one line: two to four plans.
pub const PLANS_MAX: usize = 64;

/// Slots of a set whose common units are asked for in every combination; a set of more leaves that to the last check.
const SLOTS_MAX: usize = 8;

/// Units that become gifts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// By gift, then by line.
    pub pieces: Vec<Piece>,
}

/// The plans to be priced beside the empty one: those with more units on earlier lines before others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plans {
    /// At most `PLANS_MAX`.
    pub list: Vec<Plan>,
    /// Whether there are more.
    pub has_more: bool,
}

/// The ways to make gifts of units of a basket; `goods` are those of the whole basket as they stand before promotions.
#[must_use]
pub fn plans(
    desk: &Desk<'_>,
    offers: &[GiftOffer<'_>],
    candidates: &Candidates<'_>,
    goods: Goods<'_>,
) -> Plans {
    let mut seats: Vec<Seat> = Vec::new();
    for offer in offers {
        let mut hopes: Vec<&str> =
            desk.hopes(offer, offer.pieces(goods)).into_iter().map(|(sku, _)| sku).collect();
        while let Some(&sku) = hopes.first() {
            let before = hopes.len();
            hopes.retain(|other| *other != sku);
            let most = u32::try_from(before - hopes.len()).unwrap_or(u32::MAX);
            seats.extend(lines_of(sku, candidates, goods.checked).into_iter().map(|(lines, take)| Seat {
                piece: Piece { gift: offer.index, level: offer.level, line: 0, count: 0, take },
                lines,
                sku: sku.to_owned(),
                most,
            }));
        }
    }
    let mut plans = Plans::default();
    seat(&seats, goods.checked, &Plan::default(), &mut plans);
    plans
}

/// The levels of the gifts that units of the basket might become.
#[must_use]
pub fn levels(plans: &Plans) -> Vec<i32> {
    plans.list.iter().flat_map(|plan| &plan.pieces).map(|piece| piece.level).collect()
}

/// Lines on which chosen pieces of a gift may stand.
struct Seat {
    /// The piece, without its line and count.
    piece: Piece,
    /// Neighbors that nothing tells apart, in basket order.
    lines: Vec<usize>,
    sku: String,
    /// Pieces of this SKU that were chosen, over all its lines.
    most: u32,
}

/// The lines that hold a SKU and take part in promotions, with what one unit loses; neighbors that nothing tells apart together. Of
/// others it may matter which gives the piece: a spare minor unit goes to earlier lines.
fn lines_of(sku: &str, candidates: &Candidates<'_>, checked: &Checked) -> Vec<(Vec<usize>, Amount)> {
    let marks = |line: usize| {
        let sets = candidates
            .list
            .iter()
            .flat_map(|candidate| [&candidate.on, &candidate.measures].into_iter().chain(&candidate.slots));
        sets.map(|lines| lines.contains(line)).collect::<Vec<bool>>()
    };
    let mut found: Vec<(Vec<usize>, Amount)> = Vec::new();
    let mut last = None;
    for (line, (item, &floor)) in checked.items.iter().zip(&candidates.floors).enumerate() {
        let is_one = item.sku == sku && !item.no_promotions;
        let key = is_one.then(|| (item.list_price, floor, marks(line)));
        match found.last_mut().filter(|_| is_one && key == last) {
            Some((lines, _)) => lines.push(line),
            None if is_one => found.push((vec![line], item.list_price.above(floor))),
            None => {}
        }
        last = key;
    }
    found
}

/// Gives counts to the seats one by one, the most first.
fn seat(open: &[Seat], checked: &Checked, plan: &Plan, plans: &mut Plans) {
    let Some((first, later)) = open.split_first() else {
        if !plan.pieces.is_empty() {
            if plans.list.len() < PLANS_MAX { plans.list.push(plan.clone()) } else { plans.has_more = true }
        }
        return;
    };
    let sku = |line: usize| checked.items.get(line).map(|item| item.sku);
    let is_same = |piece: &&Piece| piece.gift == first.piece.gift && sku(piece.line) == Some(&first.sku);
    let of_choice: u32 = plan.pieces.iter().filter(is_same).map(|piece| piece.count).sum();
    let room = |line: usize| {
        let taken = plan.pieces.iter().filter(|piece| piece.line == line).map(|piece| piece.count);
        checked.items.get(line).map_or(0, |item| item.quantity.saturating_sub(taken.sum()))
    };
    let rooms: u64 = first.lines.iter().map(|&line| u64::from(room(line))).sum();
    let most = u32::try_from(rooms).unwrap_or(u32::MAX).min(first.most.saturating_sub(of_choice));
    for count in (0..=most).rev() {
        if plans.has_more {
            return;
        }
        let mut next = plan.clone();
        let mut left = count;
        for &line in &first.lines {
            let count = room(line).min(left);
            left -= count;
            next.pieces.extend((count > 0).then_some(Piece { line, count, ..first.piece }));
        }
        seat(later, checked, &next, plans);
    }
}

impl Plan {
    /// The basket without the units that become gifts; a line may be left with none.
    #[must_use]
    pub fn reduce<'a>(&self, checked: &Checked<'a>) -> Checked<'a> {
        let mut reduced = checked.clone();
        for piece in &self.pieces {
            if let Some(item) = reduced.items.get_mut(piece.line) {
                item.quantity = item.quantity.saturating_sub(piece.count);
            }
        }
        reduced
    }

    /// How many units become gifts.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.pieces.iter().map(|piece| piece.count).sum()
    }

    /// What an assignment of the reduced basket must reach for the units to be given; `None` where none can.
    #[must_use]
    pub fn duties(&self, desk: &Desk<'_>, offers: &[GiftOffer<'_>], goods: Goods<'_>) -> Option<Vec<Duty>> {
        let mut duties = Vec::new();
        for offer in offers {
            let times = self.times(desk, offer, goods)?;
            if times > 0 {
                duties.extend(of_trigger(offer));
                duties.extend(of_set(offer, times));
            }
        }
        duties.retain(|duty| {
            // What no assignment can miss need not be asked.
            let is_fixed = duty.refuses.is_clear();
            !(is_fixed && (duty.from.is_zero() || duty.of == Measured::List))
        });
        Some(duties)
    }

    /// How often a gift must be triggered for its units; `None` where even the untouched goods do not.
    fn times(&self, desk: &Desk<'_>, offer: &GiftOffer<'_>, goods: Goods<'_>) -> Option<u32> {
        let mut wanted: Vec<(&str, u32)> = Vec::new();
        for piece in self.pieces.iter().filter(|piece| piece.gift == offer.index) {
            let sku = goods.checked.items.get(piece.line)?.sku;
            wanted.push((sku, piece.count));
        }
        if wanted.is_empty() {
            return Some(0);
        }
        let mut pieces = 0;
        for (sku, is_sure) in desk.hopes(offer, offer.pieces(goods)) {
            let is_wanted = wanted.iter_mut().find(|(one, open)| *one == sku && *open > 0);
            pieces += u32::from(is_sure || is_wanted.is_some());
            if let Some((_, open)) = is_wanted {
                *open -= 1;
            }
            if wanted.iter().all(|(_, open)| *open == 0) {
                return Some(u32::div_ceil(pieces, offer.gift.choose.max(1)));
            }
        }
        None
    }
}

/// A unit of the goods must count, and the sum be reached.
fn of_trigger(offer: &GiftOffer<'_>) -> Vec<Duty> {
    let trigger = &offer.trigger;
    let refuses = || trigger.refuses.clone();
    let goods = || Duty {
        lines: trigger.on.clone(),
        pieces: 1,
        of: Measured::List,
        from: Amount::ZERO,
        refuses: refuses(),
    };
    let sum = trigger.spend.as_ref().map(|spend| Duty {
        lines: spend.lines.clone(),
        pieces: 0,
        of: spend.of,
        from: spend.from,
        refuses: refuses(),
    });
    offer.slots.is_empty().then(goods).into_iter().chain(sum).collect()
}

/// By Hall's theorem so many sets can be made up when for every combination of slots there are units enough that fill any of
/// them. Slots of equal units ask for more than that; the last check sees to it.
fn of_set(offer: &GiftOffer<'_>, times: u32) -> Vec<Duty> {
    let slots = offer.slots.len();
    let combinations: Vec<u32> = if slots <= SLOTS_MAX {
        (1..1 << slots).collect()
    } else {
        (0..slots.min(31)).map(|slot| 1 << slot).collect()
    };
    let duty = |combination: u32| {
        let chosen = offer.slots.iter().zip(offer.needs()).enumerate();
        let chosen = chosen.filter(|(slot, _)| combination >> slot & 1 == 1);
        let mut lines = FixedBitSet::default();
        let mut pieces = 0_u32;
        for (_, (slot, need)) in chosen {
            lines.union_with(slot);
            pieces = pieces.saturating_add(need.quantity.saturating_mul(times));
        }
        Duty { lines, pieces, of: Measured::List, from: Amount::ZERO, refuses: offer.trigger.refuses.clone() }
    };
    combinations.into_iter().map(duty).collect()
}
