//! What a price knows of a customer: it goes on without what cannot be looked up, and says so.

use super::folder::Error;
use super::profile::Profile;

/// What a price knows of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The profile.
    Profile(Box<Profile>),
    /// There is none.
    Nobody,
    /// It cannot be looked up at the moment.
    Unchecked,
}

impl From<Result<Option<Profile>, Error>> for Known {
    fn from(found: Result<Option<Profile>, Error>) -> Self {
        match found {
            Ok(Some(profile)) => Known::Profile(Box::new(profile)),
            Ok(None) => Known::Nobody,
            Err(_) => Known::Unchecked,
        }
    }
}
