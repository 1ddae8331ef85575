//! The hard instances, and three methods that other engines price baskets by. Each goes one promotion at a time: `price`
//! with a rulebook of that one promotion, on the units that nobody carries yet. What they arrive at is always a legal
//! assignment, so the best price can only be equal or lower.
//!
//! Percentages that stack with all (a loyalty card) stand in every rulebook beside the one promotion and are no steps of
//! their own: they bar nobody. Two basket amounts are never taken one after the other, for they may not meet on one unit.

use std::path::Path;

use pricewright::basket::Request;
use pricewright::catalog::Catalog;
use pricewright::money::Amount;
use pricewright::pricing::{Effort, Quote, price};
use pricewright::promotion::limits::Sets;
use pricewright::promotion::{Benefit, Limits, Promotion, SpendBenefit, Stacking};
use pricewright::rulebook::{Digest, Rulebook, Source, compile};
use pricewright::server::convert;
use pricewright::time::Instant;

/// How many random sequences the third method tries.
const SEQUENCES: u64 = 50;

/// One hard instance.
pub(crate) struct Instance {
    pub(crate) name: String,
    pub(crate) rulebook: Rulebook,
    pub(crate) request: Request,
}

impl Instance {
    /// All of the committed file.
    pub(crate) fn all() -> Result<Vec<Self>, String> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hard/instances.jsonl");
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        text.lines().map(Self::read).collect()
    }

    fn read(line: &str) -> Result<Self, String> {
        let value: serde_json::Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let part = |name: &str| value.get(name).ok_or_else(|| format!("no `{name}`"));
        let name = part("name")?.as_str().unwrap_or_default().to_owned();
        let rules = part("rules")?.to_string().into_bytes();
        let compiled = compile(&[Source { path: format!("{name}.json"), bytes: rules }]);
        let found: Vec<String> = compiled
            .diagnostics
            .iter()
            .map(|diagnostic| diagnostic.render(pricewright::lang::Lang::En, false))
            .collect();
        let rulebook = compiled.rulebook.ok_or_else(|| found.join("\n"))?;
        let asked =
            convert::request_from_json(&part("request")?.to_string()).map_err(|error| error.to_string())?;
        let (request, faults) = convert::request(&asked, Instant::from_unix(0).ok_or("no epoch")?);
        if faults.is_empty() { Ok(Instance { name, rulebook, request }) } else { Err(format!("{faults:?}")) }
    }

    pub(crate) fn units(&self) -> u32 {
        self.request.basket.lines.iter().map(|line| line.quantity).sum()
    }
}

/// What the customer pays by the three methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Methods {
    /// In the order of the list, each promotion takes the best it can; spends last, on what is left.
    pub(crate) list_order: Amount,
    /// Each time the promotion whose next application takes the most off.
    pub(crate) best_next: Amount,
    /// The best of fifty random sequences.
    pub(crate) random: Amount,
}

impl Methods {
    pub(crate) fn of(instance: &Instance) -> Result<Self, String> {
        let steps = Steps::of(instance);
        let in_list: Vec<usize> = steps.in_list_order();
        let mut dice = Dice(50);
        let mut random: Option<Amount> = None;
        for _ in 0..SEQUENCES {
            let mut order = in_list.clone();
            dice.shuffle(&mut order);
            let total = steps.in_order(&order)?;
            random = Some(random.map_or(total, |best| best.min(total)));
        }
        Ok(Methods {
            list_order: steps.in_order(&in_list)?,
            best_next: steps.best_next()?,
            random: random.ok_or("no sequences")?,
        })
    }
}

/// The promotions that are steps, and those that go with every one of them.
struct Steps<'a> {
    instance: &'a Instance,
    steps: Vec<Promotion>,
    beside: Vec<Promotion>,
}

/// How far a method has come.
struct State {
    /// Units that nobody carries, a line each.
    free: Vec<u32>,
    /// What the others cost.
    paid: Amount,
    basket_amount: bool,
}

/// What one promotion does on the free units.
#[derive(Clone)]
struct Step {
    /// Units that carry it, a line each.
    units: Vec<u32>,
    /// What these cost.
    paid: Amount,
    /// What it takes off them.
    takes: Amount,
    sets: u32,
}

