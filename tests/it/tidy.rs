//! The house stays tidy: arrows point one way, the core does no I/O, files stay small. Plain text search over `src/`.
//!
//! The order of the `mod` lines is the floor plan, in `lib.rs` and inside each room: a module imports only modules
//! declared above it. So no circle can be written, and what stands above `server` does not know that it exists.

mod scan;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use scan::{Named, Scan, scan};

/// A longer file is two files.
const FILE_LINES_MAX: usize = 500;

/// Longer files that are one all the same, each with its reason.
const LONG_FILES: &[(&str, &str)] =
    &[("src/rulebook/read/vocabulary.rs", "one table: every word of a rule file beside its description")];

/// What waits, and what looks at a clock: none of it occurs above `server`.
const WAITING: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "net"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["tokio"],
    &["tonic"],
    &["prost"],
    &["sled"],
    &["tracing"],
    &["print!"],
    &["println!"],
    &["eprint!"],
    &["eprintln!"],
];

const CLOCKS: &[&[&str]] = &[&["SystemTime"], &["Instant", "now"], &["Timestamp", "now"], &["Zoned", "now"]];

#[test]
fn the_house_is_tidy() {
    let mut tree = BTreeMap::new();
    read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), "src", &mut tree);
    assert!(tree.len() > 20, "src/ was not found");
    let findings = check(&tree, LONG_FILES);
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

fn read(folder: &Path, name: &str, tree: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &name, tree);
        } else if name.ends_with(".rs") {
            tree.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
}

/// Everything that is untidy in a tree of files by path, as `file:line: what is wrong and why`.
fn check(tree: &BTreeMap<String, String>, long_files: &[(&str, &str)]) -> Vec<String> {
    let house = House::of(tree);
    let mut findings: Vec<String> = Vec::new();
    for (file, room) in &house.files {
        for named in &room.scan.named {
            let found = house
                .wrong_way(&room.module, named)
                .or_else(|| house.waits(&room.module, named))
                .or_else(|| shows(&room.module, named))
                .or_else(|| house.leaks_wire(&room.module, named));
            let Some(what) = found else { continue };
            let finding = format!("{file}:{}: {what}", named.line);
            // A group may name ten things of one module: it is one arrow.
            if findings.last().is_none_or(|last| arrow(last) != arrow(&finding)) {
                findings.push(finding);
            }
        }
    }
    findings.extend(tree.iter().filter_map(|(file, text)| too_long(file, text.lines().count(), long_files)));
    let stale = |file: &str| tree.get(file).is_none_or(|text| text.lines().count() <= FILE_LINES_MAX);
    findings.extend(long_files.iter().filter(|(file, _)| stale(file)).map(|(file, _)| {
        format!("{file}:1: is not longer than {FILE_LINES_MAX} lines: take it off the list of long files")
    }));
    findings
}

/// A finding without the thing that is imported: the place and the two modules, where it has them.
fn arrow(finding: &str) -> (&str, &str) {
    let place = finding.split('`').next().unwrap_or_default();
    (place, finding.split_once("`, but `").map_or(finding, |(_, modules)| modules))
}

struct House {
    files: BTreeMap<String, FileOf>,
    // The `mod` lines of each module that has a file, in order.
    floors: BTreeMap<Vec<String>, Vec<String>>,
}

struct FileOf {
    module: Vec<String>,
    scan: Scan,
}

impl House {
    fn of(tree: &BTreeMap<String, String>) -> Self {
        let files: BTreeMap<String, FileOf> = tree
            .iter()
            // The binary is a crate of its own.
            .filter(|(file, _)| *file != "src/main.rs")
            .map(|(file, text)| (file.clone(), FileOf { module: module_of(file), scan: scan(text) }))
            .collect();
        let floors = files.values().map(|file| (file.module.clone(), file.scan.modules.clone())).collect();
        House { files, floors }
    }

    /// An import of a module that is not declared above.
    fn wrong_way(&self, module: &[String], named: &Named) -> Option<String> {
        let here = [module, &named.inside].concat();
        let there = self.absolute(&here, &named.path)?;
        let shared = here.iter().zip(&there).take_while(|(one, other)| one == other).count();
        let (Some(from), Some(to)) = (here.get(shared), there.get(shared)) else { return None };
        let parent = &here[..shared];
        let floors = self.floors.get(parent)?;
        // A module inside a file belongs to it.
        let from_floor = floors.iter().position(|floor| floor == from)?;
        if named.in_tests && shared > 0 {
            return None;
        }
        let path = named.path.join("::");
        let plan = plan_of(parent);
        let Some(to) = self.floor_behind(parent, to) else {
            return (shared > 0).then(|| {
                format!(
                    "imports `{path}` from its own parent `{}`, which uses this module: that is a circle; \
                     move what both need into a module above",
                    parent.join("::")
                )
            });
        };
        let to_floor = floors.iter().position(|floor| *floor == to)?;
        (to_floor > from_floor).then(|| {
            format!(
                "imports `{path}`, but `{to}` is declared below `{from}` in {plan}: a module imports only modules \
                 declared above it"
            )
        })
    }

