//! Benefits from their trees: `give`, `buy` and `spend` together make one.

use crate::catalog::Selector;
use crate::money::Amount;
use crate::promotion::benefit::Earn;
use crate::promotion::{
    Base, BasketAmount, Benefit, Count, DeliveryBenefit, Gift, Measured, Points, PriceList, QuantityTier,
    SetBenefit, SetOf, Slot, Spend, SpendBenefit, SpendTier, UnitBenefit, UnitCut,
};
use crate::rulebook::diagnostic::finding::{Clash, Finding, Never, Shape};
use crate::rulebook::read::cut::{base, cut, only_kind, rising, tier_cut, tiers};
use crate::rulebook::read::goods::{Mention, selector};
use crate::rulebook::read::reader::{Fields, Reader};
use crate::rulebook::read::vocabulary::{
    ASSIGNS, BASKETS_MAX, CHEAPEST, COUNTS, DELIVERY, GIFT, GIVE, MEASURES, POINTS, QUANTITY_TIER, SAMES,
    SLOT, SPEND, SPEND_TIER,
};
use crate::rulebook::text::number::Use;
use crate::rulebook::text::page::At;
use crate::rulebook::text::syntax::{Node, Value};

/// The fields of `give` that are benefits; a promotion has one.
const BENEFITS: [&str; 11] = [
    "percent",
    "amount",
    "price",
    "prices",
    "by_quantity",
    "basket_amount",
    "by_spend",
    "cheapest",
    "gift",
    "delivery",
    "points",
];

/// A price list that a benefit names, and where.
pub type Named = Option<(String, At)>;

/// `spend` as it is written: `at_least` is absent with tiers.
struct Asked {
    at: At,
    spend: Spend,
    at_least: Option<Amount>,
    has_at_least: bool,
    every_at: Option<At>,
}

/// The benefit of a promotion's fields, and the price list that it names.
pub fn benefit(
    reader: &mut Reader<'_>,
    fields: Fields<'_, '_>,
    mentions: &mut Vec<Mention>,
) -> Option<(Benefit, Named)> {
    let slots = fields.get("buy").map(|node| slots(reader, node, mentions));
    let spend = match fields.get("spend") {
        Some(node) => Some(spend(reader, node, mentions)?),
        None => None,
    };
    let assign = fields.get("assign").and_then(|node| reader.one_of(node, "assign", ASSIGNS));
    if let (Some(at), None) = (fields.at("assign"), &slots) {
        reader.add(at, Finding::Clash(Clash::NeedsBuy));
    }
    let slots_carry = slots.as_ref().is_some_and(|slots| slots.iter().any(|slot| slot.cut.is_some()));
    let Some(give) = fields.get("give") else {
        return match slots {
            Some(slots) if slots_carry => {
                let benefit = SetBenefit::BySlot;
                let set = SetOf {
                    slots,
                    benefit,
                    retailer_assigns: assign == Some("retailer"),
                    max_discount: None,
                };
                Some((Benefit::Set(set), None))
            }
            _ => {
                if !fields.names(&["give"]) {
                    reader.add(fields.at("id").unwrap_or(fields.at), Finding::NoBenefit);
                }
                None
            }
        };
    };
    let give = reader.fields(give, "give", &GIVE)?;
    let kind = only_kind(reader, give, &BENEFITS);
    let retailer = assign == Some("retailer");
    let mut giver =
        Giver { reader, give, spend, slots, retailer, assign_at: fields.at("assign"), slots_carry };
    giver.options(kind);
    giver.benefit(kind, fields.at("give").unwrap_or(give.at))
}

struct Giver<'r, 'p, 'n, 'a> {
    reader: &'r mut Reader<'p>,
    give: Fields<'n, 'a>,
    spend: Option<Asked>,
    slots: Option<Vec<Slot>>,
    retailer: bool,
    assign_at: Option<At>,
    slots_carry: bool,
}