impl<'a> Steps<'a> {
    fn of(instance: &'a Instance) -> Self {
        let goes_with_all = |promotion: &Promotion| {
            promotion.stacks_with == Stacking::All
                && promotion.limits == Limits::default()
                && matches!(&promotion.benefit, Benefit::Units(benefit) if benefit.max_discount.is_none())
        };
        let all = instance.rulebook.promotions().iter().cloned();
        let (beside, steps) = all.partition(goes_with_all);
        Steps { instance, steps, beside }
    }

    /// By id, spends and basket amounts last.
    fn in_list_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.steps.len()).collect();
        order.sort_by_key(|&at| {
            let benefit = self.steps.get(at).map(|promotion| &promotion.benefit);
            matches!(benefit, Some(Benefit::Spend { .. } | Benefit::Basket(_)))
        });
        order
    }

    fn begin(&self) -> State {
        let lines = &self.instance.request.basket.lines;
        State {
            free: lines.iter().map(|line| line.quantity).collect(),
            paid: Amount::ZERO,
            basket_amount: false,
        }
    }

    /// Each promotion once, in this order, as much as it can.
    fn in_order(&self, order: &[usize]) -> Result<Amount, String> {
        let mut state = self.begin();
        for promotion in order.iter().filter_map(|&at| self.steps.get(at)) {
            if let Some(step) = self.step(&state, promotion)? {
                state.take(&step, promotion);
            }
        }
        self.end(&state)
    }

    /// Each time the promotion whose next application takes the most off: one set, one unit, or the whole of a
    /// promotion that cannot be taken bit by bit.
    fn best_next(&self) -> Result<Amount, String> {
        let mut state = self.begin();
        let mut left: Vec<Option<Promotion>> = self.steps.iter().cloned().map(Some).collect();
        let mut next: Vec<Option<Step>> = vec![None; left.len()];
        let mut stale = vec![true; left.len()];
        loop {
            for ((promotion, next), stale) in left.iter_mut().zip(&mut next).zip(&mut stale) {
                if std::mem::take(stale) {
                    *next = match promotion {
                        Some(one) => self.step(&state, &single(one))?,
                        None => None,
                    };
                }
                if next.is_none() {
                    // Fewer units are free from now on: what can do nothing now never will.
                    *promotion = None;
                }
            }
            let best = next.iter().enumerate().filter_map(|(at, step)| step.clone().map(|step| (at, step)));
            // The earlier of the list on a tie.
            let Some((at, step)) =
                best.reduce(|one, other| if other.1.takes > one.1.takes { other } else { one })
            else {
                return self.end(&state);
            };
            if let Some(slot) = left.get_mut(at) {
                if let Some(promotion) = slot.as_ref() {
                    state.take(&step, promotion);
                }
                *slot = slot.take().and_then(|promotion| rest(promotion, &step));
            }
            for (place, (stale, next)) in stale.iter_mut().zip(&next).enumerate() {
                // What takes one bit and still finds the units for it would take the same again.
                let bitwise = self.steps.get(place).is_some_and(is_bitwise);
                let finds =
                    |next: &Step| next.units.iter().zip(&state.free).all(|(wanted, free)| wanted <= free);
                *stale = place == at || next.as_ref().is_some_and(|next| !bitwise || !finds(next));
            }
        }
    }

    /// The best that one promotion can do on the free units.
    fn step(&self, state: &State, promotion: &Promotion) -> Result<Option<Step>, String> {
        if state.is_done() || (state.basket_amount && is_basket_amount(promotion)) {
            return Ok(None);
        }
        let alone = std::iter::once(promotion.clone());
        let (rulebook, quote, places) =
            self.quote(&state.free, alone.chain(self.beside.iter().cloned()).collect())?;
        let index = rulebook.find(&promotion.id);
        let mut step =
            Step { units: vec![0; state.free.len()], paid: Amount::ZERO, takes: Amount::ZERO, sets: 0 };
        for (line, place) in quote.lines.iter().zip(places) {
            for group in &line.groups {
                let Some(carried) = group.carried.iter().find(|carried| Some(carried.promotion) == index)
                else {
                    continue;
                };
                if let Some(units) = step.units.get_mut(place) {
                    *units += group.quantity;
                }
                step.paid += group.price.times(group.quantity);
                step.takes += carried.amount.times(group.quantity);
            }
        }
        step.sets = quote.sets.iter().filter(|set| Some(set.promotion) == index).map(|set| set.times).sum();
        Ok((!step.takes.is_zero()).then_some(step))
    }

    /// The rest of the basket, under what goes with all.
    fn end(&self, state: &State) -> Result<Amount, String> {
        if state.is_done() {
            return Ok(state.paid);
        }
        let (_, quote, _) = self.quote(&state.free, self.beside.clone())?;
        Ok(state.paid + quote.total)
    }

    /// A quote for the free units under these promotions, and the places of its lines in the basket.
    fn quote(
        &self,
        free: &[u32],
        promotions: Vec<Promotion>,
    ) -> Result<(Rulebook, Quote, Vec<usize>), String> {
        let all = &self.instance.rulebook;
        let caps = all.caps().to_vec();
        let rulebook =
            Rulebook::new(all.settings().clone(), Catalog::default(), promotions, caps, Digest::of(&[]));
        let mut request = self.instance.request.clone();
        for (line, &free) in request.basket.lines.iter_mut().zip(free) {
            line.quantity = free;
        }
        request.basket.lines.retain(|line| line.quantity > 0);
        let places = free.iter().enumerate().filter(|(_, free)| **free > 0).map(|(place, _)| place).collect();
        let quote =
            price(&rulebook, &request, Effort::default()).map_err(|faults| format!("refused: {faults:?}"))?;
        Ok((rulebook, quote, places))
    }
}