    /// The child of `parent` that is, or shows, `name`.
    fn floor_behind(&self, parent: &[String], name: &str) -> Option<String> {
        let floors = self.floors.get(parent)?;
        let is_floor = |name: &str| floors.iter().any(|floor| floor == name);
        if is_floor(name) {
            return Some(name.to_owned());
        }
        let shown = self.files.values().find(|file| file.module == parent)?.scan.shown.get(name)?;
        let absolute = self.absolute(parent, shown)?;
        absolute.get(parent.len()).filter(|behind| is_floor(behind)).cloned()
    }

    /// A path from the root of the crate; `None` when it leads outside.
    fn absolute(&self, here: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, mut rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => here.to_vec(),
            "super" => here[..here.len().checked_sub(1)?].to_vec(),
            child if self.floors.get(here)?.iter().any(|floor| floor == child) => {
                return Some([here, path].concat());
            }
            _ => return None,
        };
        while rest.first().is_some_and(|next| next == "super") {
            base.pop()?;
            rest = &rest[1..];
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    /// I/O, waiting or a clock in the core.
    fn waits(&self, module: &[String], named: &Named) -> Option<String> {
        let room = module.first()?;
        let rooms = self.floors.get(&Vec::new())?;
        let server = rooms.iter().position(|floor| floor == "server").unwrap_or(rooms.len());
        let core = rooms.iter().position(|floor| floor == room).is_some_and(|floor| floor < server);
        let waiting = WAITING
            .iter()
            .any(|bad| named.path.iter().zip(*bad).filter(|(one, other)| one == *other).count() == bad.len());
        let clock = CLOCKS.iter().any(|bad| named.path.windows(bad.len()).any(|part| part == *bad));
        (core && (waiting || clock)).then(|| {
            format!(
                "`{}` in `{room}`: what waits or looks at a clock lives in `server` and `cli` alone; the core takes \
                 bytes and instants as arguments",
                named.path.join("::")
            )
        })
    }

    /// Wire types outside the faces.
    fn leaks_wire(&self, module: &[String], named: &Named) -> Option<String> {
        let room = module.first()?;
        let absolute = self.absolute(module, &named.path)?;
        let wire = absolute.starts_with(&["server".to_owned(), "wire".to_owned()]);
        (wire && room != "server" && room != "cli").then(|| {
            format!(
                "`{}` in `{room}`: wire types are used in `server` and `cli` alone",
                named.path.join("::")
            )
        })
    }
}

/// A re-export in `lib.rs`.
fn shows(module: &[String], named: &Named) -> Option<String> {
    (module.is_empty() && named.is_use && !named.in_tests)
        .then(|| format!("`use {}` in lib.rs: a re-export there hides an arrow", named.path.join("::")))
}

fn too_long(file: &str, lines: usize, long_files: &[(&str, &str)]) -> Option<String> {
    (lines > FILE_LINES_MAX && !long_files.iter().any(|(long, _)| *long == file)).then(|| {
        format!("{file}:{lines}: {lines} lines: a file of more than {FILE_LINES_MAX} is two files, or has a reason in LONG_FILES")
    })
}

fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').filter(|part| *part != "lib").map(str::to_owned).collect()
}

fn plan_of(parent: &[String]) -> String {
    if parent.is_empty() { "src/lib.rs".to_owned() } else { format!("src/{}/mod.rs", parent.join("/")) }
}

/// One planted tree: files, and a part of each finding in order; none when it is tidy.
fn planted(files: &[(&str, &str)], expected: &[&str]) {
    let floor_plan = "pub mod money;\npub mod basket;\npub mod pricing;\n#[cfg(feature = \"server\")]\npub mod server;\npub mod cli;\n";
    let mut tree: BTreeMap<String, String> = ["money", "basket", "pricing", "server", "cli"]
        .map(|room| (format!("src/{room}.rs"), String::new()))
        .into();
    tree.insert("src/lib.rs".to_owned(), floor_plan.to_owned());
    for (file, text) in files {
        tree.remove(&file.replace("/mod.rs", ".rs"));
        tree.insert((*file).to_owned(), (*text).to_owned());
    }
    let findings = check(&tree, &[]);
    assert_eq!(findings.len(), expected.len(), "{files:#?}\n{findings:#?}");
    for (finding, part) in findings.iter().zip(expected) {
        assert!(finding.contains(part), "`{finding}` does not say `{part}`");
    }
}

