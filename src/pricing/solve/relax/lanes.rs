//! Sets of which the cheapest units get the benefit, bounded exactly.
//!
//! The lines that fit such sets are lanes, the dearest first. On each lane a unit that stands in a set without a benefit and one
//! that gets it are paid their own amounts, and what the sets are worth beside that is not estimated but the best of all ways
//! to make them up: a dynamic program over the lanes, whose state is how many units stand ready and how many are
//! missing in the set that has begun. So no third of a set counts, and no benefit goes to a unit that is dearer than its
//! companions. The same table tells of every state on the way what is still to come.

use smallvec::SmallVec;

use crate::pricing::solve::choice::KitRole;

/// States times ways to go on, summed over the lanes, up to which a kit is seen exactly.
const WORK_MAX: u64 = 20_000;
/// What cannot be, whatever is added to it.
const NEVER: i64 = i64::MIN / 4;
/// The most that a unit is paid or charged: sums of it stay far from [`NEVER`].
const PAID_MAX: i128 = 1 << 44;

/// What the lanes of one kit are paid, and what its sets are worth beside that.
#[derive(Debug, Clone)]
pub(in crate::pricing::solve) struct Lanes {
    lanes: Vec<Lane>,
    /// The lane of each line.
    of_line: Vec<Option<usize>>,
    /// The roles of units without and with the benefit.
    roles: Sides<usize>,
    /// Units of one set without and with it.
    quantities: Sides<i64>,
    /// The fewest and the most units that stand ready, less than nothing within one price.
    ready: (i64, i64),
    /// Whether units that stand ready for nothing may leave.
    may_leave: bool,
    /// What a set is worth beside its units.
    worth: i64,
    /// For each lane, and behind the last, what is still to come: by units in the open set, then by units that stand ready.
    tables: Vec<Vec<i64>>,
    /// Ways to go on that a table looks at.
    pub(super) work: u64,
}

/// What the units of a line may do in the sets of a kit.
pub(super) struct Fits {
    /// The line's place in the problem.
    pub(super) line: usize,
    pub(super) quantity: i64,
    pub(super) rank: usize,
    /// The fewest and the most units with each role.
    pub(super) roles: SmallVec<[(i64, i64); 4]>,
}

/// One for units without a benefit, one for those that get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sides<T> {
    pub(super) idle: T,
    pub(super) benefited: T,
}

#[derive(Debug, Clone)]
struct Lane {
    /// The line's place in the problem.
    line: usize,
    quantity: i64,
    /// Whether no other lane of its price follows.
    ends_rank: bool,
    /// The fewest and the most units on each side.
    least: Sides<i64>,
    most: Sides<i64>,
    /// What a unit on each side is paid; without the benefit never less than nothing, for a unit may always leave.
    paid: Sides<i64>,
}

/// Where a way through the lanes stands.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Units without a benefit that no set has used yet.
    ready: i64,
    /// Units with it in the set that has begun.
    open: i64,
}

impl Lanes {
    /// The lanes of a kit with these roles; nothing where its sets are made up otherwise, or where the
    /// tables would be too large. `fits` holds for each line, in the order in which they are served, what its units may do.
    pub(super) fn of(
        roles: &[KitRole],
        fits: &[Fits],
        may_leave: bool,
        paid: impl Fn(usize, usize) -> i128,
    ) -> Option<Self> {
        let (roles, quantities) = sides(roles)?;
        let mut lanes: Vec<Lane> = Vec::new();
        let mut of_line = vec![None; fits.len()];
        let mut ranks: Vec<usize> = Vec::new();
        for (line, own) in fits.iter().zip(of_line.iter_mut()) {
            let (idle, benefited) = (line.roles.get(roles.idle)?, line.roles.get(roles.benefited)?);
            let most = Sides { idle: idle.1, benefited: benefited.1 };
            if most == Sides::default() {
                continue;
            }
            let least = Sides { idle: idle.0, benefited: benefited.0 };
            let paid = |role: usize| within(paid(role, line.rank));
            let paid = Sides { idle: paid(roles.idle).max(0), benefited: paid(roles.benefited) };
            *own = Some(lanes.len());
            ranks.push(line.rank);
            lanes.push(Lane { line: line.line, quantity: line.quantity, ends_rank: true, least, most, paid });
        }
        for (lane, pair) in lanes.iter_mut().zip(ranks.windows(2)) {
            lane.ends_rank = matches!(pair, [one, other] if one != other);
        }
        let ready = bounds(&lanes, quantities);
        let states = u64::try_from((ready.1 - ready.0 + 1) * quantities.benefited).ok()?;
        let ways =
            |lane: &Lane| u64::try_from((lane.quantity + 1) * (lane.quantity + 2) / 2).unwrap_or(WORK_MAX);
        let work = lanes.iter().map(ways).fold(0, u64::saturating_add).saturating_mul(states);
        let tables = Vec::new();
        (work <= WORK_MAX && !lanes.is_empty()).then_some(Lanes {
            lanes,
            of_line,
            roles,
            quantities,
            ready,
            may_leave,
            worth: 0,
            tables,
            work,
        })
    }

