//! Which units make up which sets: every way to group the units that carry a set promotion.

use pricewright::basket::{Line, Request};
use pricewright::catalog::{Goods, Selector};
use pricewright::money::Rounding;
use pricewright::promotion::limits::Sets;
use pricewright::promotion::{Promotion, SetBenefit, SetOf, Slot, UnitCut};

use super::shop::{Assignment, Gives, Shop, goods_of};

/// What a set promotion asks for and gives.
pub(super) struct SetRule {
    pub(super) slots: Vec<SlotRule>,
    pub(super) benefit: SetBenefit,
    /// `limits.sets`.
    most: Option<u32>,
    /// `assign: retailer`.
    pub(super) retailer: bool,
}

/// One slot of a set.
pub(super) struct SlotRule {
    quantity: usize,
    same_sku: bool,
    pub(super) cut: Option<UnitCut>,
    /// Whether it takes a unit, in the order of the units.
    pub(super) fits: Vec<bool>,
}

/// One unit in one application of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) unit: usize,
    pub(super) slot: usize,
    /// Whether it is one of the cheapest that `cheapest` speaks of.
    pub(super) is_cheapest: bool,
}

/// "One application needs its own units for every slot."
pub(super) type Application = Vec<Member>;

impl SetRule {
    /// A promotion's sets over units of these goods, which may be of a line that matches nothing.
    pub(super) fn new(promotion: &Promotion, set: &SetOf, goods: &[(Goods<'_>, bool)]) -> Self {
        let slot = |slot: &Slot| SlotRule {
            quantity: usize::try_from(slot.quantity).expect("few"),
            same_sku: slot.same_sku,
            cut: slot.cut,
            fits: goods.iter().map(|(goods, is_out)| !is_out && slot.on.matches(goods)).collect(),
        };
        let most = match promotion.limits.sets {
            None | Some(Sets::Unlimited) => None,
            Some(Sets::AtMost(most)) => Some(most),
        };
        SetRule {
            slots: set.slots.iter().map(slot).collect(),
            benefit: set.benefit,
            most,
            retailer: set.retailer_assigns,
        }
    }

    /// Whether a member of an application gets something off.
    pub(super) fn is_for(&self, member: &Member) -> bool {
        match self.benefit {
            SetBenefit::Percent(..) | SetBenefit::Amount(_) | SetBenefit::Price(_) => true,
            SetBenefit::Cheapest { .. } => member.is_cheapest,
            SetBenefit::BySlot => self.slots[member.slot].cut.is_some(),
        }
    }

    pub(super) fn asks_for_equal_ones(&self) -> bool {
        self.slots.iter().any(|slot| slot.same_sku)
    }

    fn size(&self) -> usize {
        self.slots.iter().map(|slot| slot.quantity).sum()
    }

    /// Whether so many units are so many complete sets: "sets are complete", "`limits.sets` per basket hold".
    fn divides(&self, units: usize) -> bool {
        units.is_multiple_of(self.size())
            && self.most.is_none_or(|most| units / self.size() <= usize::try_from(most).expect("few"))
    }

    /// Whether it makes a difference which slot a unit of a set stands in, once it is complete.
    fn minds_the_slots(&self) -> bool {
        self.retailer || matches!(self.benefit, SetBenefit::BySlot)
    }
}

impl Shop {
    /// Shows an assignment with every way to make up the sets that its units carry, until it says no. Units of a run that
    /// carry the same and stand alike in the sets made up so far are interchangeable: the earlier ones are taken first.
    pub(super) fn each_make_up(
        &self,
        assignment: &mut Assignment,
        show: &mut dyn FnMut(&Assignment) -> bool,
    ) -> bool {
        let mut rules = Vec::new();
        for (at, promo) in self.promos.iter().enumerate() {
            if let Gives::Sets(rule) = &promo.gives {
                let units = assignment.carried.iter().filter(|&&set| set & 1 << at != 0).count();
                if !rule.divides(units) {
                    return true;
                }
                if units > 0 {
                    rules.push((at, rule));
                }
            }
        }
        self.next_rule(&rules, assignment, show)
    }

    fn next_rule(
        &self,
        rules: &[(usize, &SetRule)],
        assignment: &mut Assignment,
        show: &mut dyn FnMut(&Assignment) -> bool,
    ) -> bool {
        let Some((&(at, rule), later)) = rules.split_first() else { return show(assignment) };
        let stands_in = |unit: usize| -> Vec<(usize, usize, Member)> {
            let mut places = Vec::new();
            for (promo, applications) in assignment.sets.iter().enumerate() {
                for (nth, application) in applications.iter().enumerate() {
                    let mine = application.iter().filter(|member| member.unit == unit);
                    places.extend(mine.map(|&member| (promo, nth, Member { unit: 0, ..member })));
                }
            }
            places
        };
        let carried = &assignment.carried;
        let carriers: Vec<usize> = (0..carried.len()).filter(|&unit| carried[unit] & 1 << at != 0).collect();
        let places: Vec<_> = (0..carried.len()).map(stands_in).collect();
        let alike = |one: usize, other: usize| {
            self.units[one].run == self.units[other].run
                && carried[one] == carried[other]
                && places[one] == places[other]
        };
        for applications in self.groupings(rule, &carriers, &alike) {
            assignment.sets[at] = applications;
            if !self.next_rule(later, assignment, show) {
                return false;
            }
        }
        assignment.sets[at] = Vec::new();
        true
    }

    /// Every way to make complete sets of exactly these units: the first unit is in some set, so it is tried with
    /// every company, and the rest is grouped in the same way.
    fn groupings(
        &self,
        rule: &SetRule,
        units: &[usize],
        alike: &dyn Fn(usize, usize) -> bool,
    ) -> Vec<Vec<Application>> {
        let Some((&first, others)) = units.split_first() else { return vec![Vec::new()] };
        let mut all = Vec::new();
        for company in choose(others, rule.size() - 1, alike) {
            let units: Vec<usize> = [first].into_iter().chain(company.iter().copied()).collect();
            let ways = self.fillings(rule, &units, alike);
            if ways.is_empty() {
                continue;
            }
            let left: Vec<usize> = others.iter().copied().filter(|unit| !company.contains(unit)).collect();
            for rest in self.groupings(rule, &left, alike) {
                for way in &ways {
                    all.push([way.clone()].into_iter().chain(rest.iter().cloned()).collect());
                }
            }
        }
        all
    }

    /// Every way to put the units of one set into its slots, and to say which are the cheapest.
    fn fillings(
        &self,
        rule: &SetRule,
        units: &[usize],
        alike: &dyn Fn(usize, usize) -> bool,
    ) -> Vec<Application> {
        let mut ways: Vec<Vec<(usize, usize)>> = vec![Vec::new()];
        for (at, slot) in rule.slots.iter().enumerate() {
            let mut longer = Vec::new();
            for way in ways {
                let free = units.iter().copied().filter(|&unit| {
                    slot.fits[unit] && way.iter().all(|&(taken, _): &(usize, usize)| taken != unit)
                });
                for chosen in choose(&free.collect::<Vec<_>>(), slot.quantity, alike) {
                    // "`same: sku` in a slot asks for equal ones."
                    let are_equal =
                        chosen.iter().all(|&unit| self.units[unit].sku == self.units[chosen[0]].sku);
                    if are_equal || !slot.same_sku {
                        longer.push(
                            way.iter().copied().chain(chosen.into_iter().map(|unit| (unit, at))).collect(),
                        );
                    }
                }
            }
            ways = longer;
        }
        if !rule.minds_the_slots() {
            ways.truncate(1);
        }
        let mut all = Vec::new();
        for way in ways {
            // Units that are alike are told apart by their slots: a retailer's benefit is for the cheapest of its slot.
            let slot = |unit: usize| way.iter().find(|&&(own, _)| own == unit).map(|&(_, slot)| slot);
            let stand_alike = |one: usize, other: usize| alike(one, other) && slot(one) == slot(other);
            for cheapest in self.cheapest(rule, units, &stand_alike) {
                let member = |&(unit, slot): &(usize, usize)| Member {
                    unit,
                    slot,
                    is_cheapest: cheapest.contains(&unit),
                };
                let mut application: Application = way.iter().map(member).collect();
                application.sort_by_key(|member| member.unit);
                all.push(application);
            }
        }
        all
    }

    /// "For the cheapest of the set by list price (the later line on a tie)": every choice among those that are equally
    /// dear, the later ones first.
    fn cheapest(
        &self,
        rule: &SetRule,
        units: &[usize],
        alike: &dyn Fn(usize, usize) -> bool,
    ) -> Vec<Vec<usize>> {
        let SetBenefit::Cheapest { units: many, .. } = rule.benefit else { return vec![Vec::new()] };
        let many = usize::try_from(many).expect("few").min(units.len());
        let mut prices: Vec<i64> = units.iter().map(|&unit| self.units[unit].list).collect();
        prices.sort_unstable();
        // No set has fewer than one unit, and `cheapest` speaks of at least one.
        let dearest = prices[many - 1];
        let of_price = |wanted: fn(&i64, &i64) -> bool| -> Vec<usize> {
            units.iter().rev().copied().filter(|&unit| wanted(&self.units[unit].list, &dearest)).collect()
        };
        let below = of_price(i64::lt);
        choose(&of_price(i64::eq), many - below.len(), alike)
            .into_iter()
            .map(|chosen| below.iter().copied().chain(chosen).collect())
            .collect()
    }
}

/// Every choice of so many units of a list; of units that are alike the earlier ones are taken first.
fn choose(list: &[usize], many: usize, alike: &dyn Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    if many == 0 {
        return vec![Vec::new()];
    }
    let Some((&first, others)) = list.split_first() else { return Vec::new() };
    let with_first = choose(others, many - 1, alike);
    let mut all: Vec<Vec<usize>> =
        with_first.into_iter().map(|chosen| [first].into_iter().chain(chosen).collect()).collect();
    let without: Vec<usize> = others.iter().copied().filter(|&unit| !alike(unit, first)).collect();
    all.extend(choose(&without, many, alike));
    all
}

/// Slots over the lines of a basket, whatever its units carry; units of a line are alike, so sets take pieces of lines.
pub(super) struct Pieces {
    /// Each slot: how many, whether of equal goods, and which lines fit.
    slots: Vec<(u32, bool, Vec<bool>)>,
    skus: Vec<String>,
    quantities: Vec<u32>,
}

impl Pieces {
    pub(super) fn new(slots: &[Slot], request: &Request, rounding: Rounding) -> Self {
        let lines = &request.basket.lines;
        let fits = |on: &Selector| {
            let fit = |line: &Line| !line.no_promotions && on.matches(&goods_of(line, rounding));
            lines.iter().map(fit).collect()
        };
        Pieces {
            slots: slots.iter().map(|slot| (slot.quantity, slot.same_sku, fits(&slot.on))).collect(),
            skus: lines.iter().map(|line| line.sku.clone()).collect(),
            quantities: lines.iter().map(|line| line.quantity).collect(),
        }
    }

    /// Whether one set could be made up of the goods alone, were nothing carried.
    pub(super) fn suffice(&self) -> bool {
        !self.after_one(std::slice::from_ref(&self.quantities)).is_empty()
    }

    /// How many sets units of these lines make, up to a number.
    pub(super) fn sets(&self, lines: impl Iterator<Item = usize>, most: u32) -> u32 {
        let mut left = vec![0; self.skus.len()];
        for line in lines {
            left[line] += 1;
        }
        let mut ways = vec![left];
        let mut sets = 0;
        while sets < most {
            ways = self.after_one(&ways);
            if ways.is_empty() {
                break;
            }
            sets += 1;
        }
        sets
    }

    pub(super) fn tell_apart(&self, one: usize, other: usize) -> bool {
        self.slots.iter().any(|(_, same_sku, fits)| {
            fits[one] != fits[other] || (*same_sku && self.skus[one] != self.skus[other])
        })
    }

    /// What can be left of the lines, in every way, when one more set is made up.
    fn after_one(&self, ways: &[Vec<u32>]) -> Vec<Vec<u32>> {
        let mut ways = ways.to_vec();
        for (quantity, same_sku, fits) in &self.slots {
            let wanted: Vec<Option<&String>> =
                if *same_sku { self.skus.iter().map(Some).collect() } else { vec![None] };
            let mut after = Vec::new();
            for left in &ways {
                for wanted in &wanted {
                    let open = |line: usize| fits[line] && wanted.is_none_or(|sku| *sku == self.skus[line]);
                    taken(left, 0, *quantity, &open, &mut after);
                }
            }
            after.sort();
            after.dedup();
            ways = after;
        }
        ways
    }
}

/// What can be left of the lines when so many pieces are taken from those that are open, from line `at` on.
fn taken(left: &[u32], at: usize, many: u32, open: &dyn Fn(usize) -> bool, all: &mut Vec<Vec<u32>>) {
    if many == 0 {
        all.push(left.to_vec());
    } else if at < left.len() {
        let most = if open(at) { left[at].min(many) } else { 0 };
        for pieces in 0..=most {
            let mut after = left.to_vec();
            after[at] -= pieces;
            taken(&after, at + 1, many - pieces, open, all);
        }
    }
}
