//! A promotion on goods whose prices a cap holds altogether.

use std::borrow::Cow;

use super::goods::{folded, is_within};
use super::placed::{caps, promotions};
use crate::catalog::Selector;
use crate::promotion::{Benefit, CapFloor, Promotion, SetBenefit};
use crate::rulebook::diagnostic::finding::Finding;
use crate::rulebook::diagnostic::report::Diagnostic;
use crate::rulebook::read::file::Reading;

/// Caps that allow nothing and are compared with every promotion.
const CAPS_MAX: usize = 40;

/// Adds a finding for every price promotion whose goods all lie under a cap with `max_percent: 0`.
pub fn held<'r>(readings: &[&'r Reading<'r>], found: &mut Vec<Diagnostic>) {
    let tight: Vec<_> = caps(readings)
        .into_iter()
        .filter(|(_, cap)| matches!(cap.item.floor, CapFloor::MaxPercent(rate) if rate.percent().is_zero()))
        .take(CAPS_MAX)
        .map(|placed| (placed, folded(&placed.1.item.on)))
        .collect();
    if tight.is_empty() {
        return;
    }
    for (page, ruled) in promotions(readings) {
        let goods: Vec<Cow<'_, Selector>> = reduced(&ruled.item).into_iter().map(folded).collect();
        let is_held =
            |wide: &Selector| !goods.is_empty() && goods.iter().all(|narrow| is_within(narrow, wide));
        if let Some(((cap_page, cap), _)) = tight.iter().find(|(_, on)| is_held(on)) {
            let finding = Finding::HeldByCap { id: ruled.item.id.clone(), cap: cap.item.id.clone() };
            let also = Some(cap_page.place(cap.id_at));
            found.push(page.diagnostic(ruled.id_at, finding).with_also(cap_page.path, also));
        }
    }
}

/// The goods that a price promotion takes something off.
fn reduced(item: &Promotion) -> Vec<&Selector> {
    match &item.benefit {
        Benefit::Set(set) => {
            let by_slot = matches!(set.benefit, SetBenefit::BySlot);
            set.slots.iter().filter(|slot| !by_slot || slot.cut.is_some()).map(|slot| &slot.on).collect()
        }
        _ if item.is_price_promotion() => vec![&item.on],
        _ => Vec::new(),
    }
}
