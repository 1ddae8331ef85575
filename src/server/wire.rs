//! The wire format, generated from `proto/`, with proto3 JSON.
#![expect(clippy::all, clippy::pedantic, clippy::restriction, reason = "generated code")]

tonic::include_proto!("pricewright.v1");
include!(concat!(env!("OUT_DIR"), "/pricewright.v1.serde.rs"));
include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

/// The descriptors of every file, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));
