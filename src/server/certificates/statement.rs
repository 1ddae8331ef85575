//! What all certificates were worth, day by day: for the books.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::civil::Date;

use crate::ledger::{Entry, EntryKind, Side};
use crate::money::Amount;
use crate::server::ledger::Error;
use crate::server::ledger::index::Index;
use crate::time::Zone;

/// The sums of one day. What is owed at its end is `opening + issued + returned + reinstated − spent − expired − refunded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Day {
    /// What was owed at its beginning.
    pub opening: Amount,
    /// What was issued.
    pub issued: Amount,
    /// What was spent.
    pub spent: Amount,
    /// What came back with goods.
    pub returned: Amount,
    /// What expired.
    pub expired: Amount,
    /// What had expired and was put back.
    pub reinstated: Amount,
    /// What was paid back with the purchase that the certificate was sold in.
    pub refunded: Amount,
}

impl Day {
    /// What is owed at its end.
    #[must_use]
    pub fn closing(&self) -> Amount {
        self.opening + self.issued + self.returned + self.reinstated
            - self.spent
            - self.expired
            - self.refunded
    }

    fn add(&mut self, entry: &Entry) {
        let sum = match (entry.kind, entry.from, entry.to) {
            (EntryKind::Frozen, ..) => &mut self.refunded,
            (_, Side::Issue, _) => &mut self.issued,
            (_, _, Side::Spent) => &mut self.spent,
            (_, Side::Spent, _) => &mut self.returned,
            (_, _, Side::Expired) => &mut self.expired,
            (_, Side::Expired, _) => &mut self.reinstated,
            _ => return,
        };
        *sum += entry.amount;
    }

    fn is_quiet(&self) -> bool {
        Day { opening: Amount::ZERO, ..*self } == Day::default()
    }
}

/// Days on which something happened, by currency; the first of them all where something was owed before.
pub type Statement = BTreeMap<(String, Date), Day>;

