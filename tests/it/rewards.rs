//! Gifts and points, from rule files to quotes.

use std::fmt::Write;

use pricewright::basket::{Basket, Context, Delivery, GiftChoice, GiftStock, Line, Request};
use pricewright::money::Amount;
use pricewright::pricing::{Effort, Optimality, Quote, price};
use pricewright::rulebook::{Rulebook, Source, compile};
use pricewright::time::Instant;

/// Catalogue, promotions, `sku×quantity@price` lines, `promotion:sku` choices, `sku=left` stock; what the quote says.
#[derive(Clone, Copy)]
struct Case<'a> {
    rules: &'a str,
    lines: &'a str,
    choices: &'a str,
    stock: &'a str,
    says: &'a str,
}

const NONE: Case<'_> = Case { rules: "", lines: "", choices: "", stock: "", says: "" };

fn rulebook(promotions: &str) -> Rulebook {
    let catalog = "sku,name,price\nGA,a,5.00\nGB,b,8.00\nGC,c,1.00\n";
    let compiled = compile(&[
        Source { path: "settings.yaml".to_owned(), bytes: "catalog: [catalog.csv]".into() },
        Source { path: "catalog.csv".to_owned(), bytes: catalog.into() },
        Source { path: "a.yaml".to_owned(), bytes: promotions.into() },
    ]);
    compiled.rulebook.unwrap_or_else(|| panic!("{promotions}: {:?}", compiled.diagnostics))
}

fn request(case: &Case<'_>) -> Request {
    let mut context = Context::at(Instant::from_unix(0).unwrap());
    for choice in case.choices.split_whitespace() {
        let (promotion, sku) = choice.split_once(':').unwrap();
        context.gift_choices.push(GiftChoice { promotion: promotion.to_owned(), sku: sku.to_owned() });
    }
    for left in case.stock.split_whitespace() {
        let (sku, quantity) = left.split_once('=').unwrap();
        context.gift_stock.push(GiftStock { sku: sku.to_owned(), quantity: quantity.parse().unwrap() });
    }
    let mut basket = Basket::default();
    for (place, line) in case.lines.split_whitespace().enumerate() {
        let (sku, rest) = line.split_once('*').unwrap();
        let (quantity, price) = rest.split_once('@').unwrap();
        if sku == "delivery" {
            let price = Amount::from_minor(price.parse().unwrap());
            basket.delivery = Some(Delivery { method: "courier".to_owned(), price });
            continue;
        }
        basket.lines.push(Line {
            id: format!("{place}"),
            sku: sku.to_owned(),
            quantity: quantity.parse().unwrap(),
            unit_price: Some(Amount::from_minor(price.parse().unwrap())),
            ..Line::default()
        });
    }
    Request { basket, context, explain: true }
}

/// The quote in one line, and the laws that every quote keeps.
fn say(rulebook: &Rulebook, quote: &Quote) -> String {
    let id = |index| rulebook.promotion(index).unwrap().id.as_str();
    let mut text = format!("{}", quote.total);
    let mut sum = quote.delivery_total;
    for line in &quote.lines {
        write!(text, " |").unwrap();
        sum += line.total;
        assert_eq!(line.groups.iter().map(|group| group.quantity).sum::<u32>(), line.quantity);
        for group in &line.groups {
            write!(text, " {}×{}", group.quantity, group.price).unwrap();
            for carried in &group.carried {
                write!(text, "[{} {}]", id(carried.promotion), carried.amount).unwrap();
            }
            let takes: Amount = group.carried.iter().map(|carried| carried.amount).sum();
            assert_eq!(line.list_price - takes, group.price);
        }
    }
    assert_eq!(sum, quote.total);
    assert_eq!(quote.list_total - quote.discount_total + quote.delivery_total, quote.total);
    assert_eq!(quote.optimality, Optimality::Proven);
    for given in &quote.gifts {
        let what = given.sku.clone().unwrap_or_else(|| given.options.join("/"));
        write!(text, "; {} gives {} {what}", id(given.promotion), given.quantity).unwrap();
        if let Some(line) = given.line {
            write!(text, " of line {line}").unwrap();
        }
    }
    for refused in &quote.gifts_refused {
        write!(text, "; choice {} {:?}", refused.choice, refused.why).unwrap();
    }
    for applied in quote.applied.iter().filter(|applied| applied.points > 0) {
        write!(text, "; {} earns {}", id(applied.promotion), applied.points).unwrap();
    }
    for hint in &quote.hints {
        write!(text, "; {} near {:?}", id(hint.promotion), hint.missing).unwrap();
        hint.sku.iter().for_each(|sku| write!(text, " {sku}").unwrap());
        if hint.gain != Amount::ZERO {
            write!(text, " gains {}", hint.gain).unwrap();
        }
    }
    for reason in &quote.reasons {
        write!(text, "; {} not: {:?}", id(reason.promotion), reason.why).unwrap();
    }
    text
}

