//! Sets in the relaxation: what a role is paid or charged for the sets that it completes.

use smallvec::SmallVec;

use super::bound::ONE;
use super::lanes::{Lanes, Sides};
use crate::pricing::solve::choice::KitRole;

/// One way to make up sets, under the settings.
pub(in crate::pricing::solve) struct RelaxedKit {
    /// The offer.
    pub offer: usize,
    /// The level from which on it counts.
    pub level: usize,
    /// Its roles.
    pub roles: SmallVec<[KitRole; 2]>,
    /// Whether no benefited unit of a set may be dearer than one that is not.
    pub is_ordered: bool,
    /// What a set gets beside its units.
    pub gain: i64,
    /// What a set adds to each row beside its units.
    pub adds: SmallVec<[i64; 4]>,
    /// The most sets that the units allow.
    pub sets_max: i64,
    /// What each role is paid, in parts of [`ONE`]: the quantities times these are at least what a set is worth by itself, or
    /// the difference stands in the bound.
    pub(super) paid: SmallVec<[i128; 2]>,
    /// With an order: for each rank of list prices how much dearer a place at it is than at the next. A unit that is not
    /// benefited earns the sum from its rank on, a benefited one pays it.
    pub(super) steps: Vec<i128>,
    /// The sums of `steps` from each rank on.
    behind: Vec<i128>,
    /// Units of one set that are not benefited, and that are.
    idle: i128,
    benefited: i128,
    /// What the units are paid line by line, and exactly what the sets are worth beside that: then nothing of the above counts.
    pub(in crate::pricing::solve) lanes: Option<Lanes>,
}

/// What the roles of one kit are paid.
#[derive(Debug, Clone)]
pub(super) struct Paid {
    roles: SmallVec<[i128; 2]>,
    steps: Vec<i128>,
    pub(super) lanes: Vec<(usize, Sides<i64>)>,
}

impl RelaxedKit {
    pub(super) fn paid(&self) -> Paid {
        let lanes = self.lanes.as_ref().map(Lanes::paid).unwrap_or_default();
        Paid { roles: self.paid.clone(), steps: self.steps.clone(), lanes }
    }

    pub(super) fn pay(&mut self, paid: &Paid) {
        self.paid.clone_from(&paid.roles);
        self.steps.clone_from(&paid.steps);
        self.sum_up();
        if let Some(lanes) = &mut self.lanes {
            lanes.pay(&paid.lanes);
        }
    }

    pub(super) fn new(
        (offer, level): (usize, usize),
        roles: SmallVec<[KitRole; 2]>,
        is_ordered: bool,
        gain: i64,
        adds: SmallVec<[i64; 4]>,
        sets_max: i64,
    ) -> Self {
        let count = |is_benefited: bool| {
            let of = roles.iter().filter(|role| role.is_benefited == is_benefited);
            of.map(|role| i128::from(role.quantity)).sum()
        };
        RelaxedKit {
            offer,
            level,
            is_ordered,
            gain,
            adds,
            sets_max,
            paid: SmallVec::from_elem(0, roles.len()),
            steps: Vec::new(),
            behind: Vec::new(),
            idle: count(false),
            benefited: count(true),
            lanes: None,
            roles,
        }
    }

    /// Units of one set.
    pub(super) fn size(&self) -> i128 {
        self.idle + self.benefited
    }

    /// What the kit adds to the bound where its sets are worth more than their units are charged.
    pub(super) fn side(&self, level: usize, worth: i128) -> i128 {
        if let Some(lanes) = &self.lanes {
            return i128::from(lanes.side());
        }
        let charged = if level >= self.level { self.charged() } else { 0 };
        (worth - charged).max(0) * i128::from(self.sets_max)
    }

    /// What the units of one set are paid together.
    fn charged(&self) -> i128 {
        self.roles.iter().zip(&self.paid).map(|(role, &paid)| i128::from(role.quantity) * paid).sum()
    }

    /// What a unit of the line at `place` is paid in a role; less than nothing where it is charged.
    pub(super) fn potential(&self, role: usize, (place, rank): (usize, usize)) -> i128 {
        match &self.lanes {
            Some(lanes) => lanes.potential(role, place),
            None => self.potential_at(role, rank),
        }
    }