    /// What a unit of a line is paid in a role.
    pub(super) fn potential(&self, role: usize, place: usize) -> i128 {
        let lane = self.of_line.get(place).copied().flatten().and_then(|lane| self.lanes.get(lane));
        let paid = |lane: &Lane| if role == self.roles.idle { lane.paid.idle } else { lane.paid.benefited };
        lane.map_or(0, |lane| i128::from(paid(lane)))
    }

    /// Works out the tables, a set being worth `worth` beside its units.
    pub(super) fn solve(&mut self, worth: i128) {
        self.worth = within(worth);
        let count = self.range() * self.open_max();
        let mut last = vec![NEVER; count];
        for (ready, value) in (self.ready.0..=self.ready.1).zip(last.iter_mut()) {
            *value = if ready == 0 || (ready > 0 && self.may_leave) { 0 } else { NEVER };
        }
        let mut tables = vec![last];
        for lane in self.lanes.iter().rev() {
            let mut table = vec![NEVER; count];
            if let Some(next) = tables.last() {
                for way in lane.ways() {
                    self.go(lane, way, next, &mut table);
                }
            }
            tables.push(table);
        }
        tables.reverse();
        self.tables = tables;
    }

    /// Takes a way from every state of a lane, where it leads further than those before.
    fn go(&self, lane: &Lane, way: Sides<i64>, next: &[i64], table: &mut [i64]) {
        let range = self.range();
        let paid = lane.paid.idle * way.idle + lane.paid.benefited * way.benefited;
        for open in 0..self.quantities.benefited {
            let (sets, after) = self.sets(open, way.benefited);
            let value = self.worth * sets - paid;
            let shift = way.idle - self.quantities.idle * sets;
            // The fewest that may stand ready behind the lane, and the most that make a difference.
            let lowest = if lane.ends_rank { 0 } else { self.ready.0 };
            let first = (lowest - shift).max(self.ready.0);
            let end = (self.ready.1 - shift).min(self.ready.1);
            let Some((from, to)) = self.row(table, open).zip(next.chunks_exact(range).nth(index(after)))
            else {
                return;
            };
            let count = index(end - first + 1);
            let states = from.iter_mut().skip(index(first - self.ready.0)).take(count);
            for (best, &behind) in states.zip(to.iter().skip(index(first + shift - self.ready.0))) {
                *best = (*best).max(behind + value);
            }
            // More than make a difference: the others leave.
            let highest = to.last().filter(|_| self.may_leave).copied().unwrap_or(NEVER);
            for best in from.iter_mut().skip(index((end + 1).max(first) - self.ready.0)) {
                *best = (*best).max(highest + value);
            }
        }
    }

