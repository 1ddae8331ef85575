//! One receipt to the letter: a measure, a delivery, codes, caps, the end of a promotion, a price that is not proven.

use pricewright::basket::{Basket, Delivery, Line};
use pricewright::catalog::{Catalog, Product, Selector};
use pricewright::cli::receipt::{Reasons, receipt};
use pricewright::cli::words::Words;
use pricewright::lang::Lang;
use pricewright::money::{Amount, Rate};
use pricewright::promotion::{
    Base, Benefit, Cap, CapFloor, Conditions, Limits, Promotion, Stacking, Stage, UnitBenefit, UnitCut,
};
use pricewright::rulebook::{Digest, Rulebook, Settings};
use pricewright::server::wire::code_result::Status;
use pricewright::server::wire::quote::Optimality;
use pricewright::server::wire::reason::Code;
use pricewright::server::wire::{
    AppliedPromotion, CodeResult, Hint, Quote, QuotedLine, Reason, UnitDiscount, UnitGroup,
};
use pricewright::time::{Instant, Window};

fn percent(text: &str) -> Rate {
    Rate::from_percent(text.parse().unwrap()).unwrap()
}

fn promotion(id: &str, name: &str) -> Promotion {
    Promotion {
        id: id.to_owned(),
        name: name.to_owned(),
        group: None,
        level: 0,
        when: Conditions {
            window: Window { from: None, until: Instant::from_rfc3339("2026-11-30T22:00:00Z") },
            channels: vec!["web".to_owned(), "app".to_owned()],
            ..Conditions::default()
        },
        on: Selector::default(),
        stage: Stage::Item,
        benefit: Benefit::Units(UnitBenefit {
            cut: UnitCut::Percent(percent("20"), Base::Current),
            max_discount: None,
        }),
        stacks_with: Stacking::Unsaid,
        limits: Limits::default(),
    }
}

fn rulebook() -> Rulebook {
    let product =
        |sku: &str, name: &str| Product { sku: sku.to_owned(), name: name.to_owned(), ..Product::default() };
    let products = vec![
        product("EDT", "Green Fig eau de toilette 50 ml"),
        product("KRM", "Крем для рук з календулою та обліпихою, 50 мл"),
    ];
    let promotions = vec![
        promotion("bf", "Black Friday −20 %"),
        promotion("web", "Web days −10 %"),
        promotion("club", "Club days −10 %"),
        promotion("x", "Крем дня −5 %"),
    ];
    let cap = Cap {
        id: "lux".to_owned(),
        name: "Luxury houses, at most −15 %".to_owned(),
        on: Selector::default(),
        floor: CapFloor::MaxPercent(percent("15")),
    };
    Rulebook::new(Settings::default(), Catalog::new(products), promotions, vec![cap], Digest::of(&[]))
}

fn basket() -> Basket {
    let weighed = Line { measure: Some("0.350".parse().unwrap()), ..Line::default() };
    let delivery = Delivery { method: "courier".to_owned(), price: Amount::from_minor(9_900) };
    Basket { lines: vec![Line::default(), weighed], delivery: Some(delivery), ..Basket::default() }
}

