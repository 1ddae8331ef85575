//! Good multipliers: any bound from above, these do it well.
//!
//! Rows are bisected one by one, as long as the bound falls. Where there are sets, a subgradient descent follows: every
//! multiplier moves at once against what its row or role is broken by, by steps that aim at the best price known.

use smallvec::SmallVec;

use super::bound::{Bound, ONE, add, last, whole};
use super::kits::{Paid, RelaxedKit};
use super::lanes::{Fits, Lanes, Sides};
use super::model::{Begin, Known, LinePicks, Pick, Relaxation, Sense};
use crate::pricing::settle::Value;

/// Rounds over the rows: more hardly move the bound.
const ROUNDS: usize = 2;
/// Steps of the descent.
const DESCENTS_MAX: usize = 60;
/// Steps without a better bound after which the steps get shorter.
const PATIENCE: usize = 5;
/// Ways through lanes that cost as much as a choice looked at.
const LANES_A_STEP: u64 = 8;
/// Steps are in parts of this.
const STRIDE: i128 = 64;

/// What the best charged choices come to.
struct Seen {
    bound: Bound,
    /// What they add to each row.
    sums: SmallVec<[i128; 8]>,
    /// How many units have each role of each kit, by rank.
    roles: Vec<Vec<SmallVec<[i128; 2]>>>,
    /// For each kit with lanes how many units of each line are on each side.
    lanes: Vec<Vec<Sides<i64>>>,
}

/// Finds multipliers; false as soon as the bound is worse than `least`.
pub(super) fn tune(relaxation: &mut Relaxation, least: &Value, begin: Begin<'_>) -> bool {
    let has_kits = relaxation.kits.iter().any(|kit| kit.sets_max > 0);
    let mut known_rows = vec![false; relaxation.rows.len()];
    if let Begin::From(known) | Begin::Try(known) | Begin::As(known) = begin {
        known_rows = relaxation.begin_from(known);
    }
    // Without sets nothing else moves the rows.
    let open: Vec<usize> =
        (0..relaxation.rows.len()).filter(|&row| !has_kits || known_rows.get(row) == Some(&false)).collect();
    let rounds = if matches!(begin, Begin::Try(_) | Begin::As(_)) { 1 } else { ROUNDS };
    if !relaxation.bisect_rows(&open, rounds, least) {
        return false;
    }
    if !has_kits || matches!(begin, Begin::Guess) {
        return true;
    }
    relaxation.lay_lanes(begin);
    relaxation.solve_lanes();
    if relaxation.kits.iter().filter_map(|kit| kit.lanes.as_ref()).any(Lanes::is_stuck) {
        return false;
    }
    let descents = match begin {
        Begin::From(_) => DESCENTS_MAX / 4,
        Begin::Try(_) => DESCENTS_MAX / 15,
        Begin::Anew => DESCENTS_MAX,
        Begin::Guess | Begin::As(_) => 0,
    };
    let is_open = relaxation.descend(least, descents);
    relaxation.torn = relaxation.torn();
    is_open
}

impl Relaxation {
    /// The first multipliers of the kits: see [`super::kits::RelaxedKit::guess`].
    pub(super) fn guess(&mut self, ranks: usize) {
        let mut takes: Vec<Vec<Vec<Option<i64>>>> =
            self.kits.iter().map(|kit| vec![vec![None; ranks]; kit.roles.len()]).collect();
        for line in &self.lines {
            for pick in &line.picks {
                let take = pick.value.last().copied().unwrap_or_default();
                for &(kit, role) in &pick.seats {
                    let seen = takes.get_mut(kit).and_then(|roles| roles.get_mut(role));
                    if let Some(seen) = seen.and_then(|ranks| ranks.get_mut(line.rank)) {
                        *seen = Some(seen.map_or(take, |seen: i64| seen.max(take)));
                    }
                }
            }
        }
        let level = self.constant.len() - 1;
        let worths: Vec<i128> = self.kits.iter().map(|kit| self.set_worth(kit, level)).collect();
        for ((kit, takes), worth) in self.kits.iter_mut().zip(&takes).zip(worths) {
            kit.guess(takes, ranks, worth);
        }
    }

    /// Takes over multipliers; tells for each row whether it was known.
    fn begin_from(&mut self, known: &Known) -> Vec<bool> {
        for (kit, known) in self.kits.iter_mut().zip(&known.kits) {
            kit.pay(known);
        }
        let keys: Vec<_> = self
            .sources
            .iter()
            .zip(&self.rows)
            .map(|(&source, row)| (source, row.sense, row.bound))
            .collect();
        let found = keys.iter().zip(&mut self.multipliers).map(|(key, multiplier)| {
            let own = known.rows.iter().find(|(known, _)| known == key);
            *multiplier = own.map_or(*multiplier, |&(_, known)| known);
            own.is_some()
        });
        let found = found.collect();
        self.balance();
        found
    }

