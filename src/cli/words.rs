//! Amounts, dates and reasons in the words of a cashier, English or Ukrainian.
//!
//! It knows what a rulebook says of a promotion; it decides nothing.

use jiff::civil::Date;

use super::paper::harmless;
use crate::lang::Lang;
use crate::promotion::{Benefit, Promotion};
use crate::rulebook::Rulebook;
use crate::server::wire::{Reason, reason::Code};
use crate::time::{Hours, Instant, Weekdays};

/// More entries than this are not read out.
const LIST_MAX: usize = 6;

/// A rulebook's words in one language.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    rulebook: &'a Rulebook,
    /// The language.
    pub lang: Lang,
}

impl<'a> Words<'a> {
    /// The words of `rulebook`.
    #[must_use]
    pub fn new(rulebook: &'a Rulebook, lang: Lang) -> Self {
        Words { rulebook, lang }
    }

    /// An amount of minor units: `1 234.50`, in Ukrainian `1 234,50`, the thousands held by a no-break space.
    #[must_use]
    pub fn money(&self, minor: i64) -> String {
        money(minor, self.rulebook.settings().currency.digits(), self.lang)
    }

    /// What a receipt calls a product: its name, its SKU when the catalogue has none.
    #[must_use]
    pub fn product<'s>(&self, sku: &'s str) -> &'s str
    where
        'a: 's,
    {
        self.rulebook
            .catalog()
            .get(sku)
            .map(|product| product.name.as_str())
            .filter(|name| !name.is_empty())
            .unwrap_or(sku)
    }

    /// What a receipt calls a promotion, in quotes.
    #[must_use]
    pub fn promotion(&self, id: &str) -> String {
        let name = self.find(id).map_or(id, |promotion| promotion.name.as_str());
        self.lang.pick(format!("“{name}”"), format!("«{name}»"))
    }

    /// Why a promotion did not apply, as a sentence without its subject.
    #[must_use]
    pub fn reason(&self, reason: &Reason) -> String {
        let code = Code::try_from(reason.code).unwrap_or(Code::Unspecified);
        let promotion = self.find(&reason.promotion_id);
        match code {
            Code::SpendMissing => {
                let missing = self.money(reason.missing_amount);
                self.lang.pick(
                    format!("the goods that count are {missing} short of it"),
                    format!("до потрібної суми бракує {missing}"),
                )
            }
            Code::HeldByFloor if reason.held_by.is_empty() => self.lang.pick(
                "the price is already the lowest allowed".to_owned(),
                "ціна вже найнижча з дозволених".to_owned(),
            ),
            Code::HeldByFloor => {
                let caps = self.list(reason.held_by.iter().map(|id| self.cap(id)));
                self.lang.pick(
                    format!("held by {caps}: the price may not go lower"),
                    format!("нижчу ціну не дозволяє {caps}"),
                )
            }
            Code::Beaten if reason.beaten_by.is_empty() => self.lang.pick(
                "others take more off, and it does not add up with them".to_owned(),
                "інші знижують більше, а з ними вона не поєднується".to_owned(),
            ),
            Code::Beaten => {
                let others = self.list(reason.beaten_by.iter().map(|id| self.promotion(id)));
                self.lang.pick(
                    format!("more comes off with {others}, and they do not add up"),
                    format!("більше знижує {others}, а разом вони не діють"),
                )
            }
            _ => promotion
                .map_or_else(|| self.bare(code).to_owned(), |promotion| self.condition(code, promotion)),
        }
    }

    /// A reason that lies in the promotion's conditions, with what the condition asks for.
    fn condition(&self, code: Code, promotion: &Promotion) -> String {
        let when = &promotion.when;
        let asked = match code {
            Code::NotStarted => when.window.from.map(|from| self.moment(from, false)),
            Code::Ended => when.window.until.map(|until| self.moment(until, true)),
            Code::WrongWeekday => when.weekdays.map(|days| self.weekdays(days)),
            Code::WrongHour => Some(self.list(when.hours.iter().map(|hours| self.hours(*hours)))),
            Code::WrongChannel => Some(self.list(when.channels.iter().cloned())),
            Code::WrongStore => Some(self.list(when.stores.iter().cloned())),
            Code::WrongSegment => Some(self.list(when.segments.iter().cloned())),
            Code::WrongTier => Some(self.list(when.tiers.iter().cloned())),
            Code::WrongCustomer => {
                Some(self.list(when.customer.iter().map(|(name, _)| name.replace('_', " "))))
            }
            Code::WrongPayment => Some(self.list(when.payment.iter().cloned())),
            Code::WrongDelivery => Some(self.list(when.delivery.iter().cloned())),
            _ => None,
        };
        let bare = match (code, &promotion.benefit) {
            (Code::NoSuchGoods, Benefit::Delivery(_)) => self.bare(Code::WrongDelivery),
            _ => self.bare(code),
        };
        match asked.filter(|asked| !asked.is_empty()) {
            Some(asked) => format!("{bare}: {asked}"),
            None => bare.to_owned(),
        }
    }

    /// A reason by itself. A code's word is never told: whoever has it types it.
    fn bare(&self, code: Code) -> &'static str {
        let (english, ukrainian) = match code {
            Code::NotStarted => ("it begins later", "ще не почалася"),
            Code::Ended => ("it is over", "вже закінчилася"),
            Code::WrongWeekday => ("only on other weekdays", "лише в інші дні тижня"),
            Code::WrongHour => ("only at other hours", "лише в інші години"),
            Code::WrongChannel => ("only on other channels", "лише в інших каналах"),
            Code::WrongStore => ("only in other stores", "лише в інших магазинах"),
            Code::WrongSegment => ("only for a group of customers", "лише для групи клієнтів"),
            Code::WrongTier => ("only with another card", "лише з іншою карткою"),
            Code::WrongBirthday => {
                ("only around the customer's birthday", "лише близько дня народження клієнта")
            }
            Code::WrongCustomer => {
                ("what it asks of the customer does not hold", "клієнт не відповідає умовам")
            }
            Code::WrongPayment => ("only when paid another way", "лише за іншого способу оплати"),
            Code::WrongDelivery => ("only with another delivery", "лише з іншою доставкою"),
            Code::Missing => ("it waits for a code", "потрібен код"),
            Code::NoSuchGoods => ("none of its goods are in the basket", "у кошику немає її товарів"),
            Code::BasketLacks => {
                ("the basket lacks goods that it asks for", "у кошику бракує товарів, яких вона потребує")
            }
            Code::SpendMissing => ("the sum is not reached", "потрібної суми не набрано"),
            Code::HeldByFloor => ("the price may not go lower", "ціна не може бути нижчою"),
            Code::Beaten => ("another takes more off", "інша знижує більше"),
            Code::Unspecified => ("it does not apply", "не діє"),
        };
        self.lang.pick(english, ukrainian)
    }

    /// A moment in the rulebook's time zone. The end of a day that is included is told as that day.
    fn moment(&self, instant: Instant, is_end: bool) -> String {
        let zone = &self.rulebook.settings().time_zone;
        let local = zone.local(instant);
        let before = Instant::from_unix(instant.unix().saturating_sub(1)).unwrap_or(instant);
        match (local.second, is_end) {
            (0, true) => {
                self.lang.pick("the last day was ", "останній день — ").to_owned()
                    + &self.date(zone.local(before).date)
            }
            (0, false) => self.date(local.date),
            (second, _) => format!("{}, {}", self.date(local.date), clock(second)),
        }
    }

    fn date(&self, date: Date) -> String {
        date.strftime(self.lang.pick("%-d %B %Y", "%d.%m.%Y")).to_string()
    }

    fn weekdays(&self, days: Weekdays) -> String {
        const ENGLISH: [&str; 7] =
            ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        const UKRAINIAN: [&str; 7] =
            ["понеділок", "вівторок", "середа", "четвер", "п’ятниця", "субота", "неділя"];
        let named = (0..).zip(self.lang.pick(ENGLISH, UKRAINIAN)).filter(|(day, _)| days.contains(*day));
        named.map(|(_, name)| name).collect::<Vec<_>>().join(", ")
    }

    fn hours(&self, hours: Hours) -> String {
        format!("{}–{}", clock(hours.from), clock(hours.until))
    }

    fn cap(&self, id: &str) -> String {
        let name = self.rulebook.caps().iter().find(|cap| cap.id == id).map_or(id, |cap| cap.name.as_str());
        self.lang.pick(format!("“{name}”"), format!("«{name}»"))
    }

    fn list(&self, entries: impl Iterator<Item = String>) -> String {
        let entries: Vec<String> = entries.collect();
        let more = entries.len().saturating_sub(LIST_MAX);
        let mut text = entries.into_iter().take(LIST_MAX).collect::<Vec<_>>().join(", ");
        if more > 0 {
            text += &self.lang.pick(format!(" and {more} more"), format!(" і ще {more}"));
        }
        text
    }

    fn find(&self, id: &str) -> Option<&'a Promotion> {
        self.rulebook.find(id).and_then(|index| self.rulebook.promotion(index))
    }
}