fn check(case: &Case<'_>) {
    let rulebook = rulebook(case.rules);
    let quote = price(&rulebook, &request(case), Effort::default()).unwrap();
    assert_eq!(say(&rulebook, &quote), case.says, "{} for {}", case.lines, case.rules);
}

const SPEND: &str = "promotions: [{id: g, spend: {at_least: 20}, give: {gift: {skus: [GA, GB]}}}]";
const ON: &str = "promotions: [{id: g, on: {skus: [A]}, give: {gift: {skus: [GA, GB], choose: 2}}}]";
const SET: &str = "promotions: [{id: g, buy: [{on: {skus: [A, B]}, quantity: 2}, {on: {skus: [B]}, quantity: 1}], limits: {sets: unlimited}, give: {gift: {skus: [GA]}}}]";

#[test]
fn each_trigger_gives_its_gift() {
    for (rules, lines, says) in [
        (SPEND, "A*2@1000", "2000 | 2×1000; g gives 1 GA/GB"),
        (SPEND, "A*1@1999", "1999 | 1×1999; g near Amount(Amount(1)); g not: SpendMissing(Amount(1))"),
        (SPEND, "A*1@100", "100 | 1×100; g not: SpendMissing(Amount(1900))"),
        (ON, "A*5@100", "500 | 5×100; g gives 2 GA/GB"),
        (ON, "B*1@100", "100 | 1×100; g not: NoSuchGoods"),
        (
            SET,
            "A*2@100 B*3@100",
            "500 | 2×100 | 3×100; g gives 1 GA; g near Slot(Missing { slot: 0, quantity: 1 }) A",
        ),
        (SET, "A*4@100 B*2@100", "600 | 4×100 | 2×100; g gives 2 GA"),
        (SET, "B*3@100", "300 | 3×100; g gives 1 GA"),
    ] {
        check(&Case { rules, lines, says, ..NONE });
    }
}

#[test]
fn a_choice_is_honored_or_says_why_not() {
    let lines = "A*2@1000";
    for (rules, choices, stock, says) in [
        (SPEND, "g:GB", "", "2000 | 2×1000; g gives 1 GB"),
        (SPEND, "g:GX x:GA", "", "2000 | 2×1000; g gives 1 GA/GB; choice 0 NotAnOption; choice 1 NoSuchGift"),
        (SPEND, "g:GA g:GB", "", "2000 | 2×1000; g gives 1 GA; choice 1 TooMany"),
        (SPEND, "g:GA", "GA=0", "2000 | 2×1000; g gives 1 GB; choice 0 OutOfStock"),
        (SPEND, "", "GA=0 GB=0", "2000 | 2×1000; g not: OutOfStock"),
        (SPEND, "g:GA", "GA=0 GB=0", "2000 | 2×1000; choice 0 OutOfStock; g not: OutOfStock"),
        (ON, "g:GA", "", "2000 | 2×1000; g gives 1 GA; g gives 1 GA/GB"),
        (ON, "g:GA", "GA=1", "2000 | 2×1000; g gives 1 GA; g gives 1 GB"),
        (ON, "g:GB", "GA=0", "2000 | 2×1000; g gives 2 GB"),
        (ON, "", "GA=0 GB=1", "2000 | 2×1000; g gives 1 GB"),
    ] {
        check(&Case { rules, lines, choices, stock, says });
    }
    check(&Case {
        rules: SPEND,
        lines: "A*1@100",
        choices: "g:GA",
        says: "100 | 1×100; choice 0 NotApplied(SpendMissing(Amount(1900))); g not: SpendMissing(Amount(1900))",
        ..NONE
    });
}

