//! The folder of messages that are on their way: one enciphered file a call, `<uuid of the call>.otp`.
//!
//! A file is not renamed into place: whose call the ledger has was synced before, and any other is removed.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::{Error, disk};
use super::message::{Message, Opens};
use super::seal::Seal;
use crate::ledger::RequestId;
use crate::server::folders;

/// Whether the ledger has a call on its record and, where that is asked, with this password.
pub type IsKept<'a> = dyn Fn(RequestId, Option<&Opens>) -> bool + 'a;

/// Bytes of a file that is read: a message has some 500.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// What there was of a call that the ledger has on its record.
#[derive(Debug)]
pub(super) enum Found {
    /// Its message.
    Message(Message),
    /// A file that does not say what it said, and in which way.
    Harmed(RequestId, &'static str),
}

/// The folder; without one nothing is kept.
#[derive(Debug)]
pub(super) struct Spool {
    folder: Option<PathBuf>,
    seal: Seal,
}

impl Spool {
    /// The folder, made where it is not there.
    pub(super) fn open(folder: Option<&Path>, seal: Seal) -> Result<Self, Error> {
        if let Some(folder) = folder {
            folders::make(folder).map_err(disk("make the folder", folder))?;
        }
        Ok(Spool { folder: folder.map(Path::to_owned), seal })
    }

    /// Puts a message on disk: when this returns a power cut does not take it.
    pub(super) fn write(&self, message: &Message) -> Result<(), Error> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let path = path(folder, message.id);
        let bytes = self.seal.close(message)?;
        write(&path, &bytes).map_err(disk("write", &path))?;
        folders::sync(folder).map_err(disk("sync the folder", folder))
    }

    /// Takes a message off the disk for good: it is not sent again after a power cut.
    pub(super) fn remove(&self, id: RequestId) -> Result<(), Error> {
        let Some(folder) = &self.folder else { return Ok(()) };
        self.withdraw(id)?;
        folders::sync(folder).map_err(disk("sync the folder", folder))
    }

    /// Takes a message off the disk whose call the ledger has not: were it back after a power cut, the next start would remove it.
    pub(super) fn withdraw(&self, id: RequestId) -> Result<(), Error> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let path = path(folder, id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    /// What an earlier run has left. Files of calls that the ledger has not are removed, what is damaged is put aside.
    pub(super) fn found(&self, is_kept: &IsKept<'_>) -> Result<Vec<Found>, Error> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(disk("read the folder", folder))? {
            let path = entry.map_err(disk("read the folder", folder))?.path();
            if path.extension().is_some_and(|extension| extension == "otp") {
                found.extend(self.found_at(&path, is_kept)?);
            }
        }
        folders::sync(folder).map_err(disk("sync the folder", folder))?;
        Ok(found)
    }

    fn found_at(&self, at: &Path, is_kept: &IsKept<'_>) -> Result<Option<Found>, Error> {
        let id = at.file_stem().and_then(|stem| stem.to_str()).and_then(RequestId::parse);
        // A UUID can be written in several ways, and a file has one name.
        let Some(id) = id.filter(|&id| at.parent().is_some_and(|folder| path(folder, id) == at)) else {
            put_aside(at, "its name is no call");
            return Ok(None);
        };
        if !is_kept(id, None) {
            fs::remove_file(at).map_err(disk("remove", at))?;
            return Ok(None);
        }
        let message = read(at).map_err(|_| "its file cannot be read");
        Ok(Some(match message.and_then(|bytes| self.seal.open(id, &bytes)) {
            // The same call may have been answered by another node, with a password of its own.
            Ok(message) if !is_kept(id, Some(&message.opens)) => {
                fs::remove_file(at).map_err(disk("remove", at))?;
                return Ok(None);
            }
            Ok(message) => Found::Message(message),
            Err(why) => {
                put_aside(at, why);
                Found::Harmed(id, why)
            }
        }))
    }
}

fn path(folder: &Path, id: RequestId) -> PathBuf {
    folder.join(format!("{id}.otp"))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Gives a file a name that no start looks at. One that cannot be renamed is looked at again, which harms nobody.
fn put_aside(path: &Path, why: &str) {
    let aside = path.with_extension("damaged");
    let done = fs::rename(path, &aside);
    tracing::warn!(file = %aside.display(), why, is_renamed = done.is_ok(), "a file of the outbox was put aside");
}
