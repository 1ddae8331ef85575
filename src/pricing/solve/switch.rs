//! The decisions that couple units: which tier a spend reaches, which basket amounts are on, what the delivery gets.
//!
//! Every assignment agrees with one setting of every switch, so a search through the settings misses none. A setting that
//! no assignment can have is left out here, once; a need that every assignment meets is no need.

use smallvec::SmallVec;

use super::choice::{Act, Choice, Choices, Gauge, payable, room};
use crate::pricing::problem::{Give, Offer, Problem, Tier};
use crate::promotion::Count;

/// The most multiples of an `every` that are told apart; below them one setting stands for the rest.
const MULTIPLES_MAX: i64 = 60;
/// The most decisions that are searched: each may double the work. What is beyond is left off, and then nothing is proven.
const SWITCHES_MAX: usize = 64;

/// The switches of an offer, by SKU; without one, for all.
type BySku = SmallVec<[(Option<usize>, usize); 1]>;

/// What is to be decided.
pub(super) struct Plan {
    /// Offers first, the delivery last.
    pub switches: Vec<Switch>,
    /// For each offer its switches: with tiers by the quantity of each SKU, one a SKU.
    of_offer: Vec<BySku>,
    /// Whether a promotion on the delivery never takes less than one that would apply after it: then reaching it is no harm.
    pub deliveries_fall: bool,
    /// What could be taken off with the offers beyond the most switches.
    pub unlisted: i64,
    // Acts whose tier no assignment reaches.
    dead: Vec<Act>,
}

/// One decision.
pub(super) struct Switch {
    /// The level from which on it changes what is taken off.
    pub level: usize,
    /// The settings, the most promising first.
    pub settings: Vec<Setting>,
}

impl Switch {
    /// Whether it decides between tiers that units carry, and nothing else.
    pub(super) fn is_of_units(&self) -> bool {
        self.settings.iter().all(|setting| matches!(setting.effect, Effect::Units(_) | Effect::Off))
    }
}

/// One way to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setting {
    /// What it does.
    pub effect: Effect,
    /// The gauge that must reach a sum, when that is not certain.
    pub need: Option<(usize, i64)>,
    /// The gauge that must not pass a sum, when it could: there the next setting begins.
    pub limit: Option<(usize, i64)>,
}

/// What a setting does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The offer is not used; the delivery gets nothing.
    Off,
    /// Units may carry the offer at this tier.
    Units(Act),
    /// The offer takes an amount off the basket.
    Basket {
        /// Which offer.
        offer: usize,
        /// At most how much.
        amount: i64,
    },
    /// A promotion takes something off the delivery.
    Delivery {
        /// Its place.
        place: usize,
        /// How much.
        takes: i64,
    },
}

impl Setting {
    const OFF: Setting = Setting { effect: Effect::Off, need: None, limit: None };

    /// What it takes off beside what the units carry, at most.
    pub(super) fn amount(&self) -> i64 {
        match self.effect {
            Effect::Basket { amount, .. } => amount,
            Effect::Delivery { takes, .. } => takes,
            Effect::Off | Effect::Units(_) => 0,
        }
    }
}

impl Plan {
    /// The switch of an offer on lines with that SKU.
    pub(super) fn of(&self, offer: usize, sku: usize) -> Option<usize> {
        let switches = self.of_offer.get(offer)?;
        switches.iter().find(|(of, _)| of.is_none_or(|of| of == sku)).map(|&(_, switch)| switch)
    }

    /// Whether a choice can stand in any assignment at all.
    pub(super) fn is_alive(&self, choice: &Choice) -> bool {
        choice.acts.iter().all(|act| !self.dead.contains(act))
    }
}

/// Finds the switches of a problem.
pub(super) fn plan(problem: &Problem, choices: &Choices) -> Plan {
    let mut plan = Plan {
        switches: Vec::new(),
        of_offer: vec![SmallVec::new(); problem.offers.len()],
        deliveries_fall: problem.deliveries.windows(2).all(|pair| match pair {
            [first, second] => first.takes >= second.takes,
            _ => true,
        }),
        unlisted: 0,
        dead: Vec::new(),
    };
    for (place, offer) in problem.offers.iter().enumerate() {
        let mut measured = choices.gauges.iter().enumerate().filter_map(|(at, gauge)| match *gauge {
            Gauge::Offer(of) if of == place => Some((at, None)),
            Gauge::Count(of, sku) if of == place => Some((at, sku)),
            _ => None,
        });
        match measured.next() {
            None => plan.add(problem, place, offer, None, plain(problem, place, offer)),
            Some(first) => {
                for (gauge, sku) in std::iter::once(first).chain(measured) {
                    let settings = plan.spend(problem, choices, place, offer, gauge);
                    plan.add(problem, place, offer, sku, settings);
                }
            }
        }
    }
    let settings = deliveries(problem, choices);
    if settings.len() > 1 || settings.iter().any(|setting| setting.effect != Effect::Off) {
        plan.switches.push(Switch { level: problem.levels - 1, settings });
    }
    plan
}

fn gauge(choices: &Choices, gauge: Gauge) -> Option<usize> {
    choices.gauges.iter().position(|&other| other == gauge)
}

/// The least and the most that a gauge can show, whatever the sets.
fn range(problem: &Problem, choices: &Choices, gauge: usize) -> (i64, i64) {
    let adds = |choice: &Choice| choice.reach.get(gauge).copied().unwrap_or_default();
    problem.lines.iter().zip(&choices.lines).fold((0, 0), |(least, most), (line, list)| {
        let quantity = i64::from(line.quantity);
        let low = list.iter().map(|choice| adds(choice).1).min().unwrap_or_default();
        let high = list.iter().map(|choice| adds(choice).0).max().unwrap_or_default();
        (least + low * quantity, most + high * quantity)
    })
}