#[test]
fn an_import_that_goes_down_the_floors_is_found() {
    planted(&[("src/basket.rs", "use crate::money::Amount;")], &[]);
    planted(
        &[("src/money.rs", "//! x\nuse crate::basket::Line;")],
        &[
            "src/money.rs:2: imports `crate::basket::Line`, but `basket` is declared below `money` in src/lib.rs",
        ],
    );
    planted(
        &[("src/money.rs", "use crate::{\n    lang,\n    pricing::{self, quote::*},\n};")],
        &["src/money.rs:3: imports `crate::pricing`"],
    );
    planted(&[("src/money.rs", "fn f() -> crate::server::Clock { todo() }")], &["`crate::server::Clock`"]);
    planted(&[("src/money.rs", "use super::basket::Line;")], &["`super::basket::Line`"]);
}

#[test]
fn floors_hold_inside_a_room() {
    let room = (
        "src/pricing/mod.rs",
        "pub mod quote;\npub mod verify;\npub mod solve;\npub use solve::Solution;\npub struct Effort;\nuse quote::Quote;",
    );
    planted(&[room, ("src/pricing/solve.rs", "use super::quote::Quote;\nuse crate::pricing::verify;")], &[]);
    planted(
        &[room, ("src/pricing/verify.rs", "use super::solve;")],
        &[
            "src/pricing/verify.rs:1: imports `super::solve`, but `solve` is declared below `verify` in src/pricing/mod.rs",
        ],
    );
    planted(
        &[room, ("src/pricing/verify.rs", "use crate::pricing::Solution;")],
        &["`solve` is declared below `verify`"],
    );
    planted(&[room, ("src/pricing/verify.rs", "use super::Effort;")], &["its own parent `pricing`"]);
    planted(&[room, ("src/pricing/quote.rs", "use super::*;")], &["its own parent `pricing`"]);
}

#[test]
fn tests_reach_within_their_room_and_not_beyond() {
    let room = ("src/pricing/mod.rs", "pub mod quote;\npub mod solve;");
    let test = |body: &str| format!("#[cfg(test)]\nmod tests {{\n    use super::*;\n    {body}\n}}");
    planted(&[room, ("src/pricing/quote.rs", &test("use crate::pricing::solve;"))], &[]);
    planted(
        &[room, ("src/pricing/quote.rs", &test("use crate::server::x;"))],
        &["src/pricing/quote.rs:4: imports"],
    );
}

#[test]
fn what_waits_is_found_in_the_core_alone() {
    for text in [
        "use std::fs;",
        "use std::{collections::BTreeMap, env};",
        "fn f() { std::thread::sleep(x) }",
        "use tokio::time;",
        "use ::tonic::Status;",
        "use prost::Message as _;",
        "fn f() { tracing::info!(\"\") }",
        "fn f() { let now = Instant::now(); }",
        "fn f() { jiff::Timestamp::now() }",
        "use std::time::SystemTime;",
        "fn f() { println!(\"\") }",
    ] {
        planted(&[("src/pricing.rs", text)], &["the core takes bytes and instants"]);
        planted(&[("src/server.rs", text)], &[]);
    }
    planted(
        &[("src/pricing.rs", "//! std::fs\n/* use tokio::x; */ const A: &str = \"std::fs\"; use std::fmt;")],
        &[],
    );
    planted(
        &[(
            "src/pricing.rs",
            "const A: &str = r#\"\"use std::fs;\"#; const B: char = '\"'; use std::io::Read;",
        )],
        &[],
    );
}

#[test]
fn re_exports_wire_types_and_long_files_are_found() {
    let lib = "pub mod money;\npub mod server;\npub mod cli;\npub use money::Amount;";
    planted(&[("src/lib.rs", lib)], &["src/lib.rs:4: `use money::Amount` in lib.rs: a re-export"]);
    let server = ("src/server/mod.rs", "pub mod wire;\npub mod grpc;");
    planted(&[server, ("src/server/grpc.rs", "use super::wire::Quote;")], &[]);
    planted(&[server, ("src/cli.rs", "use crate::server::wire::Quote;")], &[]);
    planted(
        &[server, ("src/basket.rs", "use crate::server::wire::Quote;")],
        &["`crate::server::wire::Quote`"],
    );
    planted(&[("src/money.rs", &"\n".repeat(501))], &["src/money.rs:501: 501 lines"]);
    let short = BTreeMap::from([("src/money.rs".to_owned(), "\n".repeat(500))]);
    assert_eq!(check(&short, &[("src/money.rs", "a table")]).len(), 1);
}
