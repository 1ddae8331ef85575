//! Everything that waits: disk, socket, clock. The core below does not know that this wing exists.
//!
//! One thread, the [`keeper`], turns the rules folder into what the [`engine`] holds; another, the writer of the [`ledger`], keeps
//! what is promised. The [`grpc`] services price by the one, ask the other, and never touch a file.

pub mod spans;
pub mod telemetry;
pub mod clock;
pub mod apart;
pub mod told;
pub mod meters;
pub mod followed;
pub mod folders;
pub mod locks;
pub mod settled;
pub mod secrets;
pub mod access;
pub mod door;
pub mod database;
pub mod config;
pub mod traces;
pub mod outbox;
pub mod audit;
pub mod timestamp;
pub mod codec;
pub mod wire;
pub mod store;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod codes;
pub mod certificates;
pub mod customers;
pub mod keys_in_use;
pub mod rules_dir;
pub mod engine;
pub mod archive;
pub mod reporter;
pub mod status;
pub mod keeper;
pub mod convert;
pub mod grpc;
pub mod metrics;
pub mod promises;
pub mod services;
pub mod entrance;
pub mod transport;
pub mod run;
