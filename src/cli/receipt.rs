//! A quote as a receipt that a cashier could read out.

use super::paper::Paper;
use super::words::{Words, typed};
use crate::basket::Basket;
use crate::server::wire::code_result::Status;
use crate::server::wire::quote::Optimality;
use crate::server::wire::{CodeResult, Quote, QuotedLine};

/// The receipt of `quote`, what `basket` costs, on paper of `width` columns.
#[must_use]
pub fn receipt(words: &Words<'_>, basket: &Basket, quote: &Quote, width: usize) -> String {
    let mut paper = Paper::new(width);
    let receipt = Receipt { words, basket, quote };
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
    basket: &'a Basket,
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
        if let Some(delivery) = &self.basket.delivery {
            let off = delivery.price.minor().saturating_sub(delivery_total);
            paper.row(
                0,
                &format!("{} ({})", say("Delivery", "Доставка"), delivery.method),
                &money(delivery.price.minor()),
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
                    reason.map_or_else(String::new, |reason| format!(" — {}", self.words.reason(reason)));
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
    fn measure(&self, place: usize) -> Option<String> {
        let measure = self.basket.lines.get(place)?.measure?.to_string();
        Some(self.words.lang.pick(measure.clone(), measure.replace('.', ",")))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basket::{Delivery, Line};
    use crate::catalog::{Catalog, Product, Selector};
    use crate::lang::Lang;
    use crate::money::{Amount, Rate};
    use crate::promotion::{
        Base, Benefit, Cap, CapFloor, Conditions, Limits, Promotion, Stacking, Stage, UnitBenefit, UnitCut,
    };
    use crate::rulebook::{Digest, Rulebook, Settings};
    use crate::server::wire::reason::Code;
    use crate::server::wire::{AppliedPromotion, Hint, Reason, UnitDiscount, UnitGroup};
    use crate::time::{Instant, Window};

    fn percent(text: &str) -> Rate {
        Rate::from_percent(text.parse().unwrap()).unwrap()
    }

    fn promotion(id: &str, name: &str) -> Promotion {
        Promotion {
            id: id.to_owned(),
            name: name.to_owned(),
            group: None,
            level: 0,
            when: Conditions {
                window: Window { from: None, until: Instant::from_rfc3339("2026-11-30T22:00:00Z") },
                channels: vec!["web".to_owned(), "app".to_owned()],
                ..Conditions::default()
            },
            on: Selector::default(),
            stage: Stage::Item,
            benefit: Benefit::Units(UnitBenefit {
                cut: UnitCut::Percent(percent("20"), Base::Current),
                max_discount: None,
            }),
            stacks_with: Stacking::Unsaid,
            limits: Limits::default(),
        }
    }

    fn rulebook() -> Rulebook {
        let product = |sku: &str, name: &str| Product {
            sku: sku.to_owned(),
            name: name.to_owned(),
            ..Product::default()
        };
        let products = vec![
            product("EDT", "Green Fig eau de toilette 50 ml"),
            product("KRM", "Крем для рук з календулою та обліпихою, 50 мл"),
        ];
        let promotions = vec![
            promotion("bf", "Black Friday −20 %"),
            promotion("web", "Web days −10 %"),
            promotion("x", "Крем дня −5 %"),
        ];
        let cap = Cap {
            id: "lux".to_owned(),
            name: "Luxury houses, at most −15 %".to_owned(),
            on: Selector::default(),
            floor: CapFloor::MaxPercent(percent("15")),
        };
        Rulebook::new(Settings::default(), Catalog::new(products), promotions, vec![cap], Digest::of(&[]))
    }

    fn basket() -> Basket {
        let weighed = Line { measure: Some("0.350".parse().unwrap()), ..Line::default() };
        let delivery = Delivery { method: "courier".to_owned(), price: Amount::from_minor(9_900) };
        Basket { lines: vec![Line::default(), weighed], delivery: Some(delivery), ..Basket::default() }
    }

    fn quote() -> Quote {
        let group = |quantity, unit_price, amount| UnitGroup {
            quantity,
            unit_price,
            discounts: vec![UnitDiscount { promotion_id: "bf".to_owned(), amount }],
        };
        let line = |sku: &str, quantity, list_unit_price, total, groups| QuotedLine {
            id: String::new(),
            sku: sku.to_owned(),
            quantity,
            list_unit_price,
            total,
            groups,
        };
        let applied = |id: &str, name: &str, amount| AppliedPromotion {
            id: id.to_owned(),
            name: name.to_owned(),
            amount,
            quantity: 0,
        };
        let reason = |id: &str, code: Code| Reason {
            promotion_id: id.to_owned(),
            code: code.into(),
            ..Reason::default()
        };
        let code = |code: &str, status: Status, reason| CodeResult {
            code: code.to_owned(),
            status: status.into(),
            reason,
        };
        Quote {
            currency_code: "UAH".to_owned(),
            list_total: 615_500,
            discount_total: 79_600,
            delivery_total: 0,
            total: 535_900,
            lines: vec![
                line(
                    "EDT",
                    3,
                    199_000,
                    517_400,
                    vec![
                        group(2, 159_200, 39_800),
                        UnitGroup { quantity: 1, unit_price: 199_000, discounts: vec![] },
                    ],
                ),
                line("KRM", 1, 18_500, 18_500, vec![]),
            ],
            promotions: vec![
                applied("bf", "Black Friday −20 %", 79_600),
                applied("free", "Courier free from 1 500", 9_900),
            ],
            codes: vec![
                code("spring 20", Status::Applied, None),
                code("x\u{1b}", Status::Unknown, None),
                code("web", Status::NotApplied, Some(reason("web", Code::WrongChannel))),
            ],
            hints: vec![Hint { promotion_id: "x".to_owned(), name: String::new(), missing_amount: 15_500 }],
            reasons: vec![
                Reason { beaten_by: vec!["bf".to_owned()], ..reason("web", Code::Beaten) },
                Reason { held_by: vec!["lux".to_owned()], ..reason("x", Code::HeldByFloor) },
                reason("x", Code::Ended),
            ],
            optimality: Optimality::Bounded.into(),
            possible_gain: 100,
            ..Quote::default()
        }
    }

    fn check(lang: Lang, expected: &str) {
        let rulebook = rulebook();
        let got = receipt(&Words::new(&rulebook, lang), &basket(), &quote(), 48);
        assert_eq!(got.replace('\u{a0}', "_"), expected.trim_start_matches('\n'), "\n{got}");
    }

    #[test]
    fn a_receipt_in_english() {
        check(
            Lang::En,
            "
1. Green Fig eau de toilette 50 ml
   3 × 1_990.00                         5_970.00
   Black Friday −20_%                    −796.00
   = 2_×_1_592.00 + 1_×_1_990.00        5_174.00
2. Крем для рук з календулою та обліпихою, 50
   мл
   1 × 185.00 (0.350)                     185.00
------------------------------------------------
Goods                                   6_155.00
Promotions                               −796.00
Delivery (courier)                         99.00
   Courier free from 1_500                −99.00
================================================
TO PAY                              5_359.00_UAH
You save                                  895.00

Code spring 20: applied
Code x�: no promotion has this code
Code web: takes nothing off — only on other
   channels: web, app

155.00 more brings “Крем дня −5_%”

Why not the others
 “Web days −10_%” — more comes off with “Black
   Friday −20_%”, and they do not add up
 “Крем дня −5_%” — held by “Luxury houses, at
   most −15_%”: the price may not go lower
 “Крем дня −5_%” — it is over: the last day
   was 30 November 2026

A better price could exist, by at most 1.00: the
search ended at its limit.
",
        );
    }

    #[test]
    fn a_receipt_in_ukrainian() {
        check(
            Lang::Uk,
            "
1. Green Fig eau de toilette 50 ml
   3 × 1_990,00                         5_970,00
   Black Friday −20_%                    −796,00
   = 2_×_1_592,00 + 1_×_1_990,00        5_174,00
2. Крем для рук з календулою та обліпихою, 50
   мл
   1 × 185,00 (0,350)                     185,00
------------------------------------------------
Товари                                  6_155,00
Знижки                                   −796,00
Доставка (courier)                         99,00
   Courier free from 1_500                −99,00
================================================
ДО СПЛАТИ                           5_359,00_UAH
Ви заощадили                              895,00

Код spring 20: застосовано
Код x�: акції з таким кодом немає
Код web: нічого не знижує — лише в інших
   каналах: web, app

Ще 155,00 — і діє «Крем дня −5_%»

Чому не діють інші
 «Web days −10_%» — більше знижує «Black
   Friday −20_%», а разом вони не діють
 «Крем дня −5_%» — нижчу ціну не дозволяє
   «Luxury houses, at most −15_%»
 «Крем дня −5_%» — вже закінчилася: останній
   день — 30.11.2026

Краща ціна можлива щонайбільше на 1,00: пошук
дійшов до своєї межі.
",
        );
    }
}
