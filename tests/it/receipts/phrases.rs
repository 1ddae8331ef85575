//! What a cashier reads out of real baskets: each reason, each note under a line, in English and Ukrainian.

use pricewright::cli::receipt::{Reasons, receipt};
use pricewright::cli::words::Words;
use pricewright::lang::Lang;
use pricewright::rulebook::{Rulebook, Source, compile, read_tests};
use pricewright::server::convert;
use pricewright::server::wire::Quote;
use pricewright::server::wire::quote::Optimality;

fn rulebook(rules: &str) -> Rulebook {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), bytes: text.into() };
    let compiled = compile(&[source("rules.yaml", rules)]);
    let found: Vec<String> = compiled.diagnostics.iter().map(|found| found.render(Lang::En, false)).collect();
    compiled.rulebook.unwrap_or_else(|| panic!("{}", found.join("\n")))
}

/// A basket and its context, as in a rules test, priced.
fn priced(rulebook: &Rulebook, basket: &str) -> (pricewright::basket::Request, Quote) {
    let text = format!("tests:\n  - name: one\n    {basket}\n    expect: {{total: 0}}\n");
    let source = Source { path: "one.test.yaml".to_owned(), bytes: text.into() };
    let (mut cases, found) = read_tests(rulebook.settings(), &source);
    let found: Vec<String> = found.iter().map(|found| found.render(Lang::En, false)).collect();
    let case = cases.pop().unwrap_or_else(|| panic!("{}", found.join("\n")));
    let request = pricewright::basket::Request { explain: true, ..case.request };
    let quote = pricewright::pricing::price(rulebook, &request, pricewright::pricing::Effort::default());
    let quote = convert::quote(rulebook, &request, String::new(), quote.unwrap());
    (request, quote)
}

/// Each receipt holds its lines; line breaks and no-break spaces do not count.
#[track_caller]
fn check(rules: &str, basket: &str, told: Reasons, english: &[&str], ukrainian: &[&str]) {
    let rulebook = rulebook(rules);
    let (request, quote) = priced(&rulebook, basket);
    for (lang, phrases) in [(Lang::En, english), (Lang::Uk, ukrainian)] {
        let text = receipt(&Words::new(&rulebook, lang), &request.basket, &quote, told, 400);
        let plain = text.replace('\u{a0}', " ");
        for phrase in phrases {
            match phrase.strip_prefix('!') {
                Some(absent) => assert!(!plain.contains(absent), "`{absent}` is in\n{plain}"),
                None => assert!(plain.contains(phrase), "`{phrase}` is not in\n{plain}"),
            }
        }
    }
}

const NOW: &str = "context: {time: 2026-11-27 12:00, channel: pos, payment: cash}";

