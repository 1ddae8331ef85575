//! Profiles of customers: from the wire and back, and into a request that names only a customer.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::basket::{Fault, Problem, limits};
use crate::server::customers::{Customers, Known, PROFILE_BYTES_MAX, Profile, Who};
use crate::server::wire;

/// Reads a profile that changes at `now`. Fields are named from the profile on: `birthday`.
///
/// # Errors
/// Every fault. None of them repeats what stood in a field.
pub fn profile(customers: &Customers, asked: wire::Profile, now: Timestamp) -> Result<Profile, Vec<Fault>> {
    let mut faults = Faults::default();
    faults.needed("id", &asked.id);
    faults.text("tier", &asked.tier);
    faults.texts("segments", asked.segments.iter().map(|segment| (segment, None)), asked.segments.len());
    let attributes = asked.attributes.iter().map(|(name, value)| (name, Some(value)));
    faults.texts("attributes", attributes, asked.attributes.len());
    let phone = faults.read("phone", &asked.phone, |typed| customers.phone_key(typed).ok());
    let birthday = faults.read("birthday", &asked.birthday, |text| text.parse::<Date>().ok());
    let profile = Profile {
        id: asked.id,
        phone,
        segments: asked.segments,
        tier: asked.tier,
        birthday,
        first_purchase: asked.first_purchase,
        attributes: asked.attributes,
        // As precise as it is kept: the answer now is the answer after a restart.
        updated_at: Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now),
    };
    if faults.0.is_empty() && profile.to_bytes().len() > PROFILE_BYTES_MAX {
        faults.add("attributes", Problem::TooLong(PROFILE_BYTES_MAX));
    }
    if faults.0.is_empty() { Ok(profile) } else { Err(faults.0) }
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, field: &str, problem: Problem) {
        self.0.push(Fault { field: field.to_owned(), problem });
    }

    fn text(&mut self, field: &str, text: &str) {
        if text.len() > limits::TEXT_BYTES_MAX {
            self.add(field, Problem::TooLong(limits::TEXT_BYTES_MAX));
        }
    }

    fn needed(&mut self, field: &str, text: &str) {
        if text.is_empty() {
            self.add(field, Problem::Missing);
        }
        self.text(field, text);
    }

    fn texts<'a>(
        &mut self,
        field: &str,
        texts: impl Iterator<Item = (&'a String, Option<&'a String>)>,
        count: usize,
    ) {
        if count > limits::WORDS_MAX {
            return self.add(field, Problem::TooMany(limits::WORDS_MAX));
        }
        for (place, (text, value)) in texts.enumerate() {
            // The name of an attribute is the caller's text: it is not repeated.
            let field = if value.is_some() { field.to_owned() } else { format!("{field}[{place}]") };
            self.text(&field, text);
            if let Some(value) = value {
                self.text(&field, value);
            }
        }
    }

    fn read<T>(&mut self, field: &str, text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        if text.is_empty() {
            return None;
        }
        let value = read(text);
        if value.is_none() {
            self.add(field, Problem::Unreadable);
        }
        value
    }
}

/// A profile as it is answered: without the phone, which nobody can read back.
#[must_use]
pub fn told(profile: Profile) -> wire::Profile {
    wire::Profile {
        id: profile.id,
        phone: String::new(),
        segments: profile.segments,
        tier: profile.tier,
        birthday: profile.birthday.map(|day| day.to_string()).unwrap_or_default(),
        first_purchase: profile.first_purchase,
        attributes: profile.attributes,
        update_time: Some(crate::server::timestamp::Timestamp {
            seconds: profile.updated_at.as_second(),
            nanos: profile.updated_at.subsec_nanosecond(),
        }),
        has_phone: profile.phone.is_some(),
    }
}

/// Whose profile a request lacks; nobody's where it names no customer, or says all that a profile could.
#[must_use]
pub fn asked_for(asked: &wire::QuoteRequest) -> Option<Who> {
    let customer = asked.context.as_ref()?.customer.as_ref()?;
    let says_all = !customer.segments.is_empty()
        && !customer.tier.is_empty()
        && !customer.birthday.is_empty()
        && !customer.attributes.is_empty();
    match customer {
        // What is longer is a fault that the check of the request names.
        _ if says_all || customer.id.len().max(customer.phone.len()) > limits::TEXT_BYTES_MAX => None,
        wire::Customer { id, .. } if !id.is_empty() => Some(Who::Id(id.clone())),
        wire::Customer { phone, .. } if !phone.is_empty() => Some(Who::Phone(phone.clone())),
        _ => None,
    }
}

/// Fills what a request does not say of its customer from the profile. Where that is not known the sale goes on without one.
pub fn fill(asked: &mut wire::QuoteRequest, known: Known) {
    let customer = asked.context.as_mut().and_then(|context| context.customer.as_mut());
    let (Some(customer), Known::Profile(profile)) = (customer, known) else { return };
    let profile = *profile;
    if customer.id.is_empty() {
        customer.id = profile.id;
    }
    if customer.segments.is_empty() {
        customer.segments = profile.segments;
    }
    if customer.tier.is_empty() {
        customer.tier = profile.tier;
    }
    if customer.birthday.is_empty() {
        customer.birthday = profile.birthday.map(|day| day.to_string()).unwrap_or_default();
    }
    customer.first_purchase |= profile.first_purchase.unwrap_or_default();
    for (name, value) in profile.attributes {
        customer.attributes.entry(name).or_insert(value);
    }
}
