//! Whether this process may do in a folder what the service does there, by asking alone.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::Path;

use rustix::fs::{Access, access};

use crate::server::ledger::space::{FREE_BYTES_MIN, free_bytes};

/// How deep the data folder is looked into: further down there are only files that are written once.
const DEPTH_MAX: usize = 2;

/// Whether a folder that `flag` names can be used, or made.
pub(super) fn usable(data: &Path, flag: &str) -> Result<String, String> {
    match fs::metadata(data) {
        Ok(found) if found.is_dir() => {
            may_write(data, &found, flag)?;
            below(data, DEPTH_MAX, flag)?;
            has_room(data)?;
            Ok(format!("`{}` can be written to", data.display()))
        }
        Ok(_) => Err(format!("`{}` is not a folder: name another with `{flag}`", data.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => makeable(data, flag),
        Err(error) => Err(cannot(data, flag, "be looked into", &error)),
    }
}

/// What to say of a rules folder that takes no status.
pub(super) fn without_status(rules: &Path) -> &'static str {
    match access(rules, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => "",
        Err(_) => "; nothing may be written there, so there will be no _STATUS.txt",
    }
}

/// The folder is not there: the first one above it that is must let it be made.
fn makeable(data: &Path, flag: &str) -> Result<String, String> {
    let above =
        data.ancestors().skip(1).map(|above| if above == Path::new("") { Path::new(".") } else { above });
    for above in above {
        match fs::metadata(above) {
            Ok(found) if found.is_dir() => {
                may_write(above, &found, flag)?;
                has_room(above)?;
                return Ok(format!("`{}` is not there: the first start makes it", data.display()));
            }
            Ok(_) => {
                return Err(format!("`{}` is not a folder: name another with `{flag}`", above.display()));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(cannot(above, flag, "be looked into", &error)),
        }
    }
    Err(format!("`{}` cannot be made: no folder above it is there", data.display()))
}

/// Whoever has once started the service as another user has left files that this one may not write.
fn below(folder: &Path, depth: usize, flag: &str) -> Result<(), String> {
    if depth == 0 {
        return Ok(());
    }
    let told = |error: &io::Error| cannot(folder, flag, "be looked into", error);
    for entry in fs::read_dir(folder).map_err(|error| told(&error))? {
        let path = entry.map_err(|error| told(&error))?.path();
        // What a service takes away meanwhile, and what file systems put where they are mounted, is nobody's.
        let Ok(found) = fs::metadata(&path) else { continue };
        let is_foreign = path.file_name().is_some_and(|name| name == "lost+found");
        if is_foreign {
            continue;
        }
        // The keys are read, and may be read alone.
        if path.ends_with("secrets") {
            may_look(&path, flag)?;
            continue;
        }
        may_write(&path, &found, flag)?;
        if found.is_dir() {
            below(&path, depth - 1, flag)?;
        }
    }
    Ok(())
}

fn may_look(folder: &Path, flag: &str) -> Result<(), String> {
    access(folder, Access::READ_OK | Access::EXEC_OK)
        .map_err(|error| cannot(folder, flag, "be looked into", &error.into()))
}

fn may_write(path: &Path, found: &Metadata, flag: &str) -> Result<(), String> {
    let both = Access::READ_OK | Access::WRITE_OK;
    let asked = if found.is_dir() { both | Access::EXEC_OK } else { both };
    access(path, asked).map_err(|error| cannot(path, flag, "be written to", &error.into()))
}

fn cannot(path: &Path, flag: &str, what: &str, error: &io::Error) -> String {
    format!(
        "`{}` cannot {what} ({error}): give it to the user that the service runs as, or name another folder with `{flag}`",
        path.display()
    )
}

/// With less, new purchases are refused. Where the system does not say, there is room.
fn has_room(folder: &Path) -> Result<(), String> {
    match free_bytes(folder) {
        Ok(free) if free < FREE_BYTES_MIN => Err(format!(
            "less than {} MiB are free at `{}`: new purchases would be refused; make room",
            FREE_BYTES_MIN >> 20,
            folder.display()
        )),
        _ => Ok(()),
    }
}
