//! A file replaced so that a crash leaves the old one or the new one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use crate::server::folders;

/// Writes `bytes` beside `place`, syncs, renames, and syncs the folder: a crash leaves the old file or the new one.
///
/// # Errors
/// What the disk says.
pub fn write_durably(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = place.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().prefix(".pricewright-").tempfile_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    set_mode(beside.as_file())?;
    beside.persist(place).map_err(|error| error.error)?;
    folders::sync(folder)
}

/// A temporary file is for its owner alone; what replaces a file that others read must not be.
#[cfg(unix)]
fn set_mode(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_mode(_file: &File) -> io::Result<()> {
    Ok(())
}
