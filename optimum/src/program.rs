//! The best price as a mixed-integer program: how many units of each line are in each state, and what follows.

use std::collections::BTreeMap;
use std::time::Duration;

use highs::{Col, HighsModelStatus, RowProblem, Sense};

use crate::shop::{Kind, SetGive, Shop, Slot, Spend};
use crate::states::{Role, State};

/// How an answer may be wrong: HiGHS takes nothing tighter than 1e-10, and at that it often goes in circles.
const TOLERANCE: f64 = 1e-9;

/// A weighted sum of columns.
type Terms = Vec<(Col, i64)>;

/// The program of one problem.
pub(crate) struct Program<'a> {
    shop: &'a Shop,
    problem: RowProblem,
    /// By line.
    states: Vec<Vec<State>>,
    counts: Vec<Vec<Col>>,
    cost: Terms,
}

/// What HiGHS says.
pub(crate) struct Answer {
    pub(crate) status: HighsModelStatus,
    /// The objective, rounded to a whole minor unit.
    pub(crate) total: i64,
    /// By line, so many units in each state that has some.
    pub(crate) counts: Vec<Vec<(State, i64)>>,
}

impl<'a> Program<'a> {
    pub(crate) fn of(shop: &'a Shop) -> Self {
        let mut program = Program {
            shop,
            problem: RowProblem::new(),
            states: Vec::new(),
            counts: Vec::new(),
            cost: Vec::new(),
        };
        for line in 0..shop.lines.len() {
            let count = shop.lines[line].count;
            let states = shop.states(line);
            let columns: Vec<Col> = states.iter().map(|state| program.column(state.price, count)).collect();
            program.exactly(columns.iter().map(|&column| (column, 1)).collect(), count);
            program.states.push(states);
            program.counts.push(columns);
        }
        for promo in 0..shop.promos.len() {
            program.promotion(promo);
        }
        program
    }