    /// Sees the sets of the cheapest exactly, where that is no great work. Not with several levels: there a set is worth
    /// something else on each of them.
    fn lay_lanes(&mut self, begin: Begin<'_>) {
        if self.constant.len() > 1 {
            return;
        }
        for place in 0..self.kits.len() {
            let Some(kit) = self.kits.get(place).filter(|kit| kit.is_ordered && kit.sets_max > 0) else {
                continue;
            };
            let fits: Vec<Fits> = self.lines.iter().map(|line| fits(line, place, kit.roles.len())).collect();
            let mut lanes =
                Lanes::of(&kit.roles, &fits, self.may_leave, |role, rank| kit.potential_at(role, rank));
            if let (Some(lanes), Begin::From(known) | Begin::Try(known) | Begin::As(known)) =
                (&mut lanes, begin)
            {
                lanes.pay(known.kits.get(place).map_or(&[][..], |known| &known.lanes));
            }
            if let Some(kit) = self.kits.get_mut(place) {
                kit.lanes = lanes;
            }
        }
    }

    /// The seats that units choose and sets do not take, or the other way round.
    fn torn(&mut self) -> Vec<(usize, (usize, usize))> {
        let seen = self.evaluate();
        let mut torn = Vec::new();
        for (kit, (numbers, sides)) in self.kits.iter().zip(&seen.lanes).enumerate() {
            if let Some(lanes) = &numbers.lanes {
                torn.extend(lanes.torn(sides).map(|(line, role)| (line, (kit, role))));
            }
        }
        torn
    }

    /// Works out what the sets are worth beside what their units are paid.
    fn solve_lanes(&mut self) {
        let level = self.constant.len() - 1;
        let worths: Vec<i128> = self.kits.iter().map(|kit| self.set_worth(kit, level)).collect();
        for (kit, worth) in self.kits.iter_mut().zip(worths) {
            if let Some(lanes) = &mut kit.lanes {
                lanes.solve(worth);
                self.steps += lanes.work / LANES_A_STEP;
            }
        }
    }

    /// Bisects the multiplier of each row that the best choices break; false as soon as the bound is worse than `least`.
    fn bisect_rows(&mut self, open: &[usize], rounds: usize, least: &Value) -> bool {
        for _ in 0..rounds {
            for &place in open {
                let seen = self.evaluate();
                if whole(&seen.bound) < *least {
                    return false;
                }
                let is_charged = self.multipliers.get(place).is_some_and(|&multiplier| multiplier > 0);
                if (self.is_broken(place, &seen) || is_charged) && !self.bisect(place, least) {
                    return false;
                }
            }
        }
        true
    }

    fn is_broken(&self, place: usize, seen: &Seen) -> bool {
        let sum = seen.sums.get(place).copied().unwrap_or_default();
        self.rows.get(place).is_some_and(|row| match row.sense {
            Sense::AtLeast => sum < i128::from(row.bound),
            Sense::AtMost | Sense::Shared => sum > i128::from(row.bound),
        })
    }

    /// Finds the multiplier of one row that bounds best; false as soon as the bound is worse than `least`.
    fn bisect(&mut self, place: usize, least: &Value) -> bool {
        let Some(row) = self.rows.get(place).copied() else {
            return true;
        };
        let (mut low, mut high, mut next) = (0, row.multiplier_max, row.multiplier_max);
        self.set(place, 0);
        let mut best = (self.evaluate().bound, 0);
        loop {
            self.set(place, next);
            let seen = self.evaluate();
            if whole(&seen.bound) < *least {
                return false;
            }
            let is_broken = self.is_broken(place, &seen);
            if seen.bound < best.0 {
                best = (seen.bound, next);
            }
            if is_broken {
                low = next;
            } else {
                high = next;
            }
            if high - low <= 1 {
                break;
            }
            next = low.midpoint(high);
        }
        self.set(place, best.1);
        true
    }

    /// Sets the multiplier of a row; what sets are worth changes with it.
    fn set(&mut self, place: usize, multiplier: i64) {
        if let Some(slot) = self.multipliers.get_mut(place) {
            *slot = multiplier;
        }
        self.balance();
    }

    fn balance(&mut self) {
        let level = self.constant.len() - 1;
        let worths: Vec<i128> = self.kits.iter().map(|kit| self.set_worth(kit, level)).collect();
        for (kit, worth) in self.kits.iter_mut().zip(worths) {
            kit.balance(worth);
        }
    }

