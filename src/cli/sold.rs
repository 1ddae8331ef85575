//! A purchase that is kept as a receipt: its lines and promotions, certificates as a way to pay, and what came back.

use super::calendar::told;
use super::lines::{self, Off, Shown};
use super::paper::Paper;
use super::taken::{in_order, taken_off};
use super::words::{Words, count, currency, digits, money};
use crate::lang::Lang;
use crate::server::wire::sale::State;
use crate::server::wire::{QuotedLine, Sale, SalePayment, SaleRefund};
use crate::time::Zone;

/// Before the last characters of a certificate's number, which are all that a receipt shows.
const HIDDEN: &str = "···";

/// A sale, and in whose words it is told.
#[derive(Debug, Clone, Copy)]
pub struct Sold<'a> {
    /// The sale.
    pub sale: &'a Sale,
    /// What goods are called; by their SKUs without it.
    pub words: Option<&'a Words<'a>>,
    /// Where its moments are told.
    pub zone: &'a Zone,
    /// The language.
    pub lang: Lang,
}

/// The receipt of a sale on paper of `width` columns.
#[must_use]
pub fn receipt(sold: &Sold<'_>, width: usize) -> String {
    let mut paper = Paper::new(width);
    let lines = || sold.sale.lines.iter().enumerate();
    lines().for_each(|(place, line)| sold.line(&mut paper, place, line));
    paper.rule('-');
    sold.totals(&mut paper);
    sold.more(&mut paper);
    paper.gap();
    paper.paragraph(0, 3, &sold.state());
    for refund in &sold.sale.refunds {
        paper.gap();
        sold.refund(&mut paper, refund);
    }
    paper.into_text()
}

