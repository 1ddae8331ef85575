//! A rulebook and a basket as plain numbers: lines, floors, who matches whom, what is compatible. Read from the model
//! by the sentences of the definition; nothing of the engine's own problem is used.

use pricewright::basket::Request;
use pricewright::catalog::Selector;
use pricewright::catalog::selector::Goods;
use pricewright::money::{Amount, Rate, Rounding};
use pricewright::promotion::{
    Base, Benefit, CapFloor, Count, Measured, Promotion, SetBenefit, Slot as SlotOf, SpendBenefit, Stacking,
    Stage, UnitCut,
};
use pricewright::rulebook::Rulebook;

use pricewright::promotion::limits::Sets;

/// 100 %, in the parts that a rate is exact to.
const WHOLE: i128 = 1_000_000;

/// Equal units.
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) count: i64,
    pub(crate) list: i64,
    pub(crate) floor: i64,
}

/// What is taken off one unit.
#[derive(Clone, Copy)]
pub(crate) enum Cut {
    Percent { parts: i128, of_list: bool },
    Amount(i64),
    Price(i64),
}

/// One slot of a set.
pub(crate) struct Slot {
    /// By line.
    pub(crate) matches: Vec<bool>,
    pub(crate) quantity: i64,
    pub(crate) same_sku: bool,
    pub(crate) cut: Option<Cut>,
}

/// What a set gives.
#[derive(Clone, Copy)]
pub(crate) enum SetGive {
    /// Off each unit of the set.
    Percent(Cut),
    Amount(i64),
    Price(i64),
    Cheapest {
        units: i64,
        cut: Cut,
    },
    BySlot,
}

/// A spend: what it measures, and from which sums it gives what.
pub(crate) struct Spend<T> {
    /// By line.
    pub(crate) measured: Vec<bool>,
    pub(crate) of_list: bool,
    pub(crate) every: bool,
    pub(crate) tiers: Vec<(i64, T)>,
}

pub(crate) enum Kind {
    Units(Cut),
    Quantity {
        tiers: Vec<(i64, Cut)>,
        same_sku: bool,
    },
    Set {
        slots: Vec<Slot>,
        give: SetGive,
        most_sets: Option<i64>,
        retailer: bool,
    },
    Spend(Spend<Cut>),
    /// A basket amount; without a spend one tier from nothing.
    Basket(Spend<i64>),
}

pub(crate) struct Promo {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// Whether it takes effect in the basket stage.
    pub(crate) late: bool,
    /// By line; of a set, whether any slot matches.
    pub(crate) matches: Vec<bool>,
    /// By promotion; itself included.
    pub(crate) compatible: Vec<bool>,
    pub(crate) most_units: Option<i64>,
    pub(crate) max_discount: Option<i64>,
}

impl Promo {
    pub(crate) fn is_basket(&self) -> bool {
        matches!(self.kind, Kind::Basket(_))
    }
}

pub(crate) struct Shop {
    pub(crate) lines: Vec<Line>,
    /// By id in byte order.
    pub(crate) promos: Vec<Promo>,
    pub(crate) rounding: Rounding,
}

