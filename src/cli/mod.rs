//! The command line: one file a command.

pub mod terminal;
pub mod calendar;
pub mod paper;
pub mod grid;
pub mod words;
mod when;
mod reasons;
mod stops;
mod taken;
mod lines;
pub mod hint;
pub mod receipt;
pub mod sold;
pub mod local;
mod missing;
pub mod credentials;
pub mod remote;
pub mod link;
pub mod origin;
pub mod price;
pub mod rules;
pub mod customers;
pub mod ledger;
pub mod report;
pub mod access;
pub mod completions;
pub mod man;
pub mod serve;
pub mod demo;
pub mod bench;
pub mod codes;
pub mod certificates;
pub mod sale;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  pricewright demo                                 see what it does, in half a minute
  pricewright serve --rules ./rules                price over gRPC at 127.0.0.1:50051
  pricewright price --rules ./rules basket.json    price one basket, print a receipt
  pricewright codes generate spring 1000           make codes on a service that runs
  pricewright bench                                how fast it is here, beside an empty call";

/// Exact best prices for retail baskets under hundreds of live promotions.
#[derive(Debug, Parser)]
#[command(name = "pricewright", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Serve(Box<serve::Args>),
    Price(price::Args),
    #[command(subcommand)]
    Rules(rules::Command),
    #[command(subcommand)]
    Customers(customers::Command),
    #[command(subcommand)]
    Ledger(ledger::Command),
    #[command(subcommand)]
    Report(report::Command),
    Bench(Box<bench::Args>),
    #[command(subcommand)]
    Codes(codes::Command),
    #[command(subcommand)]
    Certificates(certificates::Command),
    Sale(sale::Args),
    /// What `bench` starts
    #[command(hide = true)]
    BenchServer(bench::host::Args),
    #[command(subcommand)]
    Access(access::Command),
    Completions(completions::Args),
    Man(man::Args),
}

/// Does what the command line asks for.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Price(args) => price::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Codes(command) => codes::run(&command),
        Command::Certificates(command) => certificates::run(&command),
        Command::Sale(args) => sale::run(&args),
        Command::BenchServer(args) => bench::host::run(&args),
        Command::Rules(command) => rules::run(&command),
        Command::Customers(command) => customers::run(&command),
        Command::Ledger(command) => ledger::run(&command),
        Command::Report(command) => report::run(&command),
        Command::Access(command) => access::run(&command),
        Command::Completions(args) => completions::run::<Cli>(&args),
        Command::Man(args) => man::run::<Cli>(&args),
    };
    match done {
        Ok(code) => code,
        // Whoever reads has seen enough (`| head`): nothing is wrong.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when standard error is closed as well.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
