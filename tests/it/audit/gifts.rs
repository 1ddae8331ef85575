//! Gifts: what triggers them, what is given, what becomes one.

use pricewright::pricing::{GiftRefused, GiftWhy, Given, Quote, Why};
use pricewright::promotion::limits::Sets;
use pricewright::promotion::{
    BasketAmount, Benefit, DeliveryBenefit, Gift, Measured, Promotion, Slot, Spend, Stacking, UnitCut,
};

use super::{Shop, amount, goods, percent_off, promotion, slot, stacking};

fn spend(least: i64) -> Option<(Spend, pricewright::money::Amount)> {
    Some((Spend { on: None, measured: Measured::Current, every: false }, amount(least)))
}

fn gift(id: &str, skus: &[&str], choose: u32, least: Option<i64>, slots: Vec<Slot>) -> Promotion {
    let skus = skus.iter().map(|&sku| sku.to_owned()).collect();
    promotion(id, Benefit::Gift(Gift { skus, choose, spend: least.and_then(spend), slots }))
}

fn became(shop: &Shop, quote: &mut Quote, id: &str, sku: &str, line: usize) {
    quote.gifts.push(Given {
        promotion: shop.index(id),
        sku: Some(sku.to_owned()),
        quantity: 1,
        options: Vec::new(),
        line: Some(line),
    });
}

#[test]
fn an_open_gift_is_listed_with_what_may_be_chosen() {
    let rules = |least| vec![gift("g", &["X", "Y", "Z"], 2, Some(least), Vec::new())];
    let shop = Shop::new(&[("A", 2, 100)], rules(200)).with_stock(&[("Y", 0)]);
    let mut right = shop.quote(&[&[(2, &[])]]);
    shop.give(&mut right, "g", None, 2, &["X", "Z"]);
    shop.accepts(&right);

    shop.spoiled(&right, |quote| quote.gifts.clear(), "leaves another number of pieces to be chosen");
    shop.spoiled(&right, |quote| quote.gifts[0].quantity = 1, "leaves another number of pieces to be chosen");
    shop.spoiled(&right, |quote| quote.gifts[0].options.reverse(), "offers other goods");
    shop.spoiled(&right, |quote| quote.gifts[0].options.push("Y".to_owned()), "offers other goods");
    shop.spoiled(&right, |quote| quote.gifts[0].sku = Some("X".to_owned()), "gives other goods");
    shop.spoiled(&right, |quote| quote.gifts[0].line = Some(0), "lists a gift that is none");
    shop.spoiled(&right, |quote| quote.applied.clear(), "shown as applied");
    shop.spoiled(&right, |quote| quote.applied[0].units = 1, "shown as applied");
    let again = right.gifts[0].clone();
    shop.spoiled(&right, |quote| quote.gifts.push(again), "lists a gift that is none");

    let untouched = shop.quote(&[&[(2, &[])]]);
    let shop = Shop::new(&[("A", 2, 100)], rules(201));
    shop.accepts(&untouched);
    shop.refuses(&right, "leaves another number of pieces to be chosen");
}

#[test]
fn stock_is_shared_in_the_order_of_the_rulebook() {
    let rules = vec![
        gift("g1", &["X"], 1, None, Vec::new()),
        gift("g2", &["X", "Y"], 1, None, Vec::new()),
        gift("g3", &["X"], 1, None, Vec::new()),
    ];
    let shop = Shop::new(&[("A", 1, 100)], rules).with_stock(&[("X", 1)]);
    let mut right = shop.quote(&[&[(1, &[])]]);
    shop.give(&mut right, "g1", Some("X"), 1, &[]);
    shop.give(&mut right, "g2", Some("Y"), 1, &[]);
    shop.accepts(&right);
    shop.spoiled(&right, |quote| quote.gifts[1].sku = Some("X".to_owned()), "`g2` gives other goods");
    shop.spoiled(&right, |quote| shop.give(quote, "g3", Some("X"), 1, &[]), "`g3` gives other goods");
    shop.spoiled(&right, |quote| quote.gifts.reverse(), "the gifts do not stand by promotion");
}

