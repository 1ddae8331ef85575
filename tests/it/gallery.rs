//! The gallery of broken rule files: each has a golden text with what a marketer is told about it.
//!
//! `UPDATE_GOLDEN=1 cargo test --test it gallery` writes the golden files anew; look at every change.

use std::fs;
use std::path::{Path, PathBuf};

use pricewright::lang::Lang;
use pricewright::rulebook::{Source, compile};

/// The broken files that issue and promise ask for at least.
const BROKEN_MIN: usize = 48;
/// Those with a Ukrainian golden file too.
const UKRAINIAN_MIN: usize = 10;

/// Every file below a folder, as sources.
pub(crate) fn folder(root: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            sources.push(Source { path: name, bytes: fs::read(&path).unwrap() });
        }
    }
    sources.sort();
    sources
}

fn gallery() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gallery")
}

/// What a folder or a file of the gallery is told.
fn told(entry: &Path, lang: Lang) -> String {
    let sources = if entry.is_dir() {
        folder(entry)
    } else {
        let mut sources = folder(&gallery().join("_base"));
        let path = entry.file_name().unwrap().to_str().unwrap().to_owned();
        sources.push(Source { path, bytes: fs::read(entry).unwrap() });
        sources
    };
    let compiled = compile(&sources);
    let has_errors = compiled.diagnostics.iter().any(pricewright::rulebook::Diagnostic::is_error);
    assert_eq!(compiled.rulebook.is_none(), has_errors, "{}", entry.display());
    let mut text = String::new();
    for diagnostic in &compiled.diagnostics {
        text.push_str(&diagnostic.render(lang, false));
        text.push_str("\n\n");
    }
    text
}

fn check(golden: &Path, got: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(golden, got).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(golden).unwrap_or_default();
    if expected == got { Ok(()) } else { Err(format!("{}:\n{got}", golden.display())) }
}

#[test]
fn every_broken_file_is_explained() {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(gallery()).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let is_case = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        !name.starts_with('_') && !name.ends_with(".golden")
    };
    let (mut broken, mut ukrainian, mut faults) = (0, 0, Vec::new());
    for entry in entries.iter().filter(|path| is_case(path)) {
        let got = told(entry, Lang::En);
        assert!(!got.is_empty(), "{} is not broken", entry.display());
        broken += 1;
        faults.extend(check(&entry.with_extension("golden"), &got).err());
        let golden = entry.with_extension("uk.golden");
        if golden.exists() {
            ukrainian += 1;
            faults.extend(check(&golden, &told(entry, Lang::Uk)).err());
        }
    }
    println!("{broken} broken files explained, {ukrainian} of them in Ukrainian too");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(broken >= BROKEN_MIN && ukrainian >= UKRAINIAN_MIN, "{broken} files, {ukrainian} in Ukrainian");
}
