//! Places for what runs at once: whoever holds many leaves room for others, and whoever is not known for those who are.

use std::net::{IpAddr, Ipv4Addr};

use crate::server::door::{Place, Places};

/// Places. A clone is the same.
#[derive(Debug, Clone)]
pub(super) struct Seats {
    all: Places,
    strangers: Places,
}

/// One that is taken, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    _place: Place,
    _strangers: Option<Place>,
}

impl Seats {
    /// So many, three quarters of them of one address. All who are not known have a half together, each address of theirs three quarters of it.
    pub(super) fn new(most: usize) -> Self {
        let places = |most: usize| Places::new(most, most - most / 4);
        Seats { all: places(most), strangers: places(most / 2) }
    }

    /// One for what comes from there; nothing where there is none.
    pub(super) fn take(&self, from: Option<IpAddr>, is_stranger: bool) -> Option<Seat> {
        let from = from.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let strangers = if is_stranger { Some(self.strangers.take(from)?) } else { None };
        Some(Seat { _place: self.all.take(from)?, _strangers: strangers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_leave_room_for_those_who_are_known() {
        let seats = Seats::new(16);
        let take = |address: u8, is_stranger| seats.take(Some([192, 0, 2, address].into()), is_stranger);
        let held: Vec<Seat> = (0..=255).filter_map(|address| take(address, true)).collect();
        assert_eq!(held.len(), 8, "a half");
        let known: Vec<Seat> = (0..100).filter_map(|_| take(1, false)).collect();
        // One of the strangers came from there.
        assert_eq!(known.len(), 8);
        drop((held, known));
        assert_eq!((0..100).map_while(|_| take(1, true)).collect::<Vec<_>>().len(), 6);
        assert_eq!((0..100).map_while(|_| take(1, false)).collect::<Vec<_>>().len(), 12);
    }
}