#[test]
fn a_choice_is_honored_or_refused_with_its_reason() {
    let mut closed = gift("closed", &["X"], 1, None, Vec::new());
    closed.when.channels = vec!["web".to_owned()];
    let rules = vec![gift("g", &["X", "Y"], 2, None, Vec::new()), closed, percent_off("p", 1, &["Q"])];
    let choices = [
        ("g", "X"),
        ("g", "Q"),
        ("p", "X"),
        ("closed", "X"),
        ("g", "X"),
        ("g", "Y"),
        ("g", "Y"),
        ("nobody", "X"),
    ];
    let shop = Shop::new(&[("A", 1, 100)], rules).choosing(&choices).with_stock(&[("X", 1)]);
    let mut right = shop.quote(&[&[(1, &[])]]);
    shop.give(&mut right, "g", Some("X"), 1, &[]);
    shop.give(&mut right, "g", Some("Y"), 1, &[]);
    let refused = |choice, why| GiftRefused { choice, why };
    right.gifts_refused = vec![
        refused(1, GiftWhy::NotAnOption),
        refused(2, GiftWhy::NoSuchGift),
        refused(3, GiftWhy::NotApplied(Why::WrongChannel)),
        refused(4, GiftWhy::OutOfStock),
        refused(6, GiftWhy::TooMany),
        refused(7, GiftWhy::NoSuchGift),
    ];
    shop.accepts(&right);
    for place in 0..right.gifts_refused.len() {
        let text = "the choices that are refused are not those";
        shop.spoiled(&right, |quote| drop(quote.gifts_refused.remove(place)), text);
        let wrong = GiftWhy::NotApplied(Why::WrongStore);
        let text = "refused for a reason that does not hold";
        shop.spoiled(&right, |quote| quote.gifts_refused[place].why = wrong, text);
    }
    shop.spoiled(&right, |quote| quote.gifts[0].quantity = 2, "`g` gives other goods");
}

#[test]
fn a_chosen_line_becomes_the_gift_for_one_unit() {
    let rules = |least| {
        vec![
            gift("g", &["X", "Y"], 1, Some(least), Vec::new()),
            stacking(percent_off("p", 50, &["X"])),
            promotion(
                "truck",
                Benefit::Delivery(DeliveryBenefit { cut: UnitCut::Price(amount(0)), spend: spend(140) }),
            ),
        ]
    };
    let shop = |least| Shop::new(&[("A", 1, 100), ("X", 1, 40)], rules(least)).with_delivery(20);
    let chosen = |least| shop(least).choosing(&[("g", "X")]);
    let mut right = chosen(100).quote(&[&[(1, &[])], &[(1, &[("g", 40)])]]);
    became(&chosen(100), &mut right, "g", "X", 1);
    chosen(100).accepts(&right);

    shop(100).refuses(&right, "that does not apply, or was not chosen");
    shop(100).choosing(&[("g", "Y")]).refuses(&right, "that does not apply, or was not chosen");
    // Without its own unit the goods are worth 100.
    chosen(101).refuses(&right, "that does not apply, or was not chosen");
    let shop = chosen(100);
    shop.spoiled(&right, |quote| quote.gifts.clear(), "names other lines");
    shop.spoiled(&right, |quote| quote.gifts[0].line = Some(0), "names other lines");
    shop.spoiled(&right, |quote| quote.gifts[0].line = None, "gives other goods");
    shop.spoiled(&right, |quote| quote.applied[0].amount = amount(0), "shown as applied");
    let mut more = shop.quote(&[&[(1, &[])], &[(1, &[("g", 40), ("p", 0)])]]);
    more.gifts = right.gifts.clone();
    shop.refuses(&more, "carries something else");
    let mut dearer = shop.quote(&[&[(1, &[])], &[(1, &[("g", 39)])]]);
    dearer.gifts = right.gifts.clone();
    shop.refuses(&dearer, "a unit costs 0, not 1");
    // With the gift the delivery's sum is not reached.
    let free = (shop.index("truck"), amount(20));
    shop.spoiled(&right, |quote| quote.delivery = Some(free), "another promotion applies to the delivery");

    let floored = chosen(100).with_floor("X", 5);
    floored.refuses(&right, "a unit costs 5, not 0");
    let mut right = floored.quote(&[&[(1, &[])], &[(1, &[("g", 35)])]]);
    became(&floored, &mut right, "g", "X", 1);
    floored.hold(&mut right, (1, 0), "g", 5);
    floored.accepts(&right);
    floored.spoiled(&right, |quote| floored.hold(quote, (1, 0), "g", 35), "holds something else back");
}

