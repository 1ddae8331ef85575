//! What happens to the services of a soak, one thing after the other, and how long each takes to be over.

use std::time::Duration;

use pricewright::server::clock;

use super::load::Load;
use super::service::Service;
use crate::faults::dice::Dice;
use crate::faults::shop::RULES;
use crate::postgres::cluster::Cluster;

/// Places in the list of services: over a journal of its own, one that is killed and one that never is; over the database, one that never
/// is and one that is.
pub(super) const KILLED: usize = 0;
pub(super) const CALM: usize = 1;
pub(super) const STEADY: usize = 2;
pub(super) const NODE: usize = 3;

/// Holds are of fifteen minutes and passwords of five: all of them are over after such a step.
const STEP_SECONDS: i64 = 3_600;
/// Tills hurry for so long before a fault.
const HURRY: Duration = Duration::from_millis(400);
/// What rules are broken by: a word that is none, a bracket that stays open, a number that makes no sense.
const BROKEN: [(&str, &str); 3] =
    [("percent: 20}", "percnt: 20}"), ("percent: 20}", "percent: {20}"), ("percent: 20}", "percent: 133}")];

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    Killed,
    DiskFull,
    RulesBroken,
    ClockStepped,
    DatabaseGone,
}

pub(super) const FAULTS: [Fault; 5] =
    [Fault::Killed, Fault::DiskFull, Fault::RulesBroken, Fault::ClockStepped, Fault::DatabaseGone];

/// A fault that is over.
#[derive(Debug, Clone)]
pub(super) struct Over {
    pub(super) fault: Fault,
    pub(super) service: &'static str,
    /// From the moment at which nothing stood in the way any more until it was ready, quoted, and asked its ledger.
    pub(super) back: Duration,
}

/// The services and their database.
pub(super) struct Field {
    pub(super) services: Vec<Service>,
    pub(super) cluster: Cluster,
    pub(super) dice: Dice,
    /// How long a fault that has a length lasts at most.
    pub(super) longest: Duration,
    /// Faults until now.
    pub(super) count: u64,
}

impl Field {
    /// All faults, each once, in some order.
    pub(super) fn round(&mut self) -> Vec<Fault> {
        let mut round = FAULTS.to_vec();
        for end in (1..round.len()).rev() {
            round.swap(end, self.dice.index(end + 1));
        }
        round
    }

    /// Lets it happen, and waits until it is over.
    pub(super) async fn strike(&mut self, fault: Fault, load: &Load) -> Over {
        self.count += 1;
        load.hurry(true);
        tokio::time::sleep(HURRY).await;
        let (service, back) = match fault {
            Fault::Killed => self.kill(load).await,
            Fault::DiskFull => self.fill(load).await,
            Fault::RulesBroken => self.break_rules(load).await,
            Fault::ClockStepped => self.step_clock(load).await,
            Fault::DatabaseGone => self.take_database(load).await,
        };
        Over { fault, service: self.services[service].name, back }
    }

    async fn kill(&mut self, load: &Load) -> (usize, Duration) {
        let victim = [KILLED, NODE][self.dice.index(2)];
        self.services[victim].kill();
        load.hurry(false);
        (victim, self.restart(victim).await)
    }

    /// The service ends of it and says so: it may not go on without knowing what it has kept.
    async fn fill(&mut self, load: &Load) -> (usize, Duration) {
        let ended = self.services[KILLED].fill_until_it_ends().await;
        load.hurry(false);
        let is_said = ["ledger", "journal", "data"].iter().any(|word| ended.told.contains(word));
        assert!(ended.status.code().is_some_and(|code| code != 0) && is_said, "{ended:?}");
        (KILLED, self.restart(KILLED).await)
    }

    async fn restart(&mut self, victim: usize) -> Duration {
        let begun = clock::steady();
        self.services[victim].restart().await;
        self.services[victim].back().await;
        begun.elapsed()
    }

    /// Quotes go on by the last good rules, the page of metrics and the folder say that a file is held, and mended rules come into force.
    async fn break_rules(&mut self, load: &Load) -> (usize, Duration) {
        load.hurry(false);
        let victim = [KILLED, CALM, STEADY][self.dice.index(3)];
        let (good, bad) = BROKEN[self.dice.index(BROKEN.len())];
        let service = &self.services[victim];
        let before = service.life().quote().await.rulebook_version;
        let is_held = async |life: super::service::Life, held: &str| {
            life.metric("pricewright_rule_files{state=\"held\"}").await == held
        };
        service.write_rules(&RULES.replacen(good, bad, 1));
        service.until("a broken file is held", |life| is_held(life, "1")).await;
        tokio::time::sleep(self.longest / 2).await;
        assert_eq!(service.life().quote().await.rulebook_version, before, "{}", service.name);
        let status = service.rules_status();
        assert!(status.contains("rules.yaml"), "{}: {status}", service.name);
        service.write_rules(&format!("{RULES}# Mended after fault {}.\n", self.count));
        let begun = clock::steady();
        service.until("a mended file is live", |life| is_held(life, "0")).await;
        let is_new = async |life: super::service::Life| life.quote().await.rulebook_version != before;
        service.until("quotes by mended rules", is_new).await;
        service.back().await;
        (victim, begun.elapsed())
    }

    /// Forward and back, or back and forward. The steady clock goes on, as it does where a machine's clock is set.
    async fn step_clock(&mut self, load: &Load) -> (usize, Duration) {
        let victim = self.dice.index(self.services.len());
        let step = if self.dice.is_one_in(2) { STEP_SECONDS } else { -STEP_SECONDS };
        let service = &self.services[victim];
        let mut worst = Duration::ZERO;
        for ahead in [step, 0] {
            load.hurry(true);
            tokio::time::sleep(HURRY).await;
            service.step_clock(ahead);
            let begun = clock::steady();
            service.back().await;
            worst = worst.max(begun.elapsed());
            let quoted = service.life().quote().await.time.expect("a quote has its time").seconds;
            let away = quoted - clock::now().unix() - ahead;
            assert!(away.abs() < STEP_SECONDS / 2, "{}: its clock is {away} s away", service.name);
            load.hurry(false);
            if ahead != 0 {
                tokio::time::sleep(self.longest / 2).await;
            }
        }
        (victim, worst)
    }

    /// It is stopped in the middle of everything, or stands still. Its nodes quote meanwhile.
    async fn take_database(&mut self, load: &Load) -> (usize, Duration) {
        let is_stopped = self.dice.is_one_in(2);
        let most = u64::try_from(self.longest.as_millis()).unwrap();
        let away = Duration::from_millis(1_000 + self.dice.below(most));
        tokio::task::block_in_place(|| {
            if is_stopped { self.cluster.stop_immediate() } else { self.cluster.pause() }
        });
        load.hurry(false);
        tokio::time::sleep(away).await;
        tokio::task::block_in_place(|| if is_stopped { self.cluster.start() } else { self.cluster.resume() });
        let begun = clock::steady();
        for node in [STEADY, NODE] {
            self.services[node].back().await;
        }
        (STEADY, begun.elapsed())
    }
}
