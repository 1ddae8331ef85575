//! Folders that last: the name of a folder is on the disk only when the folder above it was synced.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes a folder, and those above it that are missing, and syncs the names of all that it made. The name of a folder that was there is
/// synced too: whoever made it may have died before that.
///
/// # Errors
/// What the disk says.
pub fn make(folder: &Path) -> io::Result<()> {
    let above = folder.parent().map(|above| if above == Path::new("") { Path::new(".") } else { above });
    let was_there = folder.is_dir();
    if let Some(above) = above.filter(|above| !was_there && !above.is_dir()) {
        make(above)?;
    }
    match fs::create_dir(folder) {
        Err(error) if !folder.is_dir() => return Err(error),
        _ => {}
    }
    match above.map_or(Ok(()), sync) {
        // A folder that may not be listed was made by somebody else, who gave it to this process.
        Err(error) if was_there && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        done => done,
    }
}

/// Makes the names in a folder last: syncing a file does not.
///
/// # Errors
/// What the disk says.
pub fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_with_all_above_them_and_files_are_not_taken_for_one() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b/c");
        for _ in 0..2 {
            make(&deep).unwrap();
            assert!(deep.is_dir());
        }
        fs::write(home.path().join("file"), "").unwrap();
        assert!(make(&home.path().join("file")).is_err());
        assert!(make(&home.path().join("file/below")).is_err());
        make(Path::new(".")).unwrap();
        make(Path::new("/")).unwrap();
    }
}
