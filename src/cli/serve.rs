//! `pricewright serve`: the service, until it is told to stop.

mod notify;
mod check;

use std::process::{self, ExitCode};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::server::config::{Config, Options};
use crate::server::run::Server;
use crate::server::telemetry;
use crate::server::traces::Export;

/// Even on one core a basket that takes long must leave room for the next.
const WORKERS_MIN: usize = 4;

/// Run the service: rules from a folder in, best prices over gRPC out
///
/// A setting is taken from its flag, else from its environment variable, else from the TOML file, else it has its
/// default.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pricewright serve
  pricewright serve --rules /srv/rules --data /var/lib/pricewright --listen 0.0.0.0:50051
  PRICEWRIGHT_LOG_FORMAT=json pricewright serve --config /etc/pricewright.toml
  pricewright serve --log-level info,pricewright::request=debug
  pricewright serve --check --config /etc/pricewright.toml

A settings file has the long names as keys:
  rules = \"/srv/rules\"
  listen = \"0.0.0.0:50051\"
  cors-origin = [\"https://shop.example\"]

The first SIGTERM or SIGINT lets running requests end, a second one does not.")]
pub struct Args {
    /// Look at everything that a start needs and say what is wrong, without starting: nothing is written and no port is taken. Exits
    /// with 1 when something is wrong
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    options: Options,
}

/// Exit code 0 after a shutdown.
///
/// # Errors
/// Settings at fault, and a service that cannot start.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.check {
        return check::run(args.options.clone());
    }
    serve(args.options.clone().resolve()?).inspect_err(notify::failed).map(|()| ExitCode::SUCCESS)
}

/// How long threads may still run after the drain.
const SHUTDOWN_MAX: Duration = Duration::from_secs(1);

fn serve(config: Config) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let traces = {
        // Its connections live in this runtime.
        let _within = runtime.enter();
        config.traces.as_ref().map(Export::open).transpose()?
    };
    let taker = traces.as_ref().map(Export::taker);
    telemetry::install(config.log_format, telemetry::levels(&config.log_level)?, taker);
    telemetry::report_panics();
    let done = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        notify::starting();
        let (rules, data) = (config.rules.display().to_string(), config.data.display().to_string());
        let server = tokio::select! {
            server = Server::start(config) => server?,
            // A ledger that is read for minutes can be stopped too: nothing was answered yet.
            () = signals.next() => process::exit(0),
        };
        tracing::info!(listen = %server.local_addr(), rules, data, "pricewright listens");
        let stop = server.stopper();
        let followed = tokio::spawn(notify::follow(server.changes()));
        let mut ended = tokio::spawn(server.ended());
        tokio::select! {
            done = &mut ended => return Ok(done??),
            () = signals.next() => {}
        }
        tracing::info!("shutting down: running requests may end");
        // The end has the last word.
        followed.abort();
        notify::stopping();
        stop.stop();
        tokio::select! {
            done = ended => {
                tracing::info!("stopped");
                Ok(done??)
            }
            () = signals.next() => {
                tracing::warn!("stopped at once");
                process::exit(1);
            }
        }
    });
    if let Some(traces) = traces {
        traces.close();
    }
    // A basket still being priced does not keep the process: its caller was told.
    runtime.shutdown_timeout(SHUTDOWN_MAX);
    done
}

/// The threads of the service.
///
/// # Errors
/// The system gives none.
pub fn runtime() -> anyhow::Result<Runtime> {
    let workers = available_parallelism().map_or(1, usize::from).max(WORKERS_MIN);
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    threads.worker_threads(workers).enable_all().build().context("cannot start the runtime")
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen to signals");
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
