//! Profiles of a database that are in memory: as many as there is room for, those that were asked for last.
//!
//! It knows no clock and no database. Whoever looks something up takes the [`Cache::epoch`] before: where anything was dropped meanwhile,
//! what was found may be older than that, and is not kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Steady};

use super::phone::PhoneKey;
use super::profile::Profile;

/// Bytes of profiles in memory, about: some three hundred thousand of the usual size.
const PROFILE_BYTES_MAX: usize = 96 << 20;
/// Bytes of phones in memory, and whom they lead to, about.
const PHONE_BYTES_MAX: usize = 32 << 20;
/// What an entry takes beside its texts, about.
const ENTRY_BYTES: usize = 160;
/// How long is remembered that there is no such customer. Whoever becomes one is heard of before; this bounds what guesses may fill.
const NOBODY_FOR: Duration = Duration::from_secs(30);

/// What a customer is found by.
#[derive(Debug, Clone)]
pub(super) enum Name {
    /// The id.
    Id(String),
    /// The phone, under every key that there is, that of today first.
    Phone(Vec<PhoneKey>),
}

/// The cache.
#[derive(Debug)]
pub(super) struct Cache(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    epoch: u64,
    // A customer, or since when there is none.
    profiles: Generations<String, Result<Arc<Profile>, Steady>>,
    phones: Generations<PhoneKey, Result<String, Steady>>,
}

impl Default for Cache {
    fn default() -> Self {
        Cache::of(PROFILE_BYTES_MAX, PHONE_BYTES_MAX)
    }
}

