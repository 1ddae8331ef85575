//! Amounts, dates and reasons in the words of a cashier, English or Ukrainian.
//!
//! It knows what a rulebook says of a promotion; it decides nothing.

use jiff::civil::Date;

use super::paper::harmless;
use crate::lang::Lang;
use crate::promotion::{Benefit, Count, Promotion};
use crate::rulebook::Rulebook;
use crate::server::wire::refused_gift::Code as Refusal;
use crate::server::wire::{Goods, MissingGoods, Product, Reason, RefusedGift, reason::Code};
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
                let of = self.in_brackets(reason.goods.as_ref());
                self.lang.pick(
                    format!("the goods that count{of} are {missing} short of it"),
                    format!("до потрібної суми бракує {missing}{of}"),
                )
            }
            Code::QuantityMissing => {
                let of = self.in_brackets(reason.goods.as_ref());
                if let Some(all) = promotion.and_then(same_sku_from) {
                    let equal = self.counted(
                        all,
                        ["piece", "pieces"],
                        ["однакову штуку", "однакові штуки", "однакових штук"],
                    );
                    let here = count(u64::from(all.saturating_sub(reason.missing_quantity)));
                    return self.lang.pick(
                        format!("it takes {equal} of the same article; you have {here}{of}"),
                        format!("треба {equal}; є {here}{of}"),
                    );
                }
                let missing = self.more_pieces(reason.missing_quantity);
                self.lang.pick(format!("it takes {missing}{of}"), format!("треба {missing}{of}"))
            }
            Code::SetMissing if !reason.missing_goods.is_empty() => {
                let lacks = |slot: &MissingGoods| {
                    self.more_pieces(slot.quantity) + &self.in_brackets(slot.goods.as_ref())
                };
                let missing = reason.missing_goods.iter().map(lacks).collect::<Vec<_>>();
                let missing = missing.join(self.lang.pick(" and ", " і "));
                self.lang.pick(
                    format!("the set is not complete: it takes {missing}"),
                    format!("набір не зібрано: треба {missing}"),
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
            _ => promotion.map_or_else(
                || self.bare(code).to_owned(),
                |promotion| self.condition(code, promotion, reason),
            ),
        }
    }

    /// What a floor held back of a promotion.
    #[must_use]
    pub fn held(&self, minor: i64, held_by: &[String]) -> String {
        let held = self.money(minor);
        if held_by.is_empty() {
            return self.lang.pick(
                format!("{held} more is held back: the price may not go lower"),
                format!("ще {held} не знято: ціна не може бути нижчою"),
            );
        }
        let caps = self.list(held_by.iter().map(|id| self.cap(id)));
        self.lang.pick(
            format!("{held} more is held back by {caps}"),
            format!("ще {held} не знято: не дозволяє {caps}"),
        )
    }

    /// Why a choice of a gift could not be honored, as a sentence without its subject.
    #[must_use]
    pub fn refusal(&self, refused: &RefusedGift) -> String {
        let promotion = self.promotion(&refused.promotion_id);
        match refused.code() {
            Refusal::NoSuchGift => self.lang.pick(
                format!("no promotion {promotion} gives gifts now"),
                format!("акції {promotion} з подарунками зараз немає"),
            ),
            Refusal::NotAnOption => self.lang.pick(
                format!("it is not among the gifts of {promotion}"),
                format!("його немає серед подарунків акції {promotion}"),
            ),
            Refusal::TooMany => self.lang.pick(
                format!("more were chosen than {promotion} gives"),
                format!("обрано більше, ніж дає {promotion}"),
            ),
            Refusal::OutOfStock => {
                self.lang.pick("there is none left".to_owned(), "його вже не лишилося".to_owned())
            }
            Refusal::NotApplied | Refusal::Unspecified => {
                let why = refused.reason.as_ref().map(|reason| format!(": {}", self.reason(reason)));
                let why = why.unwrap_or_default();
                self.lang.pick(
                    format!("{promotion} does not apply{why}"),
                    format!("акція {promotion} не діє{why}"),
                )
            }
        }
    }

    /// `1 piece`, `5 pieces`; in Ukrainian `1 штука`, `2 штуки`, `5 штук`.
    #[must_use]
    pub fn pieces(&self, number: u32) -> String {
        self.counted(number, ["piece", "pieces"], ["штука", "штуки", "штук"])
    }

    /// A number with its noun: in English for one and for many, in Ukrainian for one, for two and for five.
    #[must_use]
    pub fn counted(&self, number: u32, english: [&str; 2], ukrainian: [&str; 3]) -> String {
        let [one, many] = english;
        let english = if number == 1 { one } else { many };
        let noun = self.lang.pick(english, plural(number, ukrainian));
        format!("{}\u{a0}{noun}", count(u64::from(number)))
    }

    /// What it takes: `2 more pieces`, `ще 1 штуку`.
    fn more_pieces(&self, number: u32) -> String {
        let ukrainian = self.counted(number, ["piece", "pieces"], ["штуку", "штуки", "штук"]);
        let noun = if number == 1 { "piece" } else { "pieces" };
        self.lang
            .pick(format!("{}\u{a0}more {noun}", count(u64::from(number))), format!("ще\u{a0}{ukrainian}"))
    }

    /// Which goods are meant: the names of products, then what else they must be.
    #[must_use]
    pub fn goods(&self, goods: &Goods) -> String {
        let either = |entries: Vec<&str>| {
            let mut text = entries.into_iter().take(LIST_MAX).collect::<Vec<_>>();
            let last = text.pop().unwrap_or_default();
            let or = self.lang.pick("or", "або");
            if text.is_empty() { last.to_owned() } else { format!("{} {or} {last}", text.join(", ")) }
        };
        let facet = |word: &str, entries: &[String]| {
            let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
            (!entries.is_empty()).then(|| format!("{word} {}", either(entries)))
        };
        let products: Vec<&str> = goods.products.iter().map(called).collect();
        let from = goods.price_at_least.map(|minor| self.money(minor));
        let below = goods.price_below.map(|minor| self.money(minor));
        let parts = [
            (!products.is_empty()).then(|| either(products)),
            facet(self.lang.pick("brand", "бренд"), &goods.brands),
            facet(self.lang.pick("category", "категорія"), &goods.categories),
            facet(self.lang.pick("tag", "позначка"), &goods.tags),
            from.map(|least| self.lang.pick(format!("from {least}"), format!("від {least}"))),
            below.map(|below| self.lang.pick(format!("below {below}"), format!("дешевше за {below}"))),
        ];
        let mut text = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        if text.is_empty() {
            self.lang.pick("any goods", "будь-які товари").clone_into(&mut text);
        }
        let lengths = [goods.products.len(), goods.brands.len(), goods.categories.len(), goods.tags.len()];
        if goods.more > 0 || lengths.into_iter().any(|length| length > LIST_MAX) {
            text += self.lang.pick(" and others", " та інші");
        }
        if goods.has_exceptions {
            text += self.lang.pick(", with exceptions", ", крім винятків");
        }
        text
    }

    /// Goods beside what is missing; nothing when any goods will do.
    fn in_brackets(&self, goods: Option<&Goods>) -> String {
        goods.map(|goods| format!(" ({})", self.goods(goods))).unwrap_or_default()
    }

    /// A reason that lies in the promotion's conditions, with what the condition asks for.
    fn condition(&self, code: Code, promotion: &Promotion, reason: &Reason) -> String {
        let when = &promotion.when;
        let is_delivery = matches!(promotion.benefit, Benefit::Delivery(_));
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
            Code::NoSuchGoods if !is_delivery => reason.goods.as_ref().map(|goods| self.goods(goods)),
            _ => None,
        };
        // A promotion for the delivery has no goods: nothing is delivered, or another way.
        let told = if is_delivery && code == Code::NoSuchGoods { Code::WrongDelivery } else { code };
        let bare = self.bare(told);
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
            Code::QuantityMissing => ("there are too few pieces", "замало штук"),
            Code::SetMissing => ("the set is not complete", "набір не зібрано"),
            Code::OutOfStock => ("none of its gifts is left", "подарунків уже не лишилося"),
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

    /// The first entries, and how many there are beyond them.
    pub fn list(&self, entries: impl Iterator<Item = String>) -> String {
        let entries: Vec<String> = entries.collect();
        let more = entries.len().saturating_sub(LIST_MAX);
        let mut text = entries.into_iter().take(LIST_MAX).collect::<Vec<_>>().join(", ");
        if more > 0 {
            text += &self.lang.pick(format!(" and {more} more"), format!(" і ще {more}"));
        }
        text
    }

    /// The promotion with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&'a Promotion> {
        self.rulebook.find(id).and_then(|index| self.rulebook.promotion(index))
    }
}

