//! Folders copied whole.

use std::fs::{self, File};
use std::path::Path;

use super::error::{Error, disk};
use crate::server::store::write_durably;

/// Copies the files and folders of `from` into `to`, synced; what is there stays as it is. Left out are files whose names begin with a
/// dot: those are somebody's work in progress.
pub(super) fn add(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(disk("make the folder", to))?;
    for entry in fs::read_dir(from).map_err(disk("list", from))? {
        let entry = entry.map_err(disk("list", from))?;
        let (path, place) = (entry.path(), to.join(entry.file_name()));
        let name = entry.file_name();
        if path.is_dir() {
            add(&path, &place)?;
        } else if !name.to_string_lossy().starts_with('.') && !place.exists() {
            // Whole or not at all: what an interrupted copy left would be taken for what is there.
            let bytes = fs::read(&path).map_err(disk("read", &path))?;
            write_durably(&place, &bytes).map_err(disk("write", &place))?;
        }
    }
    sync(to)
}

/// Whether nothing is in the folder, or it is not there.
pub(super) fn is_empty(folder: &Path) -> Result<bool, Error> {
    if !folder.exists() {
        return Ok(true);
    }
    Ok(fs::read_dir(folder).map_err(disk("list", folder))?.next().is_none())
}

fn sync(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|file| file.sync_all()).map_err(disk("sync", path))
}