    /// Moves all multipliers at once, again and again; false as soon as the bound is worse than `least`.
    fn descend(&mut self, least: &Value, descents: usize) -> bool {
        let price = self.mean_price();
        let mut best = (self.evaluate().bound, self.state());
        let mut stride = STRIDE;
        let mut idle = 0;
        for _ in 0..descents {
            let seen = self.evaluate();
            if whole(&seen.bound) < *least {
                return false;
            }
            if seen.bound < best.0 {
                best = (seen.bound.clone(), self.state());
                idle = 0;
            } else {
                idle += 1;
                if idle >= PATIENCE {
                    idle = 0;
                    stride /= 2;
                    self.restore(&best.1);
                    if stride == 0 {
                        break;
                    }
                    continue;
                }
            }
            let goal = i128::from(least.last().copied().unwrap_or_default()) * i128::from(ONE);
            let gap = last(&seen.bound) - goal;
            if gap < i128::from(ONE) || !self.step(&seen, gap * stride / STRIDE, price) {
                break;
            }
        }
        self.restore(&best.1);
        true
    }

    /// The mean list value of a choice: what a unit too many is measured by beside sums of money.
    fn mean_price(&self) -> i128 {
        let values = self
            .lines
            .iter()
            .filter_map(|line| line.picks.iter().filter_map(|pick| pick.value.last().copied()).max());
        let values: Vec<i128> = values.map(i128::from).collect();
        let count = i128::try_from(values.len()).unwrap_or(1).max(1);
        (values.iter().sum::<i128>() / count).max(1)
    }

    /// One step against everything that is broken; false where nothing is.
    fn step(&mut self, seen: &Seen, gap: i128, price: i128) -> bool {
        let rows: Vec<i128> = (0..self.rows.len()).map(|row| self.row_excess(row, seen, price)).collect();
        let counts: Vec<SmallVec<[i128; 2]>> = seen
            .roles
            .iter()
            .zip(&self.kits)
            .map(|(by_rank, kit)| {
                (0..kit.roles.len())
                    .map(|role| by_rank.iter().filter_map(|counts| counts.get(role)).sum())
                    .collect()
            })
            .collect();
        let roles: Vec<SmallVec<[i128; 2]>> = self
            .kits
            .iter()
            .zip(&counts)
            .map(|(kit, counts)| if kit.lanes.is_some() { SmallVec::new() } else { kit.excess(counts) })
            .collect();
        let ranks: Vec<Vec<i128>> = self
            .kits
            .iter()
            .zip(&seen.roles)
            .map(
                |(kit, by_rank)| {
                    if kit.is_ordered && kit.lanes.is_none() { kit.overtakes(by_rank) } else { Vec::new() }
                },
            )
            .collect();
        let lanes: Vec<Vec<Sides<i128>>> = self
            .kits
            .iter()
            .zip(&seen.lanes)
            .map(|(kit, sides)| kit.lanes.as_ref().map(|lanes| lanes.excess(sides)).unwrap_or_default())
            .collect();
        // A rank that is not charged and not broken does not move.
        let moves = |over: i128, step: i128| over > 0 || step > 0;
        let mut norm: i128 = rows.iter().map(|excess| excess.pow(2)).sum();
        for (kit, (roles, ranks)) in self.kits.iter().zip(roles.iter().zip(&ranks)) {
            norm += roles.iter().map(|excess| (excess * price / 16).pow(2)).sum::<i128>();
            let moving = ranks.iter().zip(&kit.steps).filter(|&(&over, &step)| moves(over, step));
            norm += moving.map(|(over, _)| (over * price / kit.size().max(1)).pow(2)).sum::<i128>();
        }
        let sides = lanes.iter().flatten();
        norm += sides.map(|over| (over.idle.pow(2) + over.benefited.pow(2)) * price * price).sum::<i128>();
        if norm == 0 {
            return false;
        }
        for (place, excess) in rows.iter().enumerate() {
            let most = self.rows.get(place).map_or(0, |row| i128::from(row.multiplier_max));
            let is_count = self.is_count(place, price);
            if let Some(multiplier) = self.multipliers.get_mut(place) {
                let scale = if is_count { price } else { 1 };
                let moved = i128::from(*multiplier) + excess * gap / norm * scale;
                *multiplier = i64::try_from(moved.clamp(0, most)).unwrap_or(i64::MAX);
            }
        }
        for (((kit, roles), ranks), sides) in self.kits.iter_mut().zip(&roles).zip(&ranks).zip(&lanes) {
            if let Some(lanes) = &mut kit.lanes {
                lanes.step(sides, |over| (over * price) * gap / norm * price);
                continue;
            }
            for (paid, excess) in kit.paid.iter_mut().zip(roles) {
                *paid -= (excess * price / 16) * gap / norm * price;
            }
            let size = kit.size().max(1);
            for (step, &over) in kit.steps.iter_mut().zip(ranks) {
                *step = (*step + (over * price / size) * gap / norm * price / size).max(0);
            }
            kit.sum_up();
        }
        self.balance();
        true
    }

