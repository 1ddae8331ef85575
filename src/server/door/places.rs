//! Places for connections and for calls: so many in all, so many for one address. What has a place holds it until it is dropped.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Places. A clone is the same.
#[derive(Debug, Clone)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    all_max: usize,
    each_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

/// A place that is taken.
#[derive(Debug)]
pub struct Place {
    places: Places,
    address: IpAddr,
}

impl Places {
    /// `all_max` of them, and `each_max` for one address.
    #[must_use]
    pub fn new(all_max: usize, each_max: usize) -> Self {
        Places(Arc::new(Inner { all_max, each_max, taken: Mutex::default() }))
    }

    /// A place for what comes from that address; nothing where there is none.
    #[must_use]
    pub fn take(&self, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let there = taken.by_address.get(&address).copied().unwrap_or_default();
        if taken.all >= self.0.all_max || there >= self.0.each_max {
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, there + 1);
        Some(Place { places: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        match taken.by_address.get_mut(&self.address) {
            Some(there) if *there > 1 => *there -= 1,
            _ => {
                taken.by_address.remove(&self.address);
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
        assert_eq!(places.0.taken.lock().unwrap().all, 2);
    }
}
