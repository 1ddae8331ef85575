//! The process as the system sees it. Where it says nothing (not on Linux), numbers are left out.

use std::fmt::Error;
use std::fs;
use std::time::Duration;

use super::text::{Text, Value, moment};

/// Milliseconds of a tick of the kernel in its files, whatever its own clock is: there are a hundred a second.
const TICK_MS: u64 = 10;

/// What the system says of this process.
#[derive(Debug, Default, PartialEq, Eq)]
struct Process {
    cpu: Option<Duration>,
    memory: Option<u64>,
    files: Option<usize>,
}

impl Process {
    fn look() -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).ok();
        Process {
            cpu: read("stat").as_deref().and_then(cpu),
            memory: read("status").as_deref().and_then(memory),
            // One of them is this look itself.
            files: fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1)),
        }
    }
}

/// The program with its version, since when it runs (in seconds of Unix time), and what it takes.
pub(super) fn tell(text: &mut Text<'_>, started_at: i64) -> Result<(), Error> {
    let Process { cpu, memory, files } = Process::look();
    let version = vec![("version", env!("CARGO_PKG_VERSION"))];
    text.gauges("build_info", "The version of the program.", [(version, Value::Whole(1))])?;
    text.gauge("process_start_time", "When the service was started.", moment(started_at))?;
    if let Some(cpu) = cpu {
        text.counter("process_cpu", "Time of processors that the process took.", Value::Time(cpu))?;
    }
    if let Some(memory) = memory {
        text.gauge("process_resident_memory", "Memory that the process has.", Value::Bytes(memory))?;
    }
    if let Some(files) = files {
        text.gauge("process_open_fds", "Files and connections that are open.", files)?;
    }
    Ok(())
}

/// The time of user and system: the 14th and 15th field. The second, in parentheses, may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let ticks = ticks()?.saturating_add(ticks()?);
    Some(Duration::from_millis(ticks.saturating_mul(TICK_MS)))
}

fn memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes.saturating_mul(1_024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_are_read() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 500 0 0 0 1234 66 0 0 20 0 9 0 100 1 2";
        assert_eq!(cpu(stat), Some(Duration::from_secs(13)));
        // Two years of one processor, and a half.
        let stat = stat.replace("1234 66", "8000000000 50");
        assert_eq!(cpu(&stat), Some(Duration::from_millis(80_000_000_500)));
        assert_eq!(cpu("7 (a) S 1"), None);
        assert_eq!(memory("Name:\tx\nVmRSS:\t   2048 kB\nVmData: 1 kB\n"), Some(2 << 20));
        assert_eq!(memory("VmRSS: many"), None);
        #[cfg(target_os = "linux")]
        {
            let Process { cpu, memory, files } = Process::look();
            assert!(cpu.is_some() && memory.is_some_and(|memory| memory > 1 << 20));
            assert!(files.is_some_and(|files| files > 2));
        }
    }
}