/// Without a spend only a basket amount is a decision.
fn plain(problem: &Problem, place: usize, offer: &Offer) -> Vec<Setting> {
    let Some(Tier { give: Give::Basket(amount), .. }) = offer.tiers.first() else {
        return Vec::new();
    };
    let amount =
        offer.max_discount.map_or(*amount, |most| most.min(*amount)).minor().min(room(problem, offer));
    vec![Setting { effect: Effect::Basket { offer: place, amount }, need: None, limit: None }, Setting::OFF]
}

impl Plan {
    fn add(
        &mut self,
        problem: &Problem,
        place: usize,
        offer: &Offer,
        sku: Option<usize>,
        settings: Vec<Setting>,
    ) {
        let is_open = settings.len() > 1
            || settings.iter().any(|s| !matches!(s.effect, Effect::Units(_)) || s.need.is_some());
        if is_open && self.switches.len() >= SWITCHES_MAX {
            self.leave_out(problem, place, offer);
        } else if is_open {
            if let Some(switches) = self.of_offer.get_mut(place) {
                switches.push((sku, self.switches.len()));
            }
            self.switches.push(Switch { level: offer.level, settings });
        }
    }

    /// An offer beyond the most switches is not used. What it takes off is not all that it could bring: it may keep others from units.
    fn leave_out(&mut self, problem: &Problem, place: usize, offer: &Offer) {
        self.dead.extend((0..offer.tiers.len()).map(|tier| Act { offer: place, tier }));
        self.unlisted = payable(problem);
    }

    fn spend(
        &mut self,
        problem: &Problem,
        choices: &Choices,
        place: usize,
        offer: &Offer,
        gauge: usize,
    ) -> Vec<Setting> {
        let (least, most) = range(problem, choices, gauge);
        let need = |sum: i64| (sum > least).then_some((gauge, sum));
        let limit = |end: Option<i64>| end.filter(|&end| end <= most).map(|end| (gauge, end - 1));
        let mut settings = Vec::new();
        for (tier, numbers) in offer.tiers.iter().enumerate() {
            let from = numbers.from;
            let next = offer.tiers.get(tier + 1).map(|tier| tier.from);
            let act = Act { offer: place, tier };
            if from > most || next.is_some_and(|next| next <= least) {
                // What one SKU cannot reach another may; the choices of each have only what it can.
                if offer.count != Some(Count::SameSku) {
                    self.dead.push(act);
                }
                continue;
            }
            match numbers.give {
                Give::Units(_) => {
                    settings.push(Setting {
                        effect: Effect::Units(act),
                        need: need(from),
                        limit: limit(next),
                    });
                }
                Give::Basket(amount) => {
                    let is_every = offer.spend.as_ref().is_some_and(|measure| measure.every) && from > 0;
                    let reach = most.min(next.map_or(i64::MAX, |next| next - 1));
                    let steps = steps(from, is_every, least, reach);
                    for (step, &(sum, times)) in steps.iter().enumerate() {
                        let end = steps.get(step + 1).map(|&(sum, _)| sum).or(next);
                        let amount = amount.minor().saturating_mul(times);
                        let amount = offer.max_discount.map_or(amount, |most| most.minor().min(amount));
                        let amount = amount.min(room(problem, offer));
                        // Where one setting stands for several multiples, less than the last of them is another amount.
                        let is_lump = times > 1 && sum < from.saturating_mul(times);
                        settings.push(Setting {
                            effect: Effect::Basket { offer: place, amount },
                            need: if is_lump { Some((gauge, sum)) } else { need(sum) },
                            limit: limit(end),
                        });
                    }
                }
            }
        }
        settings.reverse();
        let is_certain =
            matches!(settings.as_slice(), [Setting { effect: Effect::Units(_), need: None, limit: None }]);
        if !settings.is_empty() && !is_certain {
            settings.push(Setting::OFF);
        }
        settings
    }
}

/// The sums at which a basket amount is taken once, twice and so on, ascending, with the times.
fn steps(from: i64, is_every: bool, least: i64, most: i64) -> SmallVec<[(i64, i64); 4]> {
    if !is_every {
        return SmallVec::from_slice(&[(from, 1)]);
    }
    let (low, high) = ((least / from).max(1), (most / from).max(1));
    let told_apart = (high - MULTIPLES_MAX).max(low);
    // One setting stands for all multiples up to the first that is told apart: reached early, worth the most.
    let first = (low * from, told_apart);
    std::iter::once(first).chain((told_apart + 1..=high).map(|times| (times * from, times))).collect()
}

fn deliveries(problem: &Problem, choices: &Choices) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (place, offer) in problem.deliveries.iter().enumerate() {
        let Some(gauge) = gauge(choices, Gauge::Delivery(place)) else {
            continue;
        };
        let (least, most) = range(problem, choices, gauge);
        let from = offer.from.minor();
        if most < from || offer.lines.is_clear() {
            continue;
        }
        let counts_always = (0..problem.offers.len()).all(|other| offer.counts(&[other]));
        let is_certain = from <= least && counts_always;
        let effect = Effect::Delivery { place, takes: offer.takes.minor() };
        settings.push(Setting { effect, need: (!is_certain).then_some((gauge, from)), limit: None });
        if is_certain {
            return settings;
        }
    }
    settings.push(Setting::OFF);
    settings
}