#[test]
fn stock_is_handed_out_in_the_order_of_ids() {
    let rules = "promotions: [{id: b, on: {skus: [A]}, give: {gift: {skus: [GA]}}}, {id: a, on: {skus: [A]}, give: {gift: {skus: [GA]}}}]";
    check(&Case {
        rules,
        lines: "A*1@100",
        choices: "b:GA",
        stock: "GA=1",
        says: "100 | 1×100; a gives 1 GA; choice 0 OutOfStock; b not: OutOfStock",
    });
}

#[test]
fn a_chosen_unit_of_the_basket_becomes_the_gift() {
    for (lines, choices, says) in [
        ("A*2@1000 GA*1@500", "g:GA", "2000 | 2×1000 | 1×0[g 500]; g gives 1 GA of line 1"),
        ("A*2@1000 GA*3@500", "g:GA", "3000 | 2×1000 | 2×500 1×0[g 500]; g gives 1 GA of line 1"),
        ("A*2@1000 GA*1@500", "", "2500 | 2×1000 | 1×500; g gives 1 GA/GB; g near Choice(1) GA gains 500"),
        ("A*2@1000 GA*1@500", "g:GB", "2500 | 2×1000 | 1×500; g gives 1 GB"),
        // The unit does not count towards its own trigger: it stays, and the gift is given on top.
        ("A*1@1800 GA*1@500", "g:GA", "2300 | 1×1800 | 1×500; g gives 1 GA"),
        ("GA*4@500", "g:GA", "2000 | 4×500; g gives 1 GA"),
        ("GA*5@500", "g:GA", "2000 | 4×500 1×0[g 500]; g gives 1 GA of line 0"),
        // The dearer of two lines, wherever it stands.
        ("A*2@1000 GA*1@500 GA*1@600", "g:GA", "2500 | 2×1000 | 1×500 | 1×0[g 600]; g gives 1 GA of line 2"),
        // Of equal lines the earlier.
        ("GA*1@500 A*2@1000 GA*1@500", "g:GA", "2500 | 1×0[g 500] | 2×1000 | 1×500; g gives 1 GA of line 0"),
    ] {
        check(&Case { rules: SPEND, lines, choices, says, ..NONE });
    }
}

#[test]
fn a_gift_of_a_set_is_not_part_of_it() {
    let rules = "promotions: [{id: g, buy: [{on: {skus: [A]}, quantity: 2}], limits: {sets: 2}, give: {gift: {skus: [A]}}}]";
    for (lines, choices, says) in [
        ("A*3@100", "g:A", "200 | 2×100 1×0[g 100]; g gives 1 A of line 0"),
        ("A*2@100", "g:A", "200 | 2×100; g gives 1 A"),
        ("A*6@100", "g:A g:A", "400 | 4×100 2×0[g 100]; g gives 2 A of line 0"),
        // One of two becomes the gift: the other three make up one set only. A fifth would become the other, whether the set sees it
        // or not: that is no hint.
        ("A*4@100", "g:A g:A", "300 | 3×100 1×0[g 100]; g gives 1 A of line 0; choice 1 TooMany"),
    ] {
        check(&Case { rules, lines, choices, says, ..NONE });
    }
}

#[test]
fn a_gift_costs_its_floor_and_stands_outside_everything() {
    let rules = "promotions:\n  - {id: g, on: {skus: [A]}, give: {gift: {skus: [GA]}}}\n  - {id: p, give: {percent: 50}}\ncaps: [{id: c, on: {skus: [GA]}, max_percent: 60}]";
    check(&Case {
        rules,
        lines: "A*1@1000 GA*1@500",
        choices: "g:GA",
        says: "700 | 1×500[p 500] | 1×200[g 300]; g gives 1 GA of line 1",
        ..NONE
    });
    // Where both take it to the floor it is the gift.
    check(&Case {
        rules: &rules.replace("50", "60"),
        lines: "A*1@1000 GA*1@500",
        choices: "g:GA",
        says: "600 | 1×400[p 600] | 1×200[g 300]; g gives 1 GA of line 1",
        ..NONE
    });
}

