//! Compiles the wire format in pure Rust: no protoc on a fresh machine. A build of the core alone needs none of it.
//!
//! And says to the tests whether there is a PostgreSQL to run on.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use protox::prost_reflect::prost_types::{DescriptorProto, FileDescriptorProto};

#[path = "tests/it/postgres/find.rs"]
mod find;

const PACKAGE: &str = "pricewright.v1";
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
        .codec_path("crate::server::codec::Codec")
        .compile_fds(descriptors.clone())?;
    let encoded = protox::prost::Message::encode_to_vec(&descriptors);
    fs::write(out.join("descriptor.bin"), &encoded)?;
    fs::write(out.join("shapes.rs"), shapes(&descriptors.file))?;
    pbjson_build::Builder::new()
        .register_descriptors(&encoded)?
        .btree_map(["."])
        .preserve_proto_field_names()
        .build(&[".pricewright"])?;
    Ok(())
}

/// What `server/codec` weighs by: the shape of each request and of the messages within it, and which message of a call is a request.
fn shapes(files: &[FileDescriptorProto]) -> String {
    let ours: Vec<_> = files.iter().filter(|file| file.package() == PACKAGE).collect();
    let messages = ours.iter().flat_map(|file| &file.message_type);
    let messages: BTreeMap<&str, &DescriptorProto> =
        messages.map(|message| (message.name(), message)).collect();
    let methods: Vec<_> =
        ours.iter().flat_map(|file| &file.service).flat_map(|service| &service.method).collect();
    let requests: BTreeSet<&str> = methods.iter().map(|method| local(method.input_type())).collect();
    let answers: BTreeSet<&str> = methods.iter().map(|method| local(method.output_type())).collect();
    let (mut text, mut left, mut written) = (String::new(), requests.clone(), BTreeSet::new());
    while let Some(name) = left.pop_first() {
        if !written.insert(name) {
            continue;
        }
        let Some(message) = messages.get(name) else { continue };
        // The entries of a map count as fields.
        let is_entry =
            |nested: &DescriptorProto| nested.options.as_ref().is_some_and(|options| options.map_entry());
        assert!(message.nested_type.iter().all(is_entry), "{name}: nested messages have no shape");
        let fields = message.field.iter().map(|field| (field.number(), local(field.type_name())));
        let within: Vec<_> = fields.filter(|(_, name)| messages.contains_key(name)).collect();
        left.extend(within.iter().map(|(_, name)| name));
        let within: String =
            within.iter().map(|(number, name)| format!("({number}, &{}),", upper(name))).collect();
        text += &format!(
            "static {}: crate::server::codec::Shape = crate::server::codec::Shape(&[{within}]);\n",
            upper(name)
        );
    }
    for name in requests.union(&answers) {
        let shape =
            if requests.contains(name) { format!("Some(&{})", upper(name)) } else { "None".to_owned() };
        let kind = "Option<&'static crate::server::codec::Shape>";
        text +=
            &format!("impl crate::server::codec::Shaped for {name} {{ const SHAPE: {kind} = {shape}; }}\n");
    }
    text
}

/// The name of a message of our package, as others are told by their packages.
fn local(name: &str) -> &str {
    name.strip_prefix('.').and_then(|name| name.strip_prefix(PACKAGE)?.strip_prefix('.')).unwrap_or(name)
}

fn upper(name: &str) -> String {
    format!("SHAPE_OF_{}", name.to_uppercase())
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
