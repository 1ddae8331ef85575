//! What a promotion asks of the moment, the place and the customer, in the words of a cashier.

use jiff::civil::Date;

use super::calendar::{self, clock};
use super::words::Words;
use crate::promotion::{AttributeTest, Conditions, Promotion};
use crate::server::wire::reason::Code;
use crate::time::{Hours, Instant, Weekdays};

impl Words<'_> {
    /// What a condition that does not hold asks for; `None` where there is nothing to name. A code's word is never told: whoever has
    /// it types it.
    pub(super) fn asked(&self, code: Code, promotion: &Promotion) -> Option<String> {
        let when = &promotion.when;
        let listed = |english: &str, ukrainian: &str, entries: &[String]| {
            let entries = Some(self.list(entries.iter().cloned())).filter(|entries| !entries.is_empty());
            entries.map(|entries| format!("{}: {entries}", self.lang.pick(english, ukrainian)))
        };
        match code {
            Code::NotStarted => {
                let from = self.moment(when.window.from?);
                Some(self.lang.pick(format!("it begins on {from}"), format!("акція почнеться {from}")))
            }
            Code::Ended => Some(self.ended(when.window.until?)),
            Code::WrongWeekday | Code::WrongHour => self.days_and_hours(when),
            Code::WrongChannel => match when.channels.as_slice() {
                [_] => listed("only in the channel", "лише в каналі", &when.channels),
                _ => listed("only in the channels", "лише в каналах", &when.channels),
            },
            Code::WrongStore => match when.stores.as_slice() {
                [_] => listed("only in the store", "лише в магазині", &when.stores),
                _ => listed("only in the stores", "лише в магазинах", &when.stores),
            },
            Code::WrongSegment => listed("only for the group", "лише для групи", &when.segments),
            Code::WrongTier => listed("needs a card", "потрібна картка", &when.tiers),
            Code::WrongCustomer => {
                let tests = when.customer.iter().map(|(name, test)| self.attribute(name, test));
                let tests = tests.collect::<Vec<_>>().join("; ");
                Some(self.lang.pick(format!("only when: {tests}"), format!("лише коли: {tests}")))
            }
            Code::WrongPayment => listed("only when paid with", "лише при оплаті", &when.payment),
            Code::WrongDelivery => listed("only with delivery", "лише з доставкою", &when.delivery),
            _ => None,
        }
    }

    /// Days and hours together: a night belongs to the day on which it begins.
    fn days_and_hours(&self, when: &Conditions) -> Option<String> {
        let days = when.weekdays.map(|days| self.weekdays(days));
        let hours = self.list(when.hours.iter().map(|hours| self.hours(*hours)));
        match (days, hours.is_empty()) {
            (Some(days), true) => Some(self.lang.pick(format!("only on {days}"), format!("лише {days}"))),
            (Some(days), false) => {
                Some(self.lang.pick(format!("only on {days} {hours}"), format!("лише {days} {hours}")))
            }
            (None, false) => Some(self.lang.pick(format!("only {hours}"), format!("лише {hours}"))),
            (None, true) => None,
        }
    }

    /// What is asked of one attribute of the customer.
    fn attribute(&self, name: &str, test: &AttributeTest) -> String {
        if let ("first_purchase", AttributeTest::OneOf(words)) = (name, test) {
            return if words.iter().any(|word| word == "true") {
                self.lang.pick("it is the first purchase", "це перша покупка").to_owned()
            } else {
                self.lang.pick("it is not the first purchase", "це не перша покупка").to_owned()
            };
        }
        let called = match name {
            "months_since_last_purchase" => {
                self.lang.pick("months since the last purchase", "місяців від останньої покупки").to_owned()
            }
            name => name.replace('_', " "),
        };
        match test {
            AttributeTest::OneOf(words) => {
                format!("{called} — {}", words.join(self.lang.pick(" or ", " або ")))
            }
            AttributeTest::Range { at_least, below } => {
                let least = at_least
                    .map(|least| self.lang.pick(format!("at least {least}"), format!("щонайменше {least}")));
                let below =
                    below.map(|below| self.lang.pick(format!("below {below}"), format!("менше за {below}")));
                let bounds = [least, below].into_iter().flatten().collect::<Vec<_>>().join(", ");
                format!("{called} — {bounds}")
            }
        }
    }

    /// The end of a promotion. A day that is included whole is told as that day.
    fn ended(&self, until: Instant) -> String {
        let zone = &self.rulebook.settings().time_zone;
        let before = Instant::from_unix(until.unix().saturating_sub(1)).unwrap_or(until);
        if zone.local(until).second == 0 {
            let last = self.date(zone.local(before).date);
            return self.lang.pick(
                format!("it is over: the last day was {last}"),
                format!("акція вже закінчилася: останній день — {last}"),
            );
        }
        let until = self.moment(until);
        self.lang.pick(format!("it is over since {until}"), format!("акція вже закінчилася: {until}"))
    }

    /// A moment in the rulebook's time zone; the beginning of a day is told as that day.
    fn moment(&self, instant: Instant) -> String {
        let local = self.rulebook.settings().time_zone.local(instant);
        match local.second {
            0 => self.date(local.date),
            second => format!("{}, {}", self.date(local.date), clock(second)),
        }
    }

    fn date(&self, date: Date) -> String {
        calendar::date(date, self.lang)
    }

    /// `Monday, Friday`; in Ukrainian with the preposition that the first of them asks for: `у вівторок, середу`.
    fn weekdays(&self, days: Weekdays) -> String {
        const ENGLISH: [&str; 7] =
            ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        const UKRAINIAN: [&str; 7] =
            ["понеділок", "вівторок", "середу", "четвер", "п’ятницю", "суботу", "неділю"];
        let named = (0..).zip(self.lang.pick(ENGLISH, UKRAINIAN)).filter(|(day, _)| days.contains(*day));
        let named = named.map(|(_, name)| name).collect::<Vec<_>>().join(", ");
        let preposition = if named.starts_with("вівторок") { "у" } else { "в" };
        self.lang.pick(named.clone(), format!("{preposition} {named}"))
    }

    /// `10:00–14:00`; past midnight `22:00 to 02:00`.
    fn hours(&self, hours: Hours) -> String {
        let (from, until) = (clock(hours.from), clock(hours.until));
        if hours.from < hours.until {
            return format!("{from}–{until}");
        }
        self.lang.pick(format!("{from} to {until}"), format!("з {from} до {until}"))
    }
}
