//! Writes the hard instances that `examples/hard.rs` and `tests/it/hard.rs` price: baskets on which promotions fight over
//! the same goods in every way that a retailer of perfume and cosmetics has thought of. Everything in them is invented.
//!
//! ```text
//! cargo run --example hard_instances          # into tests/hard/instances.jsonl
//! cargo run --example hard_instances -- FILE
//! ```
//!
//! A line each: `{name, rules, request}`, the rules as a rule file in JSON, the request as proto3 JSON. The bytes are the
//! same on every run and machine; each instance has a seed of its own.

use std::error::Error;
use std::path::PathBuf;

use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let file =
        std::env::args_os().nth(1).map_or_else(|| PathBuf::from("tests/hard/instances.jsonl"), PathBuf::from);
    let mut text = String::new();
    let instances = instances();
    for instance in &instances {
        text.push_str(&serde_json::to_string(instance)?);
        text.push('\n');
    }
    std::fs::write(&file, text).map_err(|error| format!("cannot write `{}`: {error}", file.display()))?;
    println!("{} instances in {}", instances.len(), file.display());
    Ok(())
}

fn instances() -> Vec<Value> {
    let mut all = Vec::new();
    for (seed, units) in [(1, 30), (2, 60), (3, 120)] {
        let promotions = [threes(), halves(), bundles(), vec![everything_10()]].concat();
        all.push(instance(&format!("overlapping-sets-{units}"), seed, units, 3, promotions, json!([])));
    }
    for (seed, units) in [(4, 30), (5, 60), (6, 120)] {
        let promotions = [two_sums(), reductions(), vec![loyalty("item")]].concat();
        all.push(instance(&format!("two-sums-{units}"), seed, units, 2, promotions, json!([])));
    }
    all.push(instance("forty-sets", 7, 48, 2, forty_sets(), json!([])));
    all.push(thousand_pieces());
    for (seed, units) in [(8, 30), (9, 60)] {
        let promotions = [capped(), vec![loyalty("basket")]].concat();
        all.push(instance(
            &format!("max-discount-then-percent-{units}"),
            seed,
            units,
            2,
            promotions,
            json!([]),
        ));
    }
    let promotions = [more_is_cheaper(), threes(), vec![every_2000()]].concat();
    all.push(instance("quantity-against-sets-60", 10, 60, 5, promotions, json!([])));
    let promotions = [retailers_choice(), halves(), vec![every_2000()]].concat();
    all.push(instance("retailer-assigns-40", 11, 40, 2, promotions, json!([])));
    for (seed, units) in [(12, 60), (13, 120)] {
        let promotions = [
            threes(),
            halves(),
            bundles(),
            two_sums(),
            more_is_cheaper(),
            reductions(),
            vec![loyalty("basket")],
        ];
        let caps = json!([
            {"id": "luxury-contract", "on": {"brands": ["Pelarine"]}, "max_percent": 15},
            {"id": "lowest-candle", "on": {"categories": ["home/candle"]}, "min_price": 150}
        ]);
        all.push(instance(&format!("everything-{units}"), seed, units, 3, promotions.concat(), caps));
    }
    all
}

// ---------------------------------------------------------------------------------------------- promotions

fn brand(name: &str) -> Value {
    json!({"brands": [name]})
}

fn category(name: &str) -> Value {
    json!({"categories": [name]})
}

/// The cheapest of so many, reduced by so much.
fn cheapest(id: &str, on: &Value, quantity: u32, percent: u32) -> Value {
    json!({"id": id, "buy": [{"on": on, "quantity": quantity}], "give": {"cheapest": {"units": 1, "percent": percent}}})
}

fn threes() -> Vec<Value> {
    vec![
        cheapest("creams-3-for-2", &category("face/cream"), 3, 100),
        cheapest("lips-3-for-2", &category("make-up/lips"), 3, 100),
        cheapest("aurelle-4-for-3", &brand("Aurelle"), 4, 100),
        cheapest("hair-3-for-2", &category("hair"), 3, 100),
    ]
}

