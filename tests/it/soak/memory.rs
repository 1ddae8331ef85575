//! How much memory services have, read as time goes by, and whether it grows.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pricewright::server::clock;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::service::{Life, Service};

/// A reading: milliseconds since the beginning, the process, and what it has in memory, in KiB.
type Reading = (i128, u32, i128);

/// The readings of a service.
pub(super) struct Memory {
    readings: Arc<Mutex<Vec<Reading>>>,
    reading: JoinHandle<()>,
}

/// What became of the memory of the last process of a service.
#[derive(Debug)]
pub(super) struct Grown {
    pub(super) first_kib: i128,
    pub(super) last_kib: i128,
    /// By least squares over the second half of its life: the first fills caches.
    pub(super) kib_per_minute: i128,
}

impl Memory {
    pub(super) fn watch(service: &Service, pause: Duration) -> Self {
        let readings = Arc::<Mutex<Vec<Reading>>>::default();
        let reading = tokio::spawn(read_on(service.lives(), pause, Arc::clone(&readings)));
        Memory { readings, reading }
    }

    /// Ends reading.
    pub(super) fn end(self) -> Grown {
        self.reading.abort();
        let readings = self.readings.lock().unwrap().clone();
        let &(_, last, last_kib) = readings.last().expect("it was read");
        let life: Vec<_> = readings.into_iter().filter(|(_, process, _)| *process == last).collect();
        let second: Vec<_> = life[life.len() / 2..].iter().map(|&(at, _, kib)| (at, kib)).collect();
        Grown { first_kib: life[0].2, last_kib, kib_per_minute: slope(&second, 60_000) }
    }
}

async fn read_on(lives: watch::Receiver<Life>, pause: Duration, readings: Arc<Mutex<Vec<Reading>>>) {
    let begun = clock::steady();
    loop {
        let process = lives.borrow().process;
        let at = i128::try_from(begun.elapsed().as_millis()).unwrap();
        if let Some(kib) = resident_kib(process) {
            readings.lock().unwrap().push((at, process, kib));
        }
        tokio::time::sleep(pause).await;
    }
}

/// None where the process is gone.
fn resident_kib(process: u32) -> Option<i128> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// How much the line of least squares through points rises over `length`; nothing where there is no line.
fn slope(points: &[(i128, i128)], length: i128) -> i128 {
    let sum = |of: &dyn Fn(i128, i128) -> i128| points.iter().map(|&(x, y)| of(x, y)).sum::<i128>();
    let count = i128::try_from(points.len()).unwrap();
    let (x, y) = (sum(&|x, _| x), sum(&|_, y| y));
    let spread = count * sum(&|x, _| x * x) - x * x;
    if spread == 0 { 0 } else { (count * sum(&|x, y| x * y) - x * y) * length / spread }
}

#[test]
fn slopes_of_lines_and_of_noise() {
    assert_eq!(slope(&[(0, 5), (10, 7), (20, 9)], 100), 20);
    assert_eq!(slope(&[(0, 9), (10, 8), (20, 7)], 100), -10);
    // By hand: means 1.5 and 2, Σ(x−1.5)(y−2) = 2, Σ(x−1.5)² = 5.
    assert_eq!(slope(&[(0, 1), (1, 3), (2, 1), (3, 3)], 10), 4);
    assert_eq!((slope(&[], 10), slope(&[(3, 1)], 10)), (0, 0));
}
