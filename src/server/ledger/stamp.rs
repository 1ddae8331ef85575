//! The stamp of an index that was closed in good order: the length and a checksum of each of its files.
//!
//! An index opens without a look at every account only while its files are, byte for byte, those that were closed. sled does not say
//! when it has passed over a page that it could not read, and what stood there before would be taken for what is.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crc32c::crc32c_append;

/// The file of the stamp.
pub(super) const NAME: &str = "clean";
/// Bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 20;

/// Takes the stamp off, whether it fits or not, and says whether it did: what is opened is no longer what was closed.
///
/// # Errors
/// What the disk says.
pub(super) fn take_off(folder: &Path) -> io::Result<bool> {
    let path = folder.join(NAME);
    let stamp = match fs::read(&path) {
        Ok(stamp) => stamp,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let fits = of(folder)?.into_bytes() == stamp;
    fs::remove_file(&path)?;
    File::open(folder)?.sync_all()?;
    Ok(fits)
}

/// Puts the stamp on an index that is closed, and on the disk.
///
/// # Errors
/// What the disk says.
pub(super) fn put_on(folder: &Path) -> io::Result<()> {
    let stamp = of(folder)?;
    let path = folder.join(NAME);
    fs::write(&path, stamp)?;
    File::open(&path)?.sync_all()?;
    File::open(folder)?.sync_all()
}

/// A line for each file.
fn of(folder: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    add(folder, folder, &mut lines)?;
    lines.sort_unstable();
    Ok(lines.join("\n"))
}

fn add(root: &Path, folder: &Path, lines: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            add(root, &path, lines)?;
        } else if !path.ends_with(NAME) {
            let (bytes, sum) = sum(&path)?;
            let name = path.strip_prefix(root).unwrap_or(&path).display();
            lines.push(format!("{name} {bytes} {sum:08x}"));
        }
    }
    Ok(())
}

fn sum(path: &Path) -> io::Result<(usize, u32)> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut bytes, mut sum) = (0_usize, 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, sum));
        }
        bytes = bytes.saturating_add(read);
        sum = crc32c_append(sum, buffer.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_fits_once_and_only_what_was_stamped() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        fs::create_dir(path("blobs")).unwrap();
        fs::write(path("db"), vec![7; 3 << 20]).unwrap();
        fs::write(path("blobs/1"), "x").unwrap();
        assert!(!take_off(folder.path()).unwrap());
        put_on(folder.path()).unwrap();
        assert!(take_off(folder.path()).unwrap());
        assert!(!take_off(folder.path()).unwrap());
        for harm in ["db", "blobs/1", "blobs/2", "clean"] {
            put_on(folder.path()).unwrap();
            let mut bytes = fs::read(path(harm)).unwrap_or_default();
            bytes.push(0);
            fs::write(path(harm), bytes).unwrap();
            assert!(!take_off(folder.path()).unwrap(), "{harm}");
        }
    }
}
