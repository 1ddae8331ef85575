//! The gRPC services and what stands in front of them.

pub mod refusal;
pub mod failure;
mod seats;
pub mod gate;
pub mod admit;
mod aside;
pub mod four_eyes;
mod upload;
mod inflow;
mod fields;
mod record;
pub mod pricing;
pub mod codes;
pub mod certificates;
pub mod redemption;
pub mod reports;
mod publishing;
pub mod rulebooks;
mod import;
pub mod customers;
pub mod floor;
