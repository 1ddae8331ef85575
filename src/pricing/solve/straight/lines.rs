//! The lines of a problem with their picks, those that no other makes needless.

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::layer::Layer;
use super::model::{Bits, GaugeOf, Kit, Line, Pick, bit};
use super::picks::{Act, Grown, Kinds, grow};
use crate::money::Amount;
use crate::pricing::problem::{self, DeliveryOffer};
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

/// What a line is to gauges and amounts: the same for all its picks.
struct Spot {
    /// Gauge by gauge.
    sights: SmallVec<[Sight; 16]>,
    /// The basket amounts that take its units.
    takers: SmallVec<[Taker; 8]>,
    /// The offers whose benefit the retailer assigns.
    assigned: SmallVec<[Taker; 2]>,
    /// The offers with a number of units that may carry them.
    limited: Bits,
}

/// An offer that is for the units of a line, as long as they carry none of others.
struct Taker {
    own: Bits,
    refuses: Bits,
}

/// How a gauge sees units, as long as they carry none of the offers that it refuses.
enum Sight {
    Nothing,
    /// One each, of those that carry an offer.
    Unit(Bits),
    /// Their list price.
    List(i64, Bits),
    /// What they cost before the basket stage of a level.
    Current(usize, Bits),
    /// At most what they cost in the end: only reaching it is asked, and `settle` has the last word.
    Most(Bits),
}

impl Sight {
    /// What a unit adds; nothing where the price that is measured is not known.
    fn adds(&self, one: &Grown) -> Option<i64> {
        let counts = |refuses: Bits| one.pick.carried & refuses == 0;
        Some(match *self {
            Sight::Unit(offer) => i64::from(one.pick.carried & offer != 0),
            Sight::List(list, refuses) if counts(refuses) => list,
            // What a set leaves, or what a maximum gives back, is not known unit by unit.
            Sight::Current(level, refuses) if counts(refuses) => {
                let before = one.before_basket.get(level).filter(|_| !one.is_closed);
                before?.minor()
            }
            Sight::Most(refuses) if counts(refuses) => one.price_most.minor(),
            _ => 0,
        })
    }
}

impl Spot {
    /// The benefits of retailers that a unit counts for and does not get, whatever basket amounts are on.
    fn withholds(&self, pick: &Pick) -> Bits {
        let all = pick.carried | pick.takers;
        let withheld =
            self.assigned.iter().filter(|kit| pick.carried & kit.own == 0 && all & kit.refuses == 0);
        withheld.fold(0, |all, kit| all | kit.own)
    }
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
            let kinds = Kinds { compatible: &self.compatible, rounding: problem.rounding };
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
        let spot = self.spot(place, numbers);
        for mut one in grown {
            let pick = &mut one.pick;
            pick.takers = spot
                .takers
                .iter()
                .filter(|taker| pick.carried & taker.refuses == 0)
                .fold(0, |all, taker| all | taker.own);
            pick.withholds = spot.withholds(pick);
            pick.room = one.price_most.above(numbers.floor).minor();
            if let Some(room) = one.share_room {
                self.has_room(&one.pick, room)?;
            }
            let begin = self.table.sums.len();
            for sight in &spot.sights {
                self.table.sums.push(sight.adds(&one)?);
            }
            let needless = (first..self.table.picks.len())
                .any(|other| self.beats(other, &one.pick, begin, spot.limited));
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

    /// What a line is to gauges and amounts.
    fn spot(&self, line: usize, numbers: &problem::Line) -> Spot {
        let problem = self.table.problem;
        let refuses = |place: usize| !self.compatible.get(place).copied().unwrap_or_default();
        let is_on = |place: usize| problem.offers.get(place).is_some_and(|offer| offer.on.contains(line));
        let one = |place: usize| Taker { own: bit(place), refuses: refuses(place) };
        let baskets = self.table.baskets.iter().map(|&(place, _)| place);
        let kits = self.table.kits.iter().filter(|kit| kit.retailer_assigns).map(|kit| kit.offer);
        Spot {
            sights: self.table.gauges.iter().map(|gauge| self.sight(gauge.of, line, numbers)).collect(),
            takers: baskets.filter(|&place| is_on(place)).map(one).collect(),
            assigned: kits.filter(|&place| is_on(place)).map(one).collect(),
            limited: self.table.limited.iter().fold(0, |all, &(offer, _)| all | bit(offer)),
        }
    }

    fn sight(&self, of: GaugeOf, line: usize, numbers: &problem::Line) -> Sight {
        let problem = self.table.problem;
        let list = numbers.list.minor();
        match of {
            GaugeOf::Count(offer, sku) if sku.is_none_or(|sku| sku == numbers.sku) => Sight::Unit(bit(offer)),
            GaugeOf::Count(..) => Sight::Nothing,
            GaugeOf::Spend(place) => {
                let refuses = !self.compatible.get(place).copied().unwrap_or_default();
                let offer = problem.offers.get(place);
                let measure = offer.and_then(|offer| Some((offer.level, offer.spend.as_ref()?)));
                match measure.filter(|(_, measure)| measure.lines.contains(line)) {
                    None => Sight::Nothing,
                    Some((_, measure)) if measure.of == Measured::List => Sight::List(list, refuses),
                    Some((level, _)) => Sight::Current(level, refuses),
                }
            }
            GaugeOf::Delivery(place) => {
                let offer = problem.deliveries.get(place).filter(|offer| offer.lines.contains(line));
                let refuses =
                    |offer: &DeliveryOffer| offer.refuses.ones().map(bit).fold(0, |all, one| all | one);
                match offer {
                    None => Sight::Nothing,
                    Some(offer) if offer.of == Measured::List => Sight::List(list, refuses(offer)),
                    Some(offer) => Sight::Most(refuses(offer)),
                }
            }
        }
    }

    /// Whether an amount off the sets of a pick finds room in any case.
    fn has_room(&self, pick: &Pick, room: Amount) -> Option<()> {
        let seats = |kit: &&Kit| kit.gain > 0 && kit.roles.clone().any(|role| pick.seats & bit(role) != 0);
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

    /// Whether a pick of the line makes another needless: it is worth as much, asks for no more, and adds as well.
    fn beats(&self, other: usize, pick: &Pick, sums: usize, limited: Bits) -> bool {
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