impl Shop {
    /// Reads a problem. Every condition of every promotion is taken to hold, and all share level 0: the generator writes
    /// no others.
    pub(crate) fn of(rulebook: &Rulebook, request: &Request) -> Result<Self, String> {
        let settings = rulebook.settings();
        let basket = &request.basket.lines;
        let goods: Vec<Goods<'_>> = basket
            .iter()
            .map(|line| Goods {
                sku: &line.sku,
                brand: line.brand.as_deref().unwrap_or_default(),
                categories: &line.categories,
                tags: &line.tags,
                list_price: line.unit_price.unwrap_or_default(),
            })
            .collect();
        let by_line =
            |selector: &Selector| goods.iter().map(|one| selector.matches(one)).collect::<Vec<bool>>();
        let lines = basket.iter().zip(&goods).map(|(line, goods)| {
            let list = goods.list_price.minor();
            let caps = rulebook.caps().iter().filter(|cap| cap.on.matches(goods));
            let floor = caps
                .map(|cap| floor_of(cap.floor, list, line.cost.map(Amount::minor)))
                .fold(settings.min_unit_price.minor(), i64::max)
                .min(list);
            Line { sku: line.sku.clone(), count: i64::from(line.quantity), list, floor }
        });
        let lines = lines.collect();
        let all = rulebook.promotions();
        let promos: Result<Vec<Promo>, String> = all
            .iter()
            .map(|one| {
                if one.level != 0 || one.when != pricewright::promotion::Conditions::default() {
                    return Err(format!("`{}`: levels and conditions are not modeled", one.id));
                }
                let kind = kind_of(one, &by_line)?;
                let matches = match &kind {
                    Kind::Set { slots, .. } => {
                        (0..basket.len()).map(|line| slots.iter().any(|slot| slot.matches[line])).collect()
                    }
                    _ => by_line(&one.on),
                };
                Ok(Promo {
                    id: one.id.clone(),
                    late: one.stage == Stage::Basket || matches!(kind, Kind::Spend(_) | Kind::Basket(_)),
                    matches,
                    compatible: all
                        .iter()
                        .map(|other| one.id == other.id || (accepts(one, other) && accepts(other, one)))
                        .collect(),
                    most_units: one.limits.units.map(i64::from),
                    max_discount: max_discount(&one.benefit),
                    kind,
                })
            })
            .collect();
        Ok(Shop { lines, promos: promos?, rounding: settings.rounding })
    }

    /// What the basket costs before promotions.
    pub(crate) fn list_total(&self) -> i64 {
        self.lines.iter().map(|line| line.count * line.list).sum()
    }

    /// "A percentage takes `round(current × percent / 100)`; an amount `min(amount, current)`; a fixed price
    /// `max(0, current − price)`", and "no promotion takes a unit below its floor".
    pub(crate) fn take(&self, cut: Cut, line: usize, current: i64) -> i64 {
        let Line { list, floor, .. } = self.lines[line];
        let wanted = match cut {
            Cut::Percent { parts, of_list } => {
                round(i128::from(if of_list { list } else { current }) * parts, self.rounding)
            }
            Cut::Amount(amount) => amount,
            Cut::Price(price) => (current - price).max(0),
        };
        wanted.min(current - floor).max(0)
    }
}

/// "Fixed prices, percentages, amounts."
pub(crate) fn rank(cut: Cut) -> u8 {
    match cut {
        Cut::Price(_) => 0,
        Cut::Percent { .. } => 1,
        Cut::Amount(_) => 2,
    }
}

/// So many parts of [`WHOLE`], rounded.
fn round(product: i128, rounding: Rounding) -> i64 {
    let (whole, twice) = (product / WHOLE, product % WHOLE * 2);
    let up = match rounding {
        Rounding::HalfUp => twice >= WHOLE,
        Rounding::HalfEven => twice > WHOLE || (twice == WHOLE && whole % 2 == 1),
        Rounding::HalfDown => twice > WHOLE,
        Rounding::Down => false,
    };
    i64::try_from(whole + i128::from(up)).expect("a price fits")
}

fn parts(rate: Rate) -> i128 {
    let percent = rate.percent();
    percent.mantissa() * 10_i128.pow(4 - percent.scale())
}

/// "`round_up(list × (100 − max_percent) / 100)` or `min_price`, and with `min_margin_percent` the price that keeps the
/// margin over the line's `cost`."
pub(crate) fn floor_of(floor: CapFloor, list: i64, cost: Option<i64>) -> i64 {
    let up = |product: i128, by: i128| i64::try_from((product + by - 1) / by).expect("a price fits");
    match floor {
        CapFloor::MaxPercent(rate) => up(i128::from(list) * (WHOLE - parts(rate)), WHOLE),
        CapFloor::MinPrice(price) => price.minor(),
        CapFloor::MinMarginPercent(rate) => match (cost, WHOLE - parts(rate)) {
            (Some(cost), rest) if rest > 0 => up(i128::from(cost) * WHOLE, rest),
            _ => list,
        },
    }
}

