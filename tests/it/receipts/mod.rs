//! Receipts of quotes made by hand, each in English and Ukrainian, as a cashier would read them out.
//!
//! `UPDATE_GOLDEN=1 cargo test --test it receipts` writes the golden files anew; look at every change.

mod phrases;
mod whole;

use std::fs;
use std::path::Path;

use pricewright::basket::{Basket, Context, Delivery, GiftChoice, Line, Request};
use pricewright::catalog::selector::Facets;
use pricewright::catalog::{Catalog, Product, Selector};
use pricewright::cli::receipt::{Reasons, receipt};
use pricewright::cli::words::Words;
use pricewright::lang::Lang;
use pricewright::money::{Amount, Rate};
use pricewright::pricing::{
    Applied, Carried, CodeFate, CodeResult, Floor, GiftRefused, GiftWhy, Given, Hint, MadeUp, Member,
    Missing, Near, Optimality, Quote, QuotedLine, Reason, Stop, UnitGroup, Why,
};
use pricewright::promotion::benefit::Earn;
use pricewright::promotion::{
    Base, Benefit, Cap, CapFloor, Conditions, Count, Gift, Limits, Points, Promotion, QuantityTier,
    SetBenefit, SetOf, Slot, Spend, SpendBenefit, SpendTier, Stacking, Stage, UnitBenefit, UnitCut,
};
use pricewright::rulebook::{Digest, PromotionIndex, Rulebook, Settings};
use pricewright::server::{convert, wire};
use pricewright::time::Instant;

const WIDTH: usize = 48;

fn rate(percent: i64) -> Rate {
    Rate::from_percent(percent.into()).unwrap()
}

