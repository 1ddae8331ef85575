//! A service in this process, with its ledger on the disk, and connections to it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use pricewright::cli::bench::load::connect;
use pricewright::cli::serve;
use pricewright::server::config::Options;
use pricewright::server::run::{RunningServer, Server};
use pricewright::server::wire;
use pricewright::server::wire::code_service_client::CodeServiceClient;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use super::till::{Tally, Tills, request_id};
use super::{CALLERS, Outcome};

/// Connections that the callers share, as the processes of a few gateways would.
const CONNECTIONS: u32 = 8;
/// How many may have what a race is for.
pub(crate) const LIMIT: u32 = 100;
/// How often each caller tries for it: together more than there is.
const ATTEMPTS_EACH: u32 = 3;
/// Baskets in which each code may be used.
const USES: u32 = 1_000_000;

/// The service and its callers, on threads of their own.
pub(crate) struct Shop {
    service: Runtime,
    callers: Runtime,
    server: RunningServer,
    channels: Vec<Channel>,
    ids: Arc<AtomicU64>,
}

impl Shop {
    /// Starts the service.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn open(home: &Path, rounds: u32) -> Outcome<Self> {
        let rules = home.join("rules");
        std::fs::create_dir_all(&rules)?;
        std::fs::write(rules.join("rules.yaml"), rules_text(rounds)?)?;
        let options = Options {
            listen: Some(([127, 0, 0, 1], 0).into()),
            rules: Some(rules),
            data: Some(home.join("data")),
            ..Options::default()
        };
        let service = serve::runtime()?;
        let server = service.block_on(Server::start(options.resolve()?))?;
        service.block_on(server.ready()).ok_or("no rulebook is live")?;
        let callers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let channels = callers.block_on(connect(&format!("http://{}", server.local_addr()), CONNECTIONS))?;
        Ok(Shop { service, callers, server, channels, ids: Arc::new(AtomicU64::new(1)) })
    }

    /// Makes codes of a pool.
    ///
    /// # Errors
    /// The service refuses.
    pub(crate) fn codes(&self, pool: &str, count: u32) -> Outcome<Vec<String>> {
        let terms = wire::CodeTerms { uses_max: Some(USES), ..wire::CodeTerms::default() };
        let (pool, terms) = (pool.to_owned(), Some(terms));
        let asked = wire::GenerateCodesRequest {
            request_id: request_id(&self.ids),
            pool,
            count,
            terms,
            ..wire::GenerateCodesRequest::default()
        };
        let channel = self.channels.first().ok_or("no connection")?.clone();
        self.callers.block_on(async {
            let mut answers = CodeServiceClient::new(channel).generate(asked).await?.into_inner();
            let mut codes = Vec::new();
            while let Some(answer) = answers.message().await? {
                codes.extend(answer.codes);
            }
            Ok(codes)
        })
    }

    /// Sells with these codes for `time`, each purchase reserved and paid.
    ///
    /// # Errors
    /// One is refused.
    pub(crate) fn sell(&self, codes: &[String], time: Duration) -> Outcome<Tally> {
        let tills = Tills::new(self.channels.clone(), Arc::clone(&self.ids), codes.to_vec())?;
        self.callers.block_on(tills.sell(CALLERS, time))
    }

    /// One race for the last of a limit: how many attempts there were, how many got it.
    ///
    /// # Errors
    /// The service fails.
    pub(crate) fn race(&self, round: u32) -> Outcome<(u32, u32)> {
        let tills = Tills::new(self.channels.clone(), Arc::clone(&self.ids), vec![race_code(round)])?;
        self.callers.block_on(tills.race(CALLERS, ATTEMPTS_EACH))
    }

    /// Ends in good order.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn close(self) -> Outcome<()> {
        drop(self.channels);
        self.service.block_on(self.server.shutdown())?;
        Ok(())
    }
}

/// The word of a race, whose promotion nobody has used before.
fn race_code(round: u32) -> String {
    format!("RACE{round}")
}

fn rules_text(rounds: u32) -> Result<String, std::fmt::Error> {
    let mut text = "promotions:\n".to_owned();
    for pool in ["hot", "many"] {
        writeln!(text, "  - {{id: {pool}, when: {{code: {{pool: {pool}}}}}, give: {{percent: 10}}}}")?;
    }
    for round in 0..rounds {
        let (code, most) = (race_code(round), LIMIT);
        writeln!(
            text,
            "  - {{id: race-{round}, when: {{code: {code}}}, give: {{percent: 10}}, limits: {{total: {most}}}}}"
        )?;
    }
    Ok(text)
}
