//! Why a promotion did not apply, or not there, in the words of a cashier.

use super::words::Words;
use crate::promotion::{Benefit, Promotion, SetBenefit, UnitCut};
use crate::rulebook::slots_of;
use crate::server::wire::refused_gift::Code as Refusal;
use crate::server::wire::{LeftOut, Reason, RefusedGift, reason::Code};

/// What keeps a promotion away that the customer cannot have as things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Away {
    /// Another day or hour.
    Now,
    /// Another channel or store.
    Here,
    /// Another customer.
    Customer,
    /// Another way to pay or to deliver.
    Way,
    /// A code.
    Code,
    /// None of its goods.
    Goods,
}

impl Words<'_> {
    /// Why a promotion did not apply, as a sentence without its subject. That no price is lower with it is said only where that
    /// `is_proven`.
    #[must_use]
    pub fn reason(&self, reason: &Reason, is_proven: bool) -> String {
        let promotion = self.find(&reason.promotion_id);
        match code_of(reason) {
            code @ (Code::SpendMissing | Code::QuantityMissing | Code::SetMissing | Code::BasketLacks) => {
                self.missing(code, reason)
            }
            Code::NoSuchGoods if reason.goods.is_some() => {
                let bare = self.bare(Code::NoSuchGoods);
                format!(
                    "{bare}: {}",
                    reason.goods.as_ref().map(|goods| self.goods(goods)).unwrap_or_default()
                )
            }
            Code::HeldByFloor if !reason.held_by.is_empty() => {
                let caps = self.names(reason.held_by.iter().map(|id| self.cap(id)));
                self.lang.pick(
                    format!("held by {caps}: the price may not go lower"),
                    format!("нижчу ціну не дозволяє {caps}"),
                )
            }
            Code::NoGain => self.no_gain(promotion).to_owned(),
            Code::UnitsUsed => {
                let pieces = self.counted(reason.limit, ["piece", "pieces"], ["штуку", "штуки", "штук"]);
                self.lang.pick(
                    format!("at most {pieces} of the purchase"),
                    format!("не більш ніж на {pieces} у покупці"),
                )
            }
            Code::SetsUsed => {
                let sets = self.counted(reason.limit, ["set", "sets"], ["набір", "набори", "наборів"]);
                self.lang
                    .pick(format!("at most {sets} a purchase"), format!("не більш ніж {sets} на покупку"))
            }
            Code::MaximumReached => {
                let most = self.money(reason.maximum_amount);
                self.lang.pick(
                    format!("its maximum of {most} is reached"),
                    format!("вже дала свій максимум — {most}"),
                )
            }
            Code::Displaces => self.displaces(reason, is_proven),
            code @ (Code::Outranked | Code::Beaten) => self.beaten(code, promotion, reason, is_proven),
            code => promotion
                .and_then(|promotion| self.asked(code, promotion))
                .unwrap_or_else(|| self.bare(code).to_owned()),
        }
    }

    /// Why a promotion takes nothing off: its goods cost no more than it asks for them.
    fn no_gain(&self, promotion: Option<&Promotion>) -> &'static str {
        let (english, ukrainian) = match promotion.map(|promotion| &promotion.benefit) {
            Some(Benefit::Set(set)) if matches!(set.benefit, SetBenefit::Price(_)) => (
                "these goods already cost no more than the set",
                "ці товари й без неї коштують не більше за набір",
            ),
            Some(Benefit::Units(unit)) if matches!(unit.cut, UnitCut::Price(_)) => {
                ("the price is already no higher", "ціна й без неї не вища")
            }
            Some(Benefit::Prices(_)) => ("the price is already no higher", "ціна й без неї не вища"),
            _ => ("it would take nothing off", "нічого б не знизила"),
        };
        self.lang.pick(english, ukrainian)
    }

    /// Why a promotion did not apply that others' sums would miss.
    fn displaces(&self, reason: &Reason, is_proven: bool) -> String {
        let others = self.names(reason.beaten_by.iter().map(|id| self.promotion(id)));
        let (english, ukrainian) = (
            format!("with it the sum for {others} would not be reached"),
            format!("з нею не набрати суми для {others}"),
        );
        match reason.dearer_by {
            Some(dearer_by) => {
                let then = self.otherwise(dearer_by, reason);
                self.lang.pick(format!("{english}, and you would {then}"), format!("{ukrainian}, тож {then}"))
            }
            None => self.lang.pick(english, ukrainian) + self.no_less(is_proven),
        }
    }

    /// Why a promotion gave way to others.
    fn beaten(&self, code: Code, promotion: Option<&Promotion>, reason: &Reason, is_proven: bool) -> String {
        let others = self.names(reason.beaten_by.iter().map(|id| self.promotion(id)));
        let apart = self.apart_from(&reason.beaten_by);
        let benefit = promotion.map(|promotion| &promotion.benefit);
        match (code, benefit) {
            (_, Some(Benefit::Points(_))) if others.is_empty() => {
                self.lang.pick("it would add no points", "балів би не додала").to_owned()
            }
            _ if others.is_empty() && is_proven => {
                self.lang.pick("you would not pay less with it", "з нею дешевше не вийде").to_owned()
            }
            _ if others.is_empty() => self.bare(code).to_owned(),
            (Code::Outranked, _) => {
                let (has, first) = if reason.beaten_by.len() == 1 {
                    ("has", "яка має перевагу")
                } else {
                    ("have", "які мають перевагу")
                };
                self.lang.pick(format!("{apart}, which {has} priority"), format!("{apart}, {first}"))
            }
            (_, Some(Benefit::Delivery(_))) if self.are_deliveries(&reason.beaten_by) => {
                let instead = self.instead(reason);
                self.lang.pick(
                    format!("only one promotion goes on the delivery: {others}{instead}"),
                    format!("на доставку діє лише одна акція: {others}{instead}"),
                )
            }
            (_, benefit) => {
                // Whoever gives up a discount for a gift may well pay more: nothing is said where it was not tried.
                let is_reward = matches!(benefit, Some(Benefit::Gift(_) | Benefit::Points(_)));
                let instead = if reason.dearer_by.is_none() && !is_reward {
                    self.no_less(is_proven).to_owned()
                } else {
                    self.instead(reason)
                };
                format!("{apart}{}{instead}", self.short(reason))
            }
        }
    }

    /// That a promotion cannot be combined with others.
    fn apart_from(&self, ids: &[String]) -> String {
        match ids {
            [one, other] => {
                let (one, other) = (self.promotion(one), self.promotion(other));
                self.lang.pick(
                    format!("it cannot be combined with {one} or {other}"),
                    format!("не поєднується ні з {one}, ні з {other}"),
                )
            }
            _ => {
                let others = self.names(ids.iter().map(|id| self.promotion(id)));
                self.lang.pick(
                    format!("it cannot be combined with {others}"),
                    format!("не поєднується з {others}"),
                )
            }
        }
    }

    /// That the sum of a promotion is not reached because goods of others do not count; nothing where it is.
    fn short(&self, reason: &Reason) -> String {
        if reason.missing_amount <= 0 || reason.needed_amount <= 0 {
            return String::new();
        }
        let needed = self.money(reason.needed_amount);
        let have = self.money(reason.needed_amount.saturating_sub(reason.missing_amount));
        let (goods, whose) = if reason.not_counted == reason.beaten_by {
            let whose = if reason.beaten_by.len() == 1 { "якої" } else { "яких" };
            (", whose goods".to_owned(), format!(", товари {whose}"))
        } else {
            let others = self.names(reason.not_counted.iter().map(|id| self.promotion(id)));
            let of = if reason.not_counted.len() == 1 { "акції" } else { "акцій" };
            (format!("; the goods of {others}"), format!("; товари {of} {others}"))
        };
        self.lang.pick(
            format!("{goods} do not count: the others come to {have}, {needed} is needed"),
            format!("{whose} не рахуються: решти — на {have}, а потрібно {needed}"),
        )
    }

    /// That a promotion would not help, as the end of a sentence; nothing where one could not know.
    fn no_less(&self, is_proven: bool) -> &'static str {
        if is_proven {
            self.lang.pick(", and you would not pay less", ", а дешевше не вийде")
        } else {
            ""
        }
    }

    /// What a promotion would bring in place of those that it lost to, as the end of a sentence; nothing where that is not known.
    fn instead(&self, reason: &Reason) -> String {
        let then = reason.dearer_by.map(|minor| self.otherwise(minor, reason));
        let it = self.promotion(&reason.promotion_id);
        let sentence = |then: String| {
            self.lang
                .pick(format!("; with it instead you would {then}"), format!("; якщо взяти {it}, {then}"))
        };
        then.map(sentence).unwrap_or_default()
    }

    /// What one would pay otherwise, and what one would not get.
    fn otherwise(&self, dearer_by: i64, reason: &Reason) -> String {
        let pay = if dearer_by == 0 {
            self.lang.pick("pay the same", "вийде стільки само").to_owned()
        } else {
            let more = self.money(dearer_by);
            self.lang.pick(format!("pay {more} more"), format!("вийде на {more} дорожче"))
        };
        if reason.loses.is_empty() {
            return pay;
        }
        let lost = self.names(reason.loses.iter().map(|id| self.promotion(id)));
        let not = if reason.loses.len() == 1 { "не діє" } else { "не діють" };
        if reason.brings.is_empty() {
            return self
                .lang
                .pick(format!("{pay} ({lost} would not apply then)"), format!("{pay} (тоді {not} {lost})"));
        }
        let come = self.names(reason.brings.iter().map(|id| self.promotion(id)));
        let apply = if reason.brings.len() == 1 { "діє" } else { "діють" };
        self.lang.pick(
            format!("{pay} ({come} would apply then, and {lost} not)"),
            format!("{pay} (тоді {apply} {come} і {not} {lost})"),
        )
    }

    fn are_deliveries(&self, ids: &[String]) -> bool {
        let is_delivery = |promotion: &Promotion| matches!(promotion.benefit, Benefit::Delivery(_));
        ids.iter().all(|id| self.find(id).is_some_and(is_delivery))
    }

    /// A reason by itself. A code's word is never told: whoever has it types it.
    pub(super) fn bare(&self, code: Code) -> &'static str {
        let (english, ukrainian) = match code {
            Code::NotStarted => ("it begins later", "акція почнеться пізніше"),
            Code::Ended => ("it is over", "акція вже закінчилася"),
            Code::WrongWeekday => ("only on other weekdays", "лише в інші дні тижня"),
            Code::WrongHour => ("only at other hours", "лише в інші години"),
            Code::WrongChannel => ("only on other channels", "лише в інших каналах"),
            Code::WrongStore => ("only in other stores", "лише в інших магазинах"),
            Code::WrongSegment => ("only for a group of customers", "лише для групи клієнтів"),
            Code::WrongTier => ("only with another card", "лише з іншою карткою"),
            Code::BirthdayUnknown => {
                ("the customer's birthday is not on file", "дня народження клієнта немає в картці")
            }
            Code::WrongBirthday => {
                ("only around the customer's birthday", "лише близько дня народження клієнта")
            }
            Code::WrongCustomer => {
                ("what it asks of the customer does not hold", "клієнт не відповідає умовам")
            }
            Code::WrongPayment => ("only when paid another way", "лише за іншого способу оплати"),
            Code::NoDelivery => {
                ("there is nothing to pay for delivery", "за доставку й так не треба платити")
            }
            Code::WrongDelivery => ("only with another delivery", "лише з іншою доставкою"),
            Code::Missing => ("it needs a code", "потрібен код"),
            Code::LimitReached => ("all there was of it is given", "її вже вичерпано"),
            Code::CustomerLimitReached => {
                ("the customer has had it as often as may be", "клієнт уже скористався нею")
            }
            Code::CustomerNeeded => (
                "it must be known who buys: ask for the card or phone",
                "треба знати покупця: картка або телефон",
            ),
            Code::BudgetSpent => ("the money for it is given", "її бюджет вичерпано"),
            Code::NoSuchGoods => ("none of its goods are in the basket", "у кошику немає її товарів"),
            Code::Excepted => ("these goods are excluded from it", "ці товари — виняток з неї"),
            Code::BasketLacks => {
                ("the basket lacks goods that it asks for", "у кошику бракує товарів, яких вона потребує")
            }
            Code::SpendMissing => ("the sum is not reached", "потрібної суми не набрано"),
            Code::QuantityMissing => ("there are too few pieces", "замало штук"),
            Code::SetMissing => ("the set is not complete", "набір не зібрано"),
            Code::OutOfStock => ("none of its gifts is left", "подарунків уже не лишилося"),
            Code::HeldByFloor => {
                ("the price is already the lowest allowed", "ціна вже найнижча з дозволених")
            }
            Code::NoGain => ("it would take nothing off", "нічого б не знизила"),
            Code::UnitsUsed | Code::SetsUsed => ("its limit is used up", "її ліміт вичерпано"),
            Code::MaximumReached => ("its maximum is reached", "вже дала свій максимум"),
            Code::Displaces | Code::Outranked | Code::Beaten | Code::Unspecified => {
                ("it does not apply", "не діє")
            }
        };
        self.lang.pick(english, ukrainian)
    }

    /// Why a promotion is not on units of a line of `quantity`.
    #[must_use]
    pub fn left_out(&self, left_out: &LeftOut, quantity: u32, is_proven: bool) -> String {
        let Some(reason) = &left_out.reason else {
            return String::new();
        };
        let name = self.promotion(&reason.promotion_id);
        let why = match code_of(reason) {
            // On a line it is enough to say what stands there.
            Code::Beaten if !reason.beaten_by.is_empty() => self.apart_from(&reason.beaten_by),
            _ => self.reason(reason, is_proven),
        };
        if left_out.quantity < quantity {
            let pieces = self.counted(left_out.quantity, ["piece", "pieces"], ["штуку", "штуки", "штук"]);
            return self
                .lang
                .pick(format!("{name} not on {pieces}: {why}"), format!("{name} не діє на {pieces}: {why}"));
        }
        self.lang.pick(format!("{name} not here: {why}"), format!("{name} тут не діє: {why}"))
    }

    /// Two promotions on a line that keep each other off its units.
    #[must_use]
    pub fn apart(&self, one: &LeftOut, other: &LeftOut) -> String {
        let name = |left_out: &LeftOut| {
            left_out.reason.as_ref().map_or_else(String::new, |reason| self.promotion(&reason.promotion_id))
        };
        let (one, other) = (name(one), name(other));
        self.lang.pick(
            format!("{one} and {other} cannot be combined on one piece"),
            format!("{one} і {other} на одній штуці не поєднуються"),
        )
    }

    /// What keeps a promotion away that the customer cannot have as things are; `None` where its goods are here and it could be had.
    #[must_use]
    pub fn away(&self, reason: &Reason) -> Option<Away> {
        match code_of(reason) {
            Code::NotStarted | Code::Ended | Code::WrongWeekday | Code::WrongHour => Some(Away::Now),
            Code::WrongChannel | Code::WrongStore => Some(Away::Here),
            Code::WrongSegment
            | Code::WrongTier
            | Code::BirthdayUnknown
            | Code::WrongBirthday
            | Code::WrongCustomer
            | Code::CustomerLimitReached
            | Code::CustomerNeeded => Some(Away::Customer),
            Code::LimitReached | Code::BudgetSpent => Some(Away::Now),
            Code::WrongPayment | Code::WrongDelivery | Code::NoDelivery => Some(Away::Way),
            Code::Missing => Some(Away::Code),
            Code::NoSuchGoods | Code::Excepted => Some(Away::Goods),
            Code::SetMissing => {
                let slots = self.find(&reason.promotion_id).map(slots_of).unwrap_or_default();
                let needed: u64 = slots.iter().map(|slot| u64::from(slot.quantity)).sum();
                let missing: u64 = reason.missing_goods.iter().map(|one| u64::from(one.quantity)).sum();
                (needed == missing).then_some(Away::Goods)
            }
            _ => None,
        }
    }

    /// How many promotions are kept away, and by what.
    #[must_use]
    pub fn others(&self, number: u32, away: &[Away]) -> String {
        let word = |away: &Away| match away {
            Away::Now => self.lang.pick("not now", "не зараз"),
            Away::Here => self.lang.pick("not here", "не тут"),
            Away::Customer => self.lang.pick("not for this customer", "не для цього клієнта"),
            Away::Way => self.lang.pick("not for this payment or delivery", "не за такої оплати чи доставки"),
            Away::Code => self.lang.pick("not without a code", "не без коду"),
            Away::Goods => self.lang.pick("not for these goods", "не для цих товарів"),
        };
        let mut words: Vec<&str> = away.iter().map(word).collect();
        let last = words.pop().unwrap_or_default();
        let others = self.counted(number, ["other", "others"], ["інша", "інші", "інших"]);
        let or = self.lang.pick(" or ", " або ");
        if words.is_empty() {
            format!("{others}: {last}")
        } else {
            format!("{others}: {}{or}{last}", words.join(", "))
        }
    }

    /// Why a choice of a gift could not be honored: the end of a sentence that begins with the goods.
    #[must_use]
    pub fn refusal(&self, refused: &RefusedGift, is_proven: bool) -> String {
        let promotion = self.promotion(&refused.promotion_id);
        match refused.code() {
            Refusal::NoSuchGift => self.lang.pick(
                format!("no promotion {promotion} gives gifts now"),
                format!("акції {promotion} з подарунками зараз немає"),
            ),
            Refusal::NotAnOption => self
                .lang
                .pick(format!("not a gift of {promotion}"), format!("це не подарунок акції {promotion}")),
            Refusal::TooMany => self.lang.pick(
                format!("more were chosen than {promotion} gives"),
                format!("обрано більше, ніж дає {promotion}"),
            ),
            Refusal::OutOfStock => {
                self.lang.pick("there is none left".to_owned(), "його вже не лишилося".to_owned())
            }
            Refusal::NotApplied | Refusal::Unspecified => {
                let why =
                    refused.reason.as_ref().map(|reason| format!(": {}", self.reason(reason, is_proven)));
                let why = why.unwrap_or_default();
                self.lang.pick(
                    format!("{promotion} does not apply{why}"),
                    format!("акція {promotion} не діє{why}"),
                )
            }
        }
    }
}

fn code_of(reason: &Reason) -> Code {
    Code::try_from(reason.code).unwrap_or(Code::Unspecified)
}
