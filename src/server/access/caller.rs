//! Who calls, once that is known.

use super::matrix::Method;
use super::role::Role;
use crate::time::Instant;

/// Somebody with a credential, or whoever has none where the service is open to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// Its name in the file of access, for the audit log.
    pub name: String,
    /// What it is.
    pub roles: Vec<Role>,
    /// The stores for which it speaks; all where nothing is said.
    pub stores: Option<Vec<String>>,
    /// The channels for which it speaks; all where nothing is said.
    pub channels: Option<Vec<String>>,
    /// Whether it takes back what was bought anywhere: the other stores of the chain too.
    pub returns_anywhere: bool,
    /// Whether it is whoever has no credential.
    pub is_open: bool,
    /// When its credential ends.
    pub expires_at: Option<Instant>,
}

/// Why a caller may not do what it asks for. It is told none of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It sent no credential.
    NoCredential,
    /// Nobody has this credential.
    UnknownCredential,
    /// Its credential has ended.
    ExpiredCredential,
    /// None of its roles may call the method.
    Role,
    /// It does not speak for this store.
    Store,
    /// It does not speak for this channel.
    Channel,
    /// It is not known, and asks for a customer.
    Customer,
}

impl Refused {
    /// A word for the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Refused::NoCredential => "no credential",
            Refused::UnknownCredential => "unknown credential",
            Refused::ExpiredCredential => "expired credential",
            Refused::Role => "role",
            Refused::Store => "store",
            Refused::Channel => "channel",
            Refused::Customer => "customer",
        }
    }

    /// Whether it is not known who calls: otherwise it is, and may not.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        matches!(self, Refused::NoCredential | Refused::UnknownCredential | Refused::ExpiredCredential)
    }
}

impl Caller {
    /// Whether it may call a method now.
    ///
    /// # Errors
    /// Its credential has ended, or no role of it may.
    pub fn may_call(&self, method: &Method, now: Instant) -> Result<(), Refused> {
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Refused::ExpiredCredential);
        }
        let is_allowed = self.roles.iter().any(|role| method.allows(*role));
        if is_allowed { Ok(()) } else { Err(Refused::Role) }
    }

    /// Whether it speaks for a purchase there. Who is bound to stores must name one.
    ///
    /// # Errors
    /// It does not.
    pub fn may_speak_for(&self, store: &str, channel: &str) -> Result<(), Refused> {
        let is_one_of = |list: &Option<Vec<String>>, name: &str| {
            list.as_ref().is_none_or(|list| list.iter().any(|one| one == name))
        };
        if !is_one_of(&self.stores, store) {
            return Err(Refused::Store);
        }
        if is_one_of(&self.channels, channel) { Ok(()) } else { Err(Refused::Channel) }
    }

    /// Whether it is bound to stores or channels at all.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.stores.is_some() || self.channels.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::super::matrix::method;
    use super::*;

    #[test]
    fn who_is_bound_speaks_for_its_own() {
        let list = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        let bound = Caller { stores: list(&["kyiv-01"]), channels: list(&["store"]), ..Caller::default() };
        assert_eq!(bound.may_speak_for("kyiv-01", "store"), Ok(()));
        for (store, channel, refused) in [
            ("kyiv-02", "store", Refused::Store),
            ("", "store", Refused::Store),
            ("KYIV-01", "store", Refused::Store),
            ("kyiv-01", "web", Refused::Channel),
            ("kyiv-01", "", Refused::Channel),
        ] {
            assert_eq!(bound.may_speak_for(store, channel), Err(refused), "{store} {channel}");
        }
        assert_eq!(Caller::default().may_speak_for("", ""), Ok(()));
    }

    #[test]
    fn a_credential_ends_at_its_second() {
        let reserve = method("/pricewright.v1.RedemptionService/Reserve").unwrap();
        let at = |second| Instant::from_unix(second).unwrap();
        let till = Caller { roles: vec![Role::Till], expires_at: Some(at(100)), ..Caller::default() };
        assert_eq!(till.may_call(reserve, at(99)), Ok(()));
        assert_eq!(till.may_call(reserve, at(100)), Err(Refused::ExpiredCredential));
        let crm = Caller { roles: vec![Role::Crm], ..Caller::default() };
        assert_eq!(crm.may_call(reserve, at(99)), Err(Refused::Role));
    }
}
