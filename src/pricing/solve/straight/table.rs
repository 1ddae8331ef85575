//! From a problem to sums and bits; nothing where they would not say all.

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::model::{
    Bits, Gauge, GaugeOf, Kit, Line, Pick, ROLES_MAX, Role, Setting, Switch, Table, bit, places,
};
use super::picks::{Act, Does, Grown, Kinds, fit, grow};
use crate::money::Amount;
use crate::pricing::problem::{Give, Offer, Problem, SetShare};
use crate::promotion::{Count, Measured, Stage};

/// The most lines: the way goes down one by one.
const LINES_MAX: usize = 256;
/// The most units.
const UNITS_MAX: u64 = 10_000;
/// The most multiples of an `every`.
const MULTIPLES_MAX: i64 = 60;
/// Goods for more than this in minor units are left to wider numbers.
const TOTAL_MAX: i64 = 1 << 40;

/// Lays a problem out.
pub(super) fn lay(problem: &Problem) -> Option<Table<'_>> {
    let falls = |pair: &[crate::pricing::problem::DeliveryOffer]| match pair {
        [first, second] => first.takes >= second.takes,
        _ => true,
    };
    let is_plain = problem.levels == 1
        && problem.duties.is_empty()
        && problem.lines.len() <= LINES_MAX
        && problem.lines.iter().map(|line| u64::from(line.quantity)).sum::<u64>() <= UNITS_MAX
        && problem.list_total().minor() <= TOTAL_MAX
        && problem.deliveries.windows(2).all(falls);
    if !is_plain {
        return None;
    }
    fit(problem.offers.len() + problem.deliveries.len())?;
    let table = Table {
        problem,
        lines: Vec::with_capacity(problem.lines.len()),
        picks: Vec::new(),
        sums: Vec::new(),
        gauges: Vec::new(),
        switches: Vec::new(),
        settings: Vec::new(),
        kits: Vec::new(),
        roles: Vec::new(),
        maxima: Vec::new(),
        limited: Vec::new(),
        baskets: Vec::new(),
        uses_up: 0,
    };
    let compatible =
        (0..problem.offers.len()).map(|place| problem.compatible_with(place) | bit(place)).collect();
    let mut layer = Layer { table, compatible, acts: Vec::new(), tiers: Vec::new(), bits: 0 };
    layer.offers()?;
    layer.deliveries();
    layer.acts.sort_by_key(|act| (act.stage, act.order, act.offer));
    layer.lines()?;
    layer.switches()?;
    Some(layer.table)
}

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

/// Tiers of an offer that hang on one gauge.
struct Tiers {
    offer: usize,
    gauge: usize,
    /// The place of the first one's bit.
    first: usize,
}

struct Layer<'p> {
    table: Table<'p>,
    compatible: SmallVec<[Bits; 32]>,
    acts: Vec<Act<'p>>,
    tiers: Vec<Tiers>,
    /// Bits of tiers so far.
    bits: usize,
}

impl<'p> Layer<'p> {
    fn offers(&mut self) -> Option<()> {
        let problem = self.table.problem;
        for (place, offer) in problem.offers.iter().enumerate() {
            if offer.uses_up {
                self.table.uses_up |= bit(place);
            }
            let is_basket = offer.tiers.iter().any(|tier| matches!(tier.give, Give::Basket(_)));
            if is_basket {
                self.basket(place, offer)?;
                continue;
            }
            let quantity: i64 = self.lines_of(offer).map(|line| i64::from(line.quantity)).sum();
            if let Some(most) = offer.units_max.map(i64::from).filter(|&most| most < quantity) {
                self.table.limited.push((place, most));
            }
            let maximum = self.maximum(place, offer);
            match (&offer.set, offer.spend.is_some() || offer.count.is_some()) {
                (Some(_), _) => self.set(place, offer, maximum)?,
                (None, true) => self.tiered(place, offer, maximum)?,
                (None, false) => self.plain(place, offer, 0, maximum),
            }
        }
        for (place, delivery) in problem.deliveries.iter().enumerate() {
            if delivery.uses_up {
                self.table.uses_up |= bit(problem.offers.len() + place);
            }
        }
        Some(())
    }

