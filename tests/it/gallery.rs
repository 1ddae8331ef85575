//! The gallery of broken rule files: each has a golden text with what a marketer is told about it.
//!
//! `UPDATE_GOLDEN=1 cargo test --test it gallery` writes the golden files anew; look at every change.

use std::fs;
use std::path::{Path, PathBuf};

use pricewright::lang::Lang;
use pricewright::rulebook::{Settings, Source, compile, read_tests};

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

/// The manuals are read by people who copy from them: every example is taken without an error.
#[test]
fn every_example_of_the_manuals_is_a_rule_file() {
    for manual in ["docs/rules.md", "docs/rules.uk.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(manual)).unwrap();
        let blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let (mut entries, mut files, mut tests) = ("promotions:\n".to_owned(), Vec::new(), 0);
        let mut base = folder(&gallery().join("_base"));
        base.push(Source { path: "vip-wishlist.csv".to_owned(), bytes: b"sku,price\nR-1,9\n".to_vec() });
        for block in blocks {
            if block.starts_with("- ") {
                entries.push_str(block);
            } else if block.starts_with("tests:") {
                let source = Source { path: "a.test.yaml".to_owned(), bytes: block.into() };
                let (read, found) = read_tests(&Settings::default(), &source);
                assert_eq!(found, [], "{manual}");
                tests += read.len();
            } else if block.starts_with("# settings.yaml") {
                base.retain(|source| source.path != "settings.yaml");
                base.push(Source { path: "settings.yaml".to_owned(), bytes: block.into() });
            } else {
                files.push(block.to_owned());
            }
        }
        assert!(files.len() > 2 && tests > 1, "{manual}");
        for file in files.into_iter().chain([entries]) {
            let mut sources = base.clone();
            sources.push(Source { path: "a.yaml".to_owned(), bytes: file.clone().into() });
            let errors: Vec<String> = compile(&sources)
                .diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.is_error())
                .map(|diagnostic| diagnostic.render(Lang::En, false))
                .collect();
            assert!(errors.is_empty(), "{manual}:\n{}", errors.join("\n"));
        }
    }
}