fn minor(minor: i64) -> Amount {
    Amount::from_minor(minor)
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn category(path: &str) -> Selector {
    Selector { facets: Facets { categories: strings(&[path]), ..Facets::default() }, ..Selector::default() }
}

fn brands(names: &[&str]) -> Selector {
    Selector { facets: Facets { brands: strings(names), ..Facets::default() }, ..Selector::default() }
}

fn skus(skus: &[&str]) -> Selector {
    Selector { facets: Facets { skus: strings(skus), ..Facets::default() }, ..Selector::default() }
}

fn slot(on: Selector, quantity: u32) -> Slot {
    Slot { on, quantity, same_sku: false, cut: None }
}

fn percent(percent: i64) -> Benefit {
    let cut = UnitCut::Percent(rate(percent), Base::Current);
    Benefit::Units(UnitBenefit { cut, max_discount: None })
}

fn set(slots: Vec<Slot>, benefit: SetBenefit) -> Benefit {
    Benefit::Set(SetOf { slots, benefit, retailer_assigns: false, max_discount: None })
}

fn gift(options: &[&str], choose: u32) -> Benefit {
    Benefit::Gift(Gift { skus: strings(options), choose, spend: None, slots: Vec::new() })
}

fn promotion(id: &str, name: &str, on: Selector, benefit: Benefit) -> Promotion {
    Promotion {
        id: id.to_owned(),
        name: name.to_owned(),
        group: None,
        level: 0,
        when: Conditions::default(),
        on,
        stage: Stage::Item,
        benefit,
        stacks_with: Stacking::Unsaid,
        limits: Limits::default(),
    }
}

/// The goods of the tests: SKU, name, price.
const PRODUCTS: &[(&str, &str, i64)] = &[
    ("CREAM", "Крем для рук «Обліпиха», 75 мл", 18_500),
    ("SERUM", "Almond face serum 30 ml", 64_900),
    ("EDP", "Парфумована вода Linara Noir, 50 мл", 199_000),
    ("SOAP", "Мило «Липа»", 9_500),
    ("POUCH", "Косметичка дорожня", 24_900),
    ("MASCARA", "Mini mascara", 0),
    ("BALM", "Lip balm, mint", 7_900),
];

fn rulebook() -> Rulebook {
    let product = |&(sku, name, price): &(&str, &str, i64)| Product {
        sku: sku.to_owned(),
        name: name.to_owned(),
        price: Some(minor(price)),
        ..Product::default()
    };
    let all = Selector::default;
    let tiers = [(2, 10), (5, 15), (25, 20)];
    let tier = |&(from, percent): &(u32, i64)| QuantityTier {
        from,
        cut: UnitCut::Percent(rate(percent), Base::Current),
    };
    let quantity = Benefit::Quantity {
        tiers: tiers.iter().map(tier).collect(),
        count: Count::Together,
        max_discount: None,
    };
    let same = Benefit::Quantity {
        tiers: vec![tier(&(2, 10)), tier(&(6, 20))],
        count: Count::SameSku,
        max_discount: None,
    };
    let points = Benefit::Points(Points { earn: Earn::Per { amount: minor(1_000), points: 1 }, spend: None });
    let mut except = category("body");
    except.except.tags = strings(&["sets"]);
    except.facets.price_at_least = Some(minor(10_000));
    let spend = Benefit::Spend {
        spend: Spend {
            on: Some(brands(&["Linara", "Косинь"])),
            measured: pricewright::promotion::Measured::List,
            every: false,
        },
        tiers: [(200_000, 10), (423_500, 15)]
            .map(|(from, percent)| SpendTier {
                from: minor(from),
                give: SpendBenefit::Units(UnitCut::Percent(rate(percent), Base::Current)),
            })
            .to_vec(),
        max_discount: None,
    };
    let options = ["MASCARA", "BALM", "POUCH"];
    let many = ["MASCARA", "BALM", "POUCH", "SOAP", "CREAM", "G-1", "G-2", "G-3"];
    let third = SetBenefit::Cheapest { units: 1, percent: rate(100) };
    let pair = vec![slot(category("fragrance"), 1), slot(skus(&["CREAM"]), 2)];
    let promotions = vec![
        promotion("3for2", "Третій у подарунок", all(), set(vec![slot(except, 3)], third)),
        promotion("duo", "Парфум із кремом за 1 999", all(), set(pair, SetBenefit::Price(minor(199_900)))),
        promotion("more", "Більше мила — менше ціна", skus(&["SOAP"]), quantity),
        promotion("linara", "Linara й Косинь, знижка від 2 000", all(), spend),
        promotion("same", "Two of the same", skus(&["BALM", "SOAP"]), same),
        promotion("earn", "Бали від 500", all(), points),
        promotion("dior", "Dior −15 %", brands(&["Dior"]), percent(15)),
        promotion("all5", "Everything −5 %", all(), percent(5)),
        promotion("free", "Courier free from 1 500", all(), percent(5)),
        promotion("pouch", "Косметичка в подарунок", all(), gift(&["POUCH"], 1)),
        promotion("choice", "Gift of your choice", all(), gift(&options, 3)),
        promotion("many", "Two gifts of eight", all(), gift(&many, 2)),
        promotion("club", "Club points", all(), percent(1)),
        promotion("double", "Подвійні бали на крем", all(), percent(1)),
    ];
    let products = PRODUCTS.iter().map(product).collect();
    let cap = |id: &str, name: &str| Cap {
        id: id.to_owned(),
        name: name.to_owned(),
        on: all(),
        floor: CapFloor::MaxPercent(rate(15)),
    };
    let caps = vec![cap("lux", "Luxury houses, at most −15 %"), cap("creams", "Креми не дешевшають")];
    Rulebook::new(Settings::default(), Catalog::new(products), promotions, caps, Digest::of(&[]))
}

/// A quote in the making. The sums come from the lines.
struct Made {
    rulebook: Rulebook,
    quote: Quote,
    delivery: Option<i64>,
    choices: Vec<GiftChoice>,
}

fn made() -> Made {
    let quote = Quote {
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
    Made { rulebook: rulebook(), quote, delivery: None, choices: Vec::new() }
}

impl Made {
    fn index(&self, id: &str) -> PromotionIndex {
        self.rulebook.find(id).unwrap_or_else(|| panic!("{id}"))
    }

    /// A line: groups of pieces, with what each promotion took off a piece.
    fn line(mut self, sku: &str, groups: &[(u32, &[(&str, i64)])]) -> Self {
        let list_price = self.rulebook.catalog().get(sku).unwrap().price.unwrap();
        let groups: Vec<UnitGroup> = groups
            .iter()
            .map(|(quantity, carried)| {
                let carried = carried.iter().map(|&(id, amount)| Carried {
                    promotion: self.index(id),
                    amount: minor(amount),
                    held: Amount::ZERO,
                });
                let carried: smallvec::SmallVec<[Carried; 2]> = carried.collect();
                let off: Amount = carried.iter().map(|carried| carried.amount).sum();
                UnitGroup { quantity: *quantity, price: list_price - off, carried }
            })
            .collect();
        for group in &groups {
            for carried in group.carried.iter().filter(|carried| !carried.amount.is_zero()) {
                let known = self.quote.applied.iter_mut().find(|one| one.promotion == carried.promotion);
                let amount = carried.amount.times(group.quantity);
                match known {
                    Some(one) => (one.amount, one.units) = (one.amount + amount, one.units + group.quantity),
                    None => self.quote.applied.push(Applied {
                        promotion: carried.promotion,
                        amount,
                        units: group.quantity,
                        points: 0,
                        stop: Stop::default(),
                    }),
                }
            }
        }
        self.quote.lines.push(QuotedLine {
            id: format!("id-{}", self.quote.lines.len()),
            sku: sku.to_owned(),
            quantity: groups.iter().map(|group| group.quantity).sum(),
            list_price,
            total: groups.iter().map(|group| group.price.times(group.quantity)).sum(),
            groups,
            floor: None,
            left_out: Vec::new(),
        });
        self
    }

    /// What the floor of the last line held back of a promotion on each unit of a group.
    fn hold(mut self, group: usize, id: &str, held: i64, caps: &[&str]) -> Self {
        let promotion = self.index(id);
        let line = self.quote.lines.last_mut().unwrap();
        let group = &mut line.groups[group];
        let carried = group.carried.iter_mut().find(|carried| carried.promotion == promotion);
        carried.unwrap().held = minor(held);
        line.floor = Some(Floor { price: group.price, caps: strings(caps) });
        self
    }

    /// Sets: line, group, slot and quantity of each member.
    fn set(mut self, id: &str, times: u32, members: &[(usize, usize, usize, u32)]) -> Self {
        let member = |&(line, group, slot, quantity): &(usize, usize, usize, u32)| Member {
            line,
            group,
            slot,
            quantity,
        };
        let promotion = self.index(id);
        self.quote.sets.push(MadeUp { promotion, times, members: members.iter().map(member).collect() });
        self
    }

    fn gift(
        mut self,
        id: &str,
        sku: Option<&str>,
        quantity: u32,
        options: &[&str],
        line: Option<usize>,
    ) -> Self {
        let (promotion, sku) = (self.index(id), sku.map(str::to_owned));
        self.quote.gifts.push(Given { promotion, sku, quantity, options: strings(options), line });
        self.earn(id, 0)
    }

    fn refuse(mut self, id: &str, sku: &str, why: GiftWhy) -> Self {
        self.quote.gifts_refused.push(GiftRefused { choice: self.choices.len(), why });
        self.choices.push(GiftChoice { promotion: id.to_owned(), sku: sku.to_owned() });
        self
    }

    fn earn(mut self, id: &str, points: u64) -> Self {
        let promotion = self.index(id);
        self.quote.points += points;
        if self.quote.applied.iter().all(|applied| applied.promotion != promotion) {
            self.quote.applied.push(Applied {
                promotion,
                amount: Amount::ZERO,
                units: 0,
                points: 0,
                stop: Stop::default(),
            });
        }
        for applied in self.quote.applied.iter_mut().filter(|applied| applied.promotion == promotion) {
            applied.points += points;
        }
        self
    }

    fn hint(mut self, id: &str, missing: Near, gain: i64) -> Self {
        let hint = Hint { promotion: self.index(id), missing, sku: None, gain: minor(gain) };
        self.quote.hints.push(hint);
        self
    }

    /// The goods of which the pieces of the last hint were tried.
    fn tried(mut self, sku: &str) -> Self {
        self.quote.hints.last_mut().unwrap().sku = Some(sku.to_owned());
        self
    }

    fn why(mut self, id: &str, why: Why) -> Self {
        self.quote.reasons.push(Reason::new(self.index(id), why));
        self
    }

    fn code(mut self, code: &str, fate: CodeFate) -> Self {
        self.quote.codes.push(CodeResult { code: code.to_owned(), fate });
        self
    }

    fn deliver(mut self, id: &str, price: i64) -> Self {
        let promotion = self.index(id);
        self.delivery = Some(price);
        self.quote.delivery = Some((promotion, minor(price)));
        self.quote.applied.push(Applied {
            promotion,
            amount: minor(price),
            units: 0,
            points: 0,
            stop: Stop::default(),
        });
        self
    }

    fn bounded(mut self, gain: i64) -> Self {
        self.quote.optimality = Optimality::Bounded(minor(gain));
        self
    }

    /// The request that would bring the quote, and the quote as the wire has it.
    fn finish(mut self) -> (Rulebook, Request, wire::Quote) {
        let quote = &mut self.quote;
        quote.list_total = quote.lines.iter().map(|line| line.list_price.times(line.quantity)).sum();
        let total: Amount = quote.lines.iter().map(|line| line.total).sum();
        quote.discount_total = quote.list_total - total;
        quote.total = total;
        quote.applied.sort_by_key(|applied| applied.promotion);
        // Nothing here goes to other goods.
        for applied in &mut quote.applied {
            let groups = quote.lines.iter().flat_map(|line| &line.groups);
            let held = groups.map(|group| {
                let mine = group.carried.iter().filter(|carried| carried.promotion == applied.promotion);
                mine.map(|carried| carried.held.times(group.quantity)).sum::<Amount>()
            });
            applied.stop.lost = held.sum();
        }
        let line = |line: &QuotedLine| Line { id: line.id.clone(), sku: line.sku.clone(), ..Line::default() };
        let request = Request {
            basket: Basket {
                lines: quote.lines.iter().map(line).collect(),
                delivery: self
                    .delivery
                    .map(|price| Delivery { method: "courier".to_owned(), price: minor(price) }),
                ..Basket::default()
            },
            context: Context { gift_choices: self.choices, ..Context::at(Instant::from_unix(0).unwrap()) },
            explain: true,
        };
        let wire = convert::quote(&self.rulebook, &request, String::new(), self.quote);
        (self.rulebook, request, wire)
    }
}

fn missing(slot: usize, quantity: u32) -> Missing {
    Missing { slot, quantity }
}

fn few(pieces: u32) -> Why {
    Why::QuantityMissing { pieces, sku: None }
}

/// Three creams and three serums in two sets, one cream of each free; one more is near.
fn three_for_two() -> Made {
    made()
        .line("CREAM", &[(2, &[("3for2", 18_500)]), (1, &[])])
        .line("SERUM", &[(4, &[("3for2", 0)])])
        .set("3for2", 2, &[(0, 0, 0, 1), (1, 0, 0, 2)])
        .hint("3for2", Near::Slot(missing(0, 2)), 18_500)
        .tried("SERUM")
}

fn cases() -> Vec<(&'static str, Made)> {
    let soap = |quantity, carried| made().line("SOAP", &[(quantity, carried)]);
    let beaten = |by: &[&str]| {
        let quote = made();
        Why::Beaten(by.iter().map(|id| quote.index(id)).collect())
    };
    let edp = || made().line("EDP", &[(1, &[])]);
    let reason = |id: &str, why: Why| Reason::new(made().index(id), why);
    vec![
        ("three-for-two", three_for_two()),
        (
            "set-price-with-slots",
            made()
                .line("EDP", &[(1, &[("duo", 30_440)])])
                .line("CREAM", &[(2, &[("duo", 2_830)]), (1, &[])])
                .set("duo", 1, &[(0, 0, 0, 1), (1, 0, 1, 2)])
                .hint("duo", Near::Slot(missing(1, 1)), 2_830)
                .tried("CREAM")
                .why("3for2", Why::SetMissing { lacks: vec![missing(0, 1)], or: Vec::new() }),
        ),
        (
            "sets-that-differ",
            made()
                .line("CREAM", &[(3, &[("3for2", 18_500)]), (6, &[("3for2", 0)])])
                .line("BALM", &[(5, &[("3for2", 7_900)]), (1, &[])])
                .line("SERUM", &[(10, &[("3for2", 0)])])
                .set("3for2", 3, &[(0, 0, 0, 1), (0, 1, 0, 2)])
                .set("3for2", 5, &[(1, 0, 0, 1), (2, 0, 0, 2)]),
        ),
        ("quantity-tier-and-the-next", soap(3, SOAP_10).hint("more", Near::Pieces(2), 1_425).tried("SOAP")),
        (
            "quantity-missing",
            soap(1, &[])
                .hint("more", Near::Pieces(1), 950)
                .tried("SOAP")
                .why("dior", Why::NoSuchGoods)
                .why("more", few(1)),
        ),
        (
            "sets-missing",
            made()
                .line("SERUM", &[(1, &[])])
                .why("3for2", Why::SetMissing { lacks: vec![missing(0, 3)], or: Vec::new() })
                .why("duo", Why::SetMissing { lacks: vec![missing(0, 1), missing(1, 2)], or: Vec::new() })
                .why("more", few(2)),
        ),
        (
            "spend-of-some-goods",
            edp()
                .hint("linara", Near::Amount(minor(1_000)), 19_900)
                .why("linara", Why::SpendMissing(minor(1_000))),
        ),
        (
            "what-is-near",
            edp()
                .line("BALM", &[(1, &[])])
                .gift("pouch", Some("POUCH"), 1, &["POUCH"], None)
                .hint("all5", Near::Amount(minor(1)), 10_345)
                .hint("choice", Near::Amount(minor(5_100)), 0)
                .hint("earn", Near::Amount(minor(1)), 0)
                .hint("pouch", Near::Amount(minor(10_000)), 0)
                .hint("same", Near::Pieces(1), 1_580)
                .tried("BALM")
                .why("same", Why::QuantityMissing { pieces: 1, sku: Some("BALM".to_owned()) }),
        ),
        ("gift-on-top", edp().gift("pouch", Some("POUCH"), 1, &["POUCH"], None)),
        (
            "gifts-to-choose",
            edp()
                .gift("choice", None, 1, &["MASCARA", "BALM", "POUCH"], None)
                .gift("choice", Some("BALM"), 2, &["MASCARA", "BALM", "POUCH"], None)
                .gift(
                    "many",
                    None,
                    2,
                    &["MASCARA", "BALM", "POUCH", "SOAP", "CREAM", "G-1", "G-2", "G-3"],
                    None,
                ),
        ),
        (
            "a-line-becomes-the-gift",
            edp()
                .line("POUCH", &[(1, &[("pouch", 24_899)]), (1, &[])])
                .hold(0, "pouch", 1, &[])
                .gift("pouch", Some("POUCH"), 1, &["POUCH"], Some(1))
                .code("подарунок", CodeFate::Applied),
        ),
        (
            "gifts-refused",
            edp()
                .refuse("gone", "POUCH", GiftWhy::NoSuchGift)
                .refuse("choice", "EDP", GiftWhy::NotAnOption)
                .refuse("choice", "BALM", GiftWhy::TooMany)
                .refuse("many", "G-1\u{1b}[2J", GiftWhy::OutOfStock)
                .refuse("pouch", "POUCH", GiftWhy::NotApplied(Why::SpendMissing(minor(51_000))))
                .why("pouch", Why::OutOfStock),
        ),
        ("held-by-caps", held_by_caps()),
        ("points", soap(12, SOAP_15).earn("club", 969).earn("double", 484)),
        (
            "codes-and-sets",
            edp()
                .hint("duo", Near::Slot(missing(1, 2)), 36_100)
                .tried("CREAM")
                .code(
                    "TWO",
                    CodeFate::NotApplied(reason(
                        "duo",
                        Why::SetMissing { lacks: vec![missing(1, 2)], or: Vec::new() },
                    )),
                )
                .code("MILO", CodeFate::NotApplied(reason("more", few(2)))),
        ),
        (
            "everything-at-once",
            made()
                .line("CREAM", &[(1, &[("3for2", 18_500)]), (2, &[("3for2", 0), ("all5", 925)])])
                .line("SOAP", &[(22, SOAP_15)])
                .line("EDP", &[(1, &[("linara", 19_900)])])
                .line("BALM", &[(1, &[])])
                .deliver("free", 9_900)
                .set("3for2", 1, &[(0, 0, 0, 1), (0, 1, 0, 2)])
                .gift("choice", Some("MASCARA"), 1, &["MASCARA", "BALM", "POUCH"], None)
                .earn("club", 399)
                .hint("more", Near::Pieces(3), 10_450)
                .tried("SOAP")
                .hint("linara", Near::Amount(minor(15_500)), 39_800)
                .code("spring-5", CodeFate::Applied)
                .why("dior", beaten(&["linara", "3for2"]))
                .bounded(420),
        ),
    ]
}

/// A promotion that is held on one line, and altogether on the next; another that is not.
fn held_by_caps() -> Made {
    made()
        .line("EDP", &[(2, &[("linara", 29_850), ("all5", 0)]), (1, &[("linara", 29_850)])])
        .hold(0, "linara", 9_950, &["lux"])
        .hold(1, "linara", 9_950, &["lux"])
        .line("CREAM", &[(2, &[("all5", 0)])])
        .hold(0, "all5", 925, &["creams", "lux"])
        .line("BALM", &[(1, &[("all5", 395)])])
        .line("SOAP", &[(1, &[("dior", 0)])])
        .hold(0, "dior", 1_425, &["lux"])
}

const SOAP_10: &[(&str, i64)] = &[("more", 950)];
const SOAP_15: &[(&str, i64)] = &[("more", 1_425)];

#[test]
fn receipts_read_as_they_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receipts");
    let (mut names, mut wrong) = (Vec::new(), Vec::new());
    for (name, made) in cases() {
        let (rulebook, request, quote) = made.finish();
        let print =
            |lang| receipt(&Words::new(&rulebook, lang), &request.basket, &quote, Reasons::Near, WIDTH);
        let got = format!("{}\n{}\n{}", print(Lang::En), "#".repeat(WIDTH), print(Lang::Uk));
        assert!(got.chars().all(|letter| letter == '\n' || !letter.is_control()), "{name}: {got:?}");
        let golden = folder.join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&golden, &got).unwrap();
        }
        if fs::read_to_string(&golden).unwrap_or_default() != got {
            wrong.push(format!("{name}:\n{got}"));
        }
        names.push(format!("{name}.txt"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut files: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    files.sort();
    assert_eq!(names, files);
}

/// What a till gets of the same quotes.
#[test]
fn the_wire_names_the_units_of_a_set_and_the_goods_that_it_lacks() {
    let (_, _, quote) = three_for_two().finish();
    let told = serde_json::to_value(&quote).unwrap();
    assert_eq!(
        told["sets"],
        serde_json::json!([{"promotion_id": "3for2", "times": 2, "members": [
            {"line_id": "id-0", "quantity": 1}, {"line_id": "id-1", "quantity": 2}]}])
    );
    assert_eq!(
        told["hints"],
        serde_json::json!([{"promotion_id": "3for2", "name": "Третій у подарунок", "missing_quantity": 2, "slot": 0,
            "goods": {"categories": ["body"], "price_at_least": "10000", "has_exceptions": true},
            "gain": "18500", "product": {"sku": "SERUM", "name": "Almond face serum 30 ml"}}])
    );
    let why = Why::SetMissing { lacks: vec![missing(1, 2)], or: Vec::new() };
    let (_, _, quote) = made()
        .line("EDP", &[(1, &[])])
        .gift("choice", None, 1, &["MASCARA", "G-1"], None)
        .refuse("duo", "X", GiftWhy::NotApplied(why))
        .earn("club", 5)
        .finish();
    let told = serde_json::to_value(&quote).unwrap();
    assert_eq!(
        told["gifts"],
        serde_json::json!([{"promotion_id": "choice", "name": "Gift of your choice", "quantity": 1,
            "options": [{"sku": "MASCARA", "name": "Mini mascara"}, {"sku": "G-1"}]}])
    );
    assert_eq!(
        told["gifts_refused"],
        serde_json::json!([{"promotion_id": "duo", "sku": "X", "code": "NOT_APPLIED", "reason":
            {"promotion_id": "duo", "code": "SET_MISSING", "missing_goods": [{"slot": 1, "quantity": 2,
                "goods": {"products": [{"sku": "CREAM", "name": "Крем для рук «Обліпиха», 75 мл"}]}}]}}])
    );
    assert_eq!(told["points"], serde_json::json!("5"));
    assert_eq!(
        told["promotions"][1],
        serde_json::json!({"id": "club", "name": "Club points", "points": "5"})
    );
}

/// What is held of a promotion that applies is told, and what holds it; a promotion that takes nothing off anywhere is not shown.
#[test]
fn the_wire_tells_what_a_floor_held_back() {
    let (_, _, quote) = held_by_caps().finish();
    let told = serde_json::to_value(&quote).unwrap();
    let lines: Vec<_> = told["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (line["groups"].clone(), line.get("floor_unit_price").cloned(), line.get("held_by").cloned())
        })
        .collect();
    assert_eq!(
        lines,
        [
            (
                serde_json::json!([{"quantity": 3, "unit_price": "169150", "discounts": [
                    {"promotion_id": "linara", "amount": "29850", "held_amount": "9950"}]}]),
                Some(serde_json::json!("169150")),
                Some(serde_json::json!(["lux"])),
            ),
            (
                serde_json::json!([{"quantity": 2, "unit_price": "18500", "discounts": [
                    {"promotion_id": "all5", "held_amount": "925"}]}]),
                Some(serde_json::json!("18500")),
                Some(serde_json::json!(["creams", "lux"])),
            ),
            (
                serde_json::json!([{"quantity": 1, "unit_price": "7505", "discounts": [
                    {"promotion_id": "all5", "amount": "395"}]}]),
                None,
                None,
            ),
            (serde_json::json!([{"quantity": 1, "unit_price": "9500"}]), None, None),
        ]
    );
}

/// Groups that the wire shows as one hold their sets together, too.
#[test]
fn sets_of_groups_that_look_the_same_are_told_once() {
    let members: &[(usize, usize, usize, u32)] = &[(0, 0, 0, 1), (0, 1, 0, 2)];
    let (_, _, quote) = made()
        .line(
            "CREAM",
            &[(2, &[("3for2", 18_500)]), (1, &[("3for2", 0)]), (1, &[]), (3, &[("3for2", 0), ("all5", 0)])],
        )
        .set("3for2", 1, members)
        .set("3for2", 1, &[(0, 0, 0, 1), (0, 3, 0, 1), (0, 1, 0, 1)])
        .finish();
    let groups: Vec<u32> = quote.lines[0].groups.iter().map(|group| group.quantity).collect();
    assert_eq!(groups, [2, 5]);
    let told: Vec<(u32, Vec<(u32, u32)>)> = quote
        .sets
        .iter()
        .map(|set| (set.times, set.members.iter().map(|one| (one.group, one.quantity)).collect()))
        .collect();
    assert_eq!(told, [(2, vec![(0, 1), (1, 2)])]);
}

/// A wish-list of thousands does not fill the answer.
#[test]
fn goods_of_many_names_are_cut_short() {
    let many: Vec<String> = (0..5_000).map(|place| format!("SKU-{place}")).collect();
    let on = Selector { facets: Facets { skus: many, ..Facets::default() }, ..Selector::default() };
    let goods = convert::goods::goods(&rulebook(), &on).unwrap();
    assert_eq!((goods.products.len(), goods.more), (12, 4_988));
    let words = rulebook();
    let said = Words::new(&words, Lang::Uk).goods(&goods);
    assert_eq!(said, "SKU-0, SKU-1, SKU-2, SKU-3, SKU-4 або SKU-5 та інші");
    assert_eq!(convert::goods::goods(&words, &Selector::default()), None);
}

/// The examples of the manuals are messages, to the letter: an answer holds no zeros and 64-bit numbers as texts.
#[test]
fn the_manuals_show_what_the_wire_speaks() {
    use serde_json::{from_str, to_value};
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut answers, mut requests) = (0, 0);
    for page in ["docs/grpc.md", "docs/errors.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let examples = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        for example in examples {
            let shown: serde_json::Value =
                from_str(example).unwrap_or_else(|why| panic!("{page}: {why}: {example}"));
            let answer = [
                from_str::<wire::Quote>(example).ok().map(|told| to_value(told).unwrap()),
                from_str::<wire::Reason>(example).ok().map(|told| to_value(told).unwrap()),
                from_str::<wire::RefusedGift>(example).ok().map(|told| to_value(told).unwrap()),
            ];
            if answer.contains(&Some(shown)) {
                answers += 1;
            } else if from_str::<wire::QuoteRequest>(example).is_ok() {
                requests += 1;
            } else {
                panic!("{page}: no message: {example}");
            }
        }
    }
    assert!(answers >= 7 && requests >= 2, "{answers} answers, {requests} requests");
}
