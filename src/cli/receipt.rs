//! A quote as a receipt that a cashier could read out.

use super::hint;
use super::lines::{self, Off, Shown};
use super::paper::Paper;
use super::reasons::Away;
use super::stops::Went;
use super::taken::{in_order, taken_off};
use super::words::{Words, called, count, typed};
use crate::basket::{Basket, Delivery};
use crate::promotion::Benefit;
use crate::server::wire::code_result::Status;
use crate::server::wire::quote::Optimality;
use crate::server::wire::reason::Code;
use crate::server::wire::{AppliedPromotion, CodeResult, Gift, LeftOut, Product, Quote, QuotedLine};

/// More options of a gift are not read out.
const OPTIONS_MAX: usize = 6;
/// More promotions that are not on a line are not read out.
const LEFT_OUT_MAX: usize = 3;

/// So many promotions that are not for this purchase are told one by one; more are one line together.
const FAR_MAX: usize = 2;

/// Which reasons a receipt tells, of those that the quote has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasons {
    /// Of promotions whose goods are in the basket and that the customer could have; the others are one line.
    Near,
    /// Of all.
    All,
}

/// The receipt of `quote`, what `basket` costs, on paper of `width` columns.
#[must_use]
pub fn receipt(words: &Words<'_>, basket: &Basket, quote: &Quote, told: Reasons, width: usize) -> String {
    let mut paper = Paper::new(width);
    let is_proven = quote.optimality() != Optimality::Bounded;
    let is_lowest = is_proven && words.has_one_level();
    let receipt = Receipt { words, basket, quote, told, is_proven, is_lowest };
    for (place, line) in quote.lines.iter().enumerate() {
        receipt.line(&mut paper, place, line);
    }
    paper.rule('-');
    receipt.totals(&mut paper);
    receipt.points(&mut paper);
    receipt.sets(&mut paper);
    receipt.gifts(&mut paper);
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
    told: Reasons,
    is_proven: bool,
    /// Whether no total is lower: it is proven, and no level goes before it.
    is_lowest: bool,
}

