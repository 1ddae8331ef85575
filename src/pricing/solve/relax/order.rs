//! The order in which lines are served.
//!
//! What the labels of the lines so far must remember is the sets that are open: so a line comes where it opens the fewest and
//! closes the most, and what stands in no set comes last. Parts of a basket that no set connects are served one after
//! the other, and the labels of one are forgotten before those of the next begin.
//!
//! Where sets are made up by price, the dearest goods of their lines come first; so it shows at once whether a set can be.

use std::collections::BTreeMap;

use super::model::LinePicks;
use crate::pricing::solve::choice::Kit;

/// Lines beyond which the order is only by price: to look at every line for each place would take too long.
const LINES_MAX: usize = 200;

/// The lines in the order in which they are served.
pub(super) fn served(mut lines: Vec<LinePicks>, kits: &[Kit]) -> Vec<LinePicks> {
    let is_ordered = |kit: &Kit| kit.is_ordered || kit.retailer_assigns;
    if lines.len() > LINES_MAX {
        if kits.iter().any(is_ordered) {
            lines.sort_by_key(|line| line.rank);
        }
        return lines;
    }
    if kits.is_empty() {
        return lines;
    }
    let mut open = Open { unserved: BTreeMap::new(), begun: Vec::new() };
    let mut waiting: Vec<(LinePicks, Vec<Thread>)> = Vec::with_capacity(lines.len());
    for line in lines {
        let threads = threads(&line, &|kit| kits.get(kit).is_some_and(is_ordered));
        for &thread in &threads {
            open.unserved.entry(thread.place).or_default().push(line.rank);
        }
        waiting.push((line, threads));
    }
    let mut served = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let costs = waiting.iter().enumerate();
        let next = costs.filter_map(|(at, (line, threads))| Some((open.cost(line, threads)?, at))).min();
        // The dearest line of all is never held up by a dearer one.
        let at = next.map_or(0, |(_, at)| at);
        let (line, threads) = waiting.remove(at);
        open.serve(&line, &threads);
        served.push(line);
    }
    served
}

/// What ties a line to others: a kit, or a benefit that the retailer assigns.
#[derive(Clone, Copy)]
struct Thread {
    place: Place,
    is_ordered: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Kit(usize),
    Retailer(u32),
}

fn threads(line: &LinePicks, is_ordered: &dyn Fn(usize) -> bool) -> Vec<Thread> {
    let mut kits: Vec<usize> =
        line.picks.iter().flat_map(|pick| pick.seats.iter().map(|&(kit, _)| kit)).collect();
    kits.sort_unstable();
    kits.dedup();
    let bits = line.picks.iter().fold(0, |bits, pick| bits | pick.withholds | pick.receives);
    let kits = kits.into_iter().map(|kit| Thread { place: Place::Kit(kit), is_ordered: is_ordered(kit) });
    let retailers = (0..u64::BITS).filter(|bit| bits >> bit & 1 == 1);
    kits.chain(retailers.map(|bit| Thread { place: Place::Retailer(bit), is_ordered: true })).collect()
}

/// The threads while lines are served.
struct Open {
    /// The ranks of the lines to come.
    unserved: BTreeMap<Place, Vec<usize>>,
    begun: Vec<Place>,
}

impl Open {
    /// What serving the line now costs: the threads that it opens less those that it closes, then the lines to come on its
    /// threads, then its rank; nothing where a dearer line must come first.
    fn cost(&self, line: &LinePicks, threads: &[Thread]) -> Option<(bool, i64, usize, usize)> {
        let (mut change, mut behind) = (0, 0);
        for thread in threads {
            let unserved = self.unserved.get(&thread.place)?;
            if thread.is_ordered && unserved.iter().any(|&rank| rank < line.rank) {
                return None;
            }
            change += i64::from(!self.begun.contains(&thread.place)) - i64::from(unserved.len() == 1);
            behind += unserved.len();
        }
        Some((threads.is_empty(), change, behind, line.rank))
    }

    fn serve(&mut self, line: &LinePicks, threads: &[Thread]) {
        for thread in threads {
            if !self.begun.contains(&thread.place) {
                self.begun.push(thread.place);
            }
            if let Some(unserved) = self.unserved.get_mut(&thread.place)
                && let Some(at) = unserved.iter().position(|&rank| rank == line.rank)
            {
                unserved.remove(at);
            }
        }
    }
}
