//! The file with the keys of the pepper, apart from the store.
//!
//! It has a line a key, `k1 = "64 hex digits"`, and `current = "k1"` for the one that makes new hashes; a line that
//! begins with `#` is a remark. To replace a key, add one, make it current, and keep the old one: without it all that is
//! hashed under it is unknown. `k1 = "lost"` says that a key is gone for good, and that this is understood. A copy belongs
//! where no copy of the store is: with both in one hand each code and phone can be tried out.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use super::entropy;
use super::key_text::{self, Keys, render};
use super::keyed::KeyId;
use crate::server::folders;

/// What can be wrong with the keys. No message shows one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk said no.
    #[error("cannot {action} the pepper file `{path}`: {error}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It is not there, and in production none is made.
    #[error(
        "the pepper file `{path}` is missing: restore it from its copy, or every code, phone and certificate is \
         unknown; for a first start write the lines `current = \"k1\"` and `k1 = \"…\"`, with what \
         `openssl rand -hex 32` prints, and `chmod 600` it"
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// It is not there, and what is kept needs it.
    #[error(
        "the pepper file `{path}` is missing, and this data folder holds what was hashed under its keys: put the file back \
         from its copy. Without one see `When the keys are lost` in docs/codes.md"
    )]
    Lost {
        /// Where it should be.
        path: PathBuf,
    },
    /// Others on this machine may read or write it.
    #[error("the pepper file `{path}` is open to others (mode {mode:03o}): `chmod 600 {path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A line of it is not what it should be.
    #[error("line {line} of the pepper file `{path}`: {what}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1; behind the last where something is missing.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// No new key.
    #[error(transparent)]
    Entropy(#[from] entropy::Error),
}

/// What to do when there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Make one: nothing of worth hangs on it.
    Development,
    /// Refuse: whoever has a store elsewhere would find every hash in it unknown, silently.
    Production,
    /// Refuse: there are hashes already.
    Begun,
}

/// Bytes of a file: the lines of 16 keys are 1.3 KB, the rest is for remarks.
const FILE_BYTES_MAX: usize = 16 * 1024;

