//! Everything that one unit of a line may carry, and what it then costs in whole minor units. Only what is taken off
//! several units together (basket amounts, set amounts and set prices, `max_discount`) is left to the program.

use crate::shop::{Cut, Kind, SetGive, Shop, rank};

/// In which way a unit carries a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Something off each unit; or a basket amount takes it along.
    Plain,
    /// Under this tier of a quantity or a spend.
    Tier(usize),
    /// In this slot of a set. The application is named where that matters (see [`Shop::applications`]).
    Slot { slot: usize, application: usize, reduced: bool },
}

/// One promotion on a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Carries {
    pub(crate) promo: usize,
    pub(crate) role: Role,
}

/// What a unit may carry, and what follows.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) carries: Vec<Carries>,
    /// Before the basket stage.
    pub(crate) measured: i64,
    /// In the end, but for what is taken off several units together.
    pub(crate) price: i64,
    /// What a promotion with `max_discount` would take off this unit, were there no such limit.
    pub(crate) wanted: i64,
}

impl State {
    pub(crate) fn role_of(&self, promo: usize) -> Option<Role> {
        self.carries.iter().find(|one| one.promo == promo).map(|one| one.role)
    }

    /// Whether nothing in it but `promo` is incompatible with it: the unit counts where its goods match.
    pub(crate) fn counts_for(&self, shop: &Shop, promo: usize) -> bool {
        self.carries.iter().all(|one| shop.promos[promo].compatible[one.promo])
    }

    /// Likewise by what was chosen alone, basket amounts aside.
    pub(crate) fn chosen_accepts(&self, shop: &Shop, promo: usize) -> bool {
        let chosen = self.carries.iter().filter(|one| !shop.promos[one.promo].is_basket());
        chosen.into_iter().all(|one| shop.promos[promo].compatible[one.promo])
    }
}

impl Shop {
    /// How many applications of a set are told apart. One slot, or a benefit that does not look at the other units of
    /// the set, needs none: how the units are grouped can be settled afterwards. Several slots with `cheapest` do.
    pub(crate) fn applications(&self, promo: usize) -> Option<usize> {
        let Kind::Set { slots, give: SetGive::Cheapest { .. }, most_sets, .. } = &self.promos[promo].kind
        else {
            return None;
        };
        if slots.len() == 1 {
            return None;
        }
        let by_slot = slots.iter().map(|slot| {
            let units: i64 = self
                .lines
                .iter()
                .zip(&slot.matches)
                .filter(|(_, fits)| **fits)
                .map(|(line, _)| line.count)
                .sum();
            units / slot.quantity
        });
        let most = by_slot.min().unwrap_or(0).min(most_sets.unwrap_or(i64::MAX));
        usize::try_from(most).ok()
    }

    /// What is taken off a unit by a promotion that it carries in this role.
    pub(crate) fn unit_cut(&self, carries: Carries) -> Option<Cut> {
        match (&self.promos[carries.promo].kind, carries.role) {
            (Kind::Units(cut), _) => Some(*cut),
            (Kind::Quantity { tiers, .. }, Role::Tier(tier)) => Some(tiers[tier].1),
            (Kind::Spend(spend), Role::Tier(tier)) => Some(spend.tiers[tier].1),
            (Kind::Set { slots, give, .. }, Role::Slot { slot, reduced, .. }) => match give {
                SetGive::Percent(cut) => Some(*cut),
                SetGive::Cheapest { cut, .. } => reduced.then_some(*cut),
                SetGive::BySlot => slots[slot].cut,
                SetGive::Amount(_) | SetGive::Price(_) => None,
            },
            _ => None,
        }
    }

    /// When a promotion takes effect: "item stage before basket stage; then fixed prices, percentages, amounts; then
    /// promotion id". A set whose slots have cuts of several kinds comes with the earliest of them.
    pub(crate) fn moment(&self, carries: Carries) -> (bool, u8, usize) {
        let promo = &self.promos[carries.promo];
        let kind = match &promo.kind {
            Kind::Set { slots, give, .. } => match give {
                SetGive::Percent(_) | SetGive::Cheapest { .. } => 1,
                SetGive::Price(_) => 0,
                SetGive::Amount(_) => 2,
                SetGive::BySlot => slots.iter().filter_map(|slot| slot.cut).map(rank).min().unwrap_or(1),
            },
            _ => self.unit_cut(carries).map_or(2, rank),
        };
        (promo.late, kind, carries.promo)
    }

    /// Every state of a unit of this line.
    pub(crate) fn states(&self, line: usize) -> Vec<State> {
        let mut found = Vec::new();
        self.choose(line, 0, &mut Vec::new(), &mut found);
        found
    }

    fn choose(&self, line: usize, from: usize, carries: &mut Vec<Carries>, found: &mut Vec<State>) {
        found.push(self.state(line, carries));
        for promo in from..self.promos.len() {
            let goes = carries.iter().all(|one| self.promos[promo].compatible[one.promo]);
            if self.promos[promo].matches[line] && goes {
                for role in self.roles(line, promo) {
                    carries.push(Carries { promo, role });
                    self.choose(line, promo + 1, carries, found);
                    carries.pop();
                }
            }
        }
    }

    fn roles(&self, line: usize, promo: usize) -> Vec<Role> {
        match &self.promos[promo].kind {
            Kind::Units(_) | Kind::Basket(_) => vec![Role::Plain],
            Kind::Quantity { tiers, .. } => (0..tiers.len()).map(Role::Tier).collect(),
            Kind::Spend(spend) => (0..spend.tiers.len()).map(Role::Tier).collect(),
            Kind::Set { slots, give, .. } => {
                let applications = self.applications(promo).unwrap_or(1);
                let mut roles = Vec::new();
                for slot in (0..slots.len()).filter(|&slot| slots[slot].matches[line]) {
                    for application in 0..applications {
                        roles.push(Role::Slot { slot, application, reduced: false });
                        if matches!(give, SetGive::Cheapest { .. }) {
                            roles.push(Role::Slot { slot, application, reduced: true });
                        }
                    }
                }
                roles
            }
        }
    }

    fn state(&self, line: usize, carries: &[Carries]) -> State {
        let mut order = carries.to_vec();
        order.sort_by_key(|&one| self.moment(one));
        let mut price = self.lines[line].list;
        let (mut measured, mut wanted) = (price, 0);
        let mut shared = false;
        for one in order {
            let promo = &self.promos[one.promo];
            let take = self.unit_cut(one).map_or(0, |cut| self.take(cut, line, price));
            // What is shared is not known here, so nothing that is worked out from the price may follow.
            assert!(!shared || take == 0, "`{}` follows a shared amount", promo.id);
            if promo.max_discount.is_some() && !promo.is_basket() {
                assert!(carries.len() == 1, "`{}` has max_discount and stacks", promo.id);
                wanted = take;
            } else {
                price -= take;
                if !promo.late {
                    measured = price;
                }
            }
            let set_shares =
                matches!(promo.kind, Kind::Set { give: SetGive::Amount(_) | SetGive::Price(_), .. });
            assert!(!set_shares || carries.len() == 1, "`{}` shares an amount and stacks", promo.id);
            shared = shared || promo.is_basket();
        }
        State { carries: carries.to_vec(), measured, price, wanted }
    }
}
