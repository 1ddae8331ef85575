//! What a disk keeps of what a process did: a model that is fed the log of the shim and makes states after a power cut.
//!
//! What a file held when it was last synced is there. Of what was written since, each sector of 512 bytes is there or not, and so is
//! the length. A name is there once its folder was synced; of the changes of names since, any may be there. `sync_file_range`
//! promises nothing, so the shim does not even write it down.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::dice::Dice;
use super::shim::Op;

const SECTOR_BYTES: usize = 512;

/// A thing that has names: its number in the model, for the system gives its own numbers again.
type Thing = usize;

/// The disk below one folder.
pub(super) struct Disk {
    root: PathBuf,
    things: Vec<Content>,
    /// The thing of each number of the system.
    numbers: BTreeMap<u64, Thing>,
}

enum Content {
    File(File),
    Folder(Folder),
}

/// A file: what is surely there, and what was written since.
#[derive(Default)]
struct File {
    synced: Vec<u8>,
    since: Vec<Change>,
}

enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// A folder: the names that are surely there, and their changes since.
#[derive(Default)]
struct Folder {
    synced: BTreeMap<String, Thing>,
    since: Vec<Rename>,
}

/// A name that goes, a name that comes, or both.
#[derive(Clone)]
struct Rename {
    gone: Option<String>,
    come: Option<(String, Thing)>,
}

impl Disk {
    /// A folder, all of which is on the disk.
    pub(super) fn new(root: &Path) -> Self {
        let mut disk = Disk { root: root.to_owned(), things: Vec::new(), numbers: BTreeMap::new() };
        disk.adopt(root);
        disk
    }

    /// Takes in a file or a folder as it is, all of it on the disk.
    fn adopt(&mut self, path: &Path) -> Thing {
        let thing = self.things.len();
        self.numbers.insert(fs::metadata(path).unwrap().ino(), thing);
        if path.is_file() {
            let synced = fs::read(path).unwrap();
            self.things.push(Content::File(File { synced, since: Vec::new() }));
            return thing;
        }
        self.things.push(Content::Folder(Folder::default()));
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        let synced = entries.map(|path| (name(path.to_str().unwrap()), self.adopt(&path))).collect();
        self.things[thing] = Content::Folder(Folder { synced, since: Vec::new() });
        thing
    }

    /// Takes in one call.
    pub(super) fn take(&mut self, op: &Op<'_>) {
        match op.kind {
            b'C' => self.make(op, Content::File(File::default())),
            b'M' => self.make(op, Content::Folder(Folder::default())),
            b'W' => self.change(op, Change::Write(op.offset, op.data.to_vec())),
            b'T' => self.change(op, Change::Length(op.offset)),
            b'U' => self.rename(op.path, Rename { gone: Some(name(op.path)), come: None }),
            b'R' | b'L' => {
                assert_eq!(Path::new(op.path).parent(), Path::new(op.other).parent(), "two folders at once");
                let gone = (op.kind == b'R').then(|| name(op.path));
                let thing = self.find(op.path).unwrap();
                self.rename(op.other, Rename { gone, come: Some((name(op.other), thing)) });
            }
            b'S' => {
                let names = self.names(op.data);
                match self.find_open(op) {
                    Content::File(file) => file.sync(),
                    Content::Folder(folder) => {
                        *folder = Folder { synced: names, since: Vec::new() };
                    }
                }
            }
            kind => panic!("a call of kind {kind}"),
        }
    }

    /// The names of a folder, as they were when it was synced.
    fn names(&self, mut listed: &[u8]) -> BTreeMap<String, Thing> {
        let mut names = BTreeMap::new();
        while let Some((inode, rest)) = listed.split_first_chunk::<8>() {
            let end = rest.iter().position(|&byte| byte == 0).unwrap();
            let name = String::from_utf8(rest[..end].to_vec()).unwrap();
            names.insert(name, self.numbers[&u64::from_le_bytes(*inode)]);
            listed = &rest[end + 1..];
        }
        names
    }

    fn make(&mut self, op: &Op<'_>, content: Content) {
        let thing = self.things.len();
        self.things.push(content);
        self.numbers.insert(op.inode, thing);
        self.rename(op.path, Rename { gone: None, come: Some((name(op.path), thing)) });
    }