impl Receipt<'_> {
    /// What it costs, and which promotions are not on it.
    fn line(&self, paper: &mut Paper, place: usize, line: &QuotedLine) {
        let off = |(id, amount, held): (&str, i64, i64)| Off {
            name: self.name(id),
            amount,
            held: (held != 0).then(|| self.words.held(held, self.went(id), &line.held_by)),
        };
        let shown = Shown {
            number: place + 1,
            name: self.words.product(&line.sku),
            measure: self.measure(place),
            off: self.taken_off(line).into_iter().map(off).collect(),
            line,
        };
        lines::print(paper, &shown, |minor| self.words.money(minor));
        for note in self.notes(line).iter().take(LEFT_OUT_MAX) {
            paper.paragraph(3, 2, note);
        }
    }

    /// Which promotions are not on a line, or not on all of it. Of two that keep each other off it is said once.
    fn notes(&self, line: &QuotedLine) -> Vec<String> {
        let keeps_off = |one: &LeftOut, other: &LeftOut| {
            let (own, its) = (one.reason.as_ref(), other.reason.as_ref());
            own.zip(its).is_some_and(|(own, its)| {
                own.code() == Code::Beaten && own.beaten_by == [its.promotion_id.as_str()]
            })
        };
        let mut notes = Vec::new();
        for (place, one) in line.left_out.iter().enumerate() {
            let rival = line.left_out.iter().position(|other| keeps_off(one, other) && keeps_off(other, one));
            match rival.and_then(|at| Some((at, line.left_out.get(at)?))) {
                Some((at, _)) if at < place => {}
                Some((_, other)) => notes.push(self.words.apart(one, other)),
                None => notes.push(self.words.left_out(one, line.quantity, self.is_lowest)),
            }
        }
        notes
    }

    /// What each promotion took off a line in all and what was held back of it, in the order in which they took effect.
    fn taken_off<'q>(&self, line: &'q QuotedLine) -> Vec<(&'q str, i64, i64)> {
        let mut taken = taken_off(line);
        // Where no group shows two of them, the rules say which comes first.
        taken.sort_by_key(|&(id, ..)| self.words.turn(id));
        in_order(line, taken)
    }

    /// What became of what floors held back of a promotion.
    fn went(&self, id: &str) -> Went {
        let lines = self.quote.lines.iter().flat_map(|line| self.taken_off(line));
        let held: i64 = lines.filter(|&(by, ..)| by == id).map(|(.., held)| held).sum();
        match self.applied(id).map(|applied| applied.lost_amount) {
            Some(0) => Went::Over,
            Some(lost) if lost < held => Went::Partly,
            _ => Went::Lost,
        }
    }

    fn totals(&self, paper: &mut Paper) {
        let Quote { list_total, discount_total, delivery_total, total, .. } = *self.quote;
        let say = |english, ukrainian| self.words.lang.pick(english, ukrainian);
        let money = |minor| self.words.money(minor);
        paper.row(0, say("Goods", "Товари"), &money(list_total));
        if discount_total != 0 {
            paper.row(0, say("Discounts", "Знижки"), &money(-discount_total));
            self.shares(paper);
        }
        for applied in self.quote.promotions.iter().filter(|applied| !self.gives(&applied.id)) {
            self.words.stopped(applied).iter().for_each(|text| paper.paragraph(3, 2, text));
        }
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
        }
        paper.rule('=');
        paper.row(
            0,
            say("TO PAY", "ДО СПЛАТИ"),
            &format!("{}\u{a0}{}", money(total), self.words.currency(&self.quote.currency_code)),
        );
        if self.saved() != 0 {
            paper.row(0, say("You save", "Ви заощадили"), &money(self.saved()));
        }
    }

    /// What promotions took off the goods and the delivery.
    fn saved(&self) -> i64 {
        let off = |delivery: &Delivery| delivery.price.minor().saturating_sub(self.quote.delivery_total);
        self.quote.discount_total.saturating_add(self.basket.delivery.as_ref().map_or(0, off))
    }

    /// What each promotion took off the goods, where several did.
    fn shares(&self, paper: &mut Paper) {
        let goods = self.quote.promotions.iter().filter(|one| one.amount != 0 && self.is_on_goods(&one.id));
        let goods: Vec<&AppliedPromotion> = goods.collect();
        if goods.len() < 2 {
            return;
        }
        for share in goods {
            let what = format!("{} ({})", share.name, self.words.pieces(share.quantity));
            paper.row(3, &what, &self.words.money(-share.amount));
        }
    }

    fn points(&self, paper: &mut Paper) {
        if self.quote.points == 0 {
            return;
        }
        paper.gap();
        let word = self.words.lang.pick("Points earned", "Нараховано балів");
        paper.row(0, word, &count(self.quote.points));
        for applied in self.quote.promotions.iter().filter(|applied| applied.points != 0) {
            paper.row(3, &applied.name, &count(applied.points));
        }
    }

    /// Which lines make up which sets.
    fn sets(&self, paper: &mut Paper) {
        if !self.quote.sets.is_empty() {
            paper.gap();
        }
        let lang = self.words.lang;
        for set in &self.quote.sets {
            let mut lines: Vec<(&str, u32)> = Vec::new();
            for member in &set.members {
                match lines.iter_mut().find(|(id, _)| *id == member.line_id) {
                    Some((_, quantity)) => *quantity = quantity.saturating_add(member.quantity),
                    None => lines.push((&member.line_id, member.quantity)),
                }
            }
            let part = |&(id, quantity): &(&str, u32)| match quantity {
                1 => self.place(id),
                _ => format!("{quantity}\u{a0}×\u{a0}{}", self.place(id)),
            };
            let parts = lines.iter().map(part).collect::<Vec<_>>().join(" + ");
            let name = self.words.promotion(&set.promotion_id);
            let text = if set.times == 1 {
                format!("{} {name}: {parts}", self.words.lang.pick("Set", "Набір"))
            } else {
                let sets = self.words.counted(set.times, ["set", "sets"], ["набір", "набори", "наборів"]);
                let each = self.words.lang.pick("each", "кожен");
                format!("{sets} {name}, {each}: {parts}")
            };
            paper.paragraph(0, 3, &text);
            if self.words.gives_to_the_cheapest(&set.promotion_id) {
                let text = lang.pick(
                    "the reduction is for the cheapest of all that count",
                    "знижка — на найдешевші з усіх, що враховано",
                );
                paper.paragraph(3, 2, text);
            }
        }
    }

    fn gifts(&self, paper: &mut Paper) {
        let lang = self.words.lang;
        if !self.quote.gifts.is_empty() || !self.quote.gifts_refused.is_empty() {
            paper.gap();
        }
        for gift in &self.quote.gifts {
            self.gift(paper, gift);
        }
        for applied in self.quote.promotions.iter().filter(|applied| self.gives(&applied.id)) {
            self.words.stopped(applied).iter().for_each(|text| paper.paragraph(3, 2, text));
        }
        for refused in &self.quote.gifts_refused {
            let product = typed(self.words.product(&refused.sku));
            let text = lang.pick(
                format!("{product} cannot be chosen: {}", self.words.refusal(refused, self.is_lowest)),
                format!("{product} вибрати не можна: {}", self.words.refusal(refused, self.is_lowest)),
            );
            paper.paragraph(0, 3, &text);
        }
    }

    /// Whether a promotion gives gifts.
    fn gives(&self, id: &str) -> bool {
        self.quote.gifts.iter().any(|gift| gift.promotion_id == id)
    }

    fn gift(&self, paper: &mut Paper, gift: &Gift) {
        let lang = self.words.lang;
        let by = lang.pick(format!("“{}”", gift.name), format!("«{}»", gift.name));
        if gift.sku.is_empty() {
            let pieces = self.words.pieces(gift.quantity);
            let text = lang.pick(
                format!("Gift, choose {} — {by}:", count(u64::from(gift.quantity))),
                format!("Подарунок на вибір, {pieces} — {by}:"),
            );
            paper.paragraph(0, 3, &text);
            for option in gift.options.iter().take(OPTIONS_MAX) {
                paper.paragraph(3, 2, &format!("- {}", called(option)));
            }
            let more = gift.options.len().saturating_sub(OPTIONS_MAX);
            if more > 0 {
                paper.paragraph(3, 2, &lang.pick(format!("- and {more} more"), format!("- і ще {more}")));
            }
            return;
        }
        let product = Product { sku: gift.sku.clone(), name: gift.product_name.clone() };
        let product = called(&product);
        let pieces = count(u64::from(gift.quantity));
        let left = self.left(gift);
        let is_here = self.quote.lines.iter().any(|line| line.sku == gift.sku);
        let text = match (gift.line_id.is_empty(), is_here) {
            // Whoever sees the goods in the basket would take that piece for the gift.
            (true, true) => {
                let more = if gift.quantity == 1 { "one" } else { &pieces };
                lang.pick(
                    format!("Gift on top: {more} more {product}{left} — {by}"),
                    format!("Подарунок додатково: ще {pieces}\u{a0}× {product}{left} — {by}"),
                )
            }
            (is_on_top, _) => {
                let place =
                    if is_on_top { String::new() } else { format!(" ({})", self.place(&gift.line_id)) };
                let word = lang.pick("Gift", "Подарунок");
                format!("{word}: {product} ×\u{a0}{pieces}{place}{left} — {by}")
            }
        };
        paper.paragraph(0, 3, &text);
    }

    /// That a gift is the last of those that could be chosen from: else a customer who knows of more asks for them.
    fn left(&self, gift: &Gift) -> &'static str {
        let benefit = self.words.find(&gift.promotion_id).map(|promotion| &promotion.benefit);
        let has_more = match (benefit, gift.options.as_slice()) {
            (Some(Benefit::Gift(given)), [only]) => given.skus.iter().any(|sku| *sku != only.sku),
            _ => false,
        };
        if has_more {
            self.words.lang.pick(", no other gift is left", ", інших не лишилося")
        } else {
            ""
        }
    }

    /// A line by its number on the receipt.
    fn place(&self, id: &str) -> String {
        let word = self.words.lang.pick("line", "рядок");
        let place = self.quote.lines.iter().position(|line| line.id == id);
        place.map_or_else(|| word.to_owned(), |place| format!("{word}\u{a0}{}", place + 1))
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
            Status::Mistyped => {
                lang.pick("mistyped, look at it again", "помилка в коді, перевірте його").to_owned()
            }
            Status::Unknown => {
                lang.pick("no promotion has this code", "акції з таким кодом немає").to_owned()
            }
            Status::Unchecked => lang
                .pick(
                    "cannot be checked at the moment, try again",
                    "зараз неможливо перевірити, спробуйте ще",
                )
                .to_owned(),
            Status::NotApplied | Status::Unspecified => {
                let why = reason.map_or_else(String::new, |reason| {
                    format!(" — {}", self.words.reason(reason, self.is_lowest))
                });
                lang.pick("gives nothing", "нічого не дає").to_owned() + &why
            }
        }
    }

    fn hints(&self, paper: &mut Paper) {
        if self.quote.hints.is_empty() {
            return;
        }
        paper.gap();
        for hint in &self.quote.hints {
            let applies = self.quote.promotions.iter().any(|applied| applied.id == hint.promotion_id);
            let now = hint::Now { applies, saves: self.saved() != 0 };
            paper.paragraph(0, 3, &hint::say(self.words, hint, now));
        }
    }

    fn reasons(&self, paper: &mut Paper) {
        // What a code's line has said is not said again.
        let by_code: Vec<&str> = self
            .quote
            .codes
            .iter()
            .filter_map(|code| Some(code.reason.as_ref()?.promotion_id.as_str()))
            .collect();
        let open =
            self.quote.reasons.iter().filter(|reason| !by_code.contains(&reason.promotion_id.as_str()));
        let (near, far): (Vec<_>, Vec<_>) = open
            .map(|reason| (reason, self.words.away(reason)))
            .partition(|(_, away)| self.told == Reasons::All || away.is_none());
        let (near, far) = if far.len() <= FAR_MAX { ([near, far].concat(), Vec::new()) } else { (near, far) };
        if near.is_empty() && far.is_empty() {
            return;
        }
        paper.gap();
        let title = if self.quote.promotions.is_empty() {
            self.words.lang.pick("Why no promotion applies", "Чому акції не діють")
        } else {
            self.words.lang.pick("Why not the others", "Чому не діють інші акції")
        };
        paper.paragraph(0, 0, title);
        for (reason, _) in near {
            let text = format!(
                "{} — {}",
                self.words.promotion(&reason.promotion_id),
                self.words.reason(reason, self.is_lowest)
            );
            paper.paragraph(1, 2, &text);
        }
        let mut away: Vec<Away> = far.iter().filter_map(|&(_, away)| away).collect();
        away.sort_unstable();
        away.dedup();
        if !far.is_empty() {
            let number = u32::try_from(far.len()).unwrap_or(u32::MAX);
            paper.paragraph(1, 2, &self.words.others(number, &away));
        }
    }

    /// A receipt speaks of proof only when there is none: the customer may ask for the difference.
    fn proof(&self, paper: &mut Paper) {
        if self.is_proven {
            return;
        }
        let gain = self.words.money(self.quote.possible_gain);
        let text = self.words.lang.pick(
            format!(
                "A lower price may be possible, by {gain} at most: there were too many combinations to try all."
            ),
            format!(
                "Можлива нижча ціна, але не більш ніж на {gain}: поєднань забагато, щоб перевірити всі."
            ),
        );
        paper.gap();
        paper.paragraph(0, 0, &text);
    }

    /// What the receipt calls a promotion that applied; the quote says it.
    fn name<'s>(&'s self, id: &'s str) -> String {
        self.applied(id).map_or(id, |applied| applied.name.as_str()).to_owned()
    }

    fn applied(&self, id: &str) -> Option<&AppliedPromotion> {
        self.quote.promotions.iter().find(|applied| applied.id == id)
    }

    /// The promotion that took something off and stands on no line.
    fn delivery_promotion(&self) -> String {
        let mut promotions = self.quote.promotions.iter();
        let found = promotions.find(|applied| applied.amount != 0 && !self.is_on_goods(&applied.id));
        found.map_or_else(
            || self.words.lang.pick("Promotion", "Знижка").to_owned(),
            |applied| applied.name.clone(),
        )
    }

    /// Whether a promotion took something off the goods.
    fn is_on_goods(&self, id: &str) -> bool {
        let groups = self.quote.lines.iter().flat_map(|line| &line.groups);
        let mut discounts = groups.flat_map(|group| &group.discounts);
        discounts.any(|discount| discount.promotion_id == id && discount.amount != 0)
    }

    /// What one piece weighs or measures, as the request has it.
    fn measure(&self, place: usize) -> Option<String> {
        let measure = self.basket.lines.get(place)?.measure?.to_string();
        Some(self.words.lang.pick(measure.clone(), measure.replace('.', ",")))
    }
}