impl State {
    /// Whether nothing is left: a basket of no lines has no price.
    fn is_done(&self) -> bool {
        self.free.iter().all(|free| *free == 0)
    }

    fn take(&mut self, step: &Step, promotion: &Promotion) {
        for (free, units) in self.free.iter_mut().zip(&step.units) {
            *free -= units;
        }
        self.paid += step.paid;
        self.basket_amount |= is_basket_amount(promotion);
    }
}

fn is_basket_amount(promotion: &Promotion) -> bool {
    match &promotion.benefit {
        Benefit::Basket(_) => true,
        Benefit::Spend { tiers, .. } => tiers.iter().any(|tier| matches!(tier.give, SpendBenefit::Basket(_))),
        _ => false,
    }
}

/// Whether a promotion can be taken bit by bit. Where the retailer assigns, what came before would have to be looked at
/// again; tiers and basket amounts look at everything together.
fn is_bitwise(promotion: &Promotion) -> bool {
    match &promotion.benefit {
        Benefit::Set(set) => !set.retailer_assigns,
        Benefit::Units(_) | Benefit::Prices(_) => true,
        _ => false,
    }
}

/// The promotion, limited to its next application.
fn single(promotion: &Promotion) -> Promotion {
    let mut one = promotion.clone();
    if is_bitwise(promotion) {
        if matches!(one.benefit, Benefit::Set(_)) {
            one.limits.sets = Some(Sets::AtMost(1));
        } else {
            one.limits.units = Some(1);
        }
    }
    one
}

/// What is left of a promotion after an application; `None` when nothing is.
fn rest(mut promotion: Promotion, step: &Step) -> Option<Promotion> {
    if !is_bitwise(&promotion) {
        return None;
    }
    if let Some(units) = &mut promotion.limits.units {
        *units = units.checked_sub(step.units.iter().sum()).filter(|units| *units > 0)?;
    }
    if let Some(Sets::AtMost(sets)) = &mut promotion.limits.sets {
        *sets = sets.checked_sub(step.sets).filter(|sets| *sets > 0)?;
    }
    let most = match &mut promotion.benefit {
        Benefit::Set(set) => &mut set.max_discount,
        Benefit::Units(benefit) => &mut benefit.max_discount,
        Benefit::Prices(list) => &mut list.max_discount,
        _ => return None,
    };
    if let Some(most) = most {
        *most = most.above(step.takes);
        if most.is_zero() {
            return None;
        }
    }
    Some(promotion)
}

/// Pseudo-random numbers (splitmix64), the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let count = u64::try_from(count).unwrap_or(1).max(1);
        usize::try_from((z ^ (z >> 31)) % count).unwrap_or(0)
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}
