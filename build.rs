//! Compiles the wire format in pure Rust: no protoc on a fresh machine. A build of the core alone needs none of it.
//!
//! And says to the tests whether there is a PostgreSQL to run on.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "tests/it/postgres/find.rs"]
mod find;

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
    look_for_postgres();
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

/// `cfg(has_postgres)`: tests that need one run; they fail where `REQUIRE_PG` is set and there is none.
fn look_for_postgres() {
    println!("cargo::rustc-check-cfg=cfg(has_postgres)");
    println!("cargo::rerun-if-env-changed=PG_BIN");
    let places = find::Places::here();
    let required = env::var_os("REQUIRE_PG").is_some_and(|value| !value.is_empty());
    if let Some(programs) = places.programs() {
        println!("cargo::rerun-if-changed={}", programs.join("postgres").display());
        println!("cargo::rustc-cfg=has_postgres");
        return;
    }
    // Where the programs are, these decide nothing, and a change of them must not build everything again.
    println!("cargo::rerun-if-env-changed=DATABASE_URL");
    println!("cargo::rerun-if-env-changed=REQUIRE_PG");
    // A package that is installed changes it. A path that is not there would make each build a new one.
    let packages = Path::new("/var/lib/dpkg/status");
    if packages.exists() {
        println!("cargo::rerun-if-changed={}", packages.display());
    }
    if required || places.database_url.is_some() {
        println!("cargo::rustc-cfg=has_postgres");
    }
}