impl Giver<'_, '_, '_, '_> {
    /// Complains of options that do not go with the kind of benefit.
    fn options(&mut self, kind: Option<&'static str>) {
        if let Some(at) = self.give.at("count").filter(|_| kind != Some("by_quantity")) {
            self.reader.add(at, Finding::Clash(Clash::Count));
        }
        // The percentages of slots are always of the current price.
        let has_percentage = match kind {
            None => !self.slots_carry,
            Some(kind) => matches!(kind, "percent" | "by_quantity" | "by_spend" | "delivery"),
        };
        if let Some(at) = self.give.at("of").filter(|_| !has_percentage) {
            self.reader.add(at, Finding::Clash(Clash::OfList));
        }
        if let Some(at) =
            self.give.at("max_discount").filter(|_| matches!(kind, Some("gift" | "delivery" | "points")))
        {
            self.reader.add(at, Finding::Clash(Clash::MaxDiscount));
        }
        let spends = matches!(
            kind,
            None | Some(
                "percent"
                    | "amount"
                    | "price"
                    | "basket_amount"
                    | "by_spend"
                    | "delivery"
                    | "gift"
                    | "points"
            )
        );
        if let Some(asked) = &self.spend
            && (!spends || (self.slots.is_some() && kind != Some("gift")))
        {
            self.reader.add(asked.at, Finding::Clash(Clash::SpendAndBenefit));
        }
        if let Some(at) = self.spend.as_ref().and_then(|asked| asked.every_at)
            && !matches!(kind, None | Some("basket_amount" | "by_spend"))
        {
            self.reader.add(at, Finding::Clash(Clash::Every));
        }
        let buys = matches!(kind, None | Some("percent" | "amount" | "price" | "cheapest" | "gift"));
        if let (true, false, Some(at)) =
            (self.slots.is_some(), buys, kind.and_then(|kind| self.give.at(kind)))
        {
            self.reader.add(at, Finding::Clash(Clash::BuyAndBenefit));
        }
        if let (Some("cheapest"), None, Some(at)) = (kind, &self.slots, self.give.at("cheapest")) {
            self.reader.add(at, Finding::Clash(Clash::NeedsBuy));
        }
        if let (true, Some("percent" | "amount" | "price" | "cheapest" | "gift"), Some(at)) =
            (self.slots_carry, kind, kind.and_then(|kind| self.give.at(kind)))
        {
            self.reader.add(at, Finding::Clash(Clash::SlotsAndSet));
        }
    }

    fn benefit(&mut self, kind: Option<&'static str>, at: At) -> Option<(Benefit, Named)> {
        let base = base(self.reader, self.give);
        let max_discount =
            self.give.get("max_discount").and_then(|node| self.reader.positive(node, "max_discount"));
        let plain = |benefit| Some((benefit, None));
        match kind {
            None if self.slots_carry => plain(self.set(SetBenefit::BySlot, max_discount)?),
            None => {
                if !self.give.names(&BENEFITS) && !self.give.has_unknown(&GIVE) {
                    self.reader.add(at, Finding::NoBenefit);
                }
                None
            }
            Some("percent" | "amount" | "price") => plain(self.units(base, max_discount)?),
            Some("prices") => self.prices(max_discount),
            Some("by_quantity") => plain(self.by_quantity(base, max_discount)?),
            Some("basket_amount") => plain(self.basket(max_discount)?),
            Some("by_spend") => plain(self.by_spend(base, max_discount)?),
            Some("cheapest") => {
                let cheapest = self.cheapest()?;
                plain(self.set(cheapest, max_discount)?)
            }
            Some("gift") => plain(self.gift()?),
            Some("delivery") => plain(self.delivery(base)?),
            _ => plain(self.points()?),
        }
    }

    fn units(&mut self, base: Base, max_discount: Option<Amount>) -> Option<Benefit> {
        let cut = cut(self.reader, self.give, base)?;
        if self.slots.is_some() {
            let benefit = match cut {
                UnitCut::Percent(rate, base) => SetBenefit::Percent(rate, base),
                UnitCut::Amount(amount) => SetBenefit::Amount(amount),
                UnitCut::Price(price) => SetBenefit::Price(price),
            };
            return self.set(benefit, max_discount);
        }
        match self.spend.take() {
            None => Some(Benefit::Units(UnitBenefit { cut, max_discount })),
            Some(asked) => self.one_tier(asked, SpendBenefit::Units(cut), max_discount),
        }
    }

    /// A plain `spend`: one tier from `at_least`.
    fn one_tier(
        &mut self,
        asked: Asked,
        give: SpendBenefit,
        max_discount: Option<Amount>,
    ) -> Option<Benefit> {
        if !asked.has_at_least {
            self.reader.add(asked.at, Finding::MissingKey { key: "at_least", inside: "spend" });
        }
        let from = asked.at_least?;
        if let Some(at) = asked.every_at.filter(|_| from.is_zero()) {
            self.reader.add(at, Finding::Clash(Clash::EveryOfNothing));
        }
        Some(Benefit::Spend { spend: asked.spend, tiers: vec![SpendTier { from, give }], max_discount })
    }

    fn basket(&mut self, max_discount: Option<Amount>) -> Option<Benefit> {
        let node = self.give.get("basket_amount")?;
        let amount = self.reader.positive(node, "basket_amount")?;
        match self.spend.take() {
            None => Some(Benefit::Basket(BasketAmount { amount, max_discount })),
            Some(asked) => self.one_tier(asked, SpendBenefit::Basket(amount), max_discount),
        }
    }