    fn row<'t>(&self, table: &'t mut [i64], open: i64) -> Option<&'t mut [i64]> {
        table.chunks_exact_mut(self.range()).nth(index(open))
    }

    /// The sets that begin when so many more units get the benefit, and the units in the open set then.
    fn sets(&self, open: i64, benefited: i64) -> (i64, i64) {
        let size = self.quantities.benefited;
        let all = open + benefited;
        ((all + size - 1) / size - i64::from(open > 0), all % size)
    }

    /// What the sets are worth at best beside what their units are paid.
    pub(in crate::pricing::solve) fn side(&self) -> i64 {
        self.to_come(0, State { ready: 0, open: 0 }).unwrap_or_default()
    }

    /// Whether no way leads through the lanes.
    pub(super) fn is_stuck(&self) -> bool {
        self.to_come(0, State { ready: 0, open: 0 }).is_none()
    }

    /// How many units of each lane stand on each side in the best way.
    fn counts(&self) -> Vec<Sides<i64>> {
        let mut state = State { ready: 0, open: 0 };
        let mut counts = Vec::with_capacity(self.lanes.len());
        for (place, lane) in self.lanes.iter().enumerate() {
            let goal = self.to_come(place, state);
            let leads = |way: &Sides<i64>| {
                let (sets, after) = self.after(lane, state, *way)?;
                let paid = lane.paid.idle * way.idle + lane.paid.benefited * way.benefited;
                let value = self.to_come(place + 1, after)? + self.worth * sets - paid;
                (Some(value) == goal).then_some(after)
            };
            let found = lane.ways().find_map(|way| Some((way, leads(&way)?)));
            let Some((way, after)) = found else {
                break;
            };
            state = after;
            counts.push(way);
        }
        counts
    }

    /// The sets that begin, and the state after the lane; nothing where a benefit comes before its companions.
    fn after(&self, lane: &Lane, state: State, way: Sides<i64>) -> Option<(i64, State)> {
        let (sets, open) = self.sets(state.open, way.benefited);
        let ready = self.useful(state.ready + way.idle - self.quantities.idle * sets)?;
        let lowest = if lane.ends_rank { 0 } else { self.ready.0 };
        (ready >= lowest).then_some((sets, State { ready, open }))
    }

    /// The units that stand ready to some purpose; nothing where those beyond may not leave.
    fn useful(&self, ready: i64) -> Option<i64> {
        (ready <= self.ready.1 || self.may_leave).then_some(ready.min(self.ready.1))
    }

    /// What is still to come behind the line at `place`, were so many units seated; nothing where no way leads on.
    pub(in crate::pricing::solve) fn behind(&self, place: usize, counts: &[u32]) -> Option<i64> {
        let count = |role: usize| counts.get(role).copied().map_or(0, i64::from);
        let (idle, benefited) = (count(self.roles.idle), count(self.roles.benefited));
        let size = self.quantities.benefited;
        let begun = (benefited + size - 1) / size;
        let ready = self.useful(idle - self.quantities.idle * begun)?;
        let lane = self.of_line.get(place).copied().flatten()?;
        self.to_come(lane + 1, State { ready, open: benefited % size })
    }

    /// What `count` units of a line in a role, and `sets` that begin with them, come to beside what the units are paid.
    pub(in crate::pricing::solve) fn come(&self, place: usize, role: usize, count: u32, sets: i64) -> i128 {
        i128::from(self.worth) * i128::from(sets) - self.potential(role, place) * i128::from(count)
    }

    /// Whether a line is one of the lanes.
    pub(in crate::pricing::solve) fn has(&self, place: usize) -> bool {
        self.of_line.get(place).is_some_and(Option::is_some)
    }

    fn to_come(&self, lane: usize, state: State) -> Option<i64> {
        let value = self.tables.get(lane)?.get(self.place(state)?).copied()?;
        (value > NEVER / 2).then_some(value)
    }

    /// How many numbers of units can stand ready.
    fn range(&self) -> usize {
        index(self.ready.1 - self.ready.0 + 1)
    }

    fn open_max(&self) -> usize {
        index(self.quantities.benefited)
    }

    fn place(&self, state: State) -> Option<usize> {
        let ready = usize::try_from(state.ready - self.ready.0).ok()?;
        Some(index(state.open) * self.range() + ready)
    }

    /// What each lane has too many of: the units that choose a side less those that the sets take. `seen` holds for each line
    /// the units that choose each side.
    pub(super) fn excess(&self, seen: &[Sides<i64>]) -> Vec<Sides<i128>> {
        let lines = self.of_line.iter().enumerate().filter(|(_, lane)| lane.is_some());
        let chosen = lines.map(|(line, _)| seen.get(line).copied().unwrap_or_default());
        let over = |(chosen, taken): (Sides<i64>, Sides<i64>)| Sides {
            idle: i128::from(chosen.idle - taken.idle),
            benefited: i128::from(chosen.benefited - taken.benefited),
        };
        chosen.zip(self.counts()).map(over).collect()
    }

    /// The lines and roles of which there are too many or too few.
    pub(super) fn torn<'s>(&'s self, seen: &[Sides<i64>]) -> impl Iterator<Item = (usize, usize)> + use<'s> {
        let lines = self.of_line.iter().enumerate().filter(|(_, lane)| lane.is_some()).map(|(line, _)| line);
        lines.zip(self.excess(seen)).flat_map(|(line, over)| {
            let idle = (over.idle != 0).then_some((line, self.roles.idle));
            idle.into_iter().chain((over.benefited != 0).then_some((line, self.roles.benefited)))
        })
    }

    /// Pays each side of each lane so much less for each unit too many.
    pub(super) fn step(&mut self, excess: &[Sides<i128>], each: impl Fn(i128) -> i128) {
        for (lane, over) in self.lanes.iter_mut().zip(excess) {
            lane.paid.idle = within(i128::from(lane.paid.idle) - each(over.idle)).max(0);
            lane.paid.benefited = within(i128::from(lane.paid.benefited) - each(over.benefited));
        }
    }

    /// Adds units in a role to their side.
    pub(super) fn add(&self, seen: &mut Sides<i64>, role: usize, units: i64) {
        if role == self.roles.idle {
            seen.idle += units;
        } else {
            seen.benefited += units;
        }
    }

    /// What is paid, by line of the problem: for lanes of the same kit under other settings.
    pub(super) fn paid(&self) -> Vec<(usize, Sides<i64>)> {
        self.lanes.iter().map(|lane| (lane.line, lane.paid)).collect()
    }

    pub(super) fn pay(&mut self, paid: &[(usize, Sides<i64>)]) {
        // The same lanes are paid one by one; else by line, of which a forced unit has a lane of its own.
        let is_same = self.lanes.iter().map(|lane| lane.line).eq(paid.iter().map(|&(line, _)| line));
        for (place, lane) in self.lanes.iter_mut().enumerate() {
            let known =
                if is_same { paid.get(place) } else { paid.iter().find(|&&(line, _)| line == lane.line) };
            if let Some(&(_, known)) = known {
                lane.paid = known;
            }
        }
    }
}