/// How many equal pieces the lowest tier of a promotion asks for, where it counts each SKU by itself.
fn same_sku_from(promotion: &Promotion) -> Option<u32> {
    match &promotion.benefit {
        Benefit::Quantity { tiers, count: Count::SameSku, .. } => tiers.iter().map(|tier| tier.from).min(),
        _ => None,
    }
}

/// What people call goods, their SKU when nobody knows better.
#[must_use]
pub fn called(product: &Product) -> &str {
    if product.name.is_empty() { &product.sku } else { &product.name }
}

/// The one of three Ukrainian forms that a number asks for: 1, 21 штука; 2, 34 штуки; 5, 11, 100 штук.
#[must_use]
fn plural<T>(number: u32, [one, few, many]: [T; 3]) -> T {
    match (number % 10, number % 100) {
        (1, rest) if rest != 11 => one,
        (2..=4, rest) if !(12..=14).contains(&rest) => few,
        _ => many,
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
    fn numbers_ask_for_their_form_of_a_ukrainian_noun() {
        let many = [0, 5, 11, 12, 14, 19, 20, 25, 100, 111, 112, 1_011];
        for (form, numbers) in [(1, [1, 21, 101, 1_001].as_slice()), (2, &[2, 3, 4, 22, 34, 102]), (5, &many)]
        {
            for &number in numbers {
                assert_eq!(plural(number, [1, 2, 5]), form, "{number}");
            }
        }
    }

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
