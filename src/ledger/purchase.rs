//! What is bought and at which price, as it was priced: the receipt, without a word about who buys.

use serde::{Deserialize, Serialize};

use super::certificate::Payment;
use super::codes::OpenedCode;
use super::id::CustomerKey;
use crate::money::Amount;

/// A priced basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The digest of the rulebook that priced it.
    pub rulebook: String,
    /// The request that was priced, in proto3 JSON: by it the purchase can be priced again. Id and phone of the customer, PINs and
    /// generated codes are not in it.
    pub asked: String,
    /// Who buys, by every name under which limits count one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customer: Vec<CustomerKey>,
    /// The generated codes that were good for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<OpenedCode>,
    /// Where: the channel, and the store.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// The store's id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub store: String,
    /// ISO 4217.
    pub currency: String,
    /// What the goods cost before promotions.
    pub list_total: Amount,
    /// What is taken off the goods.
    pub discount_total: Amount,
    /// What the delivery costs in the end.
    pub delivery_total: Amount,
    /// What the customer pays: `list_total − discount_total + delivery_total`.
    pub total: Amount,
    /// The lines, in the order of the request.
    pub lines: Vec<SoldLine>,
    /// The promotions that applied, by id in byte order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promotions: Vec<SoldPromotion>,
    /// The gifts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gifts: Vec<SoldGift>,
    /// Points that it earns.
    #[serde(default)]
    pub points: u64,
    /// The certificates that pay a part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
}

impl Purchase {
    /// What certificates may pay: all but certificates that are sold. Else one could be renewed for ever, for nothing.
    #[must_use]
    pub fn payable(&self) -> Amount {
        self.total.above(self.certificates_total())
    }

    /// What the certificates that are sold cost.
    #[must_use]
    pub fn certificates_total(&self) -> Amount {
        let sold = self.lines.iter().filter(|line| line.is_certificate).flat_map(|line| &line.units);
        sold.map(|units| units.price.times(units.quantity)).sum()
    }

    /// What certificates pay.
    #[must_use]
    pub fn paid_by_certificates(&self) -> Amount {
        self.payments.iter().map(|payment| payment.amount).sum()
    }

    /// The line of that id.
    #[must_use]
    pub fn line(&self, id: &str) -> Option<&SoldLine> {
        self.lines.iter().find(|line| line.id == id)
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldLine {
    /// The caller's name for it.
    pub id: String,
    /// The stock-keeping unit.
    pub sku: String,
    /// What one piece costs before promotions.
    pub list_price: Amount,
    /// Its units by price.
    pub units: Vec<SoldUnits>,
    /// Whether each of its pieces is a gift certificate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_certificate: bool,
}

impl SoldLine {
    /// Pieces in all.
    #[must_use]
    pub fn quantity(&self) -> u32 {
        self.units.iter().fold(0, |sum, units| sum.saturating_add(units.quantity))
    }
}

/// Units of one line that cost the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldUnits {
    /// How many.
    pub quantity: u32,
    /// What one costs in the end.
    pub price: Amount,
    /// Which promotions took how much off one, in the order in which they took effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<(String, Amount)>,
}

impl SoldUnits {
    /// Whether a promotion took something off them.
    #[must_use]
    pub fn has(&self, promotion: &str) -> bool {
        self.discounts.iter().any(|(id, _)| id == promotion)
    }
}

/// A promotion that applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldPromotion {
    /// Its id.
    pub id: String,
    /// What the receipt shows.
    pub name: String,
    /// What it took off goods or delivery in all.
    pub amount: Amount,
    /// Units that it reduced.
    pub units: u32,
    /// Points that it earned.
    #[serde(default)]
    pub points: u64,
}

/// A gift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldGift {
    /// The promotion that gives it.
    pub promotion: String,
    /// Which goods; empty while the customer has not chosen.
    pub sku: String,
    /// Pieces.
    pub quantity: u32,
    /// The line whose units became the gift; empty for pieces on top of the basket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub line: String,
}
