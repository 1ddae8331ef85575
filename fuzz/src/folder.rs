//! A rules folder as one text, as golden tests have it: `=== path` begins a file, and what stands before the first is `rules.yaml`.

use pricewright::rulebook::Source;

/// More are left out: what one file does to another shows with three.
const FILES_MAX: usize = 8;
const MARK: &[u8] = b"=== ";

/// The files of the text.
#[must_use]
pub fn of(text: &[u8]) -> Vec<Source> {
    let mut files = vec![Source { path: "rules.yaml".to_owned(), bytes: Vec::new() }];
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let path = line.strip_prefix(MARK).and_then(|path| std::str::from_utf8(path).ok());
        match (path, files.last_mut()) {
            (Some(path), _) => files.push(Source { path: path.trim().to_owned(), bytes: Vec::new() }),
            (None, Some(file)) => file.bytes.extend_from_slice(line),
            (None, None) => {}
        }
    }
    if files.len() > 1 && files[0].bytes.is_empty() {
        files.remove(0);
    }
    // A folder has one file of a name: the later one was copied over the other.
    let mut last: Vec<Source> = Vec::new();
    for file in files.into_iter().rev() {
        if last.iter().all(|seen| seen.path != file.path) {
            last.push(file);
        }
    }
    last.reverse();
    last.truncate(FILES_MAX);
    last
}

/// The text of the files.
#[must_use]
pub fn text(files: &[Source]) -> Vec<u8> {
    let mut text = Vec::new();
    for file in files {
        text.extend_from_slice(format!("=== {}\n", file.path).as_bytes());
        text.extend_from_slice(&file.bytes);
        if !file.bytes.ends_with(b"\n") {
            text.push(b'\n');
        }
    }
    text
}
