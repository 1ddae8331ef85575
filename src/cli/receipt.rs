//! A quote as a receipt that a cashier could read out.

use super::paper::Paper;
use super::words::{Words, typed};
use crate::server::wire::code_result::Status;
use crate::server::wire::quote::Optimality;
use crate::server::wire::{CodeResult, Quote, QuoteRequest, QuotedLine};

/// The receipt of `quote`, the answer to `request`, on paper of `width` columns.
#[must_use]
pub fn receipt(words: &Words<'_>, request: &QuoteRequest, quote: &Quote, width: usize) -> String {
    let mut paper = Paper::new(width);
    let receipt = Receipt { words, request, quote };
    for (place, line) in quote.lines.iter().enumerate() {
        receipt.line(&mut paper, place, line);
    }
    paper.rule('-');
    receipt.totals(&mut paper);
    receipt.codes(&mut paper);
    receipt.hints(&mut paper);
    receipt.reasons(&mut paper);
    receipt.proof(&mut paper);
    paper.into_text()
}

struct Receipt<'a> {
    words: &'a Words<'a>,
    request: &'a QuoteRequest,
    quote: &'a Quote,
}

impl Receipt<'_> {
    /// A name, what it costs by the list, what each promotion took off, and what is left to pay.
    fn line(&self, paper: &mut Paper, place: usize, line: &QuotedLine) {
        let money = |minor| self.words.money(minor);
        paper.paragraph(0, 3, &format!("{}. {}", place + 1, self.words.product(&line.sku)));
        let list_total = line.list_unit_price.saturating_mul(i64::from(line.quantity));
        let of_measure = self.measure(place).map(|measure| format!(" ({measure})")).unwrap_or_default();
        paper.row(
            3,
            &format!("{} × {}{of_measure}", line.quantity, money(line.list_unit_price)),
            &money(list_total),
        );
        if line.total == list_total {
            return;
        }
        for (id, amount) in taken_off(line) {
            paper.row(3, &self.name(id), &money(-amount));
        }
        let groups: Vec<String> = line
            .groups
            .iter()
            .map(|group| format!("{}\u{a0}×\u{a0}{}", group.quantity, money(group.unit_price)))
            .collect();
        paper.row(3, &format!("= {}", groups.join(" + ")), &money(line.total));
    }

    fn totals(&self, paper: &mut Paper) {
        let Quote { list_total, discount_total, delivery_total, total, .. } = *self.quote;
        let say = |english, ukrainian| self.words.lang.pick(english, ukrainian);
        let money = |minor| self.words.money(minor);
        paper.row(0, say("Goods", "Товари"), &money(list_total));
        if discount_total != 0 {
            paper.row(0, say("Promotions", "Знижки"), &money(-discount_total));
        }
        let mut saved = discount_total;
        if let Some(delivery) = self.request.basket.as_ref().and_then(|basket| basket.delivery.as_ref()) {
            let off = delivery.price.saturating_sub(delivery_total);
            paper.row(
                0,
                &format!("{} ({})", say("Delivery", "Доставка"), delivery.method),
                &money(delivery.price),
            );
            if off != 0 {
                paper.row(3, &self.delivery_promotion(), &money(-off));
            }
            saved = saved.saturating_add(off);
        }
        paper.rule('=');
        paper.row(
            0,
            say("TO PAY", "ДО СПЛАТИ"),
            &format!("{}\u{a0}{}", money(total), self.quote.currency_code),
        );
        if saved != 0 {
            paper.row(0, say("You save", "Ви заощадили"), &money(saved));
        }
    }

    fn codes(&self, paper: &mut Paper) {
        if !self.quote.codes.is_empty() {
            paper.gap();
        }
        for code in &self.quote.codes {
            let word = self.words.lang.pick("Code", "Код");
            paper.paragraph(0, 3, &format!("{word} {}: {}", typed(&code.code), self.fate(code)));
        }
    }

    fn fate(&self, code: &CodeResult) -> String {
        let lang = self.words.lang;
        let reason = code.reason.as_ref();
        match code.status() {
            Status::Applied => lang.pick("applied", "застосовано").to_owned(),
            Status::Repeated => lang.pick("typed twice", "введено двічі").to_owned(),
            Status::Unknown => {
                lang.pick("no promotion has this code", "акції з таким кодом немає").to_owned()
            }
            Status::NotApplied | Status::Unspecified => {
                let why =
                    reason.map_or_else(String::new, |reason| format!(": {}", self.words.reason(reason)));
                lang.pick("takes nothing off", "нічого не знижує").to_owned() + &why
            }
        }
    }

    fn hints(&self, paper: &mut Paper) {
        let lang = self.words.lang;
        if self.quote.hints.is_empty() {
            return;
        }
        paper.gap();
        for hint in &self.quote.hints {
            let missing = self.words.money(hint.missing_amount);
            let brings = self.words.promotion(&hint.promotion_id);
            let text = lang
                .pick(format!("{missing} more brings {brings}"), format!("Ще {missing} — і діє {brings}"));
            paper.paragraph(0, 3, &text);
        }
    }

    fn reasons(&self, paper: &mut Paper) {
        if self.quote.reasons.is_empty() {
            return;
        }
        paper.gap();
        paper.paragraph(0, 0, self.words.lang.pick("Why not the others", "Чому не діють інші"));
        for reason in &self.quote.reasons {
            let text =
                format!("{} — {}", self.words.promotion(&reason.promotion_id), self.words.reason(reason));
            paper.paragraph(1, 2, &text);
        }
    }

    /// A receipt speaks of proof only when there is none: the customer may ask for the difference.
    fn proof(&self, paper: &mut Paper) {
        if self.quote.optimality() != Optimality::Bounded {
            return;
        }
        let gain = self.words.money(self.quote.possible_gain);
        let text = self.words.lang.pick(
            format!("A better price could exist, by at most {gain}: the search ended at its limit."),
            format!("Краща ціна можлива щонайбільше на {gain}: пошук дійшов до своєї межі."),
        );
        paper.gap();
        paper.paragraph(0, 0, &text);
    }

    /// What the receipt calls a promotion that applied; the quote says it.
    fn name<'s>(&'s self, id: &'s str) -> String {
        let named = self.quote.promotions.iter().find(|applied| applied.id == id);
        named.map_or(id, |applied| applied.name.as_str()).to_owned()
    }

    /// The promotion that took something off and stands on no line.
    fn delivery_promotion(&self) -> String {
        let on_goods = |id: &str| {
            self.quote
                .lines
                .iter()
                .flat_map(|line| &line.groups)
                .flat_map(|group| &group.discounts)
                .any(|d| d.promotion_id == id)
        };
        let found = self.quote.promotions.iter().find(|applied| !on_goods(&applied.id));
        found.map_or_else(
            || self.words.lang.pick("Promotion", "Знижка").to_owned(),
            |applied| applied.name.clone(),
        )
    }

    /// What one piece weighs or measures, as the request has it.
    fn measure(&self, place: usize) -> Option<&str> {
        let line = self.request.basket.as_ref()?.lines.get(place)?;
        Some(line.measure.as_str()).filter(|measure| !measure.is_empty())
    }
}

/// What each promotion took off a line in all, in the order in which they took effect.
fn taken_off(line: &QuotedLine) -> Vec<(&str, i64)> {
    let mut taken: Vec<(&str, i64)> = Vec::new();
    for group in &line.groups {
        for discount in group.discounts.iter().filter(|discount| discount.amount != 0) {
            let amount = discount.amount.saturating_mul(i64::from(group.quantity));
            match taken.iter_mut().find(|(id, _)| *id == discount.promotion_id) {
                Some((_, sum)) => *sum = sum.saturating_add(amount),
                None => taken.push((&discount.promotion_id, amount)),
            }
        }
    }
    taken
}