    /// So many columns and rows.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.problem.num_cols(), self.problem.num_rows())
    }

    /// Solves it; with `at_most`, only for totals that are not above it.
    pub(crate) fn solve(mut self, limit: Duration, at_most: Option<i64>) -> Answer {
        if let Some(most) = at_most {
            let cost = std::mem::take(&mut self.cost);
            self.at_most(cost, most);
        }
        let mut model = self.problem.optimise(Sense::Minimise);
        model.make_quiet();
        model.set_option("threads", 1);
        model.set_option("parallel", "off");
        model.set_option("time_limit", limit.as_secs_f64());
        for option in ["mip_rel_gap", "mip_abs_gap"] {
            model.set_option(option, 0.0);
        }
        for option in
            ["mip_feasibility_tolerance", "primal_feasibility_tolerance", "dual_feasibility_tolerance"]
        {
            model.set_option(option, TOLERANCE);
        }
        let solved = model.solve();
        let solution = solved.get_solution();
        let columns = solution.columns();
        let value = |column: Col| columns.get(column.index()).map_or(0, |value| whole(*value));
        let counts = self.states.iter().zip(&self.counts).map(|(states, counts)| {
            let here = states.iter().zip(counts).map(|(state, &column)| (state.clone(), value(column)));
            here.filter(|(_, units)| *units != 0).collect()
        });
        Answer { status: solved.status(), total: whole(solved.objective_value()), counts: counts.collect() }
    }

    /// A whole number of `0..=most` that costs so much each.
    fn column(&mut self, cost: i64, most: i64) -> Col {
        let column = self.problem.add_integer_column(float(cost), 0.0..=float(most));
        self.cost.push((column, cost));
        column
    }

    fn switch(&mut self) -> Col {
        self.column(0, 1)
    }

    fn exactly(&mut self, terms: Terms, sum: i64) {
        self.problem.add_row(float(sum)..=float(sum), floats(terms));
    }

    fn at_most(&mut self, terms: Terms, most: i64) {
        self.problem.add_row(..=float(most), floats(terms));
    }

    fn at_least(&mut self, terms: Terms, least: i64) {
        self.problem.add_row(float(least).., floats(terms));
    }

    /// The counts of all states that `of` gives a weight.
    fn sum(&self, of: impl Fn(usize, &State) -> i64) -> Terms {
        let mut terms = Vec::new();
        for line in 0..self.states.len() {
            terms.extend(self.sum_of_line(line, &of));
        }
        terms
    }

    fn sum_of_line(&self, line: usize, of: impl Fn(usize, &State) -> i64) -> Terms {
        let states = self.states[line].iter().zip(&self.counts[line]);
        states.map(|(state, &column)| (column, of(line, state))).filter(|(_, weight)| *weight != 0).collect()
    }

    /// The units that carry `promo` in a role that passes, on lines that pass.
    fn carrying(&self, promo: usize, on: impl Fn(usize) -> bool, passes: impl Fn(Role) -> bool) -> Terms {
        self.sum(|line, state| i64::from(on(line) && state.role_of(promo).is_some_and(&passes)))
    }

    fn units(&self, on: &[bool]) -> i64 {
        self.shop.lines.iter().zip(on).filter(|(_, on)| **on).map(|(line, _)| line.count).sum()
    }

    fn promotion(&mut self, promo: usize) {
        let shop = self.shop;
        let this = &shop.promos[promo];
        if let Some(most) = this.most_units {
            self.at_most(self.carrying(promo, |_| true, |_| true), most);
        }
        let shared =
            match &this.kind {
                Kind::Units(_) => Vec::new(),
                Kind::Quantity { tiers, same_sku } => {
                    let froms: Vec<i64> = tiers.iter().map(|(from, _)| *from).collect();
                    if *same_sku {
                        for sku in self.skus(&this.matches) {
                            self.quantity(promo, &froms, |line| shop.lines[line].sku == sku);
                        }
                    } else {
                        self.quantity(promo, &froms, |_| true);
                    }
                    Vec::new()
                }
                Kind::Set { slots, give, most_sets, retailer } => {
                    let sets = match give {
                        SetGive::Cheapest { units, .. } if slots.len() == 1 => {
                            self.cheapest_of_slot(promo, &slots[0], *units)
                        }
                        SetGive::Cheapest { units, .. } => self.cheapest_of_slots(promo, slots, *units),
                        _ => self.sets(promo, slots),
                    };
                    if let Some(most) = most_sets {
                        self.at_most(sets.clone(), *most);
                    }
                    if *retailer {
                        for slot in 0..slots.len() {
                            self.retailer(promo, slots, slot);
                        }
                    }
                    let times =
                        |sets: Terms, amount: i64| sets.into_iter().map(move |(set, n)| (set, n * amount));
                    match give {
                        SetGive::Amount(amount) => times(sets, *amount).collect(),
                        SetGive::Price(price) => {
                            let lists = self.sum(|line, state| {
                                if state.role_of(promo).is_some() { shop.lines[line].list } else { 0 }
                            });
                            lists.into_iter().chain(times(sets, -price)).collect()
                        }
                        _ => Vec::new(),
                    }
                }
                Kind::Spend(spend) => {
                    let tiers: Vec<Col> = spend.tiers.iter().map(|_| self.switch()).collect();
                    self.at_most(tiers.iter().map(|&tier| (tier, 1)).collect(), 1);
                    self.reached(promo, spend, &tiers);
                    for (place, &tier) in tiers.iter().enumerate() {
                        for line in 0..shop.lines.len() {
                            let mut terms = self.sum_of_line(line, |_, state| {
                                i64::from(state.role_of(promo) == Some(Role::Tier(place)))
                            });
                            if !terms.is_empty() {
                                terms.push((tier, -shop.lines[line].count));
                                self.at_most(terms, 0);
                            }
                        }
                    }
                    Vec::new()
                }
                Kind::Basket(spend) => {
                    self.basket(promo, spend);
                    return;
                }
            };
        // Sets of a promotion with `max_discount` and all units together: the smaller of the limit and what it wants.
        let mut wanted = shared;
        if let Some(most) = this.max_discount {
            wanted.extend(self.sum(|_, state| state.role_of(promo).map_or(0, |_| state.wanted)));
            self.taken(wanted, most);
        } else if !wanted.is_empty() {
            self.taken(wanted, shop.list_total());
        }
    }

    /// Something taken off several units together: at most what they want and at most `most`.
    fn taken(&mut self, wanted: Terms, most: i64) -> Col {
        let taken = self.column(-1, most);
        let mut terms: Terms = wanted.into_iter().map(|(column, weight)| (column, -weight)).collect();
        terms.push((taken, 1));
        self.at_most(merged(terms), 0);
        taken
    }

    fn skus(&self, on: &[bool]) -> Vec<String> {
        let lines = self.shop.lines.iter().zip(on).filter(|(_, on)| **on);
        let mut skus: Vec<String> = lines.map(|(line, _)| line.sku.clone()).collect();
        skus.sort();
        skus.dedup();
        skus
    }

    /// "The tier is the highest `from` not above the number of units taking part."
    fn quantity(&mut self, promo: usize, froms: &[i64], on: impl Fn(usize) -> bool) {
        let all = self.units(&self.shop.promos[promo].matches);
        let tiers: Vec<Col> = froms.iter().map(|_| self.switch()).collect();
        self.at_most(tiers.iter().map(|&tier| (tier, 1)).collect(), 1);
        for (place, &from) in froms.iter().enumerate() {
            let carrying = || self.carrying(promo, &on, |role| role == Role::Tier(place));
            let (mut least, mut most) = (carrying(), carrying());
            least.push((tiers[place], -from));
            most.push((tiers[place], -froms.get(place + 1).map_or(all, |next| (next - 1).min(all))));
            self.at_least(least, 0);
            self.at_most(most, 0);
        }
    }

    /// Sets whose benefit does not ask which unit is in which of them: so many units a slot for each set.
    fn sets(&mut self, promo: usize, slots: &[Slot]) -> Terms {
        let sets = self.column(0, self.most_sets(slots));
        for (place, slot) in slots.iter().enumerate() {
            let fills = |role| matches!(role, Role::Slot { slot, .. } if slot == place);
            if slot.same_sku {
                let mut all = vec![(sets, -1)];
                for sku in self.skus(&slot.matches) {
                    let of_sku = self.column(0, self.most_sets(slots));
                    let mut terms = self.carrying(promo, |line| self.shop.lines[line].sku == sku, fills);
                    terms.push((of_sku, -slot.quantity));
                    self.exactly(terms, 0);
                    all.push((of_sku, 1));
                }
                self.exactly(all, 0);
            } else {
                let mut terms = self.carrying(promo, |_| true, fills);
                terms.push((sets, -slot.quantity));
                self.exactly(terms, 0);
            }
        }
        vec![(sets, 1)]
    }

    fn most_sets(&self, slots: &[Slot]) -> i64 {
        slots.iter().map(|slot| self.units(&slot.matches) / slot.quantity).min().unwrap_or(0)
    }

    /// One slot and its cheapest units. Sets can be made up of reduced and unreduced units just when, down to every
    /// price, there are as many dear enough unreduced ones as the sets of the dear reduced ones ask for: put the dearest
    /// reduced units together, and with them the dearest unreduced ones.
    fn cheapest_of_slot(&mut self, promo: usize, slot: &Slot, reduced: i64) -> Terms {
        let shop = self.shop;
        let groups: Vec<Vec<usize>> = if slot.same_sku {
            let of = |sku: &String| {
                (0..shop.lines.len()).filter(|&at| slot.matches[at] && shop.lines[at].sku == *sku).collect()
            };
            self.skus(&slot.matches).iter().map(of).collect()
        } else {
            vec![(0..shop.lines.len()).filter(|&at| slot.matches[at]).collect()]
        };
        let is = |wanted: bool| move |role| matches!(role, Role::Slot { reduced, .. } if reduced == wanted);
        let rest = slot.quantity - reduced;
        let mut all = Vec::new();
        for group in groups {
            let most = group.iter().map(|&line| shop.lines[line].count).sum::<i64>() / slot.quantity;
            let sets = self.column(0, most);
            for (count, which) in [(reduced, true), (rest, false)] {
                let mut terms = self.carrying(promo, |line| group.contains(&line), is(which));
                terms.push((sets, -count));
                self.exactly(terms, 0);
            }
            all.push((sets, 1));
            let mut prices: Vec<i64> = group.iter().map(|&line| shop.lines[line].list).collect();
            prices.sort_unstable();
            prices.dedup();
            // Down to the lowest price all units are dear enough.
            for price in prices.into_iter().skip(1) {
                let dear = |line: usize| group.contains(&line) && shop.lines[line].list >= price;
                let begun = self.column(0, most);
                let mut asked = self.carrying(promo, dear, is(true));
                asked.push((begun, -reduced));
                self.at_most(asked, 0);
                let mut there = self.carrying(promo, dear, is(false));
                there.push((begun, -rest));
                self.at_least(there, 0);
            }
        }
        all
    }

    /// Several slots and the cheapest units of them all: each set by itself.
    fn cheapest_of_slots(&mut self, promo: usize, slots: &[Slot], reduced: i64) -> Terms {
        let shop = self.shop;
        let matches = &shop.promos[promo].matches;
        let mut prices: Vec<i64> =
            (0..shop.lines.len()).filter(|&line| matches[line]).map(|line| shop.lines[line].list).collect();
        prices.sort_unstable();
        prices.dedup();
        let mut all: Terms = Vec::new();
        for set in 0..shop.applications(promo).unwrap_or(0) {
            let used = self.switch();
            if let Some(&(before, _)) = all.last() {
                self.at_most(vec![(used, 1), (before, -1)], 0);
            }
            all.push((used, 1));
            for (place, slot) in slots.iter().enumerate() {
                assert!(!slot.same_sku, "`same: sku` with `cheapest` over several slots is not modeled");
                let mut terms = self.carrying(promo, |_| true, |role| {
                    matches!(role, Role::Slot { slot, application, .. } if slot == place && application == set)
                });
                terms.push((used, -slot.quantity));
                self.exactly(terms, 0);
            }
            let is = |wanted: bool| {
                move |role| {
                    matches!(role, Role::Slot { application, reduced, .. }
                        if application == set && reduced == wanted)
                }
            };
            let mut terms = self.carrying(promo, |_| true, is(true));
            terms.push((used, -reduced));
            self.exactly(terms, 0);
            for &price in prices.iter().skip(1) {
                // On when a reduced unit costs so much: then no unreduced one costs less.
                let dear = self.switch();
                let mut terms = self.carrying(promo, |line| shop.lines[line].list >= price, is(true));
                terms.push((dear, -reduced));
                self.at_most(terms, 0);
                let rest = slots.iter().map(|slot| slot.quantity).sum::<i64>() - reduced;
                let mut terms = self.carrying(promo, |line| shop.lines[line].list < price, is(false));
                terms.push((dear, rest));
                self.at_most(terms, rest);
            }
        }
        all
    }

    /// "The units that get the benefit must be the cheapest, by list price, of all that count for it."
    fn retailer(&mut self, promo: usize, slots: &[Slot], place: usize) {
        let shop = self.shop;
        let Kind::Set { give, .. } = &shop.promos[promo].kind else { return };
        let gets = |role: Role| match (give, role) {
            (SetGive::Cheapest { .. }, Role::Slot { reduced, .. }) => reduced,
            (SetGive::BySlot, Role::Slot { slot, .. }) => slots[slot].cut.is_some(),
            _ => true,
        };
        let here = |role: Role| gets(role) && matches!(role, Role::Slot { slot, .. } if slot == place);
        let matching: Vec<usize> = (0..shop.lines.len()).filter(|&line| slots[place].matches[line]).collect();
        let mut prices: Vec<i64> = matching.iter().map(|&line| shop.lines[line].list).collect();
        prices.sort_unstable();
        prices.dedup();
        for price in prices.into_iter().skip(1) {
            let dear = |line: usize| matching.contains(&line) && shop.lines[line].list >= price;
            let mut terms = self.carrying(promo, dear, here);
            if terms.is_empty() {
                continue;
            }
            let served = self.switch();
            terms.push((served, -self.units(&slots[place].matches)));
            self.at_most(terms, 0);
            for &line in matching.iter().filter(|&&line| shop.lines[line].list < price) {
                let mut free = self.sum_of_line(line, |_, state| {
                    let served = state.role_of(promo).is_some_and(gets);
                    i64::from(!served && state.counts_for(shop, promo))
                });
                let count = shop.lines[line].count;
                free.push((served, count));
                self.at_most(free, count);
            }
        }
    }

    /// What a spend measures.
    fn measured<T>(&self, promo: usize, spend: &Spend<T>) -> Terms {
        let shop = self.shop;
        self.sum(|line, state| {
            if !spend.measured[line] || !state.counts_for(shop, promo) {
                0
            } else if spend.of_list {
                shop.lines[line].list
            } else {
                state.measured
            }
        })
    }

    /// A tier that is on is the highest that the sum reaches.
    fn reached<T>(&mut self, promo: usize, spend: &Spend<T>, tiers: &[Col]) {
        let lines = self.shop.lines.iter().zip(&spend.measured).filter(|(_, on)| **on);
        let all: i64 = lines.map(|(line, _)| line.count * line.list).sum();
        for (place, (from, _)) in spend.tiers.iter().enumerate() {
            let mut least = self.measured(promo, spend);
            least.push((tiers[place], -from));
            self.at_least(least, 0);
            if let Some((next, _)) = spend.tiers.get(place + 1) {
                let beyond = (all - (next - 1)).max(0);
                let mut most = self.measured(promo, spend);
                most.push((tiers[place], beyond));
                self.at_most(most, next - 1 + beyond);
            }
        }
    }

    /// "It is on or off for the whole basket: every unit that counts towards it takes part." What it takes is the
    /// smaller of its amount and the room above the floors.
    fn basket(&mut self, promo: usize, spend: &Spend<i64>) {
        let shop = self.shop;
        let this = &shop.promos[promo];
        let on = self.switch();
        for line in (0..shop.lines.len()).filter(|&line| this.matches[line]) {
            let count = shop.lines[line].count;
            let mut taken = self.sum_of_line(line, |_, state| i64::from(state.role_of(promo).is_some()));
            taken.push((on, -count));
            self.at_most(taken, 0);
            let mut left = self.sum_of_line(line, |_, state| {
                i64::from(state.role_of(promo).is_none() && state.chosen_accepts(shop, promo))
            });
            left.push((on, count));
            self.at_most(left, count);
        }
        let tiers: Vec<Col> = spend.tiers.iter().map(|_| self.switch()).collect();
        let mut one: Terms = tiers.iter().map(|&tier| (tier, 1)).collect();
        one.push((on, -1));
        self.exactly(one, 0);
        self.reached(promo, spend, &tiers);
        let mut amount: Terms =
            tiers.iter().zip(&spend.tiers).map(|(&tier, (_, amount))| (tier, *amount)).collect();
        if spend.every {
            let (from, each) = spend.tiers[0];
            let lines = shop.lines.iter().zip(&spend.measured).filter(|(_, on)| **on);
            let all: i64 = lines.map(|(line, _)| line.count * line.list).sum();
            let times = self.column(0, all / from);
            let mut least = self.measured(promo, spend);
            least.push((times, -from));
            self.at_least(least, 0);
            self.at_most(vec![(times, 1), (on, -(all / from))], 0);
            amount = vec![(times, each)];
        }
        let room = self.sum(|line, state| match state.role_of(promo) {
            Some(_) => state.price - shop.lines[line].floor,
            None => 0,
        });
        let taken = self.taken(room, this.max_discount.unwrap_or_else(|| shop.list_total()));
        let mut terms: Terms = amount.into_iter().map(|(column, amount)| (column, -amount)).collect();
        terms.push((taken, 1));
        self.at_most(terms, 0);
    }
}

/// A column occurs once in a row.
fn merged(terms: Terms) -> Terms {
    let mut by_column: BTreeMap<usize, (Col, i64)> = BTreeMap::new();
    for (column, weight) in terms {
        by_column.entry(column.index()).or_insert((column, 0)).1 += weight;
    }
    by_column.into_values().collect()
}

fn floats(terms: Terms) -> Vec<(Col, f64)> {
    terms.into_iter().map(|(column, weight)| (column, float(weight))).collect()
}

/// Every number of a program is far below 2⁵³.
fn float(number: i64) -> f64 {
    number as f64
}

fn whole(value: f64) -> i64 {
    value.round() as i64
}
