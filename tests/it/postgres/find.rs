//! Where PostgreSQL is found. `build.rs` reads this file too: tests that find none are ignored with a line of advice.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What is looked at, in this order; empty variables are as good as none.
pub(crate) struct Places {
    /// A server that runs already.
    pub(crate) database_url: Option<String>,
    /// The folder of the programs. Where it is named no other is looked at: a slip must not choose another version.
    pub(crate) pg_bin: Option<PathBuf>,
    /// Debian has the programs of each version in `VERSION/bin` in here, and not in `PATH`.
    pub(crate) versions: PathBuf,
    pub(crate) path: OsString,
}

impl Places {
    /// Those of this process.
    pub(crate) fn here() -> Self {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        Places {
            database_url: variable("DATABASE_URL").and_then(|url| url.into_string().ok()),
            pg_bin: variable("PG_BIN").map(PathBuf::from),
            versions: PathBuf::from("/usr/lib/postgresql"),
            path: variable("PATH").unwrap_or_default(),
        }
    }

    /// The folder that has `initdb` and `postgres`.
    pub(crate) fn programs(&self) -> Option<PathBuf> {
        if let Some(named) = &self.pg_bin {
            return Some(named.clone()).filter(|folder| has_programs(folder));
        }
        self.newest().or_else(|| env::split_paths(&self.path).find(|folder| has_programs(folder)))
    }

    fn newest(&self) -> Option<PathBuf> {
        let version = |folder: &Path| -> Option<Vec<u32>> {
            folder.file_name()?.to_str()?.split('.').map(|part| part.parse().ok()).collect()
        };
        let folders = fs::read_dir(&self.versions).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut versions: Vec<_> = folders.filter_map(|folder| Some((version(&folder)?, folder))).collect();
        versions.sort_by_key(|(version, _)| Reverse(version.clone()));
        versions.into_iter().map(|(_, folder)| folder.join("bin")).find(|folder| has_programs(folder))
    }
}

fn has_programs(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}