#[test]
fn a_unit_that_is_worth_more_in_the_basket_stays_there() {
    let rules = "promotions: [{id: g, on: {skus: [A]}, give: {gift: {skus: [GA]}}}, {id: n, spend: {at_least: 15}, give: {amount: 9}}]";
    let case = Case { lines: "A*1@1000 GA*1@500", choices: "g:GA", ..NONE };
    check(&Case { rules, says: "100 | 1×100[n 900] | 1×0[n 500]; g gives 1 GA", ..case });
    // The gift's level comes first, whatever the total.
    check(&Case {
        rules: &rules.replace("id: g,", "id: g, level: 1,"),
        says: "1000 | 1×1000 | 1×0[g 500]; g gives 1 GA of line 1; n near Amount(Amount(500)) gains 900; n not: SpendMissing(Amount(500))",
        ..case
    });
}

#[test]
fn of_equal_totals_the_greater_value_on_top_then_more_points() {
    // Either unit may become a gift, and then the other's promotion does not count it.
    let either = "{id: a, on: {skus: [GB]}, give: {gift: {skus: [GA]}}}, {id: b, on: {skus: [GA]}, give: {gift: {skus: [GB]}}}";
    let lines = "GA*1@500 GB*1@500";
    let choices = "a:GA b:GB";
    for (more, says) in [
        (
            "",
            "500 | 1×0[a 500] | 1×500; a gives 1 GA of line 0; choice 1 NotApplied(Beaten([PromotionIndex(0)])); b not: Beaten([PromotionIndex(0)])",
        ),
        (
            ", {id: c, on: {skus: [GA]}, give: {gift: {skus: [GC]}}}",
            "500 | 1×500 | 1×0[b 500]; b gives 1 GB of line 1; c gives 1 GC; choice 0 NotApplied(Beaten([PromotionIndex(1)])); a not: Beaten([PromotionIndex(1)])",
        ),
        (
            ", {id: c, on: {skus: [GA]}, give: {points: {per: 1, points: 1}}}",
            "500 | 1×500 | 1×0[b 500]; b gives 1 GB of line 1; choice 0 NotApplied(Beaten([PromotionIndex(1)])); c earns 5; a not: Beaten([PromotionIndex(1)])",
        ),
    ] {
        let rules = format!("promotions: [{either}{more}]");
        check(&Case { rules: &rules, lines, choices, says, ..NONE });
    }
}

#[test]
fn of_promotions_that_take_the_same_the_one_that_earns_more_is_applied() {
    let equal = "{id: a, on: {skus: [A]}, give: {amount: 1}}, {id: b, on: {skus: [A]}, give: {amount: 1}}";
    let points = "{id: p, on: {skus: [A]}, stacks_with: [b], give: {points: {per: 1, points: 1}}}";
    let gift = "{id: g, on: {skus: [A]}, stacks_with: [a], give: {gift: {skus: [GA]}}}";
    for (more, says) in [
        (String::new(), "900 | 1×900[a 100]; b not: Beaten([PromotionIndex(0)])"),
        (format!(", {points}"), "900 | 1×900[b 100]; p earns 9; a not: Beaten([PromotionIndex(1)])"),
        (
            format!(", {points}, {gift}"),
            "900 | 1×900[a 100]; g gives 1 GA; b not: Beaten([PromotionIndex(0)]); p not: Beaten([PromotionIndex(0)])",
        ),
    ] {
        let rules = format!("promotions: [{equal}{more}]");
        check(&Case { rules: &rules, lines: "A*1@1000", says, ..NONE });
    }
}

/// Goods whose unit became the gift must go on earning it: a reduction that takes the sum below it is given up.
#[test]
fn a_gift_that_costs_a_reduction_is_found() {
    let rules = "promotions: [{id: g, spend: {at_least: 20, on: {skus: [A]}}, give: {gift: {skus: [GA]}}}, {id: p, on: {skus: [A]}, give: {percent: 10}}]";
    let request = request(&Case { lines: "A*2@1000 GA*1@500", choices: "g:GA", ..NONE });
    let quote = price(&rulebook(rules), &request, Effort::default()).unwrap();
    assert_eq!((quote.total.minor(), quote.optimality), (2_000, Optimality::Proven), "{quote:?}");
}