    fn lines_of(&self, offer: &'p Offer) -> impl Iterator<Item = &'p crate::pricing::problem::Line> {
        let problem = self.table.problem;
        offer.on.ones().filter_map(|line| problem.lines.get(line))
    }

    /// The place of an offer's maximum, where that could hold.
    fn maximum(&mut self, place: usize, offer: &Offer) -> Option<usize> {
        let most = offer.max_discount?;
        let problem = self.table.problem;
        let could = |line: usize| {
            let numbers = problem.lines.get(line)?;
            let cuts = offer.tiers.iter().filter_map(|tier| match &tier.give {
                Give::Units(cut) => Some(cut.take(line, numbers, numbers.list, problem.rounding)),
                Give::Basket(_) => None,
            });
            Some(cuts.max().unwrap_or_default().times(numbers.quantity))
        };
        let all: Amount = offer.on.ones().filter_map(could).sum();
        let is_shared = offer.set.as_ref().is_some_and(|rules| rules.shared.is_some());
        (is_shared || most < all).then(|| {
            self.table.maxima.push((place, most.minor()));
            self.table.maxima.len() - 1
        })
    }

    /// One tier of an offer, or all that it gives.
    fn plain(&mut self, place: usize, offer: &'p Offer, tier: usize, maximum: Option<usize>) {
        self.act(place, offer, tier, 0, maximum);
    }

    fn act(&mut self, offer: usize, numbers: &'p Offer, tier: usize, bit: Bits, maximum: Option<usize>) {
        if let Some(Give::Units(cut)) = numbers.tiers.get(tier).map(|tier| &tier.give) {
            let order = numbers.tiers.get(tier).map_or(0, |tier| tier.give.order());
            let does = Does::Cut(cut);
            self.acts.push(Act { offer, tier: bit, stage: numbers.stage, order, does, seat: None, maximum });
        }
    }

    /// An offer with a sum or a number of units to be reached.
    fn tiered(&mut self, place: usize, offer: &'p Offer, maximum: Option<usize>) -> Option<()> {
        let gauges: SmallVec<[GaugeOf; 4]> = match offer.count {
            None => SmallVec::from_slice(&[GaugeOf::Spend(place)]),
            Some(Count::Together) => SmallVec::from_slice(&[GaugeOf::Count(place, None)]),
            Some(Count::SameSku) => {
                let mut skus: SmallVec<[usize; 8]> = self.lines_of(offer).map(|line| line.sku).collect();
                skus.sort_unstable();
                skus.dedup();
                skus.into_iter().map(|sku| GaugeOf::Count(place, Some(sku))).collect()
            }
        };
        for of in gauges {
            let gauge = self.gauge(of, offer.spend.is_some().then_some(place));
            self.tiers.push(Tiers { offer: place, gauge, first: self.bits });
            for tier in 0..offer.tiers.len() {
                self.act(place, offer, tier, bit(self.bits + tier), maximum);
            }
            self.bits += offer.tiers.len();
            fit(self.bits)?;
        }
        Some(())
    }

    /// Adds a gauge; of a spend the basket amounts hide units that its offer does not go with.
    fn gauge(&mut self, of: GaugeOf, spends: Option<usize>) -> usize {
        let gives =
            |offer: &&(usize, &Offer)| offer.1.tiers.iter().any(|tier| matches!(tier.give, Give::Basket(_)));
        let problem = self.table.problem;
        let hides = |other: usize| match of {
            GaugeOf::Spend(_) => spends.is_some_and(|place| !problem.is_compatible(other, place)),
            GaugeOf::Count(..) => false,
            GaugeOf::Delivery(place) => {
                problem.deliveries.get(place).is_some_and(|offer| offer.refuses.contains(other))
            }
        };
        let baskets = problem.offers.iter().enumerate();
        let hidden_by = baskets.filter(|offer| gives(&offer)).filter(|&(place, _)| hides(place));
        let hidden_by = hidden_by.map(|(place, _)| bit(place)).fold(0, |all, one| all | one);
        self.table.gauges.push(Gauge { hidden_by, of });
        self.table.gauges.len() - 1
    }

    /// An amount off the basket. It must be the last to take effect on a unit, but for other amounts.
    fn basket(&mut self, place: usize, offer: &'p Offer) -> Option<()> {
        let is_amounts = offer.tiers.iter().all(|tier| matches!(tier.give, Give::Basket(_)));
        if !is_amounts || offer.stage != Stage::Basket || offer.units_max.is_some() {
            return None;
        }
        if offer.spend.is_some() {
            let gauge = self.gauge(GaugeOf::Spend(place), Some(place));
            self.tiers.push(Tiers { offer: place, gauge, first: self.bits });
        }
        self.table.baskets.push((place, 0));
        Some(())
    }

    /// Sets whose units each get their own, or that share an amount or a price which no floor touches.
    fn set(&mut self, place: usize, offer: &'p Offer, maximum: Option<usize>) -> Option<()> {
        let rules = offer.set.as_ref()?;
        if rules.patterns.is_empty() && rules.is_whole {
            return Some(());
        }
        let [pattern] = rules.patterns.as_slice() else {
            return None;
        };
        // What the retailer assigns in larger sets depends on who shares them.
        let is_single = pattern.roles.len() == 1 && rules.roles.iter().all(|role| role.quantity == 1);
        if !rules.is_whole
            || (rules.retailer_assigns && !is_single)
            || (rules.shared.is_some() && maximum.is_some())
        {
            return None;
        }
        let first = self.table.roles.len();
        let (mut floors, mut sets_max) = (Amount::ZERO, i64::MAX);
        for at in pattern.roles.clone() {
            let role = rules.roles.get(at)?;
            let give = &offer.tiers.get(at)?.give;
            let Give::Units(cut) = give else {
                return None;
            };
            let does = match rules.shared {
                None => Does::Cut(cut),
                Some(SetShare::Price(_)) => Does::Empties,
                Some(SetShare::Amount(_)) => Does::Shares,
            };
            let lines = || role.lines.ones().filter_map(|line| self.table.problem.lines.get(line));
            floors += lines().map(|line| line.floor).max().unwrap_or_default().times(role.quantity);
            let units: i64 = lines().map(|line| i64::from(line.quantity)).sum();
            sets_max = sets_max.min(units / i64::from(role.quantity.max(1)));
            let seat = Some(self.table.roles.len());
            let act =
                Act { offer: place, tier: 0, stage: offer.stage, order: rules.order, does, seat, maximum };
            self.acts.push(act);
            self.table
                .roles
                .push(Role { quantity: i64::from(role.quantity), is_benefited: role.is_benefited });
        }
        let gain = match rules.shared {
            None => 0,
            Some(SetShare::Amount(amount)) => amount.minor(),
            // A floor may keep a set from its price.
            Some(SetShare::Price(price)) if floors <= price => -price.minor(),
            Some(SetShare::Price(_)) => return None,
        };
        let roles = first..self.table.roles.len();
        let is_ordered = pattern.is_ordered;
        let sets_max = rules.sets_max.map_or(sets_max, |most| sets_max.min(i64::from(most)));
        let compatible = self.compatible.get(place).copied().unwrap_or_default();
        let retailer_assigns = rules.retailer_assigns;
        self.table.kits.push(Kit {
            offer: place,
            roles,
            is_ordered,
            retailer_assigns,
            compatible,
            sets_max,
            gain,
        });
        (self.table.roles.len() <= ROLES_MAX).then_some(())
    }

    fn deliveries(&mut self) {
        for place in 0..self.table.problem.deliveries.len() {
            self.gauge(GaugeOf::Delivery(place), None);
        }
    }

    /// The lines with their picks, the dearest first.
    fn lines(&mut self) -> Option<()> {
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
            let kit = self.table.kits.iter().find(|kit| kit.offer == act.offer);
            let role = kit.and_then(|kit| rules.roles.get(seat - kit.roles.start));
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
    fn line(
        &mut self,
        place: usize,
        numbers: &crate::pricing::problem::Line,
        mut grown: Vec<Grown>,
    ) -> Option<()> {
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
        let kit = self.table.kits.iter().find(|kit| pick.carried & bit(kit.offer) != 0 && kit.gain > 0);
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
    fn adds(
        &self,
        gauge: usize,
        line: usize,
        numbers: &crate::pricing::problem::Line,
        one: &Grown,
    ) -> Option<i64> {
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
                (measure.lines.contains(line) && carried & !fits == 0, measure.of, one.before_basket)
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

    /// Whether a pick of the line makes another needless: it is worth as much, and adds and asks the same.
    fn beats(&self, other: usize, pick: &Pick, sums: usize) -> bool {
        let Some(better) = self.table.picks.get(other) else {
            return false;
        };
        let gauges = self.table.gauges.len();
        let own = self.table.sums.get(other * gauges..(other + 1) * gauges);
        let limited = self.table.limited.iter().map(|&(offer, _)| bit(offer)).fold(0, |all, one| all | one);
        better.tiers & !pick.tiers == 0
            && better.takers == pick.takers
            && better.seats == pick.seats
            && better.withholds == pick.withholds
            && better.room == pick.room
            && better.capped.is_none()
            && pick.capped.is_none()
            && (better.value > pick.value || better.used == pick.used)
            && better.carried & limited & !pick.carried == 0
            && own == self.table.sums.get(sums..)
    }

    /// The least and the most that a gauge can show.
    fn range(&self, gauge: usize) -> (i64, i64) {
        let gauges = self.table.gauges.len();
        let is_hidden = self.table.gauges.get(gauge).is_some_and(|gauge| gauge.hidden_by != 0);
        let mut range = (0, 0);
        for line in &self.table.lines {
            let adds = || line.picks.clone().filter_map(|pick| self.table.sums.get(pick * gauges + gauge));
            let quantity = i64::from(line.quantity);
            range.0 += if is_hidden { 0 } else { adds().min().copied().unwrap_or_default() * quantity };
            range.1 += adds().max().copied().unwrap_or_default() * quantity;
        }
        range
    }

    fn switches(&mut self) -> Option<()> {
        let problem = self.table.problem;
        let mut dead = 0;
        for tiers in std::mem::take(&mut self.tiers) {
            let offer = problem.offers.get(tiers.offer)?;
            let (least, most) = self.range(tiers.gauge);
            dead |= if offer.tiers.iter().any(|tier| matches!(tier.give, Give::Basket(_))) {
                self.amounts(offer, &tiers, least, most)?;
                0
            } else {
                self.by_tier(offer, &tiers, least, most)
            };
        }
        let without = self.table.baskets.iter().map(|&(place, _)| place);
        let without: SmallVec<[usize; 4]> = without
            .filter(|&place| problem.offers.get(place).is_some_and(|offer| offer.spend.is_none()))
            .collect();
        for place in without {
            let offer = problem.offers.get(place)?;
            let Some(Give::Basket(amount)) = offer.tiers.first().map(|tier| &tier.give) else {
                return None;
            };
            let amount = offer.max_discount.map_or(*amount, |most| most.min(*amount));
            let on = Setting { amount: amount.minor(), on: bit(place), ..Setting::OFF };
            self.switch(0, &[on, Setting::OFF]);
        }
        self.delivery_switch()?;
        self.rivals();
        self.bury(dead);
        Some(())
    }

    fn switch(&mut self, tiers: Bits, settings: &[Setting]) {
        let first = self.table.settings.len();
        self.table.settings.extend_from_slice(settings);
        let on = settings.iter().fold(0, |all, setting| all | setting.on);
        self.table.switches.push(Switch { settings: first..self.table.settings.len(), tiers, on });
    }

    /// The settings of an offer with tiers that units carry; returns the tiers that nothing reaches.
    fn by_tier(&mut self, offer: &Offer, tiers: &Tiers, least: i64, most: i64) -> Bits {
        let mut settings: SmallVec<[Setting; 4]> = SmallVec::new();
        let (mut all, mut dead) = (0, 0);
        for (at, tier) in offer.tiers.iter().enumerate() {
            let own = bit(tiers.first + at);
            all |= own;
            let next = offer.tiers.get(at + 1).map(|tier| tier.from);
            if tier.from > most || next.is_some_and(|next| next <= least) {
                dead |= own;
                continue;
            }
            let need = (tier.from > least).then_some((tiers.gauge, tier.from));
            let limit = next.filter(|&next| next <= most).map(|next| (tiers.gauge, next - 1));
            settings.push(Setting { tiers: own, need, limit, ..Setting::OFF });
        }
        settings.reverse();
        let is_certain = matches!(settings.as_slice(), [Setting { need: None, limit: None, .. }]);
        if !settings.is_empty() && !is_certain {
            settings.push(Setting::OFF);
            self.switch(all, &settings);
        }
        dead
    }

    /// The settings of an amount off the basket that waits for a sum.
    fn amounts(&mut self, offer: &Offer, tiers: &Tiers, least: i64, most: i64) -> Option<()> {
        let mut settings: SmallVec<[Setting; 4]> = SmallVec::new();
        let is_every = offer.spend.as_ref().is_some_and(|measure| measure.every);
        for (at, tier) in offer.tiers.iter().enumerate() {
            let Give::Basket(amount) = tier.give else {
                return None;
            };
            let next = offer.tiers.get(at + 1).map(|tier| tier.from);
            let end = next.map_or(most, |next| most.min(next - 1));
            if tier.from > end {
                continue;
            }
            let times = if is_every && tier.from > 0 { end / tier.from } else { 1 };
            if times > MULTIPLES_MAX {
                return None;
            }
            for times in 1..=times {
                let from = if is_every { tier.from * times } else { tier.from };
                let until = if is_every && tier.from > 0 { Some(tier.from * (times + 1)) } else { None };
                let until = until.into_iter().chain(next).min().filter(|&until| until <= most);
                let amount = amount.minor().saturating_mul(times);
                let amount = offer.max_discount.map_or(amount, |most| most.minor().min(amount));
                let need = (from > least).then_some((tiers.gauge, from));
                let limit = until.map(|until| (tiers.gauge, until - 1));
                let on = bit(tiers.offer);
                settings.push(Setting { tiers: 0, amount, on, delivery: None, need, limit });
            }
        }
        settings.push(Setting::OFF);
        // A higher tier may take less.
        settings.sort_by_key(|setting| (std::cmp::Reverse(setting.amount), std::cmp::Reverse(setting.need)));
        if settings.len() > 1 {
            self.switch(0, &settings);
        }
        Some(())
    }

    fn delivery_switch(&mut self) -> Option<()> {
        let problem = self.table.problem;
        let mut settings: SmallVec<[Setting; 4]> = SmallVec::new();
        let gauges = self.table.gauges.iter().enumerate().filter_map(|(at, gauge)| match gauge.of {
            GaugeOf::Delivery(place) => Some((at, place)),
            _ => None,
        });
        for (gauge, place) in gauges {
            let Some(offer) = problem.deliveries.get(place).filter(|offer| !offer.lines.is_clear()) else {
                continue;
            };
            let from = offer.from.minor();
            if self.range(gauge).1 < from {
                continue;
            }
            // Without a sum some unit must count, whatever it costs.
            if from == 0 && !offer.refuses.is_clear() {
                return None;
            }
            let amount = offer.takes.minor();
            let need = (from > 0).then_some((gauge, from));
            settings.push(Setting { amount, delivery: Some(place), need, ..Setting::OFF });
        }
        if !settings.is_empty() {
            settings.push(Setting::OFF);
            self.switch(0, &settings);
        }
        Some(())
    }

    /// The basket amounts that cannot share a unit with each.
    fn rivals(&mut self) {
        let all: SmallVec<[usize; 4]> = self.table.baskets.iter().map(|&(place, _)| place).collect();
        for (place, rivals) in &mut self.table.baskets {
            let fits = self.compatible.get(*place).copied().unwrap_or_default();
            *rivals =
                all.iter().map(|&other| bit(other) & !fits).fold(0, |all, one| all | one) & !bit(*place);
        }
    }

    /// Leaves out the picks with tiers that nothing reaches.
    fn bury(&mut self, dead: Bits) {
        if dead == 0 {
            return;
        }
        let gauges = self.table.gauges.len();
        let (mut picks, mut sums) = (Vec::with_capacity(self.table.picks.len()), Vec::new());
        let old = std::mem::take(&mut self.table.picks);
        for line in &mut self.table.lines {
            let first = picks.len();
            for at in line.picks.clone() {
                if let Some(pick) = old.get(at).filter(|pick| pick.tiers & dead == 0) {
                    picks.push(pick.clone());
                    sums.extend_from_slice(
                        self.table.sums.get(at * gauges..(at + 1) * gauges).unwrap_or_default(),
                    );
                }
            }
            line.picks = first..picks.len();
        }
        (self.table.picks, self.table.sums) = (picks, sums);
    }
}
