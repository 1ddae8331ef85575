//! Which role may call which method. What is not listed nobody may call: a test holds the list against the methods that there are, and the
//! table of `docs/access.md` against the list.

use super::role::Role::{self, Admin, Auditor, Crm, Issuer, Marketer, Shop, Support, Till};

/// One method of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// Its path, as HTTP/2 has it.
    pub path: &'static str,
    /// Who may call it, beside admins.
    pub roles: &'static [Role],
    /// Whether it changes anything: then every call of it is in the audit log.
    pub changes: bool,
    /// Whether who has no credential may call it, where the service is told so.
    pub is_open: bool,
    /// Whether it is a stream that may run for days: who calls is asked again before each answer, and each second.
    pub runs: bool,
    /// What two must ask for, where the service is told so, when this is called.
    pub for_two: Option<ForTwo>,
}

/// What two must ask for, where the service is told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForTwo {
    /// Rules that are put in force.
    Rules,
    /// Many codes.
    Codes,
}

impl Method {
    /// Its name without the package, such as `RedemptionService/Reserve`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.strip_prefix("/pricewright.v1.").unwrap_or(self.path)
    }

    const fn running(self) -> Self {
        Method { runs: true, ..self }
    }

    const fn for_two(self, what: ForTwo) -> Self {
        Method { for_two: Some(what), ..self }
    }

    /// Whether a role may call it.
    #[must_use]
    pub fn allows(&self, role: Role) -> bool {
        role == Admin || self.roles.contains(&role)
    }
}

const fn reads(path: &'static str, roles: &'static [Role]) -> Method {
    Method { path, roles, changes: false, is_open: false, runs: false, for_two: None }
}

const fn quotes(path: &'static str) -> Method {
    Method { is_open: true, ..reads(path, &[Till, Shop, Crm, Marketer, Support]) }
}

const fn changes(path: &'static str, roles: &'static [Role]) -> Method {
    Method { changes: true, ..reads(path, roles) }
}

/// All methods, the most frequent first: they are looked for in this order.
pub const METHODS: [Method; 34] = [
    quotes("/pricewright.v1.PricingService/Quote"),
    quotes("/pricewright.v1.PricingService/QuoteStream").running(),
    quotes("/pricewright.v1.PricingService/BatchQuote"),
    changes("/pricewright.v1.RedemptionService/Reserve", &[Till, Shop]),
    changes("/pricewright.v1.RedemptionService/Commit", &[Till, Shop]),
    changes("/pricewright.v1.RedemptionService/Cancel", &[Till, Shop]),
    changes("/pricewright.v1.RedemptionService/Refund", &[Till, Shop]),
    reads("/pricewright.v1.RedemptionService/GetSale", &[Till, Shop, Support, Auditor]),
    changes("/pricewright.v1.CertificateService/Issue", &[Till, Shop, Issuer]),
    // It sends a message to a phone.
    changes("/pricewright.v1.CertificateService/RequestOtp", &[Till, Shop]),
    reads("/pricewright.v1.CertificateService/GetBalance", &[Till, Shop, Support]),
    reads("/pricewright.v1.CertificateService/ListEntries", &[Till, Shop, Support, Auditor]),
    changes("/pricewright.v1.CertificateService/Block", &[Support]),
    changes("/pricewright.v1.CertificateService/Unblock", &[Support]),
    changes("/pricewright.v1.CertificateService/Extend", &[Support]),
    changes("/pricewright.v1.CertificateService/Transfer", &[Support]),
    reads("/pricewright.v1.CertificateService/Statement", &[Auditor]),
    reads("/pricewright.v1.CertificateService/ListUndelivered", &[Support, Auditor]),
    changes("/pricewright.v1.CodeService/Generate", &[Crm, Marketer]).for_two(ForTwo::Codes),
    changes("/pricewright.v1.CodeService/Import", &[Crm, Marketer]).for_two(ForTwo::Codes),
    reads("/pricewright.v1.CodeService/Inspect", &[Crm, Marketer, Support]),
    changes("/pricewright.v1.CodeService/Disable", &[Crm, Marketer, Support]),
    changes("/pricewright.v1.CustomerService/Upsert", &[Crm]),
    changes("/pricewright.v1.CustomerService/Import", &[Crm]),
    reads("/pricewright.v1.CustomerService/Get", &[Crm, Support]),
    changes("/pricewright.v1.CustomerService/Delete", &[Crm]),
    reads("/pricewright.v1.RulebookService/GetActive", &[Till, Shop, Crm, Marketer, Support, Auditor]),
    reads("/pricewright.v1.RulebookService/Watch", &[Till, Shop, Crm, Marketer, Support, Auditor]).running(),
    reads("/pricewright.v1.RulebookService/Check", &[Marketer]),
    changes("/pricewright.v1.RulebookService/Publish", &[Marketer]).for_two(ForTwo::Rules),
    reads("/pricewright.v1.RulebookService/ListVersions", &[Marketer, Auditor]),
    reads("/pricewright.v1.RulebookService/Diff", &[Marketer, Auditor]),
    changes("/pricewright.v1.RulebookService/Rollback", &[Marketer]).for_two(ForTwo::Rules),
    reads("/pricewright.v1.ReportService/Promotions", &[Marketer, Auditor]),
];

/// The method at a path.
#[must_use]
pub fn method(path: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.path == path)
}
