//! What kept a promotion that applies from giving more, in the words of a cashier.

use super::words::Words;
use crate::money::Amount;
use crate::promotion::Benefit;
use crate::server::wire::AppliedPromotion;

/// What became of what a floor held back on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// Nobody got it.
    Lost,
    /// Other goods took some of it over.
    Partly,
    /// Other goods took all of it over.
    Over,
}

impl Words<'_> {
    /// What a floor held back of a promotion on a line: lost, or taken off the other goods as far as they could take it.
    #[must_use]
    pub fn held(&self, minor: i64, went: Went, held_by: &[String]) -> String {
        let held = self.money(minor);
        let caps = self.names(held_by.iter().map(|id| self.cap(id)));
        if went == Went::Over {
            let by = if caps.is_empty() { String::new() } else { format!(" ({caps})") };
            return self.lang.pick(
                format!("no more is allowed here{by}: the rest of it came off the other goods"),
                format!("більшої знижки тут не дозволено{by}: решту знято з інших товарів"),
            );
        }
        let part = match went {
            Went::Partly => {
                self.lang.pick("; a part of it went to the other goods", "; частина перейшла на інші товари")
            }
            Went::Lost | Went::Over => "",
        };
        if caps.is_empty() {
            return self.lang.pick(
                format!("another {held} is not taken off: the price may not go lower{part}"),
                format!("ще {held} не знято: ціна не може бути нижчою{part}"),
            );
        }
        self.lang.pick(
            format!("another {held} is not taken off because of {caps}{part}"),
            format!("ще {held} не знято через обмеження {caps}{part}"),
        )
    }

    /// What kept a promotion that applies from giving more.
    #[must_use]
    pub fn stopped(&self, applied: &AppliedPromotion) -> Vec<String> {
        let name = self.lang.pick(format!("“{}”", applied.name), format!("«{}»", applied.name));
        let most = applied.maximum_amount.map(|most| {
            let most = self.money(most);
            self.lang.pick(format!("{name} gives {most} at most"), format!("{name} дає щонайбільше {most}"))
        });
        let pieces = (applied.quantity_max > 0).then(|| {
            let pieces = self.counted(applied.quantity_max, ["piece", "pieces"], ["штуку", "штуки", "штук"]);
            self.lang.pick(format!("{name}: at most {pieces}"), format!("{name}: не більш ніж на {pieces}"))
        });
        let is_gift = self.find(&applied.id).is_some_and(|one| matches!(one.benefit, Benefit::Gift(_)));
        let sets = (applied.sets_max > 0).then(|| {
            if is_gift && applied.sets_max == 1 {
                return self
                    .lang
                    .pick(format!("{name}: once per purchase"), format!("{name}: один раз на покупку"));
            }
            let sets = self.counted(applied.sets_max, ["set", "sets"], ["набір", "набори", "наборів"]);
            self.lang.pick(format!("{name}: at most {sets}"), format!("{name}: не більш ніж {sets}"))
        });
        [self.counts(applied), most, pieces, sets].into_iter().flatten().collect()
    }

    /// How much counts for a promotion from which others keep goods.
    fn counts(&self, applied: &AppliedPromotion) -> Option<String> {
        let name = self.lang.pick(format!("“{}”", applied.name), format!("«{}»", applied.name));
        let others = self.names(applied.not_counted.iter().map(|id| self.promotion(id)));
        let worth = match (applied.counted_amount, applied.counted_quantity) {
            (Some(sum), _) => self.money(sum),
            (None, pieces) => self.counted(pieces?, ["piece", "pieces"], ["штуку", "штуки", "штук"]),
        };
        let of = if applied.not_counted.len() == 1 { "акції" } else { "акцій" };
        let (english, ukrainian) = match self.reached(applied) {
            Some(from) => (format!("asks for {from} and counts"), format!("потрібно {from}, враховано")),
            None => ("counts".to_owned(), "враховано".to_owned()),
        };
        Some(self.lang.pick(
            format!("{name} {english} {worth}, without the goods of {others}"),
            format!("{name}: {ukrainian} {worth}, без товарів {of} {others}"),
        ))
    }

    /// The sum of the tier that a promotion has reached; nothing where it gives for every such sum.
    fn reached(&self, applied: &AppliedPromotion) -> Option<String> {
        let counted = Amount::from_minor(applied.counted_amount?);
        match &self.find(&applied.id)?.benefit {
            Benefit::Spend { spend, tiers, .. } if !spend.every => {
                let tier = tiers.iter().rfind(|tier| tier.from <= counted)?;
                Some(self.money(tier.from.minor()))
            }
            _ => None,
        }
    }
}