    /// Whether a row counts units or sets, not money.
    fn is_count(&self, place: usize, price: i128) -> bool {
        self.rows
            .get(place)
            .is_some_and(|row| row.sense != Sense::Shared && i128::from(row.bound) < price / 4)
    }

    /// By how much a row is broken, in money; less than nothing where it has room and a multiplier.
    fn row_excess(&self, place: usize, seen: &Seen, price: i128) -> i128 {
        let (Some(row), Some(&sum)) = (self.rows.get(place), seen.sums.get(place)) else {
            return 0;
        };
        let over = sum - i128::from(row.bound);
        let over = if row.sense == Sense::AtLeast { -over } else { over };
        let is_charged = self.multipliers.get(place).is_some_and(|&multiplier| multiplier > 0);
        let over = if over > 0 || is_charged { over } else { 0 };
        if self.is_count(place, price) { over * price } else { over }
    }

    fn state(&self) -> State {
        let kits = self.kits.iter().map(RelaxedKit::paid).collect();
        State { multipliers: self.multipliers.clone(), kits }
    }

    fn restore(&mut self, state: &State) {
        self.multipliers.clone_from(&state.multipliers);
        for (kit, paid) in self.kits.iter_mut().zip(&state.kits) {
            kit.pay(paid);
        }
    }

    /// The bound under the multipliers, and what the best charged choices come to.
    fn evaluate(&mut self) -> Seen {
        self.solve_lanes();
        let ranks = self.kits.first().map_or(0, |kit| kit.steps.len().max(1));
        let lanes = |kit: &RelaxedKit| if kit.lanes.is_some() { self.lines.len() } else { 0 };
        let mut seen = Seen {
            bound: self.open(),
            sums: SmallVec::from_elem(0, self.rows.len()),
            roles: self
                .kits
                .iter()
                .map(|kit| {
                    let ranks = if kit.is_ordered { ranks.max(kit.steps.len()) } else { 1 };
                    vec![SmallVec::from_elem(0, kit.roles.len()); ranks]
                })
                .collect(),
            lanes: self.kits.iter().map(|kit| vec![Sides::default(); lanes(kit)]).collect(),
        };
        for (place, line) in self.lines.iter().enumerate() {
            let mut best: Option<(Bound, &Pick)> = None;
            for pick in &line.picks {
                self.steps += 1;
                let charged = self.charged(pick, (place, line.rank));
                if best.as_ref().is_none_or(|(most, _)| charged > *most) {
                    best = Some((charged, pick));
                }
            }
            if let Some((charged, pick)) = best {
                add(&mut seen.bound, &charged, i128::from(line.quantity));
                for (sum, &one) in seen.sums.iter_mut().zip(&pick.adds) {
                    *sum += i128::from(one) * i128::from(line.quantity);
                }
                for &(kit, role) in &pick.seats {
                    if let Some(lanes) = self.kits.get(kit).and_then(|kit| kit.lanes.as_ref())
                        && let Some(sides) = seen.lanes.get_mut(kit).and_then(|lines| lines.get_mut(place))
                    {
                        lanes.add(sides, role, i64::from(line.quantity));
                    }
                    let by_rank = seen.roles.get_mut(kit);
                    let at = by_rank.and_then(|ranks| {
                        if ranks.len() == 1 { ranks.get_mut(0) } else { ranks.get_mut(line.rank) }
                    });
                    if let Some(count) = at.and_then(|counts| counts.get_mut(role)) {
                        *count += i128::from(line.quantity);
                    }
                }
            }
        }
        self.add_sets(&mut seen);
        seen
    }

    /// What the sets add to the rows, were the units of their roles made up to sets.
    fn add_sets(&self, seen: &mut Seen) {
        for (kit, by_rank) in self.kits.iter().zip(&seen.roles) {
            let units: i128 = by_rank.iter().flatten().sum();
            let sets = units / kit.size().max(1);
            for (sum, &adds) in seen.sums.iter_mut().zip(&kit.adds) {
                *sum += i128::from(adds) * sets;
            }
        }
    }
}

/// All multipliers.
struct State {
    multipliers: Vec<i64>,
    kits: Vec<Paid>,
}

/// What the units of a line may do in the sets of a kit.
fn fits(line: &LinePicks, kit: usize, roles: usize) -> Fits {
    let quantity = i64::from(line.quantity);
    let role = |role: usize| {
        let seated = line.picks.iter().filter(|pick| pick.seats.contains(&(kit, role))).count();
        let least = if seated == line.picks.len() { quantity } else { 0 };
        (least, if seated > 0 { quantity } else { 0 })
    };
    Fits { line: line.line, quantity, rank: line.rank, roles: (0..roles).map(role).collect() }
}
