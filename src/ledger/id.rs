//! The names of things in the ledger. None of them says who a customer is.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of one changing call: a UUID that the caller stores before it calls, and sends again until it has an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(Uuid);

impl RequestId {
    /// Reads a UUID; `None` when it is none, or the one of zeros that a caller sends who forgot to make one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().filter(|id| !id.is_nil()).map(RequestId)
    }

    /// The id of these 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        RequestId(Uuid::from_bytes(bytes))
    }

    /// Its 16 bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        *self.0.as_bytes()
    }

    /// The sale that a reservation with this id makes: a caller that lost the answer knows its sale all the same.
    #[must_use]
    pub const fn sale(self) -> SaleId {
        SaleId(self.0)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of one purchase: that of the request that reserved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SaleId(Uuid);

impl SaleId {
    /// Reads a UUID; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        RequestId::parse(text).map(RequestId::sale)
    }
}

impl fmt::Display for SaleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A customer as limits know one: a keyed hash of the retailer's id, or of the phone. Made at the edge, where the key is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerKey(pub String);

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey")
    }
}

/// A gift certificate, as the keyed hash of its number. Made at the edge, where the key is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CertificateKey(pub String);

impl fmt::Debug for CertificateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateKey")
    }
}

/// What a request says, as a keyed hash: equal for equal contents. A plain hash would let a PIN be guessed from the journal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(pub String);

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_and_not_the_one_of_zeros() {
        let text = "0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10";
        assert_eq!(RequestId::parse(text).unwrap().to_string(), text);
        assert_eq!(RequestId::parse(text).unwrap().sale(), SaleId::parse(text).unwrap());
        for wrong in ["", "1", "00000000-0000-0000-0000-000000000000", "0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e1z"]
        {
            assert_eq!(RequestId::parse(wrong), None, "{wrong}");
        }
    }
}
