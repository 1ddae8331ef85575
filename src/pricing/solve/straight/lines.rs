//! The lines of a problem with their picks, those that no other makes needless.

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::layer::Layer;
use super::model::{Bits, GaugeOf, Kit, Line, Pick, bit, places};
use super::picks::{Act, Grown, Kinds, grow};
use crate::money::Amount;
use crate::pricing::problem;
use crate::promotion::{Count, Measured};

/// The order of lists of places.
fn by_places(one: Bits, other: Bits) -> Ordering {
    let apart = one ^ other;
    if apart == 0 {
        return Ordering::Equal;
    }
    let first = apart & apart.wrapping_neg();
    let (has, lacks) = if one & first != 0 { (Ordering::Less, other) } else { (Ordering::Greater, one) };
    // Where the other list ends before, it comes first.
    if lacks & !(first - 1) == 0 { has.reverse() } else { has }
}

impl<'p> Layer<'p> {
    /// The lines with their picks, the dearest first.
    pub(super) fn lines(&mut self) -> Option<()> {
        let problem = self.table.problem;
        let mut order: SmallVec<[usize; 32]> = (0..problem.lines.len()).collect();
        order.sort_by_key(|&line| std::cmp::Reverse(problem.lines.get(line).map(|line| line.list)));
        let mut open: Vec<Act<'p>> = Vec::with_capacity(self.acts.len());
        for place in order {
            let numbers = problem.lines.get(place)?;
            open.clear();
            open.extend(self.acts.iter().filter(|act| self.is_open(act, place)).copied());
            let kinds =
                Kinds { compatible: &self.compatible, rounding: problem.rounding, levels: problem.levels };
            let grown = grow(&kinds, place, numbers, &open)?;
            self.line(place, numbers, grown)?;
        }
        Some(())
    }

    /// Whether an act may stand on a line.
    fn is_open(&self, act: &Act<'_>, line: usize) -> bool {
        let problem = self.table.problem;
        let Some(offer) = problem.offers.get(act.offer).filter(|offer| offer.on.contains(line)) else {
            return false;
        };
        if let (Some(rules), Some(seat)) = (&offer.set, act.seat) {
            let kit = self.table.kits.iter().find(|kit| kit.roles.contains(&seat));
            let role = kit.and_then(|kit| rules.roles.get(kit.first_role + seat - kit.roles.start));
            return role.is_some_and(|role| role.lines.contains(line));
        }
        let Some(Count::SameSku) = offer.count else {
            return true;
        };
        let own = problem.lines.get(line).map(|line| line.sku);
        let place = usize::try_from(act.tier.trailing_zeros()).unwrap_or_default();
        let tiers = self.tiers.iter().rfind(|tiers| tiers.offer == act.offer && tiers.first <= place);
        let of = tiers.and_then(|tiers| self.table.gauges.get(tiers.gauge)).map(|gauge| gauge.of);
        matches!(of, Some(GaugeOf::Count(_, sku)) if sku == own)
    }

    /// Takes the picks of a line in, those that no other makes needless.
    fn line(&mut self, place: usize, numbers: &problem::Line, mut grown: Vec<Grown>) -> Option<()> {
        let list = numbers.list.minor();
        grown.sort_by(|one, other| {
            let by_value = other.pick.value.cmp(&one.pick.value);
            by_value.then_with(|| by_places(one.pick.carried, other.pick.carried))
        });
        let first = self.table.picks.len();
        let gauges = self.table.gauges.len();
        for mut one in grown {
            one.pick.takers = self.takers(place, one.pick.carried);
            one.pick.withholds = self.withholds(place, &one.pick);
            one.pick.room = one.price_most.above(numbers.floor).minor();
            if let Some(room) = one.share_room {
                self.has_room(&one.pick, room)?;
            }
            let begin = self.table.sums.len();
            for gauge in 0..gauges {
                let adds = self.adds(gauge, place, numbers, &one)?;
                self.table.sums.push(adds);
            }
            let needless = (first..self.table.picks.len()).any(|other| self.beats(other, &one.pick, begin));
            if needless {
                self.table.sums.truncate(begin);
            } else {
                self.table.picks.push(one.pick);
            }
        }
        let picks = first..self.table.picks.len();
        self.table.lines.push(Line { place, quantity: numbers.quantity, list, picks });
        Some(())
    }

    /// The basket amounts that take a unit.
    fn takers(&self, line: usize, carried: Bits) -> Bits {
        let takes = |place: usize| {
            let fits = self.compatible.get(place).copied().unwrap_or_default();
            carried & !fits == 0
                && self.table.problem.offers.get(place).is_some_and(|offer| offer.on.contains(line))
        };
        let baskets = self.table.baskets.iter().map(|&(place, _)| place);
        baskets.filter(|&place| takes(place)).map(bit).fold(0, |all, one| all | one)
    }