    fn by_spend(&mut self, base: Base, max_discount: Option<Amount>) -> Option<Benefit> {
        let spend = match self.spend.take() {
            None => Spend { on: None, measured: Measured::default(), every: false },
            Some(asked) => {
                if asked.has_at_least {
                    self.reader.add(asked.at, Finding::Clash(Clash::AtLeastAndTiers));
                }
                self.every_of_tiers(&asked);
                asked.spend
            }
        };
        let list = tiers(self.reader, self.give.get("by_spend")?, "by_spend");
        let mut read = Vec::new();
        for node in list {
            let Some(fields) = self.reader.fields(node, "by_spend", &SPEND_TIER) else {
                continue;
            };
            let from = fields.get("from").and_then(|node| Some((self.reader.amount(node, "from")?, node)));
            let give = if let Some(node) = fields.get("basket_amount") {
                only_kind(self.reader, fields, &["percent", "amount", "price", "basket_amount"]);
                self.reader.positive(node, "basket_amount").map(SpendBenefit::Basket)
            } else {
                tier_cut(self.reader, fields, base, "by_spend").map(SpendBenefit::Units)
            };
            if let Some((from, node)) = from {
                rising(self.reader, read.last().map(|&(from, _)| from), from, node);
                read.push((from, give));
            }
        }
        let tiers =
            read.into_iter().filter_map(|(from, give)| Some(SpendTier { from, give: give? })).collect();
        Some(Benefit::Spend { spend, tiers, max_discount })
    }

    /// `every` with tiers: each must be an amount of the basket from more than nothing.
    fn every_of_tiers(&mut self, asked: &Asked) {
        let Some(at) = asked.every_at else {
            return;
        };
        let Some(Value::List(list)) = self.give.get("by_spend").map(|node| &node.value) else {
            return;
        };
        let all_baskets = list.iter().all(|node| match &node.value {
            Value::Map(entries) => entries.iter().any(|entry| entry.key == "basket_amount"),
            _ => true,
        });
        if !all_baskets {
            self.reader.add(at, Finding::Clash(Clash::Every));
        }
    }

    fn by_quantity(&mut self, base: Base, max_discount: Option<Amount>) -> Option<Benefit> {
        let count = self.give.get("count").and_then(|node| self.reader.one_of(node, "count", COUNTS));
        let list = tiers(self.reader, self.give.get("by_quantity")?, "by_quantity");
        let mut read = Vec::new();
        for node in list {
            let Some(fields) = self.reader.fields(node, "by_quantity", &QUANTITY_TIER) else {
                continue;
            };
            let from = fields.get("from").and_then(|node| Some((self.reader.count(node, "from")?, node)));
            let cut = tier_cut(self.reader, fields, base, "by_quantity");
            if let Some((from, node)) = from {
                rising(self.reader, read.last().map(|&(from, _)| from), from, node);
                read.push((from, cut));
            }
        }
        let tiers =
            read.into_iter().filter_map(|(from, cut)| Some(QuantityTier { from, cut: cut? })).collect();
        let count = if count == Some("same_sku") { Count::SameSku } else { Count::Together };
        Some(Benefit::Quantity { tiers, count, max_discount })
    }

    fn prices(&mut self, max_discount: Option<Amount>) -> Option<(Benefit, Named)> {
        let node = self.give.get("prices")?;
        let file = self.reader.word(node, "prices")?.to_owned();
        let list = PriceList { file: file.clone(), prices: std::collections::BTreeMap::new(), max_discount };
        Some((Benefit::Prices(list), Some((file, node.at))))
    }

    fn cheapest(&mut self) -> Option<SetBenefit> {
        let fields = self.reader.fields(self.give.get("cheapest")?, "cheapest", &CHEAPEST)?;
        let units = match fields.get("units") {
            None => 1,
            Some(node) => self.reader.count(node, "units")?,
        };
        let percent = self.reader.positive_percent(fields.get("percent")?, "percent")?;
        Some(SetBenefit::Cheapest { units, percent })
    }

    fn set(&mut self, benefit: SetBenefit, max_discount: Option<Amount>) -> Option<Benefit> {
        let slots = self.slots.take()?;
        Some(Benefit::Set(SetOf { slots, benefit, retailer_assigns: self.retailer, max_discount }))
    }

    fn gift(&mut self) -> Option<Benefit> {
        if let Some(at) = self.assign_at.filter(|_| self.slots.is_some()) {
            self.reader.add(at, Finding::Clash(Clash::AssignGift));
        }
        let fields = self.reader.fields(self.give.get("gift")?, "gift", &GIFT)?;
        let skus: Vec<String> = self
            .reader
            .words(fields.get("skus")?, "skus")
            .into_iter()
            .map(|(word, _)| word.to_owned())
            .collect();
        let choose = match fields.get("choose") {
            None => 1,
            Some(node) => {
                let choose = self.reader.count(node, "choose")?;
                if usize::try_from(choose).is_ok_and(|choose| choose > skus.len()) {
                    self.reader.add(node.at, Finding::Clash(Clash::ChooseTooMany));
                }
                choose
            }
        };
        let spend = self.reached()?;
        Some(Benefit::Gift(Gift { skus, choose, spend, slots: self.slots.take().unwrap_or_default() }))
    }

