//! Places for connections and for calls: so many in all, so many for one address. What has a place holds it until it is dropped.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Places. A clone is the same.
#[derive(Debug, Clone)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    all_max: usize,
    each_max: usize,
    /// How many are taken, for whoever looks; changed under the lock alone.
    all: Arc<AtomicU64>,
    by_house: Mutex<BTreeMap<IpAddr, usize>>,
}

/// A place that is taken.
#[derive(Debug)]
pub struct Place {
    places: Places,
    house: IpAddr,
}

/// What is one caller, as far as an address says: of version 6 a house has a whole network, which its first half names.
#[must_use]
pub fn house(address: IpAddr) -> IpAddr {
    // At `[::]` every caller of version 4 has an address that begins alike, `::ffff:`: by its first half all of them would be one.
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

impl Places {
    /// `all_max` of them, and `each_max` for one address.
    #[must_use]
    pub fn new(all_max: usize, each_max: usize) -> Self {
        Self::counted(all_max, each_max, Arc::default())
    }

    /// The same, with how many are taken in `all`.
    #[must_use]
    pub fn counted(all_max: usize, each_max: usize, all: Arc<AtomicU64>) -> Self {
        Places(Arc::new(Inner { all_max, each_max, all, by_house: Mutex::default() }))
    }

    /// A place for what comes from that address; nothing where there is none.
    #[must_use]
    pub fn take(&self, address: IpAddr) -> Option<Place> {
        let house = house(address);
        let mut by_house = self.0.by_house.lock().unwrap_or_else(PoisonError::into_inner);
        let all = usize::try_from(self.0.all.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        let there = by_house.get(&house).copied().unwrap_or_default();
        if all >= self.0.all_max || there >= self.0.each_max {
            return None;
        }
        self.0.all.fetch_add(1, Ordering::Relaxed);
        by_house.insert(house, there + 1);
        Some(Place { places: self.clone(), house })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_house = self.places.0.by_house.lock().unwrap_or_else(PoisonError::into_inner);
        self.places.0.all.fetch_sub(1, Ordering::Relaxed);
        match by_house.get_mut(&self.house) {
            Some(there) if *there > 1 => *there -= 1,
            _ => {
                by_house.remove(&self.house);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let (one, two): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let places = Places::new(3, 2);
        let first = places.take(one).unwrap();
        let _second = places.take("::ffff:192.0.2.1".parse().unwrap()).unwrap();
        assert!(places.take(one).is_none(), "two of one address");
        let _third = places.take(two).unwrap();
        assert!(places.take(two).is_none(), "three in all");
        drop(first);
        assert!(places.take(one).is_some());
        assert_eq!(places.0.all.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_house_has_a_whole_network_and_no_more_places_for_it() {
        let told = |text: &str| house(text.parse().unwrap()).to_string();
        assert_eq!(told("192.0.2.1"), "192.0.2.1");
        // As a socket at `[::]` sees the same two callers.
        assert_eq!(told("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(told("::ffff:192.0.2.1"), told("::ffff:198.51.100.7"));
        assert_eq!(told("2001:db8:1:2::7"), told("2001:db8:1:2:3:4:5:6"));
        assert_ne!(told("2001:db8:1:2::7"), told("2001:db8:1:3::7"));
        let places = Places::new(100, 2);
        let take = |text: &str| places.take(text.parse().unwrap());
        let _held = (take("2001:db8:1:2::1").unwrap(), take("2001:db8:1:2:ffff::2").unwrap());
        assert!(take("2001:db8:1:2::3").is_none(), "three of one network");
        assert!(take("2001:db8:1:3::1").is_some());
    }
}