fn halves() -> Vec<Value> {
    vec![
        cheapest("borea-second-half", &brand("Borea"), 2, 50),
        cheapest("corvin-second-half", &brand("Corvin"), 2, 50),
        cheapest("make-up-second-40", &category("make-up"), 2, 40),
        cheapest("candles-second-30", &category("home/candle"), 2, 30),
    ]
}

fn bundles() -> Vec<Value> {
    vec![
        json!({"id": "perfume-with-cream", "limits": {"sets": 3}, "give": {"amount": 180},
            "buy": [{"on": {"categories": ["fragrance"]}, "quantity": 1}, {"on": {"categories": ["face/cream"]}, "quantity": 1}]}),
        json!({"id": "cream-and-serum", "give": {"percent": 18},
            "buy": [{"on": {"categories": ["face/cream"]}, "quantity": 1}, {"on": {"categories": ["face/serum"]}, "quantity": 1}]}),
        json!({"id": "evening-set-1499", "limits": {"sets": 2}, "give": {"price": 1499},
            "buy": [{"on": {"categories": ["fragrance"], "price": {"below": 1600}}, "quantity": 1},
                {"on": {"categories": ["make-up/lips"]}, "quantity": 1}, {"on": {"categories": ["home/candle"]}, "quantity": 1}]}),
        json!({"id": "delmar-with-anything",
            "buy": [{"on": {"brands": ["Delmar"]}, "quantity": 1, "percent": 25}, {"on": {"categories": ["hair", "face"]}, "quantity": 1}]}),
    ]
}

fn everything_10() -> Value {
    json!({"id": "basket-10-from-5000", "spend": {"at_least": 5000}, "give": {"percent": 10}})
}

fn every_2000() -> Value {
    json!({"id": "home-and-hair-150-every-2000", "on": {"categories": ["home", "hair", "face"]},
        "spend": {"at_least": 2000, "every": true}, "give": {"basket_amount": 150}})
}

fn loyalty(stage: &str) -> Value {
    json!({"id": "gold-card-5", "group": "loyalty", "give": {"percent": 5}, "stage": stage, "stacks_with": "all"})
}

/// Two sums over the same goods, measured on what reductions leave.
fn two_sums() -> Vec<Value> {
    vec![
        json!({"id": "face-and-make-up-12", "on": {"categories": ["face", "make-up"]}, "spend": {"at_least": 3500},
            "give": {"percent": 12}, "stacks_with": ["loyalty"]}),
        json!({"id": "goods-by-spend", "on": {"categories": ["face", "hair", "home"]}, "stacks_with": ["loyalty", "week"],
            "give": {"by_spend": [{"from": 2500, "basket_amount": 250}, {"from": 5000, "basket_amount": 650}, {"from": 9000, "basket_amount": 1400}]}}),
    ]
}

fn reductions() -> Vec<Value> {
    vec![
        json!({"id": "aurelle-week-15", "group": "week", "on": {"brands": ["Aurelle"]}, "give": {"percent": 15},
            "stacks_with": ["loyalty", "goods-by-spend"]}),
        json!({"id": "serums-90-off", "group": "week", "on": {"categories": ["face/serum"]}, "give": {"amount": 90},
            "stacks_with": ["loyalty", "goods-by-spend"]}),
        json!({"id": "candles-299", "on": {"categories": ["home/candle"], "price": {"at_least": 330}}, "give": {"price": 299}}),
        json!({"id": "fragrance-20", "on": {"categories": ["fragrance"], "except": {"brands": ["Pelarine"]}},
            "give": {"percent": 20}, "limits": {"units": 4}, "stacks_with": ["loyalty"]}),
    ]
}

