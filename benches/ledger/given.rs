//! What the command line says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Outcome;

/// Longer is a soak test; and a code of a million uses would run out.
const SECONDS_MAX: u64 = 30;
/// Each race is a promotion of the rule file.
const ROUNDS_MAX: u32 = 1_000;

/// How long, how often, where.
pub(crate) struct Given {
    pub(crate) time: Duration,
    pub(crate) rounds: u32,
    pub(crate) folder: PathBuf,
}

impl Given {
    /// Reads the arguments.
    ///
    /// # Errors
    /// One that is not known, or a number that is none.
    pub(crate) fn read() -> Outcome<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned();
        let mut given = Given { time: Duration::from_secs(10), rounds: 50, folder };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut next = || arguments.next().ok_or("a flag lacks its value");
            match argument.as_str() {
                // From cargo.
                "--bench" => {}
                "--test" => (given.time, given.rounds) = (Duration::from_secs(1), 2),
                "--seconds" => {
                    given.time = Duration::from_secs(next()?.parse::<u64>()?.clamp(1, SECONDS_MAX))
                }
                "--rounds" => given.rounds = next()?.parse::<u32>()?.min(ROUNDS_MAX),
                "--folder" => given.folder = next()?.into(),
                other => return Err(format!("`{other}` is not known").into()),
            }
        }
        Ok(given)
    }
}
