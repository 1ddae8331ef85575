//! Everything that is tested from outside: one binary, one module a subject.
//!
//! `cfg(test)` says to the lints that helper functions, too, are tests.

#[cfg(test)]
mod abuse;
#[cfg(test)]
mod access;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod beaten;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod certificates_cli;
#[cfg(test)]
mod checked;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod customers;
#[cfg(test)]
mod codes_cli;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod gallery;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod guessing;
#[cfg(test)]
mod hard;
#[cfg(test)]
mod hints;
#[cfg(test)]
mod instead;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod published;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod redemption;
#[cfg(test)]
mod report;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod rewards;
#[cfg(test)]
mod running;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod service;
#[cfg(test)]
mod soak;
#[cfg(test)]
mod supervised;
#[cfg(test)]
mod swap;
#[cfg(test)]
mod tidy;
#[cfg(feature = "otel")]
#[cfg(test)]
#[cfg(test)]
mod traces;
