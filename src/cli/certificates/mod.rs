//! `pricewright certificates`: gift certificates from a shell, over gRPC to a service that runs.
//!
//! A number, a phone and a password are secrets here: they are read from standard input where `-` stands for them, a number goes to standard
//! output where it is issued, and none of them ever into an error.

mod desk;
mod issue;
mod otp;
mod look;
mod support;
mod books;
mod table;
mod statement;
mod undelivered;

use std::process::ExitCode;

use anyhow::Result;

/// Issue gift certificates, open them, change them, and close their books
///
/// Talks to a service that runs. See docs/certificates.md.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  pricewright certificates issue --sale 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e10 --phone +380671234567
  pricewright certificates send-otp --number - --phone - --look < owner.txt
  pricewright certificates balance
  pricewright certificates block --id 0197c5a4-7b1e-7cc2-8f3a-3f5ddd1a9e11 --actor support-7 --reason stolen
  pricewright certificates statement --from 2026-11-01 --until 2026-11-30 --csv > november.csv")]
#[expect(
    missing_docs,
    reason = "words here would take the place of the long ones of each command in its help"
)]
pub enum Command {
    Issue(Box<issue::Args>),
    SendOtp(Box<otp::Args>),
    Balance(look::BalanceArgs),
    Entries(look::EntriesArgs),
    Block(support::BlockArgs),
    Unblock(support::UnblockArgs),
    Extend(support::ExtendArgs),
    Transfer(support::TransferArgs),
    Statement(statement::Args),
    Undelivered(undelivered::Args),
}

/// Does what the command says.
///
/// # Errors
/// Nobody answers, the service refuses, a file cannot be read or written.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Issue(args) => issue::run(args),
        Command::SendOtp(args) => otp::run(args),
        Command::Balance(args) => look::balance(args),
        Command::Entries(args) => look::entries(args),
        Command::Block(args) => support::block(args),
        Command::Unblock(args) => support::unblock(args),
        Command::Extend(args) => support::extend(args),
        Command::Transfer(args) => support::transfer(args),
        Command::Statement(args) => statement::run(args),
        Command::Undelivered(args) => undelivered::run(args),
    }
}