/// Reductions that end at a most, and a percentage after them.
fn capped() -> Vec<Value> {
    vec![
        json!({"id": "code-25-at-most-500", "give": {"percent": 25, "max_discount": 500}, "stacks_with": ["loyalty"]}),
        json!({"id": "face-30-at-most-350", "on": {"categories": ["face"]}, "give": {"percent": 30, "max_discount": 350},
            "stacks_with": ["loyalty"]}),
        json!({"id": "borea-120-off", "on": {"brands": ["Borea", "Corvin"]}, "give": {"amount": 120, "max_discount": 600},
            "stacks_with": ["loyalty"]}),
        json!({"id": "hair-second-half-at-most-300", "buy": [{"on": {"categories": ["hair"]}, "quantity": 2}],
            "give": {"cheapest": {"units": 1, "percent": 50}, "max_discount": 300}, "stacks_with": ["loyalty"]}),
        json!({"id": "make-up-15", "on": {"categories": ["make-up"]}, "give": {"percent": 15}}),
        json!({"id": "from-4000-at-most-450", "give": {"by_spend": [{"from": 2000, "percent": 8}, {"from": 4000, "percent": 14}],
            "max_discount": 450}, "stacks_with": ["loyalty"]}),
    ]
}

fn more_is_cheaper() -> Vec<Value> {
    vec![
        json!({"id": "make-up-the-more", "on": {"categories": ["make-up"]},
            "give": {"by_quantity": [{"from": 2, "percent": 10}, {"from": 4, "percent": 18}, {"from": 7, "percent": 25}]}}),
        json!({"id": "same-hair-twice", "on": {"categories": ["hair"]},
            "give": {"by_quantity": [{"from": 2, "percent": 12}, {"from": 3, "percent": 22}], "count": "same_sku"}}),
        json!({"id": "corvin-three-20", "on": {"brands": ["Corvin"]}, "give": {"by_quantity": [{"from": 3, "percent": 20}]},
            "limits": {"units": 6}}),
    ]
}

fn retailers_choice() -> Vec<Value> {
    let assigned = |id: &str, on: Value, quantity: u32, percent: u32| {
        json!({"id": id, "buy": [{"on": on, "quantity": quantity}], "assign": "retailer",
            "give": {"cheapest": {"units": 1, "percent": percent}}})
    };
    vec![
        assigned("face-third-free", category("face"), 3, 100),
        assigned("aurelle-third-free", brand("Aurelle"), 3, 100),
        assigned("fragrance-second-30", category("fragrance"), 2, 30),
        json!({"id": "delmar-20", "on": {"brands": ["Delmar"]}, "give": {"percent": 20}}),
    ]
}

/// Forty sets of two slots each: goods of one house with goods of one kind, so that every unit is in a dozen of them.
fn forty_sets() -> Vec<Value> {
    let mut dice = Dice(40);
    let mut sets = Vec::new();
    for (house, name) in HOUSES.iter().enumerate() {
        for (place, kind) in KINDS.iter().enumerate().filter(|(place, _)| (house + place) % 6 != 0) {
            let percent = dice.within(12, 35);
            let give = if dice.within(0, 2) == 0 {
                json!({"amount": dice.within(3, 14) * 10})
            } else {
                json!({"percent": percent})
            };
            sets.push(json!({"id": format!("set-{house}-{place}"), "give": give,
                "buy": [{"on": {"brands": [name]}, "quantity": 1}, {"on": {"categories": [kind.0]}, "quantity": 1 + (house + place) % 2}]}));
        }
    }
    sets.truncate(40);
    sets
}

