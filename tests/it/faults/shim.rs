//! The preloaded shims: built once by the C compiler, and what they are told through the environment.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The shim of files as a library.
pub(crate) fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| build("shim"))
}

/// The shim of the wall clock as a library.
pub(crate) fn clock() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| build("clock"))
}

/// Compiles `tests/faults/{name}.c`.
fn build(name: &str) -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.so"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/faults/{name}.c"));
    // Beside its place and then renamed: another run of the tests may be loading it.
    let beside = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap().into_temp_path();
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]).arg(&beside);
    assert!(compiler.arg(source).args(["-ldl", "-pthread"]).status().unwrap().success());
    beside.persist(&library).unwrap();
    library
}

/// Preloads the shim for what happens below `root`, with what else it is told.
pub(crate) fn preload<'a>(root: &Path, more: &[(&'a str, String)]) -> Vec<(&'a str, String)> {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let own = [("LD_PRELOAD", text(library())), ("FAULT_ROOT", text(root))];
    own.into_iter().chain(more.iter().cloned()).collect()
}

/// One call that changed something.
#[derive(Debug)]
pub(crate) struct Op<'a> {
    pub(crate) kind: u8,
    pub(crate) inode: u64,
    pub(crate) offset: usize,
    pub(crate) path: &'a str,
    pub(crate) other: &'a str,
    pub(crate) data: &'a [u8],
    /// Bytes of the log up to its end.
    pub(crate) end: u64,
}

/// All calls of a log: for each the kind in one byte, five numbers of eight, and then as many bytes as the last three of them say.
pub(crate) fn read_log(log: &[u8]) -> Vec<Op<'_>> {
    let mut ops = Vec::new();
    let mut rest = log;
    while let Some((&kind, after)) = rest.split_first() {
        let (head, mut after) = after.split_at(40);
        let number = |place: usize| u64::from_le_bytes(head[8 * place..8 * place + 8].try_into().unwrap());
        let mut part = |place| {
            let (part, left) = after.split_at(usize::try_from(number(place)).unwrap());
            after = left;
            part
        };
        let [path, other] = [2, 3].map(|place| std::str::from_utf8(part(place)).unwrap());
        let data = part(4);
        let end = u64::try_from(log.len() - after.len()).unwrap();
        let offset = usize::try_from(number(1)).unwrap();
        ops.push(Op { kind, inode: number(0), offset, path, other, data, end });
        rest = after;
    }
    ops
}