/// "`stacks_with: all`, or a list naming the other's `group` or `id`. The default is none."
fn accepts(one: &Promotion, other: &Promotion) -> bool {
    match &one.stacks_with {
        Stacking::Unsaid => false,
        Stacking::All => true,
        Stacking::With(names) => {
            names.iter().any(|name| *name == other.id || other.group.as_ref() == Some(name))
        }
    }
}

fn max_discount(benefit: &Benefit) -> Option<i64> {
    match benefit {
        Benefit::Units(benefit) => benefit.max_discount,
        Benefit::Quantity { max_discount, .. } | Benefit::Spend { max_discount, .. } => *max_discount,
        Benefit::Set(set) => set.max_discount,
        Benefit::Basket(basket) => basket.max_discount,
        _ => None,
    }
    .map(Amount::minor)
}

fn cut_of(cut: UnitCut) -> Cut {
    match cut {
        UnitCut::Percent(rate, base) => Cut::Percent { parts: parts(rate), of_list: base == Base::List },
        UnitCut::Amount(amount) => Cut::Amount(amount.minor()),
        UnitCut::Price(price) => Cut::Price(price.minor()),
    }
}

fn kind_of(promotion: &Promotion, by_line: &dyn Fn(&Selector) -> Vec<bool>) -> Result<Kind, String> {
    let current = |rate, base| cut_of(UnitCut::Percent(rate, base));
    let slot = |slot: &SlotOf| Slot {
        matches: by_line(&slot.on),
        quantity: i64::from(slot.quantity),
        same_sku: slot.same_sku,
        cut: slot.cut.map(cut_of),
    };
    Ok(match &promotion.benefit {
        Benefit::Units(benefit) => Kind::Units(cut_of(benefit.cut)),
        Benefit::Quantity { tiers, count, .. } => Kind::Quantity {
            tiers: tiers.iter().map(|tier| (i64::from(tier.from), cut_of(tier.cut))).collect(),
            same_sku: *count == Count::SameSku,
        },
        Benefit::Set(set) => Kind::Set {
            slots: set.slots.iter().map(slot).collect(),
            give: match set.benefit {
                SetBenefit::Percent(rate, base) => SetGive::Percent(current(rate, base)),
                SetBenefit::Amount(amount) => SetGive::Amount(amount.minor()),
                SetBenefit::Price(price) => SetGive::Price(price.minor()),
                SetBenefit::Cheapest { units, percent } => {
                    SetGive::Cheapest { units: i64::from(units), cut: current(percent, Base::Current) }
                }
                SetBenefit::BySlot => SetGive::BySlot,
            },
            most_sets: match promotion.limits.sets {
                Some(Sets::AtMost(most)) => Some(i64::from(most)),
                _ => None,
            },
            retailer: set.retailer_assigns,
        },
        Benefit::Basket(basket) => Kind::Basket(Spend {
            measured: by_line(&promotion.on),
            of_list: false,
            every: false,
            tiers: vec![(0, basket.amount.minor())],
        }),
        Benefit::Spend { spend, tiers, .. } => {
            let measured = by_line(spend.on.as_ref().unwrap_or(&promotion.on));
            let of_list = spend.measured == Measured::List;
            let units: Vec<(i64, Cut)> = tiers
                .iter()
                .filter_map(|tier| match tier.give {
                    SpendBenefit::Units(cut) => Some((tier.from.minor(), cut_of(cut))),
                    SpendBenefit::Basket(_) => None,
                })
                .collect();
            let shared: Vec<(i64, i64)> = tiers
                .iter()
                .filter_map(|tier| match tier.give {
                    SpendBenefit::Basket(amount) => Some((tier.from.minor(), amount.minor())),
                    SpendBenefit::Units(_) => None,
                })
                .collect();
            match (units.is_empty(), shared.is_empty()) {
                (false, true) => Kind::Spend(Spend { measured, of_list, every: false, tiers: units }),
                (true, false) => Kind::Basket(Spend { measured, of_list, every: spend.every, tiers: shared }),
                _ => return Err(format!("`{}`: tiers of both kinds are not modeled", promotion.id)),
            }
        }
        other => return Err(format!("`{}`: not modeled: {other:?}", promotion.id)),
    })
}
