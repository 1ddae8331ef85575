//! What goes wrong in a run: when, what, for how long. All of it follows from the seed.

use std::collections::BTreeMap;
use std::time::Duration;

use turmoil::Sim;

use crate::callers::SERVICE;
use crate::clocks;
use crate::dice::Dice;
use crate::disk::Fault;
use crate::service::Host;

/// How long a message is on its way, at least and at most.
pub(crate) const LATENCY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(15));
/// Milliseconds from one fault to the next, how long one lasts, and how long a process takes to come back.
const PAUSE: (u64, u64) = (40, 500);
const LASTS: (u64, u64) = (20, 1_200);
const RESTART: (u64, u64) = (5, 250);
/// Seconds by which a clock is wrong at most: an hour, as when somebody sets the zone instead of the time.
const CLOCK: u64 = 3_600;

/// All kinds, as they are told.
const KINDS: [&str; 10] = [
    "kill",
    "power cut",
    "partition",
    "one-way partition",
    "line that holds",
    "full disk",
    "nearly full disk",
    "sync that fails",
    "write that fails",
    "clock that is set",
];

/// Something that is put right later.
enum Mend {
    Line(String),
    Held(String),
    Disk,
}

/// The troubles of one run.
pub(crate) struct Trouble {
    dice: Dice,
    next: u64,
    mends: Vec<(u64, Mend)>,
    restart: Option<u64>,
    tills: u64,
    /// Faults by kind, and starts after the service has ended by itself.
    pub(crate) seen: BTreeMap<&'static str, u64>,
    /// Whether each is told.
    pub(crate) tells: bool,
}

impl Trouble {
    pub(crate) fn new(seed: u64, tills: u64) -> Self {
        let mut dice = Dice::new(seed.wrapping_add(77));
        let next = 50 + dice.below(200);
        Trouble { dice, next, mends: Vec::new(), restart: None, tills, seen: BTreeMap::new(), tells: false }
    }

    fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        least + self.dice.below(most - least)
    }

    fn count(&mut self, at: u64, what: &'static str) {
        if self.tells {
            println!("{at:>7} ms  {what}");
        }
        *self.seen.entry(what).or_default() += 1;
    }

    /// What happens at this millisecond.
    pub(crate) fn step(&mut self, sim: &mut Sim<'_>, host: &Host) {
        let now = self.tend(sim, host);
        let (due, later) = std::mem::take(&mut self.mends).into_iter().partition(|(at, _)| *at <= now);
        self.mends = later;
        let due: Vec<(u64, Mend)> = due;
        due.into_iter().for_each(|(_, mend)| put_right(sim, host, &mend));
        if now >= self.next {
            self.next = now + self.between(PAUSE);
            self.happen(sim, host, now);
        }
    }

    /// Takes away a process that has ended by itself, and starts the next one when it is time; the millisecond that it is.
    fn tend(&mut self, sim: &mut Sim<'_>, host: &Host) -> u64 {
        let now = millis(sim.elapsed());
        if host.has_ended() {
            self.count(now, "end by itself");
            host.disk.kill();
            self.take_down(sim, now);
        }
        if self.restart.is_some_and(|at| at <= now) {
            self.restart = None;
            sim.bounce(SERVICE);
        }
        now
    }

    fn take_down(&mut self, sim: &mut Sim<'_>, now: u64) {
        if self.restart.is_none() {
            crash(sim);
            self.restart = Some(now + self.between(RESTART));
        }
    }

    fn happen(&mut self, sim: &mut Sim<'_>, host: &Host, now: u64) {
        let until = now + self.between(LASTS);
        let till = format!("till-{}", self.dice.below(self.tills));
        let kind = self.dice.index(KINDS.len());
        self.count(now, KINDS[kind]);
        match kind {
            0 => {
                host.disk.kill();
                self.take_down(sim, now);
            }
            1 => {
                host.disk.cut_power();
                self.take_down(sim, now);
            }
            2 => {
                sim.partition(SERVICE, till.as_str());
                self.mends.push((until, Mend::Line(till)));
            }
            3 => {
                if self.dice.is_one_in(2) {
                    sim.partition_oneway(SERVICE, till.as_str());
                } else {
                    sim.partition_oneway(till.as_str(), SERVICE);
                }
                self.mends.push((until, Mend::Line(till)));
            }
            4 => {
                sim.hold(SERVICE, till.as_str());
                self.mends.push((until, Mend::Held(till)));
            }
            5..=8 => {
                host.disk
                    .set([Fault::Full, Fault::NearlyFull, Fault::SyncFails, Fault::WriteFails][kind - 5]);
                self.mends.push((until, Mend::Disk));
            }
            _ => {
                let wrong = self.dice.below(2 * CLOCK + 1);
                clocks::set(i64::try_from(wrong).unwrap() - i64::try_from(CLOCK).unwrap());
            }
        }
    }

    /// Puts everything right; false as long as the service is not back.
    pub(crate) fn end(&mut self, sim: &mut Sim<'_>, host: &Host) -> bool {
        for (_, mend) in std::mem::take(&mut self.mends) {
            put_right(sim, host, &mend);
        }
        host.disk.set(Fault::None);
        self.tend(sim, host);
        self.restart.is_none()
    }
}

/// The connections of a process that ends are closed in an order that follows from nothing; with one time for all of them it shows nowhere.
fn crash(sim: &mut Sim<'_>) {
    sim.set_max_message_latency(LATENCY.0);
    sim.crash(SERVICE);
    sim.set_max_message_latency(LATENCY.1);
}

fn put_right(sim: &mut Sim<'_>, host: &Host, mend: &Mend) {
    match mend {
        Mend::Line(till) => sim.repair(SERVICE, till.as_str()),
        Mend::Held(till) => sim.release(SERVICE, till.as_str()),
        Mend::Disk => host.disk.set(Fault::None),
    }
}

fn millis(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap()
}