#[test]
fn conditions_say_what_they_ask_for() {
    let rules = "promotions:
  - {id: later, when: {from: 2026-12-01}, give: {percent: 5}}
  - {id: night, when: {weekdays: [sat], hours: [\"22:00-02:00\"]}, give: {percent: 5}}
  - {id: noon, when: {hours: [\"10:00-11:00\"]}, give: {percent: 5}}
  - {id: web, when: {channels: [web, app]}, give: {percent: 5}}
  - {id: card, when: {tiers: [silver, gold]}, give: {percent: 5}}
  - {id: cake, when: {birthday: {days_before: 3, days_after: 3}}, give: {percent: 5}}
  - {id: first, when: {customer: {first_purchase: true}}, give: {percent: 5}}
  - {id: back, when: {customer: {months_since_last_purchase: {at_least: 9, below: 12}}}, give: {percent: 5}}
  - {id: mono, when: {payment: [mono]}, give: {percent: 5}}
  - {id: express, when: {delivery: [express]}, give: {delivery: {percent: 50}}}
  - {id: dear, on: {price: {at_least: 150}}, give: {percent: 5}}
  - {id: but, on: {except: {skus: [A]}}, give: {percent: 5}}
";
    let basket = format!("basket: {{lines: [{{sku: A, unit_price: 100}}]}}\n    {NOW}");
    check(
        rules,
        &basket,
        Reasons::All,
        &[
            "“later” — it begins on 1 December 2026",
            "“night” — only on Saturday 22:00 to 02:00",
            "“noon” — only 10:00–11:00",
            "“web” — only in the channels: web, app",
            "“card” — needs a card: silver, gold",
            "“cake” — the customer's birthday is not on file",
            "“first” — only when: it is the first purchase",
            "“back” — only when: months since the last purchase — at least 9, below 12",
            "“mono” — only when paid with: mono",
            "“express” — there is nothing to pay for delivery",
            "“dear” — none of its goods are in the basket: priced from 150.00",
            "“but” — these goods are excluded from it",
        ],
        &[
            "«later» — акція почнеться 01.12.2026",
            "«night» — лише в суботу з 22:00 до 02:00",
            "«noon» — лише 10:00–11:00",
            "«web» — лише в каналах: web, app",
            "«card» — потрібна картка: silver, gold",
            "«cake» — дня народження клієнта немає в картці",
            "«first» — лише коли: це перша покупка",
            "«back» — лише коли: місяців від останньої покупки — щонайменше 9, менше за 12",
            "«mono» — лише при оплаті: mono",
            "«express» — за доставку й так не треба платити",
            "«dear» — у кошику немає її товарів: ціною від 150,00",
            "«but» — ці товари — виняток з неї",
            "100,00 грн",
        ],
    );
    check(
        rules,
        &basket,
        Reasons::Near,
        &[
            "12 others: not now, not here, not for this customer, not for this payment or delivery or not for these goods",
            "!“web”",
        ],
        &[
            "12 інших: не зараз, не тут, не для цього клієнта, не за такої оплати чи доставки або не для цих товарів",
            "!«web»",
        ],
    );
}

#[test]
fn what_is_missing_is_told_with_what_it_is_of() {
    let rules = "promotions:
  - {id: soap-500, on: {skus: [SOAP]}, spend: {at_least: 500}, give: {percent: 10}}
  - {id: list-500, spend: {at_least: 500, measured: list}, give: {percent: 10}}
  - {id: with-balm, when: {basket_has: [{on: {skus: [BALM]}, quantity: 2}]}, give: {percent: 30}}
  - {id: with-dear, when: {basket_has: [{on: {skus: [SOAP]}, at_least: 900}]}, give: {percent: 30}}
";
    let basket = format!(
        "basket: {{lines: [{{sku: SOAP, quantity: 4, unit_price: 120}}, {{sku: BALM, unit_price: 10}}]}}\n    {NOW}"
    );
    check(
        rules,
        &basket,
        Reasons::Near,
        &[
            "“soap-500” — 500.00 is needed after discounts on single goods, you have 480.00; only these count: SOAP",
            "“list-500” — 500.00 is needed at list prices, you have 490.00",
            "“with-balm” — the basket must also hold 1 more piece (BALM)",
            "“with-dear” — the basket must also hold goods for 420.00 more (SOAP)",
        ],
        &[
            "«soap-500» — потрібно 500,00 після знижок на окремі товари, є 480,00; рахуються лише: SOAP",
            "«list-500» — потрібно 500,00 за цінами без знижок, є 490,00",
            "«with-balm» — у кошику має бути ще 1 штука (BALM)",
            "«with-dear» — у кошику має бути товарів ще на 420,00 (SOAP)",
        ],
    );
}

#[test]
fn what_gives_way_says_truly_to_what() {
    let one = |price: u32| {
        format!(
            "basket: {{lines: [{{sku: A, unit_price: {price}}}, {{sku: B, unit_price: 100}}]}}\n    {NOW}"
        )
    };
    check(
        "promotions:
  - {id: pair-399, buy: [{on: {skus: [A]}, quantity: 1}, {on: {skus: [B]}, quantity: 1}], give: {price: 399}}
  - {id: flat, on: {skus: [A]}, give: {price: 250}}
",
        &one(250),
        Reasons::Near,
        &[
            "“pair-399” — these goods already cost no more than the set",
            "“flat” — the price is already no higher",
        ],
        &["«pair-399» — ці товари й без неї коштують не більше за набір", "«flat» — ціна й без неї не вища"],
    );
    check(
        "promotions:
  - {id: a, give: {percent: 20}}
  - {id: b, give: {percent: 19}}
  - {id: high, level: 1, on: {skus: [A]}, give: {percent: 5}}
",
        &one(100),
        Reasons::Near,
        &[
            "“b” — it cannot be combined with “high”, which has priority",
            "“a” not here: it cannot be combined with “high”, which has priority",
        ],
        &[
            "«b» — не поєднується з «high», яка має перевагу",
            "«a» тут не діє: не поєднується з «high», яка має перевагу",
        ],
    );
    check(
        "promotions:
  - {id: sale, give: {percent: 10}}
  - {id: courier-free, when: {delivery: [courier]}, spend: {at_least: 1500}, give: {delivery: {percent: 100}}}
  - {id: courier-half, when: {delivery: [courier]}, give: {delivery: {percent: 50}}}
",
        &format!(
            "basket: {{lines: [{{sku: A, unit_price: 1600}}], delivery: {{method: courier, price: 400}}}}\n    {NOW}"
        ),
        Reasons::Near,
        &[
            "“sale” — with it the sum for “courier-free” would not be reached, and you would pay 40.00 more",
            "“courier-half” — only one promotion goes on the delivery: “courier-free”; with it instead you would pay 40.00 more",
        ],
        &[
            "«sale» — з нею не набрати суми для «courier-free», тож вийде на 40,00 дорожче",
            "«courier-half» — на доставку діє лише одна акція: «courier-free»; якщо взяти «courier-half», вийде на 40,00 дорожче",
        ],
    );
    let four = "promotions:
  - {id: all, give: {percent: 5}}
  - {id: a, on: {skus: [A]}, give: {percent: 20}}
  - {id: b, on: {skus: [B]}, give: {percent: 20}}
  - {id: c, on: {skus: [C]}, give: {percent: 20}}
  - {id: d, on: {skus: [D]}, give: {percent: 20}}
";
    let lines = ["A", "B", "C", "D"].map(|sku| format!("{{sku: {sku}, unit_price: 100}}")).join(", ");
    check(
        four,
        &format!("basket: {{lines: [{lines}]}}\n    {NOW}"),
        Reasons::Near,
        &["“all” — it cannot be combined with “a”, “b” and 2 more; with it instead you would pay 60.00 more"],
        &["«all» — не поєднується з «a», «b» та ще 2; якщо взяти «all», вийде на 60,00 дорожче"],
    );
}

#[test]
fn lines_say_what_is_not_on_them() {
    let basket = format!(
        "basket: {{lines: [{{sku: A, quantity: 5, unit_price: 100}}, {{sku: B, unit_price: 100}}]}}\n    {NOW}"
    );
    check(
        "promotions:
  - {id: three, on: {skus: [A]}, give: {percent: 20}, limits: {units: 3}, stacks_with: all}
  - {id: max, on: {skus: [B]}, give: {percent: 50, max_discount: 20}, stacks_with: all}
  - {id: two-for-one, buy: [{on: {skus: [A]}, quantity: 2}], give: {amount: 10}, limits: {sets: 1}, stacks_with: all}
",
        &basket,
        Reasons::Near,
        &[
            "“three” not on 2 pieces: at most 3 pieces of the purchase",
            "“three”: at most 3 pieces",
            "“max” gives 20.00 at most",
            "“two-for-one” not on 3 pieces: at most 1 set a purchase",
            "“two-for-one”: at most 1 set",
        ],
        &[
            "«three» не діє на 2 штуки: не більш ніж на 3 штуки у покупці",
            "«max» дає щонайбільше 20,00",
            "«two-for-one» не діє на 3 штуки: не більш ніж 1 набір на покупку",
        ],
    );
    check(
        "promotions:
  - {id: gold, give: {percent: 5}}
  - {id: sale, on: {skus: [A]}, give: {percent: 10}}
  - {id: held, on: {skus: [A, C]}, give: {percent: 10}}
caps:
  - {id: lux, on: {skus: [C]}, max_percent: 0}
",
        &basket,
        Reasons::Near,
        &["“gold” not here: it cannot be combined with “held”", "!“held” not here"],
        &["«gold» тут не діє: не поєднується з «held»"],
    );
}

#[test]
fn what_went_to_other_goods_is_not_told_as_lost() {
    let rules = "promotions:
  - {id: two-hundred-off, give: {basket_amount: 200}}
caps:
  - {id: luxury, on: {skus: [A]}, max_percent: 10}
";
    let basket = |b: u32| {
        format!("basket: {{lines: [{{sku: A, unit_price: 300}}, {{sku: B, unit_price: {b}}}]}}\n    {NOW}")
    };
    check(
        rules,
        &basket(200),
        Reasons::Near,
        &["no more is allowed here (“luxury”): the rest of it came off the other goods"],
        &["більшої знижки тут не дозволено («luxury»): решту знято з інших товарів"],
    );
    check(
        rules,
        &basket(100),
        Reasons::Near,
        &["another 120.00 is not taken off because of “luxury”; a part of it went to the other goods"],
        &["ще 120,00 не знято через обмеження «luxury»; частина перейшла на інші товари"],
    );
}

#[test]
fn that_nothing_is_cheaper_is_told_only_where_it_is_proven() {
    let rules = "promotions:
  - {id: five, give: {percent: 5}, limits: {units: 1}}
  - {id: ten, give: {percent: 10}}
";
    let rulebook = rulebook(rules);
    let basket = format!("basket: {{lines: [{{sku: A, unit_price: 100}}]}}\n    {NOW}");
    let (request, quote) = priced(&rulebook, &basket);
    let say = |optimality: Optimality| {
        let quote = Quote { optimality: optimality.into(), ..quote.clone() };
        receipt(&Words::new(&rulebook, Lang::En), &request.basket, &quote, Reasons::Near, 400)
    };
    let proven = say(Optimality::Proven);
    assert!(
        proven.contains("“five” — it cannot be combined with “ten”, and you would not pay less"),
        "{proven}"
    );
    let bounded = say(Optimality::Bounded);
    assert!(bounded.contains("“five” — it cannot be combined with “ten”\n"), "{bounded}");
}

#[test]
fn reductions_stand_in_the_order_of_effect() {
    let rules = "promotions:
  - {id: gold, give: {percent: 5}, stacks_with: all}
  - {id: a-three-for-two, buy: [{on: {skus: [A]}, quantity: 3}], give: {cheapest: {units: 1, percent: 100}}, assign: retailer, stacks_with: [gold]}
";
    let rulebook = rulebook(rules);
    let basket = format!("basket: {{lines: [{{sku: A, quantity: 3, unit_price: 100}}]}}\n    {NOW}");
    let (request, quote) = priced(&rulebook, &basket);
    let text = receipt(&Words::new(&rulebook, Lang::En), &request.basket, &quote, Reasons::Near, 60);
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("`{word}` is not in\n{text}"));
    assert!(at("three-for-two") < at("gold"), "{text}");
    assert!(text.contains("the reduction is for the cheapest of all that count"), "{text}");
}

#[test]
fn gifts_say_what_can_be_chosen_and_what_comes_on_top() {
    check(
        "promotions:\n  - {id: g, on: {skus: [A]}, give: {gift: {skus: [B, C], choose: 1}}}\n",
        "basket: {lines: [{sku: A, unit_price: 300}]}\n    context: {time: 2026-11-27 12:00, gift_choices: [{promotion: g, sku: CAR}]}",
        Reasons::Near,
        &["CAR cannot be chosen: not a gift of “g”"],
        &["CAR вибрати не можна: це не подарунок акції «g»"],
    );
    check(
        "promotions:\n  - {id: g, on: {skus: [A]}, give: {gift: {skus: [A]}}}\n",
        &format!("basket: {{lines: [{{sku: A, unit_price: 300}}]}}\n    {NOW}"),
        Reasons::Near,
        &["Gift on top: one more A — “g”"],
        &["Подарунок додатково: ще 1 × A — «g»"],
    );
}

#[test]
fn what_counts_is_told_where_others_keep_goods_from_it() {
    check(
        "promotions:
  - {id: more, give: {by_quantity: [{from: 2, percent: 5}, {from: 3, percent: 10}]}}
  - {id: sale, on: {skus: [C]}, give: {percent: 30}}
",
        &format!(
            "basket: {{lines: [{{sku: A, unit_price: 100}}, {{sku: B, unit_price: 100}}, {{sku: C, unit_price: 100}}]}}\n    {NOW}"
        ),
        Reasons::Near,
        &[
            "“more” counts 2 pieces, without the goods of “sale”",
            "“more” not here: it cannot be combined with “sale”",
        ],
        &[
            "«more»: враховано 2 штуки, без товарів акції «sale»",
            "«more» тут не діє: не поєднується з «sale»",
        ],
    );
}

#[test]
fn a_sum_says_what_does_not_count_for_it() {
    let rules = "promotions:
  - {id: ten, spend: {at_least: 500}, give: {percent: 10}}
  - {id: fifth, on: {skus: [A]}, give: {percent: 20}}
  - {id: free, spend: {at_least: 300}, give: {delivery: {percent: 100}}}
";
    let basket = |a: u32| {
        format!(
            "basket: {{lines: [{{sku: A, unit_price: {a}}}, {{sku: B, unit_price: 100}}], delivery: {{method: courier, price: 30}}}}\n    {NOW}"
        )
    };
    check(
        rules,
        &basket(400),
        Reasons::Near,
        &[
            "“ten” — it cannot be combined with “fifth”, whose goods do not count: the others come to 100.00, 500.00 is needed; with it instead you would pay 30.00 more",
        ],
        &[
            "«ten» — не поєднується з «fifth», товари якої не рахуються: решти — на 100,00, а потрібно 500,00; якщо взяти «ten», вийде на 30,00 дорожче",
        ],
    );
    check(
        rules,
        &basket(350),
        Reasons::Near,
        &["“ten” — 500.00 is needed after discounts on single goods, you have 450.00 even without “fifth”"],
        &["«ten» — потрібно 500,00 після знижок на окремі товари, є 450,00 навіть без «fifth»"],
    );
}

#[test]
fn what_would_be_lost_is_told_with_what_it_costs() {
    check(
        "promotions:
  - {id: five, give: {percent: 5}}
  - {id: six, group: cards, give: {percent: 6}}
  - {id: contract, level: 1, spend: {at_least: 500}, give: {delivery: {amount: 10}}, stacks_with: [cards]}
  - {id: courier-free, give: {delivery: {percent: 100}}}
",
        &format!(
            "basket: {{lines: [{{sku: A, unit_price: 600}}], delivery: {{method: courier, price: 100}}}}\n    {NOW}"
        ),
        Reasons::Near,
        &[
            "“six” — it cannot be combined with “five”; with it instead you would pay 84.00 more (“contract” would apply then, and “courier-free” not)",
        ],
        &[
            "«six» — не поєднується з «five»; якщо взяти «six», вийде на 84,00 дорожче (тоді діє «contract» і не діє «courier-free»)",
        ],
    );
}

#[test]
fn a_set_says_what_would_complete_it() {
    check(
        "promotions:
  - {id: any, buy: [{on: {skus: [S, A, B]}, quantity: 1}, {on: {skus: [A, B]}, quantity: 1, percent: 50}]}
  - {id: same, buy: [{on: {skus: [A, B]}, quantity: 3, same: sku}], give: {percent: 20}}
",
        &format!("basket: {{lines: [{{sku: A, unit_price: 100}}]}}\n    {NOW}"),
        Reasons::Near,
        &[
            "“any” — the set is not complete: it takes 1 more piece (S, A or B)",
            "“same” — the set is not complete: it takes 3 pieces of the same item (A or B), you have 1",
        ],
        &[
            "«any» — набір не зібрано: треба ще 1 штуку (S, A або B)",
            "«same» — набір не зібрано: треба 3 однакові штуки (A або B), є 1",
        ],
    );
}

#[test]
fn a_gift_of_a_set_is_told_to_be_given_once() {
    check(
        "promotions:\n  - {id: g, buy: [{on: {skus: [A]}, quantity: 2}], give: {gift: {skus: [B]}}}\n",
        &format!("basket: {{lines: [{{sku: A, quantity: 4, unit_price: 300}}]}}\n    {NOW}"),
        Reasons::Near,
        &["“g”: once per purchase"],
        &["«g»: один раз на покупку"],
    );
}

#[test]
fn what_counts_for_a_sum_is_told_beside_what_it_asks_for() {
    check(
        "promotions:
  - {id: balm, on: {skus: [B]}, give: {percent: 15}}
  - {id: basket, spend: {at_least: 1000}, give: {percent: 10}}
",
        &format!(
            "basket: {{lines: [{{sku: B, quantity: 2, unit_price: 500}}, {{sku: S, unit_price: 600}}]}}\n    {NOW}"
        ),
        Reasons::Near,
        &["“basket” asks for 1 000.00 and counts 1 100.00, without the goods of “balm”"],
        &["«basket»: потрібно 1 000,00, враховано 1 100,00, без товарів акції «balm»"],
    );
}

#[test]
fn with_levels_nothing_is_claimed_of_the_total() {
    check(
        "promotions:
  - {id: p, level: 1, give: {percent: 10}, stacks_with: [s]}
  - {id: q, level: 1, give: {percent: 11}}
  - {id: s, give: {percent: 30}, stacks_with: [p]}
",
        &format!("basket: {{lines: [{{sku: A, unit_price: 100}}]}}\n    {NOW}"),
        Reasons::Near,
        &["“p” — it cannot be combined with “q”\n", "!you would not pay less"],
        &["«p» — не поєднується з «q»\n", "!дешевше не вийде"],
    );
}

#[test]
fn what_is_lost_in_a_second_round_is_told() {
    check(
        "promotions:
  - {id: p, on: {skus: [A]}, give: {percent: 10}}
  - {id: q, on: {skus: [A]}, give: {percent: 11}, stacks_with: [r]}
  - {id: r, on: {skus: [B]}, spend: {at_least: 1000, on: all, measured: list}, give: {percent: 30}, stacks_with: [q]}
",
        &format!("basket: {{lines: [{{sku: A, unit_price: 500}}, {{sku: B, unit_price: 500}}]}}\n    {NOW}"),
        Reasons::Near,
        &["“p” — it cannot be combined with “q”; with it instead you would pay 155.00 more (“r” would not apply then)"],
        &["«p» — не поєднується з «q»; якщо взяти «p», вийде на 155,00 дорожче (тоді не діє «r»)"],
    );
}

#[test]
fn a_set_that_any_goods_complete_names_none() {
    check(
        "promotions:\n  - {id: duo, buy: [{on: {skus: [A]}, quantity: 1}, {quantity: 1}], give: {percent: 10}}\n",
        &format!("basket: {{lines: [{{sku: A, unit_price: 100}}]}}\n    {NOW}"),
        Reasons::Near,
        &["the set is not complete: it takes 1 more piece\n"],
        &["набір не зібрано: треба ще 1 штуку\n"],
    );
    check(
        "promotions:\n  - {id: two, buy: [{on: {skus: [A, B]}, quantity: 2, same: sku}, {on: {skus: [A, B]}, quantity: 2, same: sku}], give: {percent: 10}}\n",
        &format!("basket: {{lines: [{{sku: A, quantity: 3, unit_price: 100}}]}}\n    {NOW}"),
        Reasons::Near,
        &["the set is not complete: it takes 1 more piece (A or B)", "!you have 1"],
        &["набір не зібрано: треба ще 1 штуку (A або B)", "!є 1"],
    );
}

#[test]
fn a_sum_is_not_hinted_where_the_retailer_gives_to_the_cheapest_of_all() {
    let courier = "  - {id: courier, spend: {at_least: 1000, measured: list}, give: {delivery: {percent: 100}}, stacks_with: all}\n";
    let set = "  - {id: set, buy: [{quantity: 3}], give: {cheapest: {units: 1, percent: 100}}, assign: retailer, stacks_with: all}\n";
    let basket = format!(
        "basket: {{lines: [{{sku: A, quantity: 3, unit_price: 250}}], delivery: {{method: courier, price: 60}}}}\n    {NOW}"
    );
    let hint = "Add goods for 250.00 and you save at least 60.00 with “courier”";
    check(&format!("promotions:\n{courier}"), &basket, Reasons::Near, &[hint], &[]);
    check(&format!("promotions:\n{courier}{set}"), &basket, Reasons::Near, &["!Add goods"], &[]);
}

#[test]
fn a_sum_without_another_promotion_is_told_where_it_is_known() {
    check(
        "promotions:
  - {id: ten, give: {percent: 10}, stacks_with: all}
  - {id: fifth, give: {percent: 20}, stacks_with: [ten]}
  - {id: far, spend: {at_least: 2000}, give: {percent: 50}, stacks_with: [ten]}
",
        &format!("basket: {{lines: [{{sku: A, unit_price: 1000}}]}}\n    {NOW}"),
        Reasons::Near,
        &["“far” — 2 000.00 is needed after discounts on single goods, you have 1 000.00\n"],
        &["!навіть без"],
    );
    check(
        "promotions:
  - {id: p, on: {skus: [A]}, spend: {at_least: 1000, on: {skus: [B, C]}}, give: {percent: 5}}
  - {id: x, on: {skus: [A]}, give: {percent: 20}}
  - {id: y, on: {skus: [B]}, give: {percent: 20}}
",
        &format!(
            "basket: {{lines: [{{sku: A, unit_price: 100}}, {{sku: B, unit_price: 500}}, {{sku: C, unit_price: 600}}]}}\n    {NOW}"
        ),
        Reasons::Near,
        &[
            "cannot be combined with “x” or “y”; the goods of “y” do not count: the others come to 600.00, 1 000.00 is needed",
        ],
        &["ні з «x», ні з «y»; товари акції «y» не рахуються: решти — на 600,00, а потрібно 1 000,00"],
    );
}

#[test]
fn a_free_delivery_is_saved_already() {
    check(
        "promotions:
  - {id: courier, give: {delivery: {percent: 100}}}
  - {id: ten, spend: {at_least: 1500}, give: {percent: 10}}
",
        &format!(
            "basket: {{lines: [{{sku: A, unit_price: 1000}}], delivery: {{method: courier, price: 60}}}}\n    {NOW}"
        ),
        Reasons::Near,
        &["You save", "Add goods for 500.00 and you save at least 100.00 more with “ten”"],
        &["заощадите щонайменше ще 100,00"],
    );
}