impl Cache {
    fn of(profile_bytes_max: usize, phone_bytes_max: usize) -> Self {
        let (profiles, phones) = (Generations::new(profile_bytes_max), Generations::new(phone_bytes_max));
        Cache(Mutex::new(Inner { epoch: 0, profiles, phones }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever anything is dropped.
    pub(super) fn epoch(&self) -> u64 {
        self.inner().epoch
    }

    /// What is known of a customer at `now`: the profile, that there is none, or nothing at all.
    pub(super) fn get(&self, name: &Name, now: Steady) -> Option<Option<Arc<Profile>>> {
        let mut inner = self.inner();
        let phones = match name {
            Name::Id(id) => return inner.profile(id, now),
            Name::Phone(phones) => phones,
        };
        for phone in phones {
            match inner.phones.get(phone).cloned()? {
                Ok(id) => {
                    // What stands there of the id must know of the phone: else somebody looks.
                    let profile = inner.profile(&id, now)??;
                    return (profile.phone == Some(*phone)).then_some(Some(profile));
                }
                Err(since) => is_fresh(since, now).then_some(())?,
            }
        }
        Some(None)
    }

    /// Keeps what was found of `name`, where nothing was dropped since `epoch`. With a profile that was found by phone goes the phone.
    pub(super) fn keep(&self, epoch: u64, name: &Name, found: Option<&Profile>, now: Steady) {
        let mut inner = self.inner();
        if inner.epoch != epoch {
            return;
        }
        match name {
            Name::Id(id) if found.is_none() => {
                inner.profiles.put(id.clone(), Err(now), ENTRY_BYTES + id.len());
            }
            Name::Id(_) => {}
            Name::Phone(phones) => {
                for phone in phones {
                    let leads = found.filter(|profile| profile.phone == Some(*phone));
                    let leads = leads.map(|profile| profile.id.clone()).ok_or(now);
                    let (is_last, bytes) = (leads.is_ok(), leads.as_ref().map_or(0, String::len));
                    inner.phones.put(*phone, leads, ENTRY_BYTES + bytes);
                    if is_last {
                        break;
                    }
                }
            }
        }
        if let Some(profile) = found {
            let bytes = ENTRY_BYTES + 2 * profile.id.len() + profile.to_bytes().len();
            inner.profiles.put(profile.id.clone(), Ok(Arc::new(profile.clone())), bytes);
        }
    }

    /// How much is known: customers, phones, and that there is none.
    pub(super) fn entries(&self) -> usize {
        let inner = self.inner();
        inner.profiles.entries().saturating_add(inner.phones.entries())
    }

    /// Drops what has changed.
    pub(super) fn forget(
        &self,
        ids: impl IntoIterator<Item = String>,
        phones: impl IntoIterator<Item = PhoneKey>,
    ) {
        let mut inner = self.inner();
        inner.epoch = inner.epoch.wrapping_add(1);
        ids.into_iter().for_each(|id| inner.profiles.remove(&id));
        phones.into_iter().for_each(|phone| inner.phones.remove(&phone));
    }

    /// Drops all of it: nobody knows what has changed.
    pub(super) fn clear(&self) {
        let mut inner = self.inner();
        inner.epoch = inner.epoch.wrapping_add(1);
        inner.profiles.clear();
        inner.phones.clear();
    }
}

impl Inner {
    fn profile(&mut self, id: &String, now: Steady) -> Option<Option<Arc<Profile>>> {
        match self.profiles.get(id)? {
            Ok(profile) => Some(Some(Arc::clone(profile))),
            Err(since) => is_fresh(*since, now).then_some(None),
        }
    }
}

fn is_fresh(since: Steady, now: Steady) -> bool {
    now.saturating_duration_since(since) < NOBODY_FOR
}

/// A map of bounded size. What was asked for since the last turn of generations is in the young half; when that is full, the old half
/// goes, and what is in it and was not asked for with it.
#[derive(Debug)]
struct Generations<K, V> {
    young: BTreeMap<K, (V, usize)>,
    old: BTreeMap<K, (V, usize)>,
    young_bytes: usize,
    half_bytes: usize,
}

impl<K: Ord, V> Generations<K, V> {
    fn new(bytes_max: usize) -> Self {
        let half_bytes = bytes_max / 2;
        Generations { young: BTreeMap::new(), old: BTreeMap::new(), young_bytes: 0, half_bytes }
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        if let Some((key, (value, bytes))) = self.old.remove_entry(key) {
            self.put(key, value, bytes);
        }
        self.young.get(key).map(|(value, _)| value)
    }

    fn put(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        if self.young_bytes.saturating_add(bytes) > self.half_bytes {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes = self.young_bytes.saturating_add(bytes);
        self.young.insert(key, (value, bytes));
    }

    fn remove(&mut self, key: &K) {
        self.old.remove(key);
        if let Some((_, bytes)) = self.young.remove(key) {
            self.young_bytes = self.young_bytes.saturating_sub(bytes);
        }
    }

    fn entries(&self) -> usize {
        self.young.len().saturating_add(self.old.len())
    }

    fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
        self.young_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::clock;

    fn profile(n: u32) -> Profile {
        let phone = Some(phone(n));
        Profile { id: n.to_string(), phone, tier: "t".repeat(200), ..Profile::default() }
    }

    fn phone(n: u32) -> PhoneKey {
        let mut key = [0; 16];
        key[..4].copy_from_slice(&n.to_be_bytes());
        PhoneKey(key)
    }

    fn id(n: u32) -> Name {
        Name::Id(n.to_string())
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_asked_for() {
        let (cache, now) = (Cache::of(100_000, 100_000), clock::steady());
        for n in 0..10_000 {
            cache.keep(0, &Name::Phone(vec![phone(n)]), Some(&profile(n)), now);
            assert!(cache.get(&id(7), now).is_some() || n < 7, "{n}");
        }
        let inner = cache.inner();
        let bytes =
            |entries: &BTreeMap<_, (_, usize)>| entries.values().map(|(_, bytes)| bytes).sum::<usize>();
        let held = bytes(&inner.profiles.young) + bytes(&inner.profiles.old);
        assert!((40_000..=100_000).contains(&held), "{held}");
        assert!(inner.phones.young.len() + inner.phones.old.len() <= 100_000 / ENTRY_BYTES);
    }

    #[test]
    fn what_changes_is_dropped_and_what_was_read_before_is_not_kept() {
        let (cache, now) = (Cache::default(), clock::steady());
        let by_phone = Name::Phone(vec![phone(9), phone(1)]);
        assert_eq!(cache.get(&by_phone, now), None);
        cache.keep(0, &by_phone, Some(&profile(1)), now);
        for name in [&by_phone, &id(1), &Name::Phone(vec![phone(1)])] {
            assert_eq!(cache.get(name, now), Some(Some(Arc::new(profile(1)))));
        }
        assert_eq!(cache.get(&Name::Phone(vec![phone(9)]), now), Some(None));
        assert_eq!(cache.get(&Name::Phone(vec![phone(9)]), now + NOBODY_FOR), None);

        let epoch = cache.epoch();
        cache.forget(["1".to_owned()], []);
        assert_eq!((cache.get(&id(1), now), cache.get(&by_phone, now)), (None, None));
        cache.keep(epoch, &id(1), Some(&profile(1)), now);
        assert_eq!(cache.get(&id(1), now), None);

        cache.keep(cache.epoch(), &id(1), None, now);
        // A phone that leads to nobody is one that somebody must look at.
        assert_eq!((cache.get(&id(1), now), cache.get(&by_phone, now)), (Some(None), None));
        cache.forget([], [phone(1)]);
        cache.clear();
        assert_eq!(cache.get(&id(1), now), None);
    }
}
