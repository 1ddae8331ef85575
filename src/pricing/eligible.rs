//! Whether a promotion's `when` holds for a purchase, and if not, the first reason.

use std::borrow::Cow;
use std::cell::OnceCell;

use jiff::Span;
use jiff::civil::Date;
use rust_decimal::Decimal;
use smallvec::SmallVec;

use super::quote::Why;
use super::terms::Terms;
use crate::basket::{Customer, Item, Request, Room};
use crate::catalog::word::{fold, fold_code, folded};
use crate::money::Amount;
use crate::promotion::{AttributeTest, Birthday, Code, Conditions, HasAtLeast, Promotion};
use crate::rulebook::{Pass, PromotionIndex, Rulebook};
use crate::time::{Hours, Instant, Local, Zone};

/// The purchase as conditions ask about it: words folded once, the wall clock read when it is asked for.
pub struct Purchase<'a> {
    request: &'a Request,
    zone: &'a Zone,
    local: OnceCell<Local>,
    channel: Option<Cow<'a, str>>,
    store: Option<Cow<'a, str>>,
    payment: Option<Cow<'a, str>>,
    delivery: Option<Cow<'a, str>>,
    segments: Vec<Cow<'a, str>>,
    tier: Option<Cow<'a, str>>,
    codes: SmallVec<[String; 2]>,
    terms: Terms,
}

impl<'a> Purchase<'a> {
    /// Reads a request as the settings of the rulebook have it.
    #[must_use]
    pub fn of(request: &'a Request, rulebook: &'a Rulebook) -> Self {
        let (context, zone) = (&request.context, &rulebook.settings().time_zone);
        let said = |word: &'a Option<String>| word.as_deref().map(folded).filter(|word| !word.is_empty());
        let customer = context.customer.as_ref();
        Purchase {
            request,
            zone,
            local: OnceCell::new(),
            channel: said(&context.channel),
            store: said(&context.store),
            payment: said(&context.payment_method),
            delivery: request.basket.delivery.as_ref().map(|delivery| folded(&delivery.method)),
            segments: customer
                .map(|c| c.segments.iter().map(|word| folded(word)).collect())
                .unwrap_or_default(),
            tier: customer.and_then(|c| said(&c.tier)),
            codes: context.codes.iter().map(|code| fold_code(code)).collect(),
            terms: Terms::of(request, rulebook),
        }
    }

    /// Whether a reason is wanted of every promotion that does not apply.
    #[must_use]
    pub fn is_explained(&self) -> bool {
        self.request.explain
    }