#[test]
fn points_are_earned_on_what_was_paid() {
    let per = "promotions: [{id: p, give: {points: {per: 10, points: 2}}}]";
    let doubled = "promotions: [{id: p, give: {points: {per: 10, points: 1}}}, {id: q, on: {skus: [A]}, give: {points: {multiply: 2}}}, {id: r, on: {skus: [A, B]}, give: {points: {multiply: 3}}}, {id: s, spend: {at_least: 100}, give: {points: {multiply: 9}}}]";
    let reduced = "promotions: [{id: a, give: {percent: 50}}, {id: p, give: {points: {per: 10, points: 1}}}, {id: q, stacks_with: none, give: {points: {per: 1, points: 1}}}]";
    let spend = "promotions: [{id: p, on: {skus: [A]}, spend: {at_least: 10, on: all}, give: {points: {per: 1, points: 1}}}]";
    for (rules, lines, says) in [
        (per, "A*1@3900", "3900 | 1×3900; p earns 6"),
        (per, "A*1@900", "900 | 1×900; p near Amount(Amount(100)); p not: SpendMissing(Amount(100))"),
        (per, "A*1@1000 delivery*1@5000", "6000 | 1×1000; p earns 2"),
        (
            doubled,
            "A*1@1000 B*1@500 C*1@500",
            "2000 | 1×1000 | 1×500 | 1×500; p earns 2; r earns 3; q not: Beaten([]); s not: SpendMissing(Amount(8000))",
        ),
        (reduced, "A*1@2000", "1000 | 1×1000[a 1000]; p earns 1; q not: Beaten([PromotionIndex(0)])"),
        (spend, "A*1@400 B*1@600", "1000 | 1×400 | 1×600; p earns 4"),
        (
            spend,
            "A*1@400 B*1@599",
            "999 | 1×400 | 1×599; p near Amount(Amount(1)); p not: SpendMissing(Amount(1))",
        ),
    ] {
        check(&Case { rules, lines, says, ..NONE });
    }
    check(&Case {
        rules: "promotions: [{id: g, on: {skus: [A]}, give: {gift: {skus: [GA]}}}, {id: p, give: {points: {per: 1, points: 1}}}]",
        lines: "A*1@1000 GA*1@500",
        choices: "g:GA",
        says: "1000 | 1×1000 | 1×0[g 500]; g gives 1 GA of line 1; p earns 10",
        ..NONE
    });
}

#[test]
fn a_code_that_gave_a_gift_or_points_is_applied() {
    use pricewright::pricing::CodeFate;
    let rulebook = rulebook(
        "promotions: [{id: g, when: {code: GIFT}, on: {skus: [A]}, give: {gift: {skus: [GA]}}}, {id: p, when: {code: MORE}, give: {points: {per: 1, points: 1}}}, {id: s, when: {code: LATER}, spend: {at_least: 50}, give: {gift: {skus: [GA]}}}]",
    );
    let mut request = request(&Case { lines: "A*1@1000", ..NONE });
    request.context.codes = ["gift", "more", "later"].map(str::to_owned).to_vec();
    let quote = price(&rulebook, &request, Effort::default()).unwrap();
    let fates: Vec<bool> = quote.codes.iter().map(|code| code.fate == CodeFate::Applied).collect();
    assert_eq!(fates, [true, true, false]);
}

