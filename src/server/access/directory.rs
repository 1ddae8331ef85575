//! All callers, found by what they present.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::caller::{Caller, Refused};
use super::matrix::{ForTwo, METHODS, Method};
use super::token::TokenHash;
use crate::time::Instant;

/// What comes with a call.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Nothing.
    None,
    /// A token. It counts alone: one that is wrong is not made good by a certificate.
    Token(TokenHash),
    /// The names in the certificate of the connection, which was verified: `dns:…`, `uri:…`, `email:…`.
    Certificate(Arc<[String]>),
}

impl Credential {
    /// What is kept of a token while its call runs.
    #[must_use]
    pub fn token(token: &str) -> Self {
        Credential::Token(TokenHash::of(token))
    }
}

/// What two must ask for before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FourEyes {
    /// That a call puts rules in force.
    pub publish: bool,
    /// That a call makes, or takes in, more codes than this.
    pub codes_over: Option<u32>,
}

impl FourEyes {
    fn holds(self, what: ForTwo) -> bool {
        match what {
            ForTwo::Rules => self.publish,
            ForTwo::Codes => self.codes_over.is_some(),
        }
    }
}

/// Who is known. Empty, nobody may anything.
#[derive(Debug, Default)]
pub struct Directory {
    pub(super) tokens: BTreeMap<TokenHash, Arc<Caller>>,
    pub(super) certificates: BTreeMap<String, Arc<Caller>>,
    /// Whoever has no credential, where that may ask for quotes.
    pub(super) open: Option<Arc<Caller>>,
    /// What one alone may not do.
    pub(super) four_eyes: FourEyes,
}

impl Directory {
    /// Who calls, when it may call that method now.
    ///
    /// # Errors
    /// Nobody may, or nobody like this: with who it would be, where that is known.
    pub fn admit(
        &self,
        credential: &Credential,
        method: &Method,
        now: Instant,
    ) -> Result<Arc<Caller>, (Refused, Option<Arc<Caller>>)> {
        let caller = match credential {
            Credential::Token(hash) => self.tokens.get(hash),
            Credential::Certificate(names) => names.iter().find_map(|name| self.certificates.get(name)),
            Credential::None => {
                let open = self.open.as_ref().filter(|_| method.is_open);
                return open.cloned().ok_or((Refused::NoCredential, None));
            }
        };
        let caller = caller.ok_or((Refused::UnknownCredential, None))?;
        match caller.may_call(method, now) {
            Ok(()) => Ok(Arc::clone(caller)),
            Err(refused) => Err((refused, Some(Arc::clone(caller)))),
        }
    }

    /// What two must ask for.
    #[must_use]
    pub fn four_eyes(&self) -> FourEyes {
        self.four_eyes
    }

    /// Whether somebody of that name may call that method now.
    #[must_use]
    pub fn has(&self, name: &str, method: &Method, now: Instant) -> bool {
        self.may_call(method, now).any(|one| one == name)
    }

    /// The methods by which nobody can do what two must ask for, since fewer than two may call them.
    pub fn out_of_reach(&self, now: Instant) -> impl Iterator<Item = &'static Method> {
        let held =
            METHODS.iter().filter(|method| method.for_two.is_some_and(|what| self.four_eyes.holds(what)));
        held.filter(move |method| self.may_call(method, now).collect::<BTreeSet<_>>().len() < 2)
    }

    /// The names of those who may call that method now; one that has several credentials comes several times.
    fn may_call(&self, method: &Method, now: Instant) -> impl Iterator<Item = &str> {
        let callers = self.tokens.values().chain(self.certificates.values());
        callers.filter(move |caller| caller.may_call(method, now).is_ok()).map(|caller| caller.name.as_str())
    }

    /// How many credentials there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len() + self.certificates.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
