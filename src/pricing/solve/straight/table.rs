//! From a problem to sums and bits; nothing where they would not say all.

use super::layer::Layer;
use super::model::{LEVELS_MAX, TOTAL_MAX, Table, UNITS_MAX};
use super::picks::fit;
use crate::pricing::problem::{DeliveryOffer, Problem};

/// The most lines: the way goes down one by one.
const LINES_MAX: usize = 256;

/// The most picks and settings: each decision weighs them all.
const OPTIONS_MAX: usize = 8_192;

/// Lays a problem out.
pub(super) fn lay(problem: &Problem) -> Option<Table<'_>> {
    if !is_plain(problem) {
        return None;
    }
    fit(problem.offers.len() + problem.deliveries.len())?;
    let mut layer = Layer::new(problem);
    layer.offers()?;
    layer.deliveries();
    layer.acts.sort_by_key(|act| (act.level, act.stage, act.order, act.offer));
    layer.lines()?;
    layer.switches()?;
    let options = layer.table.picks.len() + layer.table.settings.len();
    (options < OPTIONS_MAX).then_some(layer.table)
}

/// Whether the numbers are small.
fn is_plain(problem: &Problem) -> bool {
    let falls = |pair: &[DeliveryOffer]| match pair {
        [first, second] => first.takes >= second.takes,
        _ => true,
    };
    problem.levels <= LEVELS_MAX
        && problem.duties.is_empty()
        && problem.lines.len() <= LINES_MAX
        && problem.lines.iter().map(|line| u64::from(line.quantity)).sum::<u64>() <= u64::from(UNITS_MAX)
        && problem.list_total().minor() <= TOTAL_MAX
        && problem.delivery_price.minor() <= TOTAL_MAX
        && problem.deliveries.windows(2).all(falls)
}
