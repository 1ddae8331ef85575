//! What to decide where there are too many labels to tell choices apart.

use std::rc::Rc;

use super::super::relax::{Begin, Known, Relaxation, last_of, whole};
use super::super::switch::Setting;
use super::state::{Search, last};
use crate::pricing::settle::Value;

/// The units of which one is decided on.
const UNITS_MAX: usize = 8;
/// Those of them that sets and units see differently.
const TORN_MAX: usize = 6;
/// The settings of a switch that are tried: one with more is decided only where nothing else is open.
const SETTINGS_MAX: usize = 8;
/// A fall of the bound beyond which more does not count: what is multiplied stays small.
const FALL_MAX: i128 = 1 << 60;
/// How much a choice that is worth less to the bound counts against deciding on it.
const LOST_WEIGHT: i128 = 4;

/// One way to decide.
#[derive(Clone, Copy)]
enum Side {
    /// A unit of the line has the choice.
    Forced(usize, usize),
    /// No unit of the line that is still open has it.
    Barred(usize, usize),
    /// A switch has the setting.
    Set(usize, Setting),
}

/// A side with the bound under it, and the multipliers found there.
type Bounded = (Side, Value, Known);

impl Search<'_> {
    /// Decides what lowers the bound most on all sides (strong branching), and puts the sides into the queue.
    pub(super) fn branch(&mut self, relaxation: &Relaxation, bound: &Value) {
        let known = relaxation.known();
        let top = last_of(&relaxation.bound());
        let mut best: Option<(i128, Vec<Bounded>)> = None;
        for sides in self.candidates(relaxation) {
            let (fall, sides) = self.tried(&sides, &known, top);
            let is_better = best.as_ref().is_none_or(|(most, _)| fall > *most);
            if is_better {
                best = Some((fall, sides));
            }
            if self.left == 0 {
                break;
            }
        }
        let Some((_, sides)) = best else {
            self.leave_open(bound);
            return;
        };
        // What promises most is pushed last, so that it is looked at first among equals.
        for (side, below, known) in sides.into_iter().rev() {
            self.take(side);
            self.queue.push(below.min(bound.clone()), self.decided.clone(), Rc::new(known));
            self.undo(side);
        }
    }

    /// What could be decided: switches that are open, and the units on which two sides differ most.
    fn candidates(&self, relaxation: &Relaxation) -> Vec<Vec<Side>> {
        let open = self.plan.switches.iter().zip(&self.decided.settings).enumerate();
        let open = open.filter(|(_, (_, setting))| setting.is_none());
        let of_switches = |most: usize| {
            let few = open.clone().filter(move |(_, (switch, _))| switch.settings.len() <= most);
            few.map(|(place, (switch, _))| {
                switch.settings.iter().map(|setting| Side::Set(place, *setting)).collect::<Vec<Side>>()
            })
        };
        let mut units = torn(relaxation);
        let more = stools(relaxation).into_iter().filter(|unit| !units.contains(unit));
        let more: Vec<(usize, usize)> = more.collect();
        units.extend(more);
        let units = units.into_iter().take(UNITS_MAX);
        let units = units.map(|(line, choice)| vec![Side::Forced(line, choice), Side::Barred(line, choice)]);
        let mut all: Vec<Vec<Side>> = of_switches(SETTINGS_MAX).chain(units).collect();
        if all.is_empty() {
            all.extend(of_switches(usize::MAX).next());
        }
        all
    }

    /// The bounds of all sides; and how good deciding so is: what the two highest of them fall by, multiplied.
    fn tried(&mut self, sides: &[Side], known: &Known, top: i128) -> (i128, Vec<Bounded>) {
        let mut falls = Vec::with_capacity(sides.len());
        let mut open = Vec::with_capacity(sides.len());
        for &side in sides {
            self.take(side);
            let under = self.bounded(Begin::Try(known));
            self.undo(side);
            let least = i128::from(last(&self.best.settled.value));
            let bound = under.as_ref().map_or(least, |relaxation| last_of(&relaxation.bound()));
            falls.push((top - bound).clamp(1, FALL_MAX));
            open.extend(under.map(|relaxation| (side, whole(&relaxation.bound()), relaxation.known())));
        }
        falls.sort_unstable();
        (falls.iter().take(2).product(), open)
    }

    fn take(&mut self, side: Side) {
        match side {
            Side::Forced(line, choice) => self.decided.fixed.forced.push((line, choice, 1)),
            Side::Barred(line, choice) => self.decided.fixed.barred.push((line, choice)),
            Side::Set(place, setting) => self.set(place, Some(setting)),
        }
    }

    fn undo(&mut self, side: Side) {
        match side {
            Side::Forced(..) => {
                self.decided.fixed.forced.pop();
            }
            Side::Barred(..) => {
                self.decided.fixed.barred.pop();
            }
            Side::Set(place, _) => self.set(place, None),
        }
    }
}

/// Units that choose a seat which the sets do not give them, or that sets ask for and do not get; the dearest first.
fn torn(relaxation: &Relaxation) -> Vec<(usize, usize)> {
    let torn = relaxation.torn.iter().filter_map(|&(place, seat)| {
        let line = relaxation.lines.get(place).filter(|line| line.picks.len() > 1)?;
        let pick = line.picks.iter().find(|pick| pick.seats.contains(&seat))?;
        Some((line.rank, line.line, pick.choice))
    });
    let mut torn: Vec<_> = torn.collect();
    torn.sort_unstable();
    torn.dedup();
    torn.into_iter().take(TORN_MAX).map(|(_, line, choice)| (line, choice)).collect()
}

/// The units on which two sides differ most: the best choice and another are worth about the same to the bound, and what the
/// rows see of them is far apart. There the bound sits between two stools.
fn stools(relaxation: &Relaxation) -> Vec<(usize, usize)> {
    let open = relaxation.lines.iter().filter_map(|line| {
        let (best, rest) = line.picks.split_first()?;
        let score = rest.iter().map(|next| {
            let lost = last_of(&best.charged) - last_of(&next.charged);
            relaxation.apart(best, next) - lost * LOST_WEIGHT
        });
        Some((score.max()?, std::cmp::Reverse(line.line), best.choice))
    });
    let mut open: Vec<_> = open.collect();
    open.sort_by(|one, other| other.cmp(one));
    open.into_iter().take(UNITS_MAX).map(|(_, std::cmp::Reverse(line), choice)| (line, choice)).collect()
}