/// One line of a thousand equal pieces, and a few goods beside it.
fn thousand_pieces() -> Value {
    let lines = json!([
        {"id": "1", "sku": "CANDLE-01", "quantity": 1000, "unitPrice": "24900", "brand": "Aurelle", "categories": ["home/candle"]},
        {"id": "2", "sku": "CREAM-01", "quantity": 7, "unitPrice": "41990", "brand": "Aurelle", "categories": ["face/cream"]},
        {"id": "3", "sku": "HAIR-01", "quantity": 5, "unitPrice": "18950", "brand": "Borea", "categories": ["hair"]}
    ]);
    let promotions = vec![
        cheapest("candles-3-for-2", &category("home/candle"), 3, 100),
        cheapest("candles-second-60", &category("home/candle"), 2, 60),
        json!({"id": "seven-candles-1100", "buy": [{"on": {"categories": ["home/candle"]}, "quantity": 7}], "give": {"price": 1100}}),
        json!({"id": "candle-with-cream", "buy": [{"on": {"categories": ["home/candle"]}, "quantity": 2},
            {"on": {"categories": ["face/cream"]}, "quantity": 1}], "give": {"amount": 260}, "limits": {"sets": 5}}),
        cheapest("aurelle-4-for-3", &brand("Aurelle"), 4, 100),
        json!({"id": "candles-the-more", "on": {"categories": ["home/candle"]},
            "give": {"by_quantity": [{"from": 10, "percent": 20}, {"from": 100, "percent": 34}]}, "limits": {"units": 400}}),
        json!({"id": "basket-15-from-9000", "spend": {"at_least": 9000}, "give": {"percent": 15}}),
    ];
    whole("thousand-pieces", &lines, &promotions, &json!([]))
}

// ---------------------------------------------------------------------------------------------- baskets

const HOUSES: [&str; 6] = ["Aurelle", "Borea", "Corvin", "Delmar", "Esterly", "Pelarine"];

/// Kinds of goods and what they cost, in whole hryvnias.
const KINDS: [(&str, u64, u64); 8] = [
    ("face/cream", 189, 890),
    ("face/serum", 279, 1_150),
    ("fragrance/women", 690, 2_890),
    ("fragrance/men", 590, 2_490),
    ("make-up/lips", 119, 540),
    ("make-up/eyes", 139, 620),
    ("hair", 99, 480),
    ("home/candle", 189, 760),
];

/// A basket of `units` pieces; every good is on one line, of up to `pieces`.
fn instance(name: &str, seed: u64, units: u64, pieces: u64, promotions: Vec<Value>, caps: Value) -> Value {
    let mut dice = Dice(seed);
    let mut lines = Vec::new();
    let mut left = units;
    while left > 0 {
        let quantity = dice.within(1, pieces.min(left));
        left -= quantity;
        let (kind, low, high) = dice.pick(&KINDS, ("hair", 99, 480));
        let place = lines.len() + 1;
        // Prices that shops like: 349.00, 349.90, 349.99.
        let price = dice.within(low, high) * 100 + dice.pick(&[0, 0, 50, 90, 99], 0);
        lines.push(json!({
            "id": place.to_string(),
            "sku": format!("{}-{place:03}", kind.split('/').next_back().unwrap_or(kind).to_uppercase()),
            "quantity": quantity,
            "unitPrice": price.to_string(),
            "brand": dice.pick(&HOUSES, "Aurelle"),
            "categories": [kind],
        }));
    }
    whole(name, &Value::from(lines), &promotions, &caps)
}

fn whole(name: &str, lines: &Value, promotions: &[Value], caps: &Value) -> Value {
    json!({
        "name": name,
        "rules": {"promotions": promotions, "caps": caps},
        "request": {
            "basket": {"currencyCode": "UAH", "lines": lines},
            "context": {"time": "2026-11-27T12:00:00+02:00"},
        },
    })
}

/// Pseudo-random numbers (splitmix64), the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// One of a list; `otherwise` of an empty one.
    fn pick<T: Copy>(&mut self, list: &[T], otherwise: T) -> T {
        let last = u64::try_from(list.len()).unwrap_or(1).max(1) - 1;
        let place = usize::try_from(self.within(0, last)).unwrap_or(0);
        list.get(place).copied().unwrap_or(otherwise)
    }
}
