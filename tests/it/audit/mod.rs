//! The checker of a quote, held to hand-made quotes: it accepts the right ones, and says what is wrong with the others.

mod gifts;
mod held;
mod points;
mod quantity;
mod sets;

use pricewright::basket::{Basket, Context, Delivery, GiftChoice, GiftStock, Line, Request};
use pricewright::catalog::Catalog;
use pricewright::catalog::selector::{Facets, Selector};
use pricewright::money::{Amount, Rate};
use pricewright::pricing::verify::verify;
use pricewright::pricing::{
    Applied, Carried, Floor, Given, MadeUp, Member, Optimality, Quote, QuotedLine, Stop, UnitGroup,
};
use pricewright::promotion::{
    Base, Benefit, Cap, CapFloor, Conditions, Limits, Promotion, Slot, Stacking, Stage, UnitBenefit, UnitCut,
};
use pricewright::rulebook::{Digest, PromotionIndex, Rulebook, Settings};
use pricewright::time::Instant;

/// Units of a line that carry the same: how many, and what each promotion takes off one.
type Units<'a> = (u32, &'a [(&'a str, i64)]);

/// A rulebook and a basket for hand-made quotes.
struct Shop {
    promotions: Vec<Promotion>,
    caps: Vec<Cap>,
    request: Request,
}

impl Shop {
    /// Lines as SKU, pieces and list price.
    fn new(lines: &[(&str, u32, i64)], promotions: Vec<Promotion>) -> Self {
        let line = |(place, &(sku, quantity, price)): (usize, &(&str, u32, i64))| Line {
            id: format!("l{place}"),
            sku: sku.to_owned(),
            quantity,
            unit_price: Some(Amount::from_minor(price)),
            ..Line::default()
        };
        let lines = lines.iter().enumerate().map(line).collect();
        let basket = Basket { currency_code: String::new(), lines, delivery: None };
        let context = Context::at(Instant::from_unix(1_795_000_000).unwrap());
        Shop { promotions, caps: Vec::new(), request: Request { basket, context, explain: false } }
    }

    /// No unit with this SKU costs less.
    fn with_floor(mut self, sku: &str, price: i64) -> Self {
        self.caps.push(Cap {
            id: format!("cap-{sku}"),
            name: String::new(),
            on: goods(&[sku]),
            floor: CapFloor::MinPrice(Amount::from_minor(price)),
        });
        self
    }

    fn with_delivery(mut self, price: i64) -> Self {
        self.request.basket.delivery =
            Some(Delivery { method: "courier".to_owned(), price: Amount::from_minor(price) });
        self
    }

    fn choosing(mut self, choices: &[(&str, &str)]) -> Self {
        let choice = |&(promotion, sku): &(&str, &str)| GiftChoice {
            promotion: promotion.to_owned(),
            sku: sku.to_owned(),
        };
        self.request.context.gift_choices = choices.iter().map(choice).collect();
        self
    }

    fn with_stock(mut self, stock: &[(&str, u32)]) -> Self {
        let left = |&(sku, quantity): &(&str, u32)| GiftStock { sku: sku.to_owned(), quantity };
        self.request.context.gift_stock = stock.iter().map(left).collect();
        self
    }

    fn rulebook(&self) -> Rulebook {
        Rulebook::new(
            Settings::default(),
            Catalog::default(),
            self.promotions.clone(),
            self.caps.clone(),
            Digest::of(&[]),
        )
    }

    fn index(&self, id: &str) -> PromotionIndex {
        self.rulebook().find(id).unwrap()
    }

    /// A quote whose prices, sums and list of what applied follow from what the units carry.
    fn quote(&self, lines: &[&[Units<'_>]]) -> Quote {
        let mut quote = Quote {
            list_total: Amount::ZERO,
            discount_total: Amount::ZERO,
            delivery_total: Amount::ZERO,
            total: Amount::ZERO,
            lines: Vec::new(),
            delivery: None,
            applied: Vec::new(),
            sets: Vec::new(),
            gifts: Vec::new(),
            gifts_refused: Vec::new(),
            points: 0,
            codes: Vec::new(),
            hints: Vec::new(),
            reasons: Vec::new(),
            counted: Vec::new(),
            optimality: Optimality::Proven,
            steps: 0,
        };
        for (line, groups) in self.request.basket.lines.iter().zip(lines) {
            let list_price = line.unit_price.unwrap();
            let groups: Vec<UnitGroup> = groups
                .iter()
                .map(|(quantity, takes)| UnitGroup {
                    quantity: *quantity,
                    price: list_price - takes.iter().map(|&(_, take)| Amount::from_minor(take)).sum(),
                    carried: takes
                        .iter()
                        .map(|&(id, take)| Carried {
                            promotion: self.index(id),
                            amount: Amount::from_minor(take),
                            held: Amount::ZERO,
                        })
                        .collect(),
                })
                .collect();
            let total: Amount = groups.iter().map(|group| group.price.times(group.quantity)).sum();
            quote.list_total += list_price.times(line.quantity);
            quote.discount_total += list_price.times(line.quantity) - total;
            for group in &groups {
                for carried in group.carried.iter().filter(|carried| !carried.amount.is_zero()) {
                    let applied = applied(&mut quote.applied, carried.promotion);
                    applied.amount += carried.amount.times(group.quantity);
                    applied.units += group.quantity;
                }
            }
            quote.lines.push(QuotedLine {
                id: line.id.clone(),
                sku: line.sku.clone(),
                quantity: line.quantity,
                list_price,
                total,
                groups,
                floor: None,
                left_out: Vec::new(),
            });
        }
        quote.delivery_total =
            self.request.basket.delivery.as_ref().map_or(Amount::ZERO, |delivery| delivery.price);
        quote.total = quote.list_total - quote.discount_total + quote.delivery_total;
        quote
    }

    /// Says what the floor of a line's units held back of a promotion on those of a group, which stand at it.
    fn hold(&self, quote: &mut Quote, (line, group): (usize, usize), id: &str, held: i64) {
        let promotion = self.index(id);
        let line = &mut quote.lines[line];
        let group = &mut line.groups[group];
        let carried = group.carried.iter_mut().find(|carried| carried.promotion == promotion);
        carried.unwrap().held = amount(held);
        line.floor = Some(Floor { price: group.price, caps: vec![format!("cap-{}", line.sku)] });
    }

    /// A set: `(line, group, slot, units)`.
    fn set(&self, id: &str, times: u32, members: &[(usize, usize, usize, u32)]) -> MadeUp {
        let member = |&(line, group, slot, quantity): &(usize, usize, usize, u32)| Member {
            line,
            group,
            slot,
            quantity,
        };
        MadeUp { promotion: self.index(id), times, members: members.iter().map(member).collect() }
    }

    /// Lists a gift, and that its promotion applied.
    fn give(&self, quote: &mut Quote, id: &str, sku: Option<&str>, quantity: u32, options: &[&str]) {
        let promotion = self.index(id);
        applied(&mut quote.applied, promotion);
        quote.gifts.push(Given {
            promotion,
            sku: sku.map(str::to_owned),
            quantity,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            line: None,
        });
    }

    /// Says that a promotion earns points.
    fn earn(&self, quote: &mut Quote, id: &str, points: u64) {
        applied(&mut quote.applied, self.index(id)).points += points;
        quote.points += points;
    }

    fn flaws(&self, quote: &Quote) -> Vec<String> {
        let flaws = verify(&self.rulebook(), &self.request, quote).err().unwrap_or_default();
        flaws.iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn accepts(&self, quote: &Quote) {
        assert_eq!(self.flaws(quote), Vec::<String>::new());
    }

    /// The quote is refused, and a flaw says this.
    #[track_caller]
    fn refuses(&self, quote: &Quote, text: &str) {
        let flaws = self.flaws(quote);
        assert!(flaws.iter().any(|flaw| flaw.contains(text)), "`{text}` is not among {flaws:?}");
    }

    /// A right quote is refused once it is changed, and a flaw says this.
    #[track_caller]
    fn spoiled(&self, right: &Quote, spoil: impl FnOnce(&mut Quote), text: &str) {
        let mut quote = right.clone();
        spoil(&mut quote);
        self.refuses(&quote, text);
    }
}

fn applied(list: &mut Vec<Applied>, promotion: PromotionIndex) -> &mut Applied {
    let place = list.binary_search_by_key(&promotion, |applied| applied.promotion).unwrap_or_else(|place| {
        list.insert(
            place,
            Applied { promotion, amount: Amount::ZERO, units: 0, points: 0, stop: Stop::default() },
        );
        place
    });
    &mut list[place]
}

fn promotion(id: &str, benefit: Benefit) -> Promotion {
    let is_item = matches!(
        benefit,
        Benefit::Units(_) | Benefit::Prices(_) | Benefit::Quantity { .. } | Benefit::Set(_)
    );
    Promotion {
        id: id.to_owned(),
        name: String::new(),
        group: None,
        level: 0,
        when: Conditions::default(),
        on: Selector::default(),
        stage: if is_item { Stage::Item } else { Stage::Basket },
        benefit,
        stacks_with: Stacking::Unsaid,
        limits: Limits::default(),
    }
}

fn percent_off(id: &str, percent: i64, on: &[&str]) -> Promotion {
    let cut = UnitCut::Percent(rate(percent), Base::Current);
    let benefit = Benefit::Units(UnitBenefit { cut, max_discount: None });
    Promotion { on: goods(on), ..promotion(id, benefit) }
}

/// The same promotion, ready to meet all others.
fn stacking(promotion: Promotion) -> Promotion {
    Promotion { stacks_with: Stacking::All, ..promotion }
}

fn slot(quantity: u32, skus: &[&str]) -> Slot {
    Slot { on: goods(skus), quantity, same_sku: false, cut: None }
}

/// Goods by SKU; everything where none is named.
fn goods(skus: &[&str]) -> Selector {
    let skus = skus.iter().map(|&sku| sku.to_owned()).collect();
    Selector { facets: Facets { skus, ..Facets::default() }, except: Facets::default() }
}

fn rate(percent: i64) -> Rate {
    Rate::from_percent(percent.into()).unwrap()
}

fn amount(minor: i64) -> Amount {
    Amount::from_minor(minor)
}
