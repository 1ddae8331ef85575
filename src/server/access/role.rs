//! What callers are: a closed list, in the order of the documentation.

use std::fmt;

use serde::Deserialize;

/// What a caller is, and by that what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A till of a store.
    Till,
    /// The server of the web shop or of the app.
    Shop,
    /// The system that knows customers and makes codes for them.
    Crm,
    /// Who writes rules.
    Marketer,
    /// Who issues gift certificates beside a till.
    Issuer,
    /// Who helps customers.
    Support,
    /// Who looks and changes nothing.
    Auditor,
    /// Who may do everything.
    Admin,
}

/// All of them.
pub const ROLES: [Role; 8] = [
    Role::Till,
    Role::Shop,
    Role::Crm,
    Role::Marketer,
    Role::Issuer,
    Role::Support,
    Role::Auditor,
    Role::Admin,
];

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Till => "till",
            Role::Shop => "shop",
            Role::Crm => "crm",
            Role::Marketer => "marketer",
            Role::Issuer => "issuer",
            Role::Support => "support",
            Role::Auditor => "auditor",
            Role::Admin => "admin",
        })
    }
}
