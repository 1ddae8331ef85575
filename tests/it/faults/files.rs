//! The files of a folder as bytes in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Files by their paths from the folder.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Every file below a folder.
pub(super) fn contents(folder: &Path) -> Files {
    let mut found = Files::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let below = contents(&path).into_iter();
            found.extend(below.map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

/// Writes files below a folder.
pub(super) fn lay(files: &Files, folder: &Path) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