    /// The same without lanes, at a rank.
    pub(super) fn potential_at(&self, role: usize, rank: usize) -> i128 {
        let paid = self.paid.get(role).copied().unwrap_or_default();
        let place = self.behind.get(rank).copied().unwrap_or_default();
        let is_benefited = self.roles.get(role).is_some_and(|role| role.is_benefited);
        if is_benefited { paid - self.idle * place } else { paid + self.benefited * place }
    }

    /// Brings what is paid to what a set is worth, the same for every unit.
    pub(super) fn balance(&mut self, worth: i128) {
        let missing = worth - self.charged();
        let size = self.size().max(1);
        // Rounded up: what is paid too much is in the bound all the same.
        let each = missing.div_euclid(size) + i128::from(missing.rem_euclid(size) != 0);
        self.paid.iter_mut().for_each(|paid| *paid += each);
        // A unit that gets no benefit may always leave: it is never charged for standing ready.
        for (role, paid) in self.roles.iter().zip(&mut self.paid) {
            *paid = if role.is_benefited { *paid } else { (*paid).max(0) };
        }
    }

    /// Sums the steps up.
    pub(super) fn sum_up(&mut self) {
        let mut sum = 0;
        self.behind = self
            .steps
            .iter()
            .rev()
            .map(|step| {
                sum += step;
                sum
            })
            .collect();
        self.behind.reverse();
    }

    /// How far counts of its roles are from complete sets: for each role, in units.
    pub(super) fn excess(&self, counts: &[i128]) -> SmallVec<[i128; 2]> {
        let squares: i128 = self.roles.iter().map(|role| i128::from(role.quantity).pow(2)).sum();
        let sets: i128 =
            self.roles.iter().zip(counts).map(|(role, &count)| i128::from(role.quantity) * count).sum();
        // In parts of 16: a third of a set is no whole number of units.
        let of = |(role, &count): (&KitRole, &i128)| {
            16 * count - 16 * i128::from(role.quantity) * sets / squares.max(1)
        };
        self.roles.iter().zip(counts).map(of).collect()
    }

    /// By how much the benefited units among the ranks up to each are too many for the others, in units of one set.
    pub(super) fn overtakes(&self, by_rank: &[SmallVec<[i128; 2]>]) -> Vec<i128> {
        let mut sum = 0;
        by_rank
            .iter()
            .map(|counts| {
                for (role, &count) in self.roles.iter().zip(counts) {
                    sum += if role.is_benefited { self.idle * count } else { -self.benefited * count };
                }
                sum
            })
            .collect()
    }

    /// A first guess: every unit of a set is worth the same, whatever its role. `takes` holds for each role and rank what a
    /// unit takes off by itself, at most; nothing where there is none.
    pub(super) fn guess(&mut self, takes: &[Vec<Option<i64>>], ranks: usize, worth: i128) {
        if self.is_ordered {
            // A place is worth what the reduced unit takes, shared by all units of the set; dearer places are worth no less.
            let mut dearest = 0;
            let mut places = vec![0_i128; ranks];
            for rank in (0..ranks).rev() {
                let take = takes.iter().filter_map(|by_rank| by_rank.get(rank).copied().flatten()).max();
                let take = i128::from(take.unwrap_or_default()) * i128::from(ONE);
                dearest = dearest.max(take / self.size().max(1));
                if let Some(place) = places.get_mut(rank) {
                    *place = dearest;
                }
            }
            let next = places.iter().skip(1).copied().chain([0]);
            self.steps = places.iter().zip(next).map(|(place, next)| place - next).collect();
            self.sum_up();
        } else {
            let mean = |by_rank: &Vec<Option<i64>>| {
                let known: Vec<i64> = by_rank.iter().copied().flatten().collect();
                let count = i128::try_from(known.len()).unwrap_or(1).max(1);
                known.iter().map(|&take| i128::from(take)).sum::<i128>() * i128::from(ONE) / count
            };
            let means: Vec<i128> = takes.iter().map(mean).collect();
            let whole: i128 =
                self.roles.iter().zip(&means).map(|(role, &mean)| i128::from(role.quantity) * mean).sum();
            let each = (whole + worth) / self.size().max(1);
            self.paid = means.iter().map(|mean| each - mean).collect();
        }
        self.balance(worth);
    }
}