#[test]
fn a_gift_is_out_of_everything_else() {
    let rules = vec![
        gift("g", &["X"], 1, None, Vec::new()),
        promotion("b", Benefit::Basket(BasketAmount { amount: amount(10), max_discount: None })),
    ];
    let shop = Shop::new(&[("A", 1, 100), ("X", 1, 40)], rules).choosing(&[("g", "X")]);
    let mut right = shop.quote(&[&[(1, &[("b", 10)])], &[(1, &[("g", 40)])]]);
    became(&shop, &mut right, "g", "X", 1);
    shop.accepts(&right);
    let mut shared = shop.quote(&[&[(1, &[("b", 7)])], &[(1, &[("g", 40), ("b", 3)])]]);
    shared.gifts = right.gifts.clone();
    shop.refuses(&shared, "`b` stands on goods that it does not mean");
    let mut alone = Shop::new(&[("X", 1, 40)], shop.promotions.clone()).choosing(&[("g", "X")]);
    let mut quote = alone.quote(&[&[(1, &[("g", 40)])]]);
    became(&alone, &mut quote, "g", "X", 0);
    alone.refuses(&quote, "that does not apply, or was not chosen");
    // Goods that take part in nothing do not become a gift either.
    alone = shop;
    alone.request.basket.lines[1].no_promotions = true;
    alone.refuses(&right, "takes part in no promotion became a gift");
}

#[test]
fn a_set_gives_once_or_as_often_as_it_is_complete() {
    let slots = || vec![slot(2, &["A"]), slot(1, &[])];
    let shop = |sets| {
        let mut gift = gift("g", &["X"], 1, None, slots());
        gift.limits.sets = sets;
        Shop::new(&[("A", 5, 10), ("B", 1, 10)], vec![gift])
    };
    for (sets, pieces) in
        [(None, 1), (Some(Sets::AtMost(1)), 1), (Some(Sets::AtMost(9)), 2), (Some(Sets::Unlimited), 2)]
    {
        let shop = shop(sets);
        for given in 1..=3 {
            let mut quote = shop.quote(&[&[(5, &[])], &[(1, &[])]]);
            shop.give(&mut quote, "g", Some("X"), given, &[]);
            if given == pieces { shop.accepts(&quote) } else { shop.refuses(&quote, "gives other goods") }
        }
    }
    let incomplete = Shop::new(&[("A", 1, 10), ("B", 3, 10)], vec![gift("g", &["X"], 1, None, slots())]);
    let mut quote = incomplete.quote(&[&[(1, &[])], &[(3, &[])]]);
    incomplete.accepts(&quote);
    incomplete.give(&mut quote, "g", Some("X"), 1, &[]);
    incomplete.refuses(&quote, "gives other goods");
}

#[test]
fn a_gift_counts_what_it_accepts() {
    let rules = |stacks_with| {
        let gift = Promotion { stacks_with, on: goods(&["A"]), ..gift("g", &["X"], 1, Some(90), Vec::new()) };
        vec![gift, percent_off("p", 10, &["A"])]
    };
    let given = |shop: &Shop| {
        let mut quote = shop.quote(&[&[(1, &[("p", 10)])]]);
        shop.give(&mut quote, "g", Some("X"), 1, &[]);
        quote
    };
    for stacks_with in [Stacking::Unsaid, Stacking::All, Stacking::With(vec!["p".to_owned()])] {
        let shop = Shop::new(&[("A", 1, 100)], rules(stacks_with));
        shop.accepts(&given(&shop));
    }
    let shop = Shop::new(&[("A", 1, 100)], rules(Stacking::With(vec!["q".to_owned()])));
    shop.refuses(&given(&shop), "gives other goods");
    shop.accepts(&shop.quote(&[&[(1, &[("p", 10)])]]));
}
