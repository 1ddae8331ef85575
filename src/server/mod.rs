//! Everything that waits: disk, socket, clock. The core below does not know that this wing exists.
//!
//! One thread, the [`keeper`], turns the rules folder into what the [`engine`] holds; the [`grpc`] services price by
//! that and never touch a file.

pub mod telemetry;
pub mod clock;
pub mod config;
pub mod wire;
pub mod store;
pub mod rules_dir;
pub mod engine;
pub mod status;
pub mod keeper;
pub mod convert;
pub mod grpc;
pub mod socket;
pub mod run;
