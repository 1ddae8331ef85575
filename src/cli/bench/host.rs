//! The server that is measured: `pricewright` once more as a process of its own, so that its CPU can be told from that of the load.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::baskets::Baskets;
use crate::cli::serve;
use crate::rulebook::{Rulebook, Source};
use crate::server::config::{Config, Options};
use crate::server::grpc::floor::Floor;
use crate::server::run::Server;
use crate::server::{clock, convert, telemetry};

const BASKETS: &str = "baskets";

/// A server in a process of its own, which ends with this one.
#[derive(Debug)]
pub struct Host {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    // Removed when dropped.
    _home: TempDir,
}

impl Host {
    /// Starts `program` as a server by `sources`, with an answer ready for each of `baskets`. Nobody's folder is touched: it has a copy.
    ///
    /// # Errors
    /// The temporary folder cannot be written, or the server does not start.
    pub fn start(program: &Path, sources: &[Source], baskets: &Baskets) -> Result<Self> {
        let home =
            tempfile::Builder::new().prefix("pricewright-bench-").tempdir().context("no temporary folder")?;
        for source in sources {
            let path = home.path().join("rules").join(&source.path);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, &source.bytes)?;
        }
        baskets.hand_over(&home.path().join(BASKETS))?;
        let mut child = Command::new(program)
            .arg("bench-server")
            .arg(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", program.display()))?;
        let told = child.stdout.take().context("the server has no output")?;
        let mut line = String::new();
        BufReader::new(told).read_line(&mut line)?;
        let address = line.trim().parse().ok();
        let mut host = Host { child, address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), _home: home };
        host.address = address.context("the server has not started")?;
        Ok(host)
    }

    /// What the threads of the server have used, by thread; nothing where the system does not tell.
    #[must_use]
    pub fn cpu(&self) -> Option<Cpu> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        let used = threads.flatten().filter_map(|thread| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            let nanos = text.split_whitespace().next()?.parse().ok()?;
            Some((thread.file_name().into_string().ok()?, nanos))
        });
        Some(Cpu(used.collect())).filter(|cpu| !cpu.0.is_empty())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It ends when its input does; that must not be waited for where it hangs.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nanoseconds on a processor, by thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu(BTreeMap<String, u64>);

impl Cpu {
    /// What was used since `before`. A thread that has ended meanwhile is not known any more: of the service those are few, for
    /// idle threads stay for ten seconds.
    #[must_use]
    pub fn since(&self, before: &Cpu) -> u64 {
        let each = self
            .0
            .iter()
            .map(|(thread, used)| used.saturating_sub(before.0.get(thread).copied().unwrap_or_default()));
        each.sum()
    }
}

/// The other side: what `pricewright bench` starts.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder made by the bench
    home: PathBuf,
}

/// Serves until standard input ends.
///
/// # Errors
/// The service cannot start.
pub fn run(args: &Args) -> Result<ExitCode> {
    // Only the level differs from `serve`: as there, nothing below it is made into text.
    telemetry::install(telemetry::LogFormat::Text, telemetry::levels("warn")?, None);
    let baskets =
        Baskets::take_over(&args.home.join(BASKETS)).context("cannot read the baskets of the bench")?;
    serve::runtime()?.block_on(served(config(&args.home)?, baskets))?;
    Ok(ExitCode::SUCCESS)
}

fn config(home: &Path) -> Result<Config> {
    let options = Options {
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        rules: Some(home.join("rules")),
        data: Some(home.join("data")),
        // A load of 1,024 streams is refused by nobody.
        max_concurrent_requests: Some(100_000),
        ..Options::default()
    };
    Ok(options.resolve()?)
}

async fn served(config: Config, baskets: Baskets) -> Result<()> {
    let floor = Floor::default();
    let beside = floor.clone();
    let server = Server::start_with(config, |routes| routes.add_service(beside)).await?;
    let live = server.ready().await.context("no rulebook is live")?;
    make_ready(&floor, &live.rulebook, &baskets)?;
    // The line that the other side waits for.
    writeln!(io::stdout(), "{}", server.local_addr())?;
    // Whoever started this has gone when the input ends.
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin().lock(), &mut io::sink())).await??;
    Ok(server.shutdown().await?)
}

fn make_ready(floor: &Floor, rulebook: &Rulebook, baskets: &Baskets) -> Result<()> {
    let now = clock::now();
    let quotes: Vec<_> = baskets
        .requests
        .iter()
        .zip(&baskets.unary)
        .filter_map(|(asked, bytes)| Some((bytes.clone(), convert::price(rulebook, asked, now).ok()?)))
        .collect();
    ensure!(quotes.len() == baskets.requests.len(), "a basket cannot be priced");
    floor.prepare(quotes.into_iter());
    Ok(())
}