    /// The benefits of retailers that a unit counts for and does not get, whatever basket amounts are on.
    fn withholds(&self, line: usize, pick: &Pick) -> Bits {
        let withholds = |kit: &&Kit| {
            let on = self.table.problem.offers.get(kit.offer).is_some_and(|offer| offer.on.contains(line));
            on && pick.carried & bit(kit.offer) == 0 && (pick.carried | pick.takers) & !kit.compatible == 0
        };
        let kits = self.table.kits.iter().filter(|kit| kit.retailer_assigns).filter(withholds);
        kits.map(|kit| bit(kit.offer)).fold(0, |all, one| all | one)
    }

    /// Whether an amount off the sets of a pick finds room in any case.
    fn has_room(&self, pick: &Pick, room: Amount) -> Option<()> {
        let seats = |kit: &&Kit| kit.gain > 0 && pick.seats.iter().any(|seat| kit.roles.contains(seat));
        let kit = self.table.kits.iter().find(seats);
        let Some(kit) = kit else {
            return Some(());
        };
        let units: i64 = self
            .table
            .roles
            .get(kit.roles.clone())
            .unwrap_or_default()
            .iter()
            .map(|role| role.quantity)
            .sum();
        (room.minor().saturating_mul(units) >= kit.gain).then_some(())
    }

    /// What a unit adds to a gauge; `None` where the price that is measured is not known.
    fn adds(&self, gauge: usize, line: usize, numbers: &problem::Line, one: &Grown) -> Option<i64> {
        let problem = self.table.problem;
        let carried = one.pick.carried;
        let (counts, of, price) = match self.table.gauges.get(gauge)?.of {
            GaugeOf::Count(offer, sku) => {
                let counts = carried & bit(offer) != 0 && sku.is_none_or(|sku| sku == numbers.sku);
                return Some(i64::from(counts));
            }
            GaugeOf::Spend(offer) => {
                let measure = problem.offers.get(offer)?.spend.as_ref()?;
                let fits = self.compatible.get(offer).copied().unwrap_or_default();
                let before = one.before_basket.get(problem.offers.get(offer)?.level).copied()?;
                (measure.lines.contains(line) && carried & !fits == 0, measure.of, before)
            }
            GaugeOf::Delivery(place) => {
                let offer = problem.deliveries.get(place)?;
                let refused = places(carried).any(|place| offer.refuses.contains(place));
                // Only reaching it is asked, and `settle` has the last word: at most is enough.
                let adds = if offer.of == Measured::List { numbers.list } else { one.price_most };
                let counts = offer.lines.contains(line) && !refused;
                return Some(if counts { adds.minor() } else { 0 });
            }
        };
        match of {
            _ if !counts => Some(0),
            Measured::List => Some(numbers.list.minor()),
            // What a set leaves, or what a maximum gives back, is not known unit by unit.
            Measured::Current => (!one.is_closed).then_some(price.minor()),
        }
    }

    /// Whether a pick of the line makes another needless: it is worth as much, asks for no more, and adds as well.
    fn beats(&self, other: usize, pick: &Pick, sums: usize) -> bool {
        let Some(better) = self.table.picks.get(other) else {
            return false;
        };
        let gauges = self.table.gauges.len();
        let own = self.table.sums.get(other * gauges..(other + 1) * gauges).unwrap_or_default();
        let its = self.table.sums.get(sums..).unwrap_or_default();
        let adds_as_well = || {
            own.iter().zip(its).zip(&self.table.gauges).all(|((own, its), gauge)| {
                own == its || (gauge.is_rising && own > its && better.value > pick.value)
            })
        };
        // Whether it counts for what a retailer assigns may hang on the basket amounts that are on.
        let is_watched = || pick.takers != 0 && self.table.kits.iter().any(|kit| kit.retailer_assigns);
        let limited = self.table.limited.iter().map(|&(offer, _)| bit(offer)).fold(0, |all, one| all | one);
        better.tiers & !pick.tiers == 0
            && better.takers == pick.takers
            && (pick.takers == 0 || better.room >= pick.room)
            && better.high.iter().zip(&pick.high).all(|(own, its)| own >= its)
            && better.seats == pick.seats
            && better.withholds == pick.withholds
            && better.capped.is_none()
            && pick.capped.is_none()
            && (better.value > pick.value || better.used == pick.used)
            && better.carried & limited & !pick.carried == 0
            && adds_as_well()
            && !is_watched()
    }
}
