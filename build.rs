//! Compiles the wire format in pure Rust: no protoc on a fresh machine. A build of the core alone needs none of it.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

const FILES: [&str; 7] = [
    "pricewright/v1/certificate.proto",
    "pricewright/v1/code.proto",
    "pricewright/v1/customer.proto",
    "pricewright/v1/pricing.proto",
    "pricewright/v1/redemption.proto",
    "pricewright/v1/report.proto",
    "pricewright/v1/rulebook.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    if env::var_os("CARGO_FEATURE_SERVER").is_none() {
        return Ok(());
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile(FILES, ["proto"])?;
    tonic_prost_build::configure()
        .compile_well_known_types(true)
        .btree_map(".")
        .extern_path(".google.protobuf", "::pbjson_types")
        .extern_path(".google.protobuf.Timestamp", "crate::server::timestamp::Timestamp")
        .bytes(".")
        .compile_fds(descriptors.clone())?;
    let encoded = protox::prost::Message::encode_to_vec(&descriptors);
    fs::write(out.join("descriptor.bin"), &encoded)?;
    pbjson_build::Builder::new()
        .register_descriptors(&encoded)?
        .btree_map(["."])
        .preserve_proto_field_names()
        .build(&[".pricewright"])?;
    Ok(())
}
