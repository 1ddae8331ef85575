//! What a journal asks of a disk. The journal is the truth of the ledger, so what a disk may do to it is tried on one that is simulated, to the
//! last sector: everything else here goes through this one door.

use std::any::Any;
use std::ffi::OsString;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::server::folders;
use crate::server::locks;

/// A disk with files.
pub trait Disk: Debug + Send + Sync {
    /// Makes a folder and those above it, when they are not there, and makes their names last.
    ///
    /// # Errors
    /// What the disk says.
    fn make(&self, folder: &Path) -> io::Result<()>;

    /// The names in a folder, in any order.
    ///
    /// # Errors
    /// What the disk says.
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>>;

    /// Opens a file.
    ///
    /// # Errors
    /// What the disk says.
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn DiskFile>>;

    /// Removes a file; its name may come back when the folder is not synced.
    ///
    /// # Errors
    /// What the disk says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder last: syncing a file does not.
    ///
    /// # Errors
    /// What the disk says.
    fn sync(&self, folder: &Path) -> io::Result<()>;

    /// Takes a file, made when it is not there, for this process until what is given back is dropped; nothing where another has it and
    /// does not let it go within a moment.
    ///
    /// # Errors
    /// What the disk says.
    fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;

    /// Bytes that are free where `folder` lies.
    ///
    /// # Errors
    /// What the disk says.
    fn free_bytes(&self, folder: &Path) -> io::Result<u64>;
}

/// Held as long as the lock is.
pub type Lock = Box<dyn Any + Send + Sync>;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// To be read.
    Read,
    /// To be written, and made when it is not there.
    Write,
    /// To be read and written.
    ReadWrite,
    /// To be read and written, and it must not be there.
    New,
}

/// An open file. Offsets and lengths are in bytes.
pub trait DiskFile: Debug + Send + Sync {
    /// Its length.
    ///
    /// # Errors
    /// What the disk says.
    fn length(&self) -> io::Result<u64>;

    /// Reads from `offset` on; how many bytes there were.
    ///
    /// # Errors
    /// What the disk says.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes from `offset` on with one call; how many bytes the disk took.
    ///
    /// # Errors
    /// What the disk says.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Cuts or lengthens it.
    ///
    /// # Errors
    /// What the disk says.
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// Makes what was written last, with the length.
    ///
    /// # Errors
    /// What the disk says: then nobody knows what of it lasts.
    fn sync_data(&self) -> io::Result<()>;

    /// Makes all of it last.
    ///
    /// # Errors
    /// As [`sync_data`](Self::sync_data).
    fn sync_all(&self) -> io::Result<()>;

    /// Reads as many bytes as there is room for.
    ///
    /// # Errors
    /// What the disk says; the file is shorter.
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let mut done = 0;
        while let Some(left) = bytes.get_mut(done..).filter(|left| !left.is_empty()) {
            match self.read_at(left, offset.saturating_add(super::frame::wide(done)))? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => done = done.saturating_add(read),
            }
        }
        Ok(())
    }

    /// Writes all of it, with as many calls as it takes.
    ///
    /// # Errors
    /// What the disk says.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut done = 0;
        while let Some(left) = bytes.get(done..).filter(|left| !left.is_empty()) {
            match self.write_at(left, offset.saturating_add(super::frame::wide(done)))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => done = done.saturating_add(written),
            }
        }
        Ok(())
    }
}

/// The disk of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Disk for System {
    fn make(&self, folder: &Path) -> io::Result<()> {
        folders::make(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    }

    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn DiskFile>> {
        let mut open = OpenOptions::new();
        match how {
            How::Read => open.read(true),
            How::Write => open.create(true).truncate(false).write(true),
            How::ReadWrite => open.read(true).write(true),
            How::New => open.create_new(true).read(true).write(true),
        };
        Ok(Box::new(open.open(path)?))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        folders::sync(folder)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        Ok(locks::take(path)?.map(|file| -> Lock { Box::new(file) }))
    }

    fn free_bytes(&self, folder: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(folder)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        File::sync_all(self)
    }
}

/// A folder and the disk that it is on.
#[derive(Debug, Clone)]
pub struct Place {
    /// The disk.
    pub disk: Arc<dyn Disk>,
    /// The folder.
    pub folder: PathBuf,
}

impl Place {
    /// A folder of the operating system.
    #[must_use]
    pub fn system(folder: &Path) -> Self {
        Place { disk: Arc::new(System), folder: folder.to_owned() }
    }

    /// A file or folder in it.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// A file that is read or written from one offset on.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) file: Box<dyn DiskFile>,
    pub(super) offset: u64,
}

impl Cursor {
    fn moved(&mut self, by: usize) -> usize {
        self.offset = self.offset.saturating_add(super::frame::wide(by));
        by
    }
}

impl Read for Cursor {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(bytes, self.offset)?;
        Ok(self.moved(read))
    }
}

impl Write for Cursor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, self.offset)?;
        Ok(self.moved(written))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
