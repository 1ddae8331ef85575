//! `pricewright bench`: latency and throughput, in process and over gRPC, beside the floor of an empty call on the same machine.

pub mod options;
pub mod tally;
pub mod baskets;
pub mod in_process;
pub mod load;
pub mod host;
pub mod measure;
pub mod report;

use std::env;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::process::ExitCode;
use std::thread::available_parallelism;

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;

use super::local::{Local, sources};
use super::rules::progress;
use super::terminal;
use crate::lang::Lang;
use crate::rulebook::Source;
use baskets::Baskets;
use host::Host;
use measure::{Target, Timing};
pub use options::Args;
use options::Place;
use report::{Grpc, Report};

/// Measures.
///
/// # Errors
/// Rules or baskets at fault, a server that does not answer.
pub fn run(args: &Args) -> Result<ExitCode> {
    let baskets = Baskets::read(&args.file(), args.explain)?;
    let mut report = Report {
        baskets: baskets.requests.len(),
        lines: baskets.lines(),
        explain: args.explain,
        ..Report::default()
    };
    let bar = progress::bar(steps(args), "measuring");
    let sources = match args.server {
        // The rules are the server's.
        Some(_) => Vec::new(),
        None => in_process(args, &baskets, &mut report, &bar)?,
    };
    if args.covers(Place::Grpc) {
        report.grpc = Some(over_grpc(args, &baskets, &sources, &bar)?);
    }
    bar.finish_and_clear();
    let text =
        if args.json { format!("{}\n", report.json()) } else { report.table(terminal::stdout_has_colors()) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(if report.has_refused() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs of which the progress bar is told.
fn steps(args: &Args) -> usize {
    let in_process = if args.covers(Place::InProcess) { 2 } else { 0 };
    let methods: usize = if args.stream { 4 } else { 3 };
    let rounds = usize::try_from(args.rounds).unwrap_or(usize::MAX).saturating_add(1);
    let grpc = if args.covers(Place::Grpc) { methods.saturating_mul(rounds) } else { 0 };
    grpc.saturating_mul(args.streams.len()).saturating_add(in_process)
}

/// Checks rules and baskets, and measures what is asked for; the rules as they were read.
fn in_process(args: &Args, baskets: &Baskets, report: &mut Report, bar: &ProgressBar) -> Result<Vec<Source>> {
    let sources = sources(&args.rules)?;
    let local = Local::compile(&sources, Lang::En, terminal::stderr_has_colors())
        .with_context(|| format!("the rules in `{}` are at fault", args.rules.display()))?;
    baskets.check(&local)?;
    let rulebook = local.rulebook();
    report.rulebook = Some(rulebook.digest().version());
    report.promotions = rulebook.promotions().len();
    if args.covers(Place::InProcess) {
        let (asked, warm_up, time) = (&baskets.requests, args.warm_up, args.duration);
        report.in_process.push(("price", in_process::core(rulebook, asked, warm_up, time)?));
        bar.inc(1);
        report.in_process.push(("with conversion", in_process::whole(rulebook, asked, warm_up, time)?));
        bar.inc(1);
    }
    Ok(sources)
}

fn over_grpc(args: &Args, baskets: &Baskets, sources: &[Source], bar: &ProgressBar) -> Result<Grpc> {
    let host = match &args.server {
        Some(_) => None,
        None => {
            let program = env::current_exe().context("cannot find this program")?;
            Some(Host::start(&program, sources, baskets)?)
        }
    };
    // One thread a connection, as a client would have, and half of the cores for the server.
    let cores = available_parallelism().map_or(1, NonZero::get);
    let threads = usize::try_from(args.connections).unwrap_or(usize::MAX).min(cores / 2).max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let timing = Timing { warm_up: args.warm_up, round: args.round(), rounds: args.rounds };
    let rows = runtime.block_on(async {
        let uri = args.uri().or_else(|| host.as_ref().map(|host| format!("http://{}", host.address)));
        let reach = (uri.as_deref().unwrap_or_default(), args.connections);
        let target = Target::reach(reach, host, baskets, args.stream).await?;
        let mut rows = Vec::new();
        for &streams in &args.streams {
            rows.extend(target.level((streams, args.rate), baskets, timing, || bar.inc(1)).await?);
        }
        anyhow::Ok(rows)
    })?;
    Ok(Grpc {
        server: args.server.clone(),
        connections: args.connections,
        rate: args.rate,
        rounds: args.rounds,
        rows,
    })
}
