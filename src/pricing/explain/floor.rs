//! Which floor held something back, and what sets it.

use super::priced::Priced;
use crate::basket::Item;
use crate::money::Amount;
use crate::pricing::quote::{Floor, QuotedLine};
use crate::rulebook::Rulebook;

/// Names the floor of each line of which something was held back.
pub(super) fn name(priced: &Priced<'_>, lines: &mut [QuotedLine]) {
    let items = priced.checked.items.iter().zip(&priced.candidates.floors);
    for (line, (item, &price)) in lines.iter_mut().zip(items) {
        let mut carried = line.groups.iter().flat_map(|group| &group.carried);
        if carried.any(|carried| !carried.held.is_zero()) {
            line.floor = Some(Floor { price, caps: caps_at(priced.rulebook, item, price) });
        }
    }
}

/// The ids of the caps that set the floor of an item, sorted; none where the lowest unit price of the settings does.
pub(super) fn caps_at(rulebook: &Rulebook, item: &Item, floor: Amount) -> Vec<String> {
    let marks = rulebook.marks(item);
    let caps = rulebook.caps_on(&marks).filter(|cap| cap.floor.floor(item.list_price, item.cost) == floor);
    let mut caps: Vec<String> = caps.map(|cap| cap.id.clone()).collect();
    caps.sort();
    caps
}