#[test]
fn a_gift_with_a_stacking_of_its_own_counts_what_it_accepts() {
    let rules = "promotions: [{id: g, stacks_with: WITH, on: {skus: [A]}, give: {gift: {skus: [GA]}}}, {id: p, on: {skus: [A]}, give: {percent: 10}}]";
    let sets = "promotions: [{id: g, stacks_with: WITH, buy: [{on: {skus: [A, B]}, quantity: 2}], give: {gift: {skus: [GA]}}}, {id: p, on: {skus: [A]}, give: {percent: 10}}]";
    for (rules, with, lines, says) in [
        (rules, "none", "A*1@1000", "900 | 1×900[p 100]; g not: Beaten([PromotionIndex(1)])"),
        (rules, "[p]", "A*1@1000", "900 | 1×900[p 100]; g gives 1 GA"),
        (
            sets,
            "none",
            "A*2@1000 B*1@500",
            "2300 | 2×900[p 100] | 1×500; g near Slot(Missing { slot: 0, quantity: 1 }) B; g not: Beaten([PromotionIndex(1)])",
        ),
        (sets, "none", "A*2@1000 B*2@500", "2800 | 2×900[p 100] | 2×500; g gives 1 GA"),
        (sets, "all", "A*1@1000 B*1@500", "1400 | 1×900[p 100] | 1×500; g gives 1 GA"),
    ] {
        check(&Case { rules: &rules.replace("WITH", with), lines, says, ..NONE });
    }
}

#[test]
fn equal_units_of_a_set_are_of_one_sku() {
    let rules = "promotions: [{id: g, buy: [{on: {skus: [A, B]}, quantity: 2, same: sku}], limits: {sets: 2}, give: {gift: {skus: [GC]}}}]";
    for (lines, says) in [
        (
            "A*1@100 B*1@100",
            "200 | 1×100 | 1×100; g near Slot(Missing { slot: 0, quantity: 1 }) A; g not: SetMissing { lacks: [Missing { slot: 0, quantity: 1 }], or: [] }",
        ),
        (
            "A*1@100 B*1@100 A*1@100",
            "300 | 1×100 | 1×100 | 1×100; g gives 1 GC; g near Slot(Missing { slot: 0, quantity: 1 }) B",
        ),
        ("A*3@100 B*3@100", "600 | 3×100 | 3×100; g gives 2 GC"),
        ("A*6@100", "600 | 6×100; g gives 2 GC"),
    ] {
        check(&Case { rules, lines, says, ..NONE });
    }
}

#[test]
fn a_gift_may_ask_for_a_sum_of_other_goods_or_at_list_prices() {
    let other = "promotions: [{id: g, on: {skus: [A]}, spend: {at_least: 20, on: {skus: [B]}}, give: {gift: {skus: [GC]}}}]";
    let list = "promotions: [{id: g, spend: {at_least: 20, measured: list}, give: {gift: {skus: [GC]}}}, {id: p, give: {percent: 50}}]";
    for (rules, lines, says) in [
        (other, "A*1@100 B*2@1000", "2100 | 1×100 | 2×1000; g gives 1 GC"),
        (other, "B*2@1000", "2000 | 2×1000; g not: NoSuchGoods"),
        (
            other,
            "A*9@1000 B*1@1000",
            "10000 | 9×1000 | 1×1000; g near Amount(Amount(1000)); g not: SpendMissing(Amount(1000))",
        ),
        (list, "A*2@1000", "1000 | 2×500[p 500]; g gives 1 GC"),
    ] {
        check(&Case { rules, lines, says, ..NONE });
    }
}

/// More plans than are priced: what is found is legal, and nobody says that it is the best.
#[test]
fn more_ways_than_are_looked_at_are_not_proven() {
    let gifts: Vec<String> = (0..8)
        .map(|at| format!("{{id: g{at}, on: {{skus: [A]}}, give: {{gift: {{skus: [G{at}]}}}}}}"))
        .collect();
    let lines: Vec<String> = (0..8).map(|at| format!("G{at}*1@100")).collect();
    let choices: Vec<String> = (0..8).map(|at| format!("g{at}:G{at}")).collect();
    let rules = format!("promotions: [{}]", gifts.join(", "));
    let request = request(&Case {
        lines: &format!("A*1@1000 {}", lines.join(" ")),
        choices: &choices.join(" "),
        ..NONE
    });
    let quote = price(&rulebook(&rules), &request, Effort::default()).unwrap();
    assert_eq!((quote.total.minor(), quote.gifts.len()), (1_000, 8));
    assert_eq!(quote.optimality, Optimality::Bounded(Amount::from_minor(1_000)));
}
