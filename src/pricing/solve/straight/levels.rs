//! The hierarchy: what the highest level takes off comes first, then the next.

use super::model::{Setting, Switch, Table};

/// The same where only what a level takes off with those above it is worth anything; what the last level takes off besides the goods is
/// left out.
pub(super) fn raised<'p>(table: &Table<'p>, level: usize) -> Table<'p> {
    let mut raised = table.clone();
    raised.level = level;
    let counts = |offer: usize| table.problem.offers.get(offer).is_some_and(|offer| offer.level <= level);
    for pick in &mut raised.picks {
        pick.value = pick.high.get(level).copied().unwrap_or_default();
        pick.used = 0;
        let is_counted =
            |&(place, _): &(usize, i64)| table.maxima.get(place).is_some_and(|&(offer, _)| counts(offer));
        pick.capped = pick.capped.filter(is_counted);
    }
    for kit in raised.kits.iter_mut().filter(|kit| kit.level > level) {
        kit.gain = 0;
    }
    // Amounts off the basket, and the delivery, are of the last level; but amounts that are on keep goods from counting.
    raised.switches.clear();
    raised.settings.clear();
    let is_on_goods = |switch: &&Switch| switch.tiers != 0 || switch.on != 0;
    for switch in table.switches.iter().filter(is_on_goods) {
        let first = raised.settings.len();
        let settings = table.settings(switch).iter().map(|&setting| Setting { amount: 0, ..setting });
        raised.settings.extend(settings);
        if let Some(settings) = raised.settings.get_mut(first..).filter(|_| switch.on != 0) {
            settings.reverse();
        }
        raised.switches.push(Switch { settings: first..raised.settings.len(), ..switch.clone() });
    }
    raised
}