/// The statement of the days `first` to `last` in a time zone. Reads every entry that there is, beside the writer.
///
/// # Errors
/// An entry cannot be read.
pub fn statement(index: &dyn Index, first: Date, last: Date, zone: &Zone) -> Result<Statement, Error> {
    let mut days = Statement::new();
    // What was owed before the first day, by currency.
    let mut before: BTreeMap<String, Day> = BTreeMap::new();
    index.entries(&mut |entry| {
        let day = zone.local(entry.at).date;
        if day < first {
            before.entry(entry.currency.clone()).or_default().add(entry);
        } else if day <= last {
            days.entry((entry.currency.clone(), day)).or_default().add(entry);
        }
        ControlFlow::Continue(())
    })?;
    days.retain(|_, day| !day.is_quiet());
    // What is owed is said of quiet times too.
    for (currency, _) in before.iter().filter(|(_, day)| day.closing() != Amount::ZERO) {
        days.entry((currency.clone(), first)).or_default();
    }
    let mut owed: BTreeMap<&str, Amount> =
        before.iter().map(|(currency, day)| (currency.as_str(), day.closing())).collect();
    for ((currency, _), day) in &mut days {
        let owed = owed.entry(currency).or_insert(Amount::ZERO);
        day.opening = *owed;
        *owed = day.closing();
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Account, CertificateKey, Key, RequestId, Standing};
    use crate::server::ledger::memory::Memory;
    use crate::time::Instant;

    const UAH: &str = "UAH";

    fn entry(at: &str, currency: &str, kind: EntryKind, (from, to): (Side, Side), amount: i64) -> Entry {
        let at: jiff::Timestamp = at.parse().unwrap();
        Entry {
            certificate: RequestId::from_bytes([1; 16]),
            currency: currency.to_owned(),
            at: Instant::from_unix(at.as_second()).unwrap(),
            kind,
            from,
            to,
            amount: Amount::from_minor(amount),
            // A statement looks at what has moved alone.
            balance: Amount::ZERO,
            held: Amount::ZERO,
            expires_at: Instant::from_unix(0).unwrap(),
            standing: Standing::InUse,
            sale: None,
            note: None,
        }
    }

    fn index(entries: Vec<Entry>) -> Memory {
        let index = Memory::default();
        let accounts = (0..).zip(entries).map(|(place, entry)| {
            (Key::Entry(CertificateKey("k1:one".to_owned()), place), Account::Entry(Box::new(entry)))
        });
        index.apply(&accounts.collect(), 1).unwrap();
        index
    }

    /// Everything that can happen to certificates, in Kyiv, where the day of 25 October has 25 hours and ends at 22:00 UTC.
    fn everything() -> Memory {
        use EntryKind::{
            Blocked, Expired, Extended, Frozen, Held, Issued, Released, Returned, Spent, Unblocked,
        };
        use Side::{Balance, Expired as Over, Held as Kept, Issue, Spent as Gone};
        index(vec![
            entry("2026-10-24T20:59:59Z", UAH, Issued, (Issue, Balance), 50_000),
            entry("2026-10-24T21:00:00Z", UAH, Held, (Balance, Kept), 20_000),
            entry("2026-10-25T10:00:00Z", UAH, Spent, (Kept, Gone), 15_000),
            entry("2026-10-25T10:00:00Z", UAH, Released, (Kept, Balance), 5_000),
            entry("2026-10-25T12:00:00Z", "EUR", Issued, (Issue, Balance), 700),
            // A purchase that is paid after its hold has expired is paid out of the balance.
            entry("2026-10-25T21:59:59Z", UAH, Spent, (Balance, Gone), 1_000),
            entry("2026-10-25T22:00:00Z", UAH, Returned, (Gone, Balance), 4_000),
            entry("2026-10-26T08:00:00Z", UAH, Blocked, (Balance, Side::Blocked), 38_000),
            // Goods come back to a certificate that is out of use.
            entry("2026-10-26T09:00:00Z", UAH, Returned, (Gone, Side::Blocked), 2_000),
            entry("2026-10-27T08:00:00Z", UAH, Unblocked, (Side::Blocked, Balance), 40_000),
            entry("2026-10-28T08:00:00Z", UAH, Expired, (Balance, Over), 40_000),
            entry("2026-10-29T08:00:00Z", UAH, Extended, (Over, Balance), 40_000),
            entry("2026-10-30T08:00:00Z", UAH, Issued, (Issue, Balance), 30_000),
            entry("2026-10-30T09:00:00Z", UAH, Frozen, (Balance, Side::Blocked), 30_000),
            entry("2026-10-31T08:00:00Z", UAH, Spent, (Balance, Gone), 9_000),
        ])
    }

    fn told(index: &Memory, first: &str, last: &str, zone: &Zone) -> Vec<String> {
        let days = statement(index, first.parse().unwrap(), last.parse().unwrap(), zone).unwrap();
        let row = |((currency, day), sums): (&(String, Date), &Day)| {
            let moved = [
                ("issued", sums.issued),
                ("returned", sums.returned),
                ("reinstated", sums.reinstated),
                ("spent", sums.spent),
                ("expired", sums.expired),
                ("refunded", sums.refunded),
            ];
            let moved = moved.iter().filter(|(_, amount)| !amount.is_zero());
            let moved: Vec<String> = moved.map(|(name, amount)| format!("{name} {amount}")).collect();
            format!("{currency} {day} {} | {} | {}", sums.opening, moved.join(" "), sums.closing())
        };
        days.iter().map(row).collect()
    }

    #[test]
    fn what_is_owed_goes_from_day_to_day_in_each_currency() {
        let kyiv = Zone::named("Europe/Kyiv").unwrap();
        let index = everything();
        let days = told(&index, "2026-10-01", "2026-10-31", &kyiv);
        // Holds and blocks move nothing that is owed: 27 October is not there.
        assert_eq!(
            days,
            [
                "EUR 2026-10-25 0 | issued 700 | 700",
                "UAH 2026-10-24 0 | issued 50000 | 50000",
                "UAH 2026-10-25 50000 | spent 16000 | 34000",
                "UAH 2026-10-26 34000 | returned 6000 | 40000",
                "UAH 2026-10-28 40000 | expired 40000 | 0",
                "UAH 2026-10-29 0 | reinstated 40000 | 40000",
                "UAH 2026-10-30 40000 | issued 30000 refunded 30000 | 40000",
                "UAH 2026-10-31 40000 | spent 9000 | 31000",
            ]
        );
        // Whatever day it begins on, it opens with what the day before has closed with.
        for (first, last, expected) in
            [("2026-10-25", "2026-10-26", &days[2..4]), ("2026-10-29", "2026-10-30", &days[5..7])]
        {
            let part = told(&index, first, last, &kyiv);
            let part: Vec<&String> = part.iter().filter(|row| row.starts_with(UAH)).collect();
            assert_eq!(part, expected.iter().collect::<Vec<_>>());
        }
        // A quiet time says what is owed.
        assert_eq!(
            told(&index, "2026-10-27", "2026-10-27", &kyiv),
            ["EUR 2026-10-27 700 |  | 700", "UAH 2026-10-27 40000 |  | 40000"]
        );
        assert_eq!(
            told(&index, "2026-11-01", "2026-11-30", &kyiv),
            ["EUR 2026-11-01 700 |  | 700", "UAH 2026-11-01 31000 |  | 31000"]
        );
        assert!(told(&index, "2026-10-01", "2026-10-10", &kyiv).is_empty());
    }

    #[test]
    fn a_day_is_that_of_the_zone() {
        let index = everything();
        let days = told(&index, "2026-10-24", "2026-10-26", &Zone::utc());
        assert_eq!(
            days,
            [
                "EUR 2026-10-25 0 | issued 700 | 700",
                "UAH 2026-10-24 0 | issued 50000 | 50000",
                "UAH 2026-10-25 50000 | returned 4000 spent 16000 | 38000",
                "UAH 2026-10-26 38000 | returned 2000 | 40000",
            ]
        );
    }
}
