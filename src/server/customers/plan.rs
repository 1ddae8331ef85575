//! What writing profiles one after the other comes to, worked out before anything is written: so that thousands are a few statements.
//!
//! The outcome is that of the folder: a phone leads to whom it was written with last, and a profile that comes as it is kept is unchanged.

use std::collections::{BTreeMap, BTreeSet};

use super::phone::PhoneKey;
use super::profile::Profile;
use super::shelf::Put;

/// A profile as it stands in the tables.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// What it says; nothing where that cannot be read.
    pub(super) profile: Option<Profile>,
    /// The phone that leads to it.
    pub(super) phone: Option<PhoneKey>,
    /// Whether it is enciphered under the key of today.
    pub(super) is_current: bool,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What becomes of each profile, in their order.
    pub(super) puts: Vec<Put>,
    /// Profiles as they stand in the end, each with the phone that leads to it, by id.
    pub(super) written: BTreeMap<String, (Profile, Option<PhoneKey>)>,
    /// Phones that were given to somebody, with whom had it last: nobody else may have it any more.
    pub(super) taken: BTreeMap<PhoneKey, String>,
    /// Phones that lead nowhere any more, unless they were taken.
    pub(super) left: BTreeSet<PhoneKey>,
}

impl Plan {
    /// Works out what writing `profiles` comes to, where `standing` is what there is of their ids.
    pub(super) fn of(mut standing: BTreeMap<String, Standing>, profiles: &[Profile]) -> Self {
        let mut plan = Plan::default();
        let mut owners: BTreeMap<PhoneKey, String> =
            standing.iter().filter_map(|(id, stands)| Some((stands.phone?, id.clone()))).collect();
        for profile in profiles {
            let stands = standing.get(&profile.id);
            if stands.is_some_and(|stands| is_same(stands, profile)) {
                plan.puts.push(Put::Unchanged);
                continue;
            }
            plan.puts.push(Put::Taken);
            if let Some(old) =
                stands.and_then(|stands| stands.phone).filter(|old| profile.phone != Some(*old))
            {
                owners.remove(&old);
                plan.left.insert(old);
            }
            if let Some(phone) = profile.phone {
                let before = owners.insert(phone, profile.id.clone()).filter(|before| *before != profile.id);
                if let Some(before) = before {
                    if let Some(stands) = standing.get_mut(&before) {
                        stands.phone = None;
                    }
                    if let Some((_, phone)) = plan.written.get_mut(&before) {
                        *phone = None;
                    }
                }
                plan.taken.insert(phone, profile.id.clone());
            }
            let stands = Standing { profile: Some(profile.clone()), phone: profile.phone, is_current: true };
            standing.insert(profile.id.clone(), stands);
            plan.written.insert(profile.id.clone(), (profile.clone(), profile.phone));
        }
        plan
    }
}

/// Whether nothing is to be written: the phone must lead here, too, for another may have taken it.
fn is_same(stands: &Standing, profile: &Profile) -> bool {
    let says_the_same = stands.profile.as_ref().is_some_and(|kept| kept.says_the_same(profile));
    says_the_same && stands.is_current && stands.phone == profile.phone
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: PhoneKey = PhoneKey([1; 16]);
    const Q: PhoneKey = PhoneKey([2; 16]);

    fn profile(id: &str, phone: Option<PhoneKey>) -> Profile {
        Profile { id: id.to_owned(), phone, ..Profile::default() }
    }

    fn standing(kept: &[(&str, Option<PhoneKey>, Option<PhoneKey>)]) -> BTreeMap<String, Standing> {
        let one = |&(id, says, phone): &(&str, Option<PhoneKey>, Option<PhoneKey>)| {
            (id.to_owned(), Standing { profile: Some(profile(id, says)), phone, is_current: true })
        };
        kept.iter().map(one).collect()
    }

    fn phones(plan: &Plan) -> Vec<(&str, Option<PhoneKey>)> {
        plan.written.iter().map(|(id, (_, phone))| (id.as_str(), *phone)).collect()
    }

    #[test]
    fn a_phone_leads_to_whom_it_was_written_with_last() {
        let kept = standing(&[("a", Some(P), Some(P)), ("b", Some(Q), Some(Q))]);
        let plan = Plan::of(kept, &[profile("a", Some(Q)), profile("b", Some(P))]);
        assert_eq!(phones(&plan), [("a", Some(Q)), ("b", Some(P))]);
        assert_eq!(plan.taken, [(P, "b".to_owned()), (Q, "a".to_owned())].into());

        // Within a batch, too; and who has lost it has it again when the CRM says so.
        let plan = Plan::of(BTreeMap::new(), &[profile("a", Some(P)), profile("b", Some(P))]);
        assert_eq!(phones(&plan), [("a", None), ("b", Some(P))]);
        let kept = standing(&[("a", Some(P), None), ("b", Some(P), Some(P))]);
        let plan = Plan::of(kept, &[profile("b", Some(P)), profile("a", Some(P))]);
        assert_eq!(plan.puts, [Put::Unchanged, Put::Taken]);
        assert_eq!(phones(&plan), [("a", Some(P))]);

        // Taken and left again: it is nobody's.
        let plan = Plan::of(BTreeMap::new(), &[profile("a", Some(P)), profile("a", None)]);
        assert_eq!((phones(&plan), plan.taken.contains_key(&P)), (vec![("a", None)], true));
        assert!(plan.left.contains(&P));
    }

    #[test]
    fn what_comes_as_it_is_kept_is_not_written() {
        let kept = standing(&[("a", Some(P), Some(P)), ("b", None, None)]);
        let plan = Plan::of(kept.clone(), &[profile("a", Some(P)), profile("b", None), profile("c", None)]);
        assert_eq!(plan.puts, [Put::Unchanged, Put::Unchanged, Put::Taken]);
        assert_eq!(phones(&plan), [("c", None)]);

        // But under the key of today, and where it can be read.
        let mut old = kept.clone();
        old.get_mut("a").unwrap().is_current = false;
        old.get_mut("b").unwrap().profile = None;
        let plan = Plan::of(old, &[profile("a", Some(P)), profile("b", None), profile("b", None)]);
        assert_eq!(plan.puts, [Put::Taken, Put::Taken, Put::Unchanged]);
    }
}
