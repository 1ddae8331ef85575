//! How hard instances are priced, and what an exact price is worth to the customer beside three simpler methods.
//!
//! ```text
//! cargo run --release --example hard
//! ```

#[path = "../tests/hard/methods.rs"]
mod methods;

use std::time::Duration;

use methods::{Instance, Methods};
use pricewright::money::Amount;
use pricewright::pricing::{Effort, Optimality, price};

fn main() -> Result<(), String> {
    println!(
        "{:<30}{:>6}{:>7}{:>12}{:>12}{:>12}{:>9}{:>10}  gain over {:>10}{:>12}{:>12}",
        "instance",
        "units",
        "promos",
        "list",
        "total",
        "gap",
        "steps",
        "ms",
        "list order",
        "best next",
        "50 random"
    );
    for instance in Instance::all()? {
        let began = now();
        let quote = price(&instance.rulebook, &instance.request, Effort::default())
            .map_err(|faults| format!("{}: {faults:?}", instance.name))?;
        let time = now().saturating_sub(began);
        let methods = Methods::of(&instance)?;
        let gap = match quote.optimality {
            Optimality::Proven => "PROVEN".to_owned(),
            Optimality::Bounded(gain) => major(gain),
        };
        let gain = |other: Amount| major(other - quote.total);
        println!(
            "{:<30}{:>6}{:>7}{:>12}{:>12}{:>12}{:>9}{:>10}            {:>10}{:>12}{:>12}",
            instance.name,
            instance.units(),
            instance.rulebook.promotions().len(),
            major(quote.list_total),
            major(quote.total),
            gap,
            quote.steps,
            format!("{}.{:03}", time.as_millis(), time.subsec_micros() % 1_000),
            gain(methods.list_order),
            gain(methods.best_next),
            gain(methods.random),
        );
    }
    Ok(())
}

fn major(amount: Amount) -> String {
    amount.to_major(2).to_string()
}

/// Since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "an example that shows how long pricing takes")]
fn now() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}