fn quote() -> Quote {
    let group = |quantity, unit_price, amount| UnitGroup {
        quantity,
        unit_price,
        discounts: vec![UnitDiscount { promotion_id: "bf".to_owned(), amount, held_amount: 0 }],
    };
    let line = |sku: &str, quantity, list_unit_price, total, groups| QuotedLine {
        id: String::new(),
        sku: sku.to_owned(),
        quantity,
        list_unit_price,
        total,
        groups,
        ..QuotedLine::default()
    };
    let applied = |id: &str, name: &str, amount| AppliedPromotion {
        id: id.to_owned(),
        name: name.to_owned(),
        amount,
        ..AppliedPromotion::default()
    };
    let reason =
        |id: &str, code: Code| Reason { promotion_id: id.to_owned(), code: code.into(), ..Reason::default() };
    let code = |code: &str, status: Status, reason| CodeResult {
        code: code.to_owned(),
        status: status.into(),
        reason,
    };
    Quote {
        currency_code: "UAH".to_owned(),
        list_total: 615_500,
        discount_total: 79_600,
        delivery_total: 0,
        total: 535_900,
        lines: vec![
            line(
                "EDT",
                3,
                199_000,
                517_400,
                vec![
                    group(2, 159_200, 39_800),
                    UnitGroup { quantity: 1, unit_price: 199_000, discounts: vec![] },
                ],
            ),
            line("KRM", 1, 18_500, 18_500, vec![]),
        ],
        promotions: vec![
            applied("bf", "Black Friday −20 %", 79_600),
            applied("free", "Courier free from 1 500", 9_900),
        ],
        codes: vec![
            code("spring 20", Status::Applied, None),
            code("x\u{1b}", Status::Unknown, None),
            code("web", Status::NotApplied, Some(reason("web", Code::WrongChannel))),
        ],
        hints: vec![Hint {
            promotion_id: "x".to_owned(),
            missing_amount: 15_500,
            gain: 20_000,
            ..Hint::default()
        }],
        reasons: vec![
            Reason { beaten_by: vec!["bf".to_owned()], ..reason("club", Code::Beaten) },
            Reason { held_by: vec!["lux".to_owned()], ..reason("x", Code::HeldByFloor) },
            reason("x", Code::Ended),
        ],
        optimality: Optimality::Bounded.into(),
        possible_gain: 100,
        ..Quote::default()
    }
}

fn check(lang: Lang, expected: &str) {
    let rulebook = rulebook();
    let got = receipt(&Words::new(&rulebook, lang), &basket(), &quote(), Reasons::All, 48);
    assert_eq!(got.replace('\u{a0}', "_"), expected.trim_start_matches('\n'), "\n{got}");
}

#[test]
fn a_receipt_in_english() {
    check(
        Lang::En,
        "
1. Green Fig eau de toilette 50 ml
   3 × 1_990.00                         5_970.00
   Black Friday −20_%                    −796.00
   = 2_×_1_592.00 + 1_×_1_990.00        5_174.00
2. Крем для рук з календулою та обліпихою, 50
   мл
   1 × 185.00 (0.350)                     185.00
------------------------------------------------
Goods                                   6_155.00
Discounts                                −796.00
Delivery (courier)                         99.00
   Courier free from 1_500                −99.00
================================================
TO PAY                              5_359.00_UAH
You save                                  895.00

Code spring 20: applied
Code x�: no promotion has this code
Code web: gives nothing — only in the
   channels: web, app

Add goods for 155.00 and you save at least
   200.00 more with “Крем дня −5_%”

Why not the others
 “Club days −10_%” — it cannot be combined
   with “Black Friday −20_%”
 “Крем дня −5_%” — held by “Luxury houses, at
   most −15_%”: the price may not go lower
 “Крем дня −5_%” — it is over: the last day
   was 30 November 2026

A lower price may be possible, by 1.00 at most:
there were too many combinations to try all.
",
    );
}

#[test]
fn a_receipt_in_ukrainian() {
    check(
        Lang::Uk,
        "
1. Green Fig eau de toilette 50 ml
   3 × 1_990,00                         5_970,00
   Black Friday −20_%                    −796,00
   = 2_×_1_592,00 + 1_×_1_990,00        5_174,00
2. Крем для рук з календулою та обліпихою, 50
   мл
   1 × 185,00 (0,350)                     185,00
------------------------------------------------
Товари                                  6_155,00
Знижки                                   −796,00
Доставка (courier)                         99,00
   Courier free from 1_500                −99,00
================================================
ДО СПЛАТИ                           5_359,00_грн
Ви заощадили                              895,00

Код spring 20: застосовано
Код x�: акції з таким кодом немає
Код web: нічого не дає — лише в каналах: web,
   app

Додайте товарів ще на 155,00 — і заощадите
   щонайменше ще 200,00 за акцією «Крем дня
   −5_%»

Чому не діють інші акції
 «Club days −10_%» — не поєднується з «Black
   Friday −20_%»
 «Крем дня −5_%» — нижчу ціну не дозволяє
   «Luxury houses, at most −15_%»
 «Крем дня −5_%» — акція вже закінчилася:
   останній день — 30.11.2026

Можлива нижча ціна, але не більш ніж на 1,00:
поєднань забагато, щоб перевірити всі.
",
    );
}