impl Lane {
    /// How many units may stand on each side.
    fn ways(&self) -> impl Iterator<Item = Sides<i64>> + '_ {
        (self.least.benefited..=self.most.benefited).flat_map(|benefited| {
            let most = self.most.idle.min(self.quantity - benefited);
            (self.least.idle..=most).map(move |idle| Sides { idle, benefited })
        })
    }
}

fn index(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

/// What may be paid.
fn within(paid: i128) -> i64 {
    i64::try_from(paid.clamp(-PAID_MAX, PAID_MAX)).unwrap_or_default()
}

/// The role without and the role with the benefit, and their units; nothing where there are other roles.
fn sides(roles: &[KitRole]) -> Option<(Sides<usize>, Sides<i64>)> {
    let of = |is_benefited: bool| {
        let mut roles = roles.iter().enumerate().filter(|(_, role)| role.is_benefited == is_benefited);
        let only = roles.next().filter(|_| roles.next().is_none());
        only.map(|(place, role)| (place, i64::from(role.quantity)))
    };
    let (idle, benefited) = (of(false)?, of(true)?);
    Some((Sides { idle: idle.0, benefited: benefited.0 }, Sides { idle: idle.1, benefited: benefited.1 }))
}

/// How few and how many units can stand ready to any purpose.
fn bounds(lanes: &[Lane], quantities: Sides<i64>) -> (i64, i64) {
    let (mut here, mut most_here, mut all) = (0, 0, 0);
    for lane in lanes {
        here += lane.most.benefited;
        most_here = most_here.max(here);
        all += lane.most.benefited;
        if lane.ends_rank {
            here = 0;
        }
    }
    let sets = |benefited: i64| (benefited + quantities.benefited - 1) / quantities.benefited;
    let units: i64 = lanes.iter().map(|lane| lane.quantity).sum();
    let whole = units / (quantities.idle + quantities.benefited).max(1);
    (-quantities.idle * sets(most_here), quantities.idle * sets(all).min(whole).max(1))
}