impl Sold<'_> {
    fn say<T>(&self, english: T, ukrainian: T) -> T {
        self.lang.pick(english, ukrainian)
    }

    fn money(&self, minor: i64) -> String {
        money(minor, digits(&self.sale.currency_code), self.lang)
    }

    fn with_currency(&self, minor: i64) -> String {
        format!("{}\u{a0}{}", self.money(minor), currency(&self.sale.currency_code, self.lang))
    }

    fn product<'s>(&'s self, sku: &'s str) -> &'s str {
        self.words.map_or(sku, |words| words.product(sku))
    }

    /// What the receipt calls a promotion that applied; the sale says it.
    fn promotion(&self, id: &str) -> String {
        let applied = self.sale.promotions.iter().find(|applied| applied.id == id);
        applied.map_or(id, |applied| applied.name.as_str()).to_owned()
    }

    fn line(&self, paper: &mut Paper, place: usize, line: &QuotedLine) {
        let off = |(id, amount, _): (&str, i64, i64)| Off { name: self.promotion(id), amount, held: None };
        let shown = Shown {
            number: place + 1,
            name: self.product(&line.sku),
            measure: None,
            off: in_order(line, taken_off(line)).into_iter().map(off).collect(),
            line,
        };
        lines::print(paper, &shown, |minor| self.money(minor));
    }

    fn totals(&self, paper: &mut Paper) {
        let Sale { list_total, discount_total, delivery_total, total, .. } = *self.sale;
        paper.row(0, self.say("Goods", "Товари"), &self.money(list_total));
        if discount_total != 0 {
            paper.row(0, self.say("Discounts", "Знижки"), &self.money(-discount_total));
        }
        if delivery_total != 0 {
            paper.row(0, self.say("Delivery", "Доставка"), &self.money(delivery_total));
        }
        paper.rule('=');
        // What was called off is paid by nothing. What has run out may still be paid, in the same way.
        let is_kept = self.sale.state() != State::Cancelled;
        if !is_kept || !self.sale.payments.is_empty() {
            paper.row(0, self.say("TOTAL", "РАЗОМ"), &self.with_currency(total));
        }
        if is_kept {
            for payment in &self.sale.payments {
                let name = format!("{} {HIDDEN}{}", self.say("Certificate", "Сертифікат"), payment.last_four);
                paper.row(0, &name, &self.money(-payment.amount));
                self.left(paper, payment);
            }
            paper.row(0, self.due(), &self.with_currency(self.sale.amount_due));
        }
    }

    /// What the sum is called that certificates do not pay.
    fn due(&self) -> &'static str {
        match (self.sale.state(), self.sale.payments.is_empty()) {
            (State::Committed, true) => self.say("PAID", "СПЛАЧЕНО"),
            (State::Committed, false) => self.say("PAID IN MONEY", "СПЛАЧЕНО ГРОШИМА"),
            _ => self.say("TO PAY", "ДО СПЛАТИ"),
        }
    }

    /// What is left on a certificate.
    fn left(&self, paper: &mut Paper, payment: &SalePayment) {
        paper.row(3, self.say("left on it", "залишок на ньому"), &self.money(payment.balance_left));
    }

    /// Points and gifts.
    fn more(&self, paper: &mut Paper) {
        if self.sale.points != 0 || !self.sale.gifts.is_empty() {
            paper.gap();
        }
        if self.sale.points != 0 {
            paper.row(0, self.say("Points earned", "Нараховано балів"), &count(self.sale.points));
        }
        for gift in &self.sale.gifts {
            let (product, promotion) = (self.product(&gift.sku), self.promotion(&gift.promotion_id));
            let text = self.say(
                format!("Gift: {product} ×\u{a0}{} — “{promotion}”", gift.quantity),
                format!("Подарунок: {product} ×\u{a0}{} — «{promotion}»", gift.quantity),
            );
            paper.paragraph(0, 3, &text);
        }
    }

    fn state(&self) -> String {
        let until = told(self.sale.expire_time.as_ref(), self.zone, self.lang);
        let end = told(self.sale.end_time.as_ref(), self.zone, self.lang);
        match self.sale.state() {
            State::Unspecified => String::new(),
            State::Reserved => self.say(
                format!("Reserved until {until}, not paid yet"),
                format!("Зарезервовано до {until}, ще не оплачено"),
            ),
            State::Committed => self.say(format!("Paid on {end}"), format!("Оплачено {end}")),
            State::Cancelled => self.say(
                format!("Called off on {end}, nothing was paid"),
                format!("Скасовано {end}, нічого не сплачено"),
            ),
            State::Expired => self.say(
                format!(
                    "The reservation ended on {end}: nothing is held; it may be paid while all is still there"
                ),
                format!("Резервування закінчилося {end}: нічого не утримано; оплатити можна, доки все ще є"),
            ),
        }
    }

    /// What came back, and what for: certificates get back what money did not pay.
    fn refund(&self, paper: &mut Paper, refund: &SaleRefund) {
        let at = told(refund.create_time.as_ref(), self.zone, self.lang);
        paper.paragraph(0, 3, &self.say(format!("Brought back on {at}"), format!("Повернення {at}")));
        for group in &refund.groups {
            let line = self.sale.lines.iter().find(|line| line.id == group.line_id);
            let name = self.product(line.map_or(&group.line_id, |line| &line.sku));
            paper.row(3, &format!("{} × {name}", group.quantity), &self.money(group.amount));
        }
        if refund.delivery {
            paper.row(3, self.say("Delivery", "Доставка"), &self.money(self.sale.delivery_total));
        }
        if !refund.lines_left.is_empty() {
            let text = self.say("what was kept is priced anew", "решту покупки перераховано");
            paper.paragraph(3, 2, text);
        }
        paper.row(0, self.say("GIVEN BACK", "ПОВЕРНЕНО"), &self.with_currency(refund.amount));
        if !refund.payments.is_empty() {
            paper.row(3, self.say("in money", "грошима"), &self.money(refund.amount_due));
        }
        for payment in &refund.payments {
            let name = self.say("to certificate", "на сертифікат");
            paper.row(3, &format!("{name} {HIDDEN}{}", payment.last_four), &self.money(payment.amount));
        }
        if refund.points != 0 {
            paper.row(3, self.say("points taken back", "списано балів"), &count(refund.points));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::timestamp::Timestamp;
    use crate::server::wire::{AppliedPromotion, ReturnedGroup, UnitDiscount, UnitGroup};

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds: 1_795_773_600 + seconds, nanos: 0 })
    }

    fn payment(amount: i64, balance_left: i64) -> SalePayment {
        SalePayment { certificate_id: String::new(), last_four: "7K2M".to_owned(), amount, balance_left }
    }

    /// A cream of 1 000.00 less a tenth, of which a certificate pays 400.00.
    fn sale() -> Sale {
        let tenth = UnitDiscount { promotion_id: "tenth".to_owned(), amount: 10_000, held_amount: 0 };
        let group = UnitGroup { quantity: 1, unit_price: 90_000, discounts: vec![tenth] };
        Sale {
            state: State::Committed.into(),
            expire_time: at(900),
            end_time: at(60),
            currency_code: "UAH".to_owned(),
            list_total: 100_000,
            discount_total: 10_000,
            delivery_total: 9_900,
            total: 99_900,
            lines: vec![QuotedLine {
                id: "1".to_owned(),
                sku: "CREAM".to_owned(),
                quantity: 1,
                list_unit_price: 100_000,
                total: 90_000,
                groups: vec![group],
                ..QuotedLine::default()
            }],
            promotions: vec![AppliedPromotion {
                id: "tenth".to_owned(),
                name: "Creams −10 %".to_owned(),
                amount: 10_000,
                ..AppliedPromotion::default()
            }],
            payments: vec![payment(40_000, 10_000)],
            amount_due: 59_900,
            ..Sale::default()
        }
    }

    fn told_of(sale: &Sale, lang: Lang) -> String {
        let zone = Zone::named("Europe/Kyiv").unwrap();
        receipt(&Sold { sale, words: None, zone: &zone, lang }, 44).replace('\u{a0}', " ")
    }

    #[test]
    fn a_certificate_is_a_way_to_pay_and_gets_back_what_money_did_not_pay() {
        let back = SaleRefund {
            create_time: at(86_400),
            groups: vec![ReturnedGroup { line_id: "1".to_owned(), group: 0, quantity: 1, amount: 90_000 }],
            amount: 90_000,
            payments: vec![payment(30_100, 40_100)],
            amount_due: 59_900,
            ..SaleRefund::default()
        };
        let sale = Sale { refunds: vec![back], ..sale() };
        let english = "\
1. CREAM
   1 × 1 000.00                     1 000.00
   Creams −10 %                      −100.00
   = 1 × 900.00                       900.00
--------------------------------------------
Goods                               1 000.00
Discounts                            −100.00
Delivery                               99.00
============================================
TOTAL                             999.00 UAH
Certificate ···7K2M                  −400.00
   left on it                         100.00
PAID IN MONEY                     599.00 UAH

Paid on 27 November 2026, 12:01

Brought back on 28 November 2026, 12:00
   1 × CREAM                          900.00
GIVEN BACK                        900.00 UAH
   in money                           599.00
   to certificate ···7K2M             301.00
";
        let ukrainian = "\
1. CREAM
   1 × 1 000,00                     1 000,00
   Creams −10 %                      −100,00
   = 1 × 900,00                       900,00
--------------------------------------------
Товари                              1 000,00
Знижки                               −100,00
Доставка                               99,00
============================================
РАЗОМ                             999,00 грн
Сертифікат ···7K2M                   −400,00
   залишок на ньому                   100,00
СПЛАЧЕНО ГРОШИМА                  599,00 грн

Оплачено 27.11.2026, 12:01

Повернення 28.11.2026, 12:00
   1 × CREAM                          900,00
ПОВЕРНЕНО                         900,00 грн
   грошима                            599,00
   на сертифікат ···7K2M              301,00
";
        assert_eq!(told_of(&sale, Lang::En), english);
        assert_eq!(told_of(&sale, Lang::Uk), ukrainian);
    }

    #[test]
    fn a_receipt_says_where_the_purchase_stands() {
        let plain = Sale { payments: Vec::new(), amount_due: 99_900, ..sale() };
        let paid_with = |state: State| Sale { state: state.into(), ..sale() };
        for (sale, english, ukrainian) in [
            (
                plain,
                "PAID                              999.00 UAH\n\nPaid on 27",
                "СПЛАЧЕНО                          999,00 грн\n\nОплачено 27",
            ),
            (
                paid_with(State::Reserved),
                "TO PAY                            599.00 UAH\n\nReserved until 27 November 2026, 12:15, not paid yet\n",
                "ДО СПЛАТИ                         599,00 грн\n\nЗарезервовано до 27.11.2026, 12:15, ще не оплачено\n",
            ),
            (
                paid_with(State::Cancelled),
                "TOTAL                             999.00 UAH\n\nCalled off on 27 November 2026, 12:01, nothing was paid\n",
                "РАЗОМ                             999,00 грн\n\nСкасовано 27.11.2026, 12:01, нічого не сплачено\n",
            ),
            (
                paid_with(State::Expired),
                "TO PAY                            599.00 UAH\n\nThe reservation ended on 27 November 2026, 12:01: nothing is held; it may be paid while all is still there\n",
                "ДО СПЛАТИ                         599,00 грн\n\nРезервування закінчилося 27.11.2026, 12:01: нічого не утримано; оплатити можна, доки все ще є\n",
            ),
        ] {
            for (lang, expected) in [(Lang::En, english), (Lang::Uk, ukrainian)] {
                // A sentence is wrapped, and its other lines hang.
                let told = told_of(&sale, lang).replace("\n   ", " ");
                assert!(told.contains(expected), "{expected}\n{told}");
            }
        }
    }
}