    /// The moment the price is for.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.request.context.time
    }

    /// What its channel and store open.
    #[must_use]
    pub fn pass(&self, rulebook: &Rulebook) -> Pass {
        rulebook.pass(self.channel.as_deref(), self.store.as_deref())
    }

    /// The promotions of which it must be told what became of them, whatever is in the basket: those that its codes open, and the
    /// gifts that were chosen.
    pub fn asked<'r>(&'r self, rulebook: &'r Rulebook) -> impl Iterator<Item = PromotionIndex> + 'r {
        let by_code = self.codes.iter().flat_map(|code| rulebook.waiting_for(code)).copied();
        let opened = self.request.context.opened.iter();
        let by_pool = opened.flat_map(|opened| rulebook.waiting_for_pool(&opened.pool)).copied();
        let choices = self.request.context.gift_choices.iter();
        by_code.chain(by_pool).chain(choices.filter_map(|choice| rulebook.find(&choice.promotion)))
    }

    fn customer(&self) -> Option<&'a Customer> {
        self.request.context.customer.as_ref()
    }

    fn local(&self) -> &Local {
        self.local.get_or_init(|| self.zone.local(self.now()))
    }

    /// Whether `when` holds, apart from `basket_has`.
    ///
    /// # Errors
    /// The first reason why not, in the order of [`Why`].
    pub fn check(&self, promotion: &Promotion) -> Result<(), Why> {
        let when = &promotion.when;
        ensure(when.window.has_begun(self.now()), Why::NotStarted)?;
        ensure(!when.window.is_over(self.now()), Why::Ended)?;
        self.clock(when)?;
        ensure(is_any(&when.channels, self.channel.as_deref()), Why::WrongChannel)?;
        ensure(is_any(&when.stores, self.store.as_deref()), Why::WrongStore)?;
        ensure(
            when.segments.is_empty()
                || self.segments.iter().any(|segment| when.segments.iter().any(|word| word == segment)),
            Why::WrongSegment,
        )?;
        ensure(is_any(&when.tiers, self.tier.as_deref()), Why::WrongTier)?;
        if let Some(birthday) = when.birthday {
            let born = self.customer().and_then(|customer| customer.birthday);
            let born = born.ok_or(Why::BirthdayUnknown)?;
            ensure(self.is_near_birthday(born, birthday), Why::WrongBirthday)?;
        }
        ensure(self.customer_fits(when), Why::WrongCustomer)?;
        ensure(is_any(&when.payment, self.payment.as_deref()), Why::WrongPayment)?;
        ensure(when.delivery.is_empty() || self.delivery.is_some(), Why::NoDelivery)?;
        ensure(is_any(&when.delivery, self.delivery.as_deref()), Why::WrongDelivery)?;
        ensure(self.has_code(when.code.as_ref()), Why::CodeMissing)?;
        self.has_room(promotion)
    }

    /// Whether something is left of a promotion that is limited beyond one basket.
    fn has_room(&self, promotion: &Promotion) -> Result<(), Why> {
        let context = &self.request.context;
        if context.left.is_empty() || !promotion.limits.are_counted() {
            return Ok(());
        }
        match context.room(&promotion.id) {
            Room::LimitReached => Err(Why::LimitReached),
            Room::CustomerLimitReached => Err(Why::CustomerLimitReached),
            Room::CustomerUnknown => Err(Why::CustomerNeeded),
            Room::AtMost(left) if left <= Amount::ZERO => Err(Why::BudgetSpent),
            Room::AtMost(_) | Room::Enough => Ok(()),
        }
    }

    /// A promotion as it is for this purchase.
    #[must_use]
    pub fn promotion<'r>(&'r self, rulebook: &'r Rulebook, index: PromotionIndex) -> Option<&'r Promotion> {
        self.terms.promotion(index).or_else(|| rulebook.promotion(index))
    }

    /// Weekdays and hours together: the part of a night after midnight belongs to the day on which it began.
    fn clock(&self, when: &Conditions) -> Result<(), Why> {
        let is_day = |day: u8| when.weekdays.is_none_or(|days| days.contains(day));
        if when.hours.is_empty() && when.weekdays.is_none() {
            return Ok(());
        }
        let &Local { weekday: today, second, .. } = self.local();
        if when.hours.is_empty() {
            return ensure(is_day(today), Why::WrongWeekday);
        }
        let began = |hours: &Hours| {
            let is_past_midnight = hours.from >= hours.until && second < hours.until;
            if is_past_midnight { (today + 6) % 7 } else { today }
        };
        let is_hour = |hours: &&Hours| hours.contains(second);
        if when.hours.iter().filter(is_hour).any(|hours| is_day(began(hours))) {
            return Ok(());
        }
        let is_wrong_day = when.hours.iter().any(|hours| is_hour(&hours)) || !is_day(today);
        Err(if is_wrong_day { Why::WrongWeekday } else { Why::WrongHour })
    }

    fn has_code(&self, code: Option<&Code>) -> bool {
        match code {
            None => true,
            Some(Code::Word(word)) => self.codes.contains(word),
            // Whether a generated code is good has been found out where the ledger is.
            Some(Code::Pool { pool, phone, pin }) => {
                let mut opened = self.request.context.opened.iter();
                opened.any(|opened| opened.opens(pool, *phone, *pin))
            }
        }
    }

    /// Whether it is the days around the customer's birthday, as far as that is known.
    #[must_use]
    pub fn is_birthday(&self, birthday: Birthday) -> bool {
        let born = self.customer().and_then(|customer| customer.birthday);
        born.is_some_and(|born| self.is_near_birthday(born, birthday))
    }

    fn is_near_birthday(&self, born: Date, birthday: Birthday) -> bool {
        let today = self.local().date;
        // A window around New Year's Eve reaches a birthday of the next or the last year.
        [-1, 0, 1].into_iter().any(|years| {
            let Some(day) = today.year().checked_add(years).and_then(|year| birthday_in(born, year)) else {
                return false;
            };
            let first = day.checked_sub(Span::new().days(i64::from(birthday.days_before)));
            let last = day.checked_add(Span::new().days(i64::from(birthday.days_after)));
            matches!((first, last), (Ok(first), Ok(last)) if first <= today && today <= last)
        })
    }

    fn customer_fits(&self, when: &Conditions) -> bool {
        when.customer.iter().all(|(name, test)| {
            let Some(customer) = self.customer() else {
                return false;
            };
            let stated = customer
                .attributes
                .iter()
                .find(|(known, _)| fold(known) == *name)
                .map(|(_, value)| value.as_str());
            let value = match stated {
                None if name == "first_purchase" => {
                    Some(if customer.first_purchase { "true" } else { "false" })
                }
                stated => stated,
            };
            value.is_some_and(|value| passes(test, value))
        })
    }
}

fn ensure(holds: bool, why: Why) -> Result<(), Why> {
    if holds { Ok(()) } else { Err(why) }
}

/// Whether an absent list accepts everything, or a list holds the word.
fn is_any(list: &[String], word: Option<&str>) -> bool {
    list.is_empty() || word.is_some_and(|word| list.iter().any(|one| one == word))
}

/// The birthday in a year: who was born on 29 February has it on the 28th in the other years.
fn birthday_in(born: Date, year: i16) -> Option<Date> {
    let day = if born.month() == 2 && born.day() == 29 { 28 } else { born.day() };
    Date::new(year, born.month(), born.day()).or_else(|_| Date::new(year, born.month(), day)).ok()
}

fn passes(test: &AttributeTest, value: &str) -> bool {
    match test {
        AttributeTest::OneOf(words) => words.contains(&fold(value)),
        AttributeTest::Range { at_least, below } => value.trim().parse::<Decimal>().is_ok_and(|number| {
            at_least.is_none_or(|least| least <= number) && below.is_none_or(|below| number < below)
        }),
    }
}

/// What the goods that `items` yields lack for an entry of `basket_has`; `None` when they are enough.
pub fn lacks<'a>(least: HasAtLeast, items: impl Iterator<Item = &'a Item<'a>>) -> Option<HasAtLeast> {
    match least {
        HasAtLeast::Pieces(pieces) => {
            let here: u64 = items.map(|item| u64::from(item.quantity)).sum();
            let missing = u64::from(pieces).saturating_sub(here);
            u32::try_from(missing).ok().filter(|&missing| missing > 0).map(HasAtLeast::Pieces)
        }
        HasAtLeast::ListPrices(sum) => {
            let here: Amount = items.map(|item| item.list_price.times(item.quantity)).sum();
            (here < sum).then(|| HasAtLeast::ListPrices(sum - here))
        }
    }
}
