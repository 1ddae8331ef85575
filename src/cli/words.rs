//! Amounts, goods and names in the words of a cashier, English or Ukrainian.
//!
//! It knows what a rulebook says of a promotion; it decides nothing.

use std::cmp::Reverse;

use super::paper::harmless;
use crate::lang::Lang;
use crate::money::Currency;
use crate::promotion::{Benefit, Promotion, Stage};
use crate::rulebook::Rulebook;
use crate::server::wire::{Goods, Product};

/// More entries than this are not read out.
const LIST_MAX: usize = 6;

/// A rulebook's words in one language.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    pub(super) rulebook: &'a Rulebook,
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

    /// A currency, as people write it.
    #[must_use]
    pub fn currency<'s>(&self, code: &'s str) -> &'s str {
        currency(code, self.lang)
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
    pub(super) fn more_pieces(&self, number: u32) -> String {
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
            from.map(|least| self.lang.pick(format!("priced from {least}"), format!("ціною від {least}"))),
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
    pub(super) fn in_brackets(&self, goods: Option<&Goods>) -> String {
        goods.map(|goods| format!(" ({})", self.goods(goods))).unwrap_or_default()
    }

    /// What a receipt calls a cap, in quotes.
    pub(super) fn cap(&self, id: &str) -> String {
        let name = self.rulebook.caps().iter().find(|cap| cap.id == id).map_or(id, |cap| cap.name.as_str());
        self.lang.pick(format!("“{name}”"), format!("«{name}»"))
    }

    /// One or two names, and how many there are beyond them: nobody listens to more.
    pub(super) fn names(&self, names: impl Iterator<Item = String>) -> String {
        let names: Vec<String> = names.collect();
        match names.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [one, two] => format!("{one} {} {two}", self.lang.pick("and", "і")),
            [one, two, rest @ ..] => self.lang.pick(
                format!("{one}, {two} and {} more", rest.len()),
                format!("{one}, {two} та ще {}", rest.len()),
            ),
        }
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

    /// Whether the retailer assigns a set's benefit: the cheapest pieces get it.
    #[must_use]
    pub fn gives_to_the_cheapest(&self, id: &str) -> bool {
        let benefit = self.find(id).map(|promotion| &promotion.benefit);
        matches!(benefit, Some(Benefit::Set(set)) if set.retailer_assigns)
    }

    /// Whether the promotions that lower prices have one level: then the total decides between them, and nothing else.
    pub(super) fn has_one_level(&self) -> bool {
        let promotions = self.rulebook.indexed().map(|(_, promotion)| promotion);
        let mut levels =
            promotions.filter(|promotion| promotion.is_price_promotion()).map(|promotion| promotion.level);
        levels.next().is_none_or(|first| levels.all(|level| level == first))
    }

    /// The place of a promotion in the order of effect; promotions that are not known come last.
    pub(super) fn turn<'s>(&self, id: &'s str) -> (bool, Reverse<i32>, Option<Stage>, u8, &'s str) {
        let found = self.find(id);
        let level = found.map_or(0, |promotion| promotion.level);
        let turn = found.map_or(0, |promotion| promotion.benefit.turn());
        (found.is_none(), Reverse(level), found.map(|promotion| promotion.stage), turn, id)
    }

    /// The promotion with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&'a Promotion> {
        self.rulebook.find(id).and_then(|index| self.rulebook.promotion(index))
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

/// A currency, as people write it.
#[must_use]
pub fn currency(code: &str, lang: Lang) -> &str {
    if code == "UAH" { lang.pick(code, "грн") } else { code }
}

/// The minor digits of a currency; those of the hryvnia where nobody knows it.
#[must_use]
pub fn digits(code: &str) -> u32 {
    Currency::from_code(code).unwrap_or(Currency::UAH).digits()
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
