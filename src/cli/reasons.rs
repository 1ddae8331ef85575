//! Why a promotion did not apply, or not there, or gave no more, in the words of a cashier.

use super::words::{Words, count};
use crate::promotion::{Benefit, Count, Promotion, SetBenefit, UnitCut};
use crate::rulebook::slots_of;
use crate::server::wire::refused_gift::Code as Refusal;
use crate::server::wire::{AppliedPromotion, LeftOut, MissingGoods, Reason, RefusedGift, reason::Code};

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
    /// Why a promotion did not apply, as a sentence without its subject.
    #[must_use]
    pub fn reason(&self, reason: &Reason) -> String {
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
                self.lang.pick(format!("at most {pieces}"), format!("не більш ніж на {pieces}"))
            }
            Code::SetsUsed => {
                let sets = self.counted(reason.limit, ["set", "sets"], ["набір", "набори", "наборів"]);
                self.lang.pick(format!("at most {sets}"), format!("не більш ніж {sets}"))
            }
            Code::MaximumReached => {
                let most = self.money(reason.maximum_amount);
                self.lang.pick(
                    format!("its maximum of {most} is reached"),
                    format!("вже дала свій максимум — {most}"),
                )
            }
            code @ (Code::Displaces | Code::Outranked | Code::Beaten) => self.beaten(code, promotion, reason),
            code => promotion
                .and_then(|promotion| self.asked(code, promotion))
                .unwrap_or_else(|| self.bare(code).to_owned()),
        }
    }

    /// What is missing, and of what.
    fn missing(&self, code: Code, reason: &Reason) -> String {
        let of = self.in_brackets(reason.goods.as_ref());
        match code {
            Code::SpendMissing => self.spend_missing(reason),
            Code::QuantityMissing => {
                if let Some(all) = self.find(&reason.promotion_id).and_then(same_sku_from) {
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
            Code::BasketLacks if reason.missing_quantity > 0 => {
                let missing = self.more_pieces(reason.missing_quantity);
                let pieces = self.pieces(reason.missing_quantity);
                self.lang.pick(
                    format!("the basket must also hold {missing}{of}"),
                    format!("у кошику має бути ще {pieces}{of}"),
                )
            }
            Code::BasketLacks if reason.missing_amount > 0 => {
                let missing = self.money(reason.missing_amount);
                self.lang.pick(
                    format!("the basket must also hold goods for {missing} more{of}"),
                    format!("у кошику має бути товарів ще на {missing}{of}"),
                )
            }
            code => self.bare(code).to_owned(),
        }
    }

    /// What the sum must be, what it is, and of which goods.
    fn spend_missing(&self, reason: &Reason) -> String {
        let goods = reason.goods.as_ref().map(|goods| self.goods(goods));
        let counts = goods.map(|goods| {
            self.lang.pick(format!("; only these count: {goods}"), format!("; рахуються лише: {goods}"))
        });
        let counts = counts.unwrap_or_default();
        if reason.needed_amount <= 0 {
            let missing = self.money(reason.missing_amount);
            return self.lang.pick(
                format!("{missing} is missing to its sum{counts}"),
                format!("до потрібної суми бракує {missing}{counts}"),
            );
        }
        let needed = self.money(reason.needed_amount);
        let have = self.money(reason.needed_amount.saturating_sub(reason.missing_amount));
        let benefit = self.find(&reason.promotion_id).map(|promotion| &promotion.benefit);
        let (english, ukrainian) = match benefit {
            _ if reason.at_list_prices => ("at list prices", "за цінами без знижок"),
            // What depends on a sum itself comes after it, and so do amounts off the whole basket.
            Some(Benefit::Spend { .. }) => {
                ("after discounts on single goods", "після знижок на окремі товари")
            }
            _ => ("after all discounts", "після всіх знижок"),
        };
        self.lang.pick(
            format!("{needed} is needed {english}, you have {have}{counts}"),
            format!("потрібно {needed} {ukrainian}, є {have}{counts}"),
        )
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

    /// Why a promotion gave way to others.
    fn beaten(&self, code: Code, promotion: Option<&Promotion>, reason: &Reason) -> String {
        let others = self.names(reason.beaten_by.iter().map(|id| self.promotion(id)));
        let benefit = promotion.map(|promotion| &promotion.benefit);
        let is_one = reason.beaten_by.len() == 1;
        match (code, benefit) {
            (Code::Displaces, _) => {
                let then = self.otherwise(reason.dearer_by);
                self.lang.pick(
                    format!("with it the sum for {others} would not be reached, and you would {then}"),
                    format!("з нею не набрати суми для {others}, тож {then}"),
                )
            }
            (_, Some(Benefit::Points(_))) if others.is_empty() => {
                self.lang.pick("it would add no points", "балів би не додала").to_owned()
            }
            _ if others.is_empty() => self
                .lang
                .pick("the purchase would not be cheaper with it", "з нею дешевше не вийде")
                .to_owned(),
            (Code::Outranked, _) => {
                let (has, first) = if is_one {
                    ("has", "та має перевагу")
                } else {
                    ("have", "ті мають перевагу")
                };
                self.lang.pick(
                    format!("it cannot be combined with {others}, which {has} priority"),
                    format!("не поєднується з {others}, а {first}"),
                )
            }
            (_, Some(Benefit::Delivery(_))) if self.are_deliveries(&reason.beaten_by) => {
                let instead = self.instead(reason.dearer_by);
                self.lang.pick(
                    format!("only one promotion goes on the delivery: {others}{instead}"),
                    format!("на доставку діє лише одна акція: {others}{instead}"),
                )
            }
            (_, benefit) => {
                // Whoever gives up a discount for a gift may well pay more: nothing is said where it was not tried.
                let is_reward = matches!(benefit, Some(Benefit::Gift(_) | Benefit::Points(_)));
                let instead = match reason.dearer_by {
                    None if !is_reward => {
                        self.lang.pick(", and you would not pay less", ", а дешевше не вийде").to_owned()
                    }
                    dearer_by => self.instead(dearer_by),
                };
                self.lang.pick(
                    format!("it cannot be combined with {others}{instead}"),
                    format!("не поєднується з {others}{instead}"),
                )
            }
        }
    }

    /// What a promotion would bring in place of those that it lost to, as the end of a sentence; nothing where that is not known.
    fn instead(&self, dearer_by: Option<i64>) -> String {
        if dearer_by.is_none() {
            return String::new();
        }
        let then = self.otherwise(dearer_by);
        self.lang.pick(format!("; with it instead you would {then}"), format!("; з нею натомість {then}"))
    }

    /// What one would pay otherwise.
    fn otherwise(&self, dearer_by: Option<i64>) -> String {
        match dearer_by {
            None => self.lang.pick("not pay less", "дешевше не вийде").to_owned(),
            Some(0) => self.lang.pick("pay the same", "вийде стільки само").to_owned(),
            Some(minor) => {
                let more = self.money(minor);
                self.lang.pick(format!("pay {more} more"), format!("вийде на {more} дорожче"))
            }
        }
    }

    fn are_deliveries(&self, ids: &[String]) -> bool {
        let is_delivery = |promotion: &Promotion| matches!(promotion.benefit, Benefit::Delivery(_));
        ids.iter().all(|id| self.find(id).is_some_and(is_delivery))
    }

    /// A reason by itself. A code's word is never told: whoever has it types it.
    fn bare(&self, code: Code) -> &'static str {
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
            Code::NoDelivery => ("there is no delivery to pay", "за доставку нічого платити"),
            Code::WrongDelivery => ("only with another delivery", "лише з іншою доставкою"),
            Code::Missing => ("it waits for a code", "потрібен код"),
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
            Code::Displaces | Code::Outranked | Code::Beaten => {
                ("the purchase would not be cheaper with it", "з нею дешевше не вийде")
            }
            Code::Unspecified => ("it does not apply", "не діє"),
        };
        self.lang.pick(english, ukrainian)
    }

    /// Why a promotion is not on units of a line of `quantity`.
    #[must_use]
    pub fn left_out(&self, left_out: &LeftOut, quantity: u32) -> String {
        let Some(reason) = &left_out.reason else {
            return String::new();
        };
        let mut name = self.promotion(&reason.promotion_id);
        if left_out.quantity < quantity {
            name += &format!(" ({})", self.pieces(left_out.quantity));
        }
        let others = || self.names(reason.beaten_by.iter().map(|id| self.promotion(id)));
        let why = match code_of(reason) {
            // On a line it is enough to say what stands there.
            Code::Beaten if !reason.beaten_by.is_empty() => self.lang.pick(
                format!("it cannot be combined with {}", others()),
                format!("не поєднується з {}", others()),
            ),
            _ => self.reason(reason),
        };
        self.lang.pick(format!("not {name}: {why}"), format!("без {name}: {why}"))
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
            | Code::WrongCustomer => Some(Away::Customer),
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
            Away::Goods => self.lang.pick("not for these goods", "не на ці товари"),
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

    /// What a floor held back of a promotion on a line: lost, or taken off the other goods as far as they could take it.
    #[must_use]
    pub fn held(&self, minor: i64, went: Went, held_by: &[String]) -> String {
        let held = self.money(minor);
        let caps = self.names(held_by.iter().map(|id| self.cap(id)));
        if went == Went::Over {
            let by = if caps.is_empty() { String::new() } else { format!(" ({caps})") };
            return self.lang.pick(
                format!("no more is allowed here{by}: the rest of it came off the other goods"),
                format!("тут більше не можна{by}: решту знято з інших товарів"),
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
                format!("{held} more is held back: the price may not go lower{part}"),
                format!("ще {held} не знято: ціна не може бути нижчою{part}"),
            );
        }
        self.lang.pick(
            format!("{held} more is held back by {caps}{part}"),
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
        let sets = (applied.sets_max > 0).then(|| {
            let sets = self.counted(applied.sets_max, ["set", "sets"], ["набір", "набори", "наборів"]);
            self.lang.pick(format!("{name}: at most {sets}"), format!("{name}: не більш ніж {sets}"))
        });
        [most, pieces, sets].into_iter().flatten().collect()
    }

    /// Why a choice of a gift could not be honored: the end of a sentence that begins with the goods.
    #[must_use]
    pub fn refusal(&self, refused: &RefusedGift) -> String {
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
                let why = refused.reason.as_ref().map(|reason| format!(": {}", self.reason(reason)));
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

/// How many equal pieces the lowest tier of a promotion asks for, where it counts each SKU by itself.
fn same_sku_from(promotion: &Promotion) -> Option<u32> {
    match &promotion.benefit {
        Benefit::Quantity { tiers, count: Count::SameSku, .. } => tiers.iter().map(|tier| tier.from).min(),
        _ => None,
    }
}