    fn delivery(&mut self, base: Base) -> Option<Benefit> {
        let node = self.give.get("delivery")?;
        let fields = self.reader.fields(node, "delivery", &DELIVERY)?;
        let cut = tier_cut(self.reader, fields, base, "delivery")?;
        Some(Benefit::Delivery(DeliveryBenefit { cut, spend: self.reached()? }))
    }

    fn points(&mut self) -> Option<Benefit> {
        let node = self.give.get("points")?;
        let fields = self.reader.fields(node, "points", &POINTS)?;
        let earn = if let Some(node) = fields.get("multiply") {
            let times = self.reader.number(node, "multiply", Use::Plain)?;
            if times <= rust_decimal::Decimal::ONE {
                self.reader.add(node.at, Finding::Never(Never::Nothing));
            }
            if let Some(at) = fields.at("per") {
                self.reader.add(at, Finding::TwoBenefits("multiply", "per"));
            }
            Earn::Multiply(times)
        } else if let Some(per) = fields.get("per") {
            let amount = self.reader.positive(per, "per");
            let points = match fields.get("points") {
                None => Some(1),
                Some(node) => self.reader.whole(node, "points", 1, BASKETS_MAX),
            };
            Earn::Per { amount: amount?, points: u64::try_from(points?).ok()? }
        } else {
            self.reader.add(node.at, Finding::MissingKey { key: "per", inside: "points" });
            return None;
        };
        Some(Benefit::Points(Points { earn, spend: self.reached()? }))
    }

    /// The sum to reach of what stands outside the price promotions; the outer `None` is a fault.
    #[expect(clippy::option_option, reason = "a fault and no spend at all are two things")]
    fn reached(&mut self) -> Option<Option<(Spend, Amount)>> {
        let Some(asked) = self.spend.take() else {
            return Some(None);
        };
        if !asked.has_at_least {
            self.reader.add(asked.at, Finding::MissingKey { key: "at_least", inside: "spend" });
        }
        Some(Some((asked.spend, asked.at_least?)))
    }
}

fn slots(reader: &mut Reader<'_>, node: &Node<'_>, mentions: &mut Vec<Mention>) -> Vec<Slot> {
    let list = match &node.value {
        Value::Map(_) => std::slice::from_ref(node),
        _ => reader.list(node, "buy"),
    };
    if list.is_empty() && matches!(node.value, Value::List(_)) {
        reader.add(node.at, Finding::Never(Never::EmptyList));
    }
    list.iter().filter_map(|node| slot(reader, node, mentions)).collect()
}

fn slot(reader: &mut Reader<'_>, node: &Node<'_>, mentions: &mut Vec<Mention>) -> Option<Slot> {
    let fields = reader.fields(node, "buy", &SLOT)?;
    let on = match fields.get("on") {
        Some(node) => selector(reader, node, mentions),
        None => Selector::default(),
    };
    let quantity = match fields.get("quantity") {
        None => 1,
        Some(node) => reader.count(node, "quantity").unwrap_or(1),
    };
    let same_sku = fields.get("same").and_then(|node| reader.one_of(node, "same", SAMES)).is_some();
    let cut = match only_kind(reader, fields, &["percent", "amount", "price"]) {
        None => None,
        Some(_) => cut(reader, fields, Base::Current),
    };
    Some(Slot { on, quantity, same_sku, cut })
}

fn spend(reader: &mut Reader<'_>, node: &Node<'_>, mentions: &mut Vec<Mention>) -> Option<Asked> {
    if matches!(node.value, Value::Scalar(..)) {
        reader.add(node.at, Finding::WrongShape { key: "spend".to_owned(), expected: Shape::Fields });
        return None;
    }
    let fields = reader.fields(node, "spend", &SPEND)?;
    let on = fields.get("on").and_then(|node| match &node.value {
        Value::Scalar(..) => reader.one_of(node, "on", &["all"]).map(|_| Selector::default()),
        _ => Some(selector(reader, node, mentions)),
    });
    let measured = match fields.get("measured").and_then(|node| reader.one_of(node, "measured", MEASURES)) {
        Some("list") => Measured::List,
        _ => Measured::Current,
    };
    let every = fields.get("every").and_then(|node| reader.flag(node, "every")).unwrap_or(false);
    let at_least = fields.get("at_least").and_then(|node| reader.amount(node, "at_least"));
    Some(Asked {
        at: fields.at("at_least").unwrap_or(fields.at),
        spend: Spend { on, measured, every },
        at_least,
        has_at_least: fields.has("at_least"),
        every_at: if every { fields.at("every") } else { None },
    })
}
