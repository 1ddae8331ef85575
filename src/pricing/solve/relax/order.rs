//! The order in which lines are served.
//!
//! What the labels of the lines so far must remember is the sets that are open: so a line comes where it opens the fewest and
//! closes the most, and what stands in no set comes last. Parts of a basket that no set connects are served one after
//! the other, and the labels of one are forgotten before those of the next begin.
//!
//! Where sets are made up by price, the dearest goods of their lines come first; so it shows at once whether a set can be.

use super::model::LinePicks;
use crate::pricing::solve::choice::Kit;

/// Lines beyond which the order is only by price: to look at every line for each place would take too long.
const LINES_MAX: usize = 128;
/// The most benefits that retailers assign: bits.
const RETAILERS: usize = 64;

/// The lines in the order in which they are served, and how many looks that took.
pub(super) fn served(mut lines: Vec<LinePicks>, kits: &[Kit]) -> (Vec<LinePicks>, u64) {
    let is_ordered = |kit: &Kit| kit.is_ordered || kit.retailer_assigns;
    if lines.len() > LINES_MAX {
        if kits.iter().any(is_ordered) {
            lines.sort_by_key(|line| line.rank);
        }
        return (lines, 0);
    }
    if kits.is_empty() {
        return (lines, 0);
    }
    let thread = |is_ordered: bool| Thread { is_ordered, unserved: Vec::new(), has_begun: false };
    let threads = kits.iter().map(is_ordered).chain(std::iter::repeat_n(true, RETAILERS)).map(thread);
    let mut threads: Vec<Thread> = threads.collect();
    let mut waiting: Vec<(LinePicks, Vec<usize>)> = Vec::with_capacity(lines.len());
    for line in lines {
        let ties = ties(&line, kits.len());
        for &thread in &ties {
            if let Some(thread) = threads.get_mut(thread) {
                thread.unserved.push(line.rank);
            }
        }
        waiting.push((line, ties));
    }
    threads.iter_mut().for_each(|thread| thread.unserved.sort_unstable());
    let mut served = Vec::with_capacity(waiting.len());
    let mut looks = 0;
    while !waiting.is_empty() {
        looks += u64::try_from(waiting.len()).unwrap_or_default();
        let costs = waiting.iter().enumerate();
        let next = costs.filter_map(|(at, (line, ties))| Some((cost(&threads, line, ties)?, at))).min();
        // The dearest line of all is never held up by a dearer one.
        let (line, ties) = waiting.remove(next.map_or(0, |(_, at)| at));
        for thread in ties {
            if let Some(thread) = threads.get_mut(thread) {
                thread.serve(line.rank);
            }
        }
        served.push(line);
    }
    (served, looks)
}

/// What ties lines to one another: a kit, or a benefit that the retailer assigns.
struct Thread {
    is_ordered: bool,
    /// The ranks of its lines to come, the dearest first.
    unserved: Vec<usize>,
    has_begun: bool,
}

impl Thread {
    fn serve(&mut self, rank: usize) {
        self.has_begun = true;
        if let Some(at) = self.unserved.iter().position(|&own| own == rank) {
            self.unserved.remove(at);
        }
    }
}

/// The threads of a line: kits by place, the benefits of retailers behind them.
fn ties(line: &LinePicks, kits: usize) -> Vec<usize> {
    let mut ties: Vec<usize> =
        line.picks.iter().flat_map(|pick| pick.seats.iter().map(|&(kit, _)| kit)).collect();
    let bits = line.picks.iter().fold(0, |bits, pick| bits | pick.withholds | pick.receives);
    ties.extend((0..RETAILERS).filter(|bit| bits >> bit & 1 == 1).map(|bit| kits + bit));
    ties.sort_unstable();
    ties.dedup();
    ties
}

/// What serving the line now costs: the threads that it opens less those that it closes, then the lines to come on its
/// threads, then its rank; nothing where a dearer line must come first.
fn cost(threads: &[Thread], line: &LinePicks, ties: &[usize]) -> Option<(bool, i64, usize, usize)> {
    let (mut change, mut behind) = (0, 0);
    for thread in ties.iter().filter_map(|&thread| threads.get(thread)) {
        if thread.is_ordered && thread.unserved.first().is_some_and(|&dearest| dearest < line.rank) {
            return None;
        }
        change += i64::from(!thread.has_begun) - i64::from(thread.unserved.len() == 1);
        behind += thread.unserved.len();
    }
    Some((ties.is_empty(), change, behind, line.rank))
}
