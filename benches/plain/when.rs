//! Whether the conditions of a promotion hold for a purchase, one after the other.

use jiff::Span;
use jiff::civil::Date;
use pricewright::basket::{Customer, Request};
use pricewright::catalog::word::{fold, fold_code};
use pricewright::promotion::{AttributeTest, Birthday, Code, Conditions, Promotion};
use pricewright::time::{Hours, Instant, Local, Zone};
use rust_decimal::Decimal;

/// The purchase with its words in the form of those of the conditions.
pub(super) struct Purchase<'a> {
    now: Instant,
    local: Local,
    channel: Option<String>,
    store: Option<String>,
    payment: Option<String>,
    delivery: Option<String>,
    customer: Option<&'a Customer>,
    segments: Vec<String>,
    tier: Option<String>,
    codes: Vec<String>,
}

impl<'a> Purchase<'a> {
    pub(super) fn of(request: &'a Request, zone: &Zone) -> Self {
        let context = &request.context;
        let customer = context.customer.as_ref();
        let folded = |word: &Option<String>| word.as_deref().map(fold);
        Purchase {
            now: context.time,
            local: zone.local(context.time),
            channel: folded(&context.channel),
            store: folded(&context.store),
            payment: folded(&context.payment_method),
            delivery: request.basket.delivery.as_ref().map(|delivery| fold(&delivery.method)),
            customer,
            segments: customer.iter().flat_map(|known| &known.segments).map(|word| fold(word)).collect(),
            tier: customer.and_then(|known| folded(&known.tier)),
            codes: context.codes.iter().map(|code| fold_code(code)).collect(),
        }
    }

    /// Everything but `basket_has`.
    pub(super) fn fits(&self, promotion: &Promotion) -> bool {
        let when = &promotion.when;
        when.window.has_begun(self.now)
            && !when.window.is_over(self.now)
            && self.is_hour(when)
            && is_any(&when.channels, self.channel.as_ref())
            && is_any(&when.stores, self.store.as_ref())
            && (when.segments.is_empty() || self.segments.iter().any(|word| when.segments.contains(word)))
            && is_any(&when.tiers, self.tier.as_ref())
            && when.birthday.is_none_or(|birthday| self.is_near(birthday))
            && when.customer.iter().all(|(name, test)| self.passes(name, test))
            && is_any(&when.payment, self.payment.as_ref())
            && is_any(&when.delivery, self.delivery.as_ref())
            && self.has_code(when.code.as_ref())
    }

    /// The hours of a night that has begun the day before belong to that day.
    fn is_hour(&self, when: &Conditions) -> bool {
        let Local { weekday, second, .. } = self.local;
        let is_day = |day: u8| when.weekdays.is_none_or(|days| days.contains(day));
        let began = |hours: &Hours| {
            let is_past_midnight = hours.from >= hours.until && second < hours.until;
            if is_past_midnight { (weekday + 6) % 7 } else { weekday }
        };
        if when.hours.is_empty() {
            return is_day(weekday);
        }
        when.hours.iter().any(|hours| hours.contains(second) && is_day(began(hours)))
    }

    fn is_near(&self, birthday: Birthday) -> bool {
        let Some(born) = self.customer.and_then(|customer| customer.birthday) else {
            return false;
        };
        let today = self.local.date;
        [-1, 0, 1].into_iter().any(|years| is_around(born, today, today.year() + years, birthday))
    }

    fn passes(&self, name: &str, test: &AttributeTest) -> bool {
        let Some(customer) = self.customer else {
            return false;
        };
        let stated = customer.attributes.iter().find(|(known, _)| fold(known) == name);
        let first = if customer.first_purchase { "true" } else { "false" };
        let value = stated.map(|(_, value)| value.as_str());
        let value = value.or(Some(first).filter(|_| name == "first_purchase"));
        match (test, value) {
            (_, None) => false,
            (AttributeTest::OneOf(words), Some(value)) => words.contains(&fold(value)),
            (AttributeTest::Range { at_least, below }, Some(value)) => {
                value.trim().parse::<Decimal>().is_ok_and(|number| {
                    at_least.is_none_or(|least| least <= number) && below.is_none_or(|below| number < below)
                })
            }
        }
    }

    fn has_code(&self, code: Option<&Code>) -> bool {
        match code {
            None => true,
            Some(Code::Word(word)) => self.codes.contains(word),
            Some(Code::Pool { .. }) => false,
        }
    }
}

fn is_any(list: &[String], word: Option<&String>) -> bool {
    list.is_empty() || word.is_some_and(|word| list.contains(word))
}

/// Whether today lies in the days around the birthday of that year; of 29 February the 28th in most years.
fn is_around(born: Date, today: Date, year: i16, birthday: Birthday) -> bool {
    let day = Date::new(year, born.month(), born.day()).or_else(|_| Date::new(year, born.month(), 28));
    let days = |count: u16| Span::new().days(i64::from(count));
    let first = day.clone().and_then(|day| day.checked_sub(days(birthday.days_before)));
    let last = day.and_then(|day| day.checked_add(days(birthday.days_after)));
    matches!((first, last), (Ok(first), Ok(last)) if first <= today && today <= last)
}