/// An amount of minor units in a currency of `digits` minor digits.
#[must_use]
pub fn money(minor: i64, digits: u32, lang: Lang) -> String {
    let sign = if minor < 0 { "−" } else { "" };
    let scale = 10_u64.checked_pow(digits).unwrap_or(1);
    let whole = count(minor.unsigned_abs() / scale);
    let rest = minor.unsigned_abs() % scale;
    match usize::try_from(digits) {
        Ok(width) if width > 0 => format!("{sign}{whole}{}{rest:0width$}", lang.pick('.', ',')),
        _ => format!("{sign}{whole}"),
    }
}

/// A number with its thousands held together by no-break spaces.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// The sender of a code may have typed anything: it is shown without control characters.
#[must_use]
pub fn typed(code: &str) -> String {
    harmless(code)
}

fn clock(second: u32) -> String {
    format!("{:02}:{:02}", second / 3600, second / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        let cases = [
            (0, 2, Lang::En, "0.00"),
            (5, 2, Lang::En, "0.05"),
            (-123_456, 2, Lang::Uk, "−1\u{a0}234,56"),
            (123_456_789, 2, Lang::En, "1\u{a0}234\u{a0}567.89"),
            (1_500, 0, Lang::En, "1\u{a0}500"),
            (1_500, 3, Lang::Uk, "1,500"),
            (i64::MIN, 2, Lang::En, "−92\u{a0}233\u{a0}720\u{a0}368\u{a0}547\u{a0}758.08"),
        ];
        for (minor, digits, lang, text) in cases {
            assert_eq!(money(minor, digits, lang), text);
        }
    }
}
