//! The hard instances: what is proven of each stays proven, and no simpler method finds a better price.

#[path = "../hard/methods.rs"]
mod methods;

use std::fmt::Write as _;
use std::path::Path;

use pricewright::money::Amount;
use pricewright::pricing::{Effort, Optimality, price, verify::verify};

use methods::{Instance, Methods};

/// What luck may find at most where the best price is not proven: roundings.
const LUCK_MAX: Amount = Amount::from_minor(10);

/// One row of the table, and what is wrong with it.
fn check(instance: &Instance) -> (String, Vec<String>) {
    let name = &instance.name;
    let quote = price(&instance.rulebook, &instance.request, Effort::default()).unwrap();
    let mut wrong: Vec<String> = Vec::new();
    if let Err(flaws) = verify(&instance.rulebook, &instance.request, &quote) {
        wrong.extend(flaws.iter().map(|flaw| format!("{name}: {flaw}")));
    }
    let methods = Methods::of(instance).unwrap();
    let gain = |method: &str, other: Amount| {
        let better = (other < quote.total)
            .then(|| format!("{name}: {} by {method}, {} by the engine", major(other), major(quote.total)));
        (major(other - quote.total), better)
    };
    let mut row = format!("{name:<30}{:>6}{:>7}", instance.units(), instance.rulebook.promotions().len());
    let gap = match quote.optimality {
        Optimality::Proven => "PROVEN".to_owned(),
        Optimality::Bounded(gain) => major(gain),
    };
    let (list, total) = (major(quote.list_total), major(quote.total));
    write!(row, "{list:>12}{total:>12}{gap:>12}{:>10}", quote.steps).unwrap();
    let others = [
        ("list order", methods.list_order),
        ("best next", methods.best_next),
        ("50 random sequences", methods.random),
    ];
    for (method, other) in others {
        let (gain, better) = gain(method, other);
        write!(row, "{gain:>12}").unwrap();
        // Where the best price is not proven, luck may find a few kopiykas more; a careful rule may not.
        let is_luck = method == "50 random sequences"
            && quote.optimality != Optimality::Proven
            && quote.total - other <= LUCK_MAX;
        wrong.extend(better.filter(|_| !is_luck));
    }
    (row, wrong)
}

fn major(amount: Amount) -> String {
    amount.to_major(2).to_string()
}

#[test]
fn no_simpler_method_beats_the_price_and_what_is_proven_stays_so() {
    let instances = Instance::all().unwrap();
    let places = 0..u64::try_from(instances.len()).unwrap();
    let checked =
        super::oracle::on_all_cores(places, |place| check(&instances[usize::try_from(place).unwrap()]));
    let mut table = format!(
        "# Written by `UPDATE_GOLDEN=1 cargo test --test it hard`. The gap is what a better price could at most exist by.\n\
         {:<30}{:>6}{:>7}{:>12}{:>12}{:>12}{:>10}{:>12}{:>12}{:>12}\n",
        "# gain of the price over",
        "units",
        "promos",
        "list",
        "total",
        "gap",
        "steps",
        "list order",
        "best next",
        "50 random"
    );
    let mut wrong = Vec::new();
    for (row, flaws) in checked {
        table.push_str(&row);
        table.push('\n');
        wrong.extend(flaws);
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hard/table.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == table, "tests/hard/table.txt says otherwise:\n{committed}\nnow:\n{table}");
    assert!(wrong.is_empty(), "\n{}\n\n{table}", wrong.join("\n"));
}
