//! One purchase from its reservation to its last refund.

use serde::{Deserialize, Serialize};

use super::certificate::Payment;
use super::counter::Take;
use super::id::CertificateKey;
use super::purchase::Purchase;
use crate::money::Amount;
use crate::time::Instant;

/// Where a sale stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Reserved: what it takes is held.
    Held,
    /// Paid: what it takes is kept.
    Committed,
    /// Called off: nothing is held.
    Cancelled,
    /// Its time is over: nothing is held; it may still be paid while the value is there.
    Expired,
}

/// A purchase and all that became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// Where it stands.
    pub state: State,
    /// When it was reserved.
    pub reserved_at: Instant,
    /// When its holds end.
    pub expires_at: Instant,
    /// When it was paid, called off or ended.
    pub ended_at: Option<Instant>,
    /// The purchase as it was reserved.
    pub reserved: Purchase,
    /// The purchase as it was paid, where only a part was.
    pub paid: Option<Purchase>,
    /// What it holds, or keeps.
    pub takes: Vec<Take>,
    /// What came back, in order.
    pub returns: Vec<Return>,
    /// The certificates that were issued for it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issued: Vec<Issued>,
}

/// A certificate that was issued for one piece of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The line's id.
    pub line: String,
    /// The certificate.
    pub certificate: CertificateKey,
    /// Whether the piece came back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_frozen: bool,
}

/// Units that came back at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// When.
    pub at: Instant,
    /// Which units.
    pub lines: Vec<ReturnedLine>,
    /// Whether the delivery was paid back.
    pub delivery: bool,
    /// What the customer got back in all.
    pub amount: Amount,
    /// Points that were taken back.
    pub points: u64,
    /// The purchase priced again without them, where that was asked for: its lines are those that are left.
    pub repriced: Option<Purchase>,
    /// What of it went back to certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// The certificates among the goods: they are out of use from then on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frozen: Vec<CertificateKey>,
}

/// Units of one group of a line that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLine {
    /// The line's id.
    pub line: String,
    /// The place of the group among the line's units, as the purchase had them then.
    pub group: usize,
    /// How many.
    pub quantity: u32,
    /// What they cost together.
    pub amount: Amount,
}

impl Sale {
    /// The purchase as it was paid; before that, as it was reserved.
    #[must_use]
    pub fn sold(&self) -> &Purchase {
        self.paid.as_ref().unwrap_or(&self.reserved)
    }

    /// The purchase by which units still come back: as it was priced last.
    #[must_use]
    pub fn current(&self) -> &Purchase {
        self.returns.iter().rev().find_map(|back| back.repriced.as_ref()).unwrap_or_else(|| self.sold())
    }

    /// The returns after [`Sale::current`] was priced: their units are no longer there.
    pub fn since_priced(&self) -> impl Iterator<Item = &Return> {
        let priced = self.returns.iter().rposition(|back| back.repriced.is_some());
        self.returns.iter().skip(priced.map_or(0, |place| place + 1))
    }

    /// Units of a group of a line of [`Sale::current`] that did not come back.
    #[must_use]
    pub fn units_left(&self, line: &str, group: usize) -> u32 {
        let units = self.current().line(line).and_then(|line| line.units.get(group));
        let back = self
            .since_priced()
            .flat_map(|back| &back.lines)
            .filter(|back| back.line == line && back.group == group)
            .fold(0_u32, |sum, back| sum.saturating_add(back.quantity));
        units.map_or(0, |units| units.quantity.saturating_sub(back))
    }

    /// What the customer has paid and not got back.
    #[must_use]
    pub fn value_left(&self) -> Amount {
        if self.state != State::Committed {
            return Amount::ZERO;
        }
        self.sold().total.above(self.returns.iter().map(|back| back.amount).sum())
    }

    /// What of [`Sale::value_left`] was paid with money.
    #[must_use]
    pub fn money_left(&self) -> Amount {
        let to_certificates: Amount =
            self.returns.iter().flat_map(|back| &back.payments).map(|payment| payment.amount).sum();
        self.value_left().above(self.sold().paid_by_certificates().above(to_certificates))
    }

    /// What a certificate paid and did not get back.
    #[must_use]
    pub fn paid_by(&self, certificate: &CertificateKey) -> Amount {
        let of = |payments: &[Payment]| -> Amount {
            let own = payments.iter().filter(|payment| payment.certificate == *certificate);
            own.map(|payment| payment.amount).sum()
        };
        let back: Amount = self.returns.iter().map(|back| of(&back.payments)).sum();
        of(&self.sold().payments).above(back)
    }

    /// The certificates of a line that are in use, in the order in which they were issued.
    pub fn certificates_of(&self, line: &str) -> impl DoubleEndedIterator<Item = &CertificateKey> {
        self.issued.iter().filter(move |one| one.line == line && !one.is_frozen).map(|one| &one.certificate)
    }

    /// Pieces of a line of [`Sale::current`] that did not come back.
    #[must_use]
    pub fn pieces_left(&self, line: &str) -> u32 {
        let groups = self.current().line(line).map_or(0, |line| line.units.len());
        (0..groups).map(|group| self.units_left(line, group)).fold(0, u32::saturating_add)
    }

    /// Points that the customer has earned and that were not taken back.
    #[must_use]
    pub fn points_left(&self) -> u64 {
        if self.state != State::Committed {
            return 0;
        }
        self.returns.iter().fold(self.sold().points, |left, back| left.saturating_sub(back.points))
    }

    /// Whether the delivery was paid for and not paid back.
    #[must_use]
    pub fn has_delivery(&self) -> bool {
        !self.current().delivery_total.is_zero() && !self.since_priced().any(|back| back.delivery)
    }
}