    fn change(&mut self, op: &Op<'_>, change: Change) {
        let Content::File(file) = self.find_open(op) else { panic!("`{op:?}` writes to a folder") };
        file.since.push(change);
    }

    fn rename(&mut self, path: &str, rename: Rename) {
        let folder = self.find(Path::new(path).parent().unwrap().to_str().unwrap()).unwrap();
        let Content::Folder(folder) = &mut self.things[folder] else { panic!("`{path}` is in a file") };
        folder.since.push(rename);
    }

    /// What an open file of the process is.
    fn find_open(&mut self, op: &Op<'_>) -> &mut Content {
        &mut self.things[self.numbers[&op.inode]]
    }

    /// What a path leads to, for the process.
    fn find(&self, path: &str) -> Option<Thing> {
        let path = Path::new(path).strip_prefix(&self.root).unwrap();
        path.iter().try_fold(0, |thing, name| match &self.things[thing] {
            Content::Folder(folder) => folder.now().get(name.to_str().unwrap()).copied(),
            Content::File(_) => None,
        })
    }

    /// Lays down in `place` what the folder may be after a power cut at this moment. Of a hundred things that were not synced so many
    /// as `lost` are missing; with 0 it is what the process saw.
    pub(super) fn lay(&self, place: &Path, dice: &mut Dice, lost: u64) {
        self.lay_thing(0, place, dice, lost);
    }

    fn lay_thing(&self, thing: Thing, place: &Path, dice: &mut Dice, lost: u64) {
        match &self.things[thing] {
            Content::File(file) => {
                fs::write(place, file.state(dice, lost)).unwrap();
                // The keys are nobody else's.
                fs::set_permissions(place, fs::Permissions::from_mode(0o600)).unwrap();
            }
            Content::Folder(folder) => {
                fs::create_dir_all(place).unwrap();
                for (name, thing) in folder.state(dice, lost) {
                    self.lay_thing(thing, &place.join(name), dice, lost);
                }
            }
        }
    }
}

impl File {
    fn sync(&mut self) {
        for change in self.since.drain(..) {
            match change {
                Change::Length(length) => self.synced.resize(length, 0),
                Change::Write(offset, data) => {
                    let end = offset + data.len();
                    self.synced.resize(self.synced.len().max(end), 0);
                    self.synced[offset..end].copy_from_slice(&data);
                }
            }
        }
    }

    /// Each sector of each write is there or not, and the length is that after some of the changes.
    fn state(&self, dice: &mut Dice, lost: u64) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        let is_whole = dice.below(100) >= lost;
        let lengths = if is_whole { self.since.len() } else { dice.index(self.since.len() + 1) };
        let mut length = bytes.len();
        for (place, change) in self.since.iter().enumerate() {
            let has_length = place < lengths;
            match change {
                Change::Length(new) if has_length => {
                    bytes.resize(*new, 0);
                    length = *new;
                }
                Change::Length(_) => {}
                Change::Write(offset, data) => {
                    if has_length {
                        length = length.max(offset + data.len());
                    }
                    bytes.resize(bytes.len().max(offset + data.len()), 0);
                    write_some(&mut bytes, *offset, data, dice, lost);
                }
            }
        }
        bytes.resize(length, 0);
        bytes
    }
}

/// Writes sector by sector, each or not.
fn write_some(bytes: &mut [u8], offset: usize, data: &[u8], dice: &mut Dice, lost: u64) {
    let mut from = 0;
    while from < data.len() {
        let sector_end = (offset + from) / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES - offset;
        let until = sector_end.min(data.len());
        if dice.below(100) >= lost {
            bytes[offset + from..offset + until].copy_from_slice(&data[from..until]);
        }
        from = until;
    }
}

impl Folder {
    fn now(&self) -> BTreeMap<String, Thing> {
        self.state(&mut Dice::new(0), 0)
    }

    fn state(&self, dice: &mut Dice, lost: u64) -> BTreeMap<String, Thing> {
        let mut names = self.synced.clone();
        for Rename { gone, come } in &self.since {
            if dice.below(100) < lost {
                continue;
            }
            if let Some(name) = gone {
                names.remove(name);
            }
            names.extend(come.clone());
        }
        names
    }
}

fn name(path: &str) -> String {
    Path::new(path).file_name().unwrap().to_str().unwrap().to_owned()
}