/// The keys in the file at `path`; a new one where there is no file and the stage lets it be made.
pub(super) fn open(path: &Path, stage: Stage) -> Result<Keys, Error> {
    match (read(path), stage) {
        (Err(Error::Missing { .. }), Stage::Development) => {
            create(path)?;
            // Read, not kept from above: another process may have been first.
            parse(path, &read(path)?)
        }
        (Err(Error::Missing { path }), Stage::Begun) => Err(Error::Lost { path }),
        (text, _) => parse(path, &text?),
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, Error> {
    let disk = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
        _ => Error::Disk { action: "read", path: path.to_owned(), error },
    };
    let file = File::open(path).map_err(disk)?;
    if let Some(mode) = open_to_others(&file).map_err(disk)? {
        return Err(Error::Open { path: path.to_owned(), mode });
    }
    // Room for all of it at once: a text that grows leaves copies behind that nobody wipes.
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX + 64));
    let most = u64::try_from(FILE_BYTES_MAX + 1).unwrap_or(u64::MAX);
    file.take(most).read_to_string(&mut text).map_err(disk)?;
    if text.len() > FILE_BYTES_MAX {
        return Err(disk(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(text)
}

fn parse(path: &Path, text: &str) -> Result<Keys, Error> {
    let wrong = |mistake: key_text::Mistake| Error::Line {
        path: path.to_owned(),
        line: mistake.line,
        what: mistake.what,
    };
    key_text::parse(text).map_err(wrong)
}

/// Makes the file durably, for its owner alone from the first moment on. One that another process made meanwhile stays.
fn create(path: &Path) -> Result<(), Error> {
    let text = render(&Keys::random(KeyId::random()?)?);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let disk = |error| Error::Disk { action: "make", path: path.to_owned(), error };
    folders::make(folder).map_err(disk)?;
    // A temporary file has mode 0600 when it is made.
    let mut beside = tempfile::Builder::new().prefix(".pricewright-").tempfile_in(folder).map_err(disk)?;
    beside.write_all(text.as_bytes()).map_err(disk)?;
    beside.as_file().sync_all().map_err(disk)?;
    match beside.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => Err(disk(failed.error)),
        _ => folders::sync(folder).map_err(disk),
    }
}

/// The permissions of the open file where others have a part in it; nothing where all is well, or the system has no such thing.
#[cfg(unix)]
pub(in crate::server) fn open_to_others(file: &File) -> io::Result<Option<u32>> {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata()?;
    let is_handed = found.uid() == 0 && !rustix::process::geteuid().is_root();
    let mode = found.mode() & 0o777;
    Ok(is_open(mode, is_handed).then_some(mode))
}

/// Supervisors hand a secret to a process of another user as a file of root's that a group may read: the credentials of systemd and the
/// volumes of Kubernetes are so. Root reads everything, and has chosen who is in that group.
#[cfg(unix)]
fn is_open(mode: u32, is_handed: bool) -> bool {
    mode & if is_handed { 0o037 } else { 0o077 } != 0
}

#[cfg(not(unix))]
pub(in crate::server) fn open_to_others(_file: &File) -> io::Result<Option<u32>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret as _;

    use super::*;

    #[cfg(unix)]
    fn set_mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_first_start_makes_a_key_and_the_next_one_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/pepper.toml");
        let made = open(&path, Stage::Development).unwrap();
        let again = open(&path, Stage::Production).unwrap();
        assert_eq!(made.current.bytes.expose_secret(), again.current.bytes.expose_secret());
        assert_eq!((again.current.id, again.old.len()), (made.current.id, 0));
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap()) & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 1, "something was left behind");
        // Who comes second to make it keeps what is there.
        create(&path).unwrap();
        let kept = open(&path, Stage::Production).unwrap();
        assert_eq!(made.current.bytes.expose_secret(), kept.current.bytes.expose_secret());
        let text = fs::read_to_string(&path).unwrap();
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table.len(), 2, "it is TOML too");
    }

    #[test]
    fn in_production_and_beside_hashes_a_missing_file_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pepper.toml");
        for (stage, told) in [(Stage::Production, "for a first start"), (Stage::Begun, "from its copy")] {
            let error = open(&path, stage).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("pepper.toml` is missing"), "{error}");
            assert!(!path.exists());
        }
    }

    #[test]
    fn files_that_were_made_apart_have_keys_of_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let ids =
            ["a", "b"].map(|name| open(&folder.path().join(name), Stage::Development).unwrap().current.id);
        assert_ne!(ids[0], ids[1]);
        assert!(
            ids.iter().all(|id| KeyId::parse(id.as_str()) == Some(*id) && id.as_str().len() == 6),
            "{ids:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pepper.toml");
        open(&path, Stage::Development).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644] {
            set_mode(&path, mode);
            let told = open(&path, Stage::Development).unwrap_err().to_string();
            assert!(told.contains(&format!("mode {mode:o}")) && told.contains("`chmod 600 "), "{told}");
        }
        set_mode(&path, 0o400);
        open(&path, Stage::Production).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_group_may_read_what_root_hands_to_another_user() {
        for (mode, own, handed) in [
            (0o400, false, false),
            (0o600, false, false),
            (0o440, true, false),
            (0o640, true, false),
            (0o460, true, true),
            (0o450, true, true),
            (0o444, true, true),
            (0o604, true, true),
        ] {
            assert_eq!((is_open(mode, false), is_open(mode, true)), (own, handed), "{mode:o}");
        }
    }

    #[test]
    fn a_file_that_is_no_text_or_endless_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pepper.toml");
        for content in [vec![0xff; 64], vec![b'#'; FILE_BYTES_MAX + 1]] {
            open(&path, Stage::Development).unwrap();
            fs::write(&path, content).unwrap();
            let error = open(&path, Stage::Development).unwrap_err();
            assert!(matches!(error, Error::Disk { action: "read", .. }), "{error}");
            fs::remove_file(&path).unwrap();
        }
        open(&path, Stage::Development).unwrap();
        fs::write(&path, "current = \"k1\"\nk1 = \"0c0d0e\"\n").unwrap();
        let error = open(&path, Stage::Development).unwrap_err();
        assert!(error.to_string().starts_with("line 2 of the pepper file `"), "{error}");
        assert!(!format!("{error} {error:?}").contains("0c0d0e"), "{error}");
    }
}
