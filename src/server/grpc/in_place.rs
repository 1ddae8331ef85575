//! Pricing on the threads that read requests: a basket that takes microseconds does not change its thread, which would cost several
//! times as much. How long one takes is known when it is done, so none may hold up other callers meanwhile:
//!
//! - One thread of the runtime always stays free of it. What finds no place goes to a thread for long work.
//! - A watch sees to it that the free thread is awake: a thread that was the one to wait for the sockets, and then prices, wakes nobody
//!   in its stead. Where nothing ends for some milliseconds, the watch does. Tasks that stand behind the basket are then taken over.
//!
//! Out of reach of other threads is one task alone, the last that was woken on the same thread. So whoever wakes something before it
//! prices (a stream with the answer before) lets that go first.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::Handle;

/// Between two looks of the watch: nearly all baskets are done before, and nobody notices a socket that is read so much later.
const TICK: Duration = Duration::from_millis(2);
/// Looks at nothing after which the watch sleeps until there is something.
const IDLE_TICKS: u32 = 50;

/// Places on the threads of the runtime.
#[derive(Debug, Clone)]
pub struct InPlace(Arc<Places>);

#[derive(Debug)]
struct Places {
    most: usize,
    running: AtomicUsize,
    ended: AtomicU64,
    watch_sleeps: AtomicBool,
    watch: OnceLock<Thread>,
}

/// One of the places, for as long as this is kept.
#[derive(Debug)]
pub struct Place(Arc<Places>);

impl InPlace {
    /// Places on the runtime of the caller: none where it has one thread, or where no watch can be kept.
    #[must_use]
    pub fn here() -> Self {
        let runtime = Handle::current();
        let most = runtime.metrics().num_workers().saturating_sub(1);
        let places = Arc::new(Places {
            most,
            running: AtomicUsize::new(0),
            ended: AtomicU64::new(0),
            watch_sleeps: AtomicBool::new(false),
            watch: OnceLock::new(),
        });
        if most > 0 {
            let weak = Arc::downgrade(&places);
            let watch =
                thread::Builder::new().name("watch".to_owned()).spawn(move || keep_watch(&weak, &runtime));
            if let Ok(watch) = watch {
                let _ = places.watch.set(watch.thread().clone());
            }
        }
        InPlace(places)
    }

    /// A place, when one is free.
    #[must_use]
    pub fn take(&self) -> Option<Place> {
        let watch = self.0.watch.get()?;
        let before = self.0.running.fetch_add(1, Ordering::SeqCst);
        if before >= self.0.most {
            self.0.running.fetch_sub(1, Ordering::SeqCst);
            return None;
        }
        // Either this sees that the watch goes to sleep, or the watch sees that something runs.
        if self.0.watch_sleeps.load(Ordering::SeqCst) && self.0.watch_sleeps.swap(false, Ordering::SeqCst) {
            watch.unpark();
        }
        Some(Place(Arc::clone(&self.0)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.get() {
            watch.unpark();
        }
    }
}

/// Wakes a thread of the runtime whenever work runs and none of it has ended since the last look. That thread takes what waits behind the
/// work, and then waits for the sockets.
fn keep_watch(places: &Weak<Places>, runtime: &Handle) {
    let (mut idle, mut ended_before) = (0, 0);
    while let Some(places) = places.upgrade() {
        let is_running = places.running.load(Ordering::SeqCst) > 0;
        let ended = places.ended.load(Ordering::Relaxed);
        idle = if is_running { 0 } else { idle + 1 };
        if is_running && ended == ended_before {
            // A task from outside wakes a thread that sleeps.
            runtime.spawn(std::future::ready(()));
        }
        ended_before = ended;
        if idle <= IDLE_TICKS {
            drop(places);
            thread::sleep(TICK);
            continue;
        }
        idle = 0;
        places.watch_sleeps.store(true, Ordering::SeqCst);
        let stays_idle = places.running.load(Ordering::SeqCst) == 0;
        drop(places);
        if stays_idle {
            thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::sync::mpsc;

    use tokio::net::TcpListener;

    use super::*;

    fn runtime(threads: usize) -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap()
    }

    #[test]
    fn one_thread_stays_free() {
        for (threads, most) in [(1, 0), (2, 1), (4, 3)] {
            runtime(threads).block_on(async {
                let places = InPlace::here();
                let taken: Vec<Place> = std::iter::from_fn(|| places.take()).collect();
                assert_eq!(taken.len(), most);
                assert!(places.take().is_none());
                drop(taken);
                assert_eq!(places.take().is_some(), most > 0);
            });
        }
    }

    /// Long work ends only when another thread of the runtime has read a socket, and that again after the watch has slept.
    #[test]
    fn sockets_are_read_while_all_places_are_taken() {
        const FOR_EVER: Duration = Duration::from_secs(20);
        runtime(2).block_on(async {
            let places = InPlace::here();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (accepted, is_accepted) = mpsc::channel();
            tokio::spawn(async move {
                while let Ok((_, peer)) = listener.accept().await {
                    accepted.send(peer).unwrap();
                }
            });
            let mut is_accepted = is_accepted;
            for round in 0..20 {
                if round == 10 {
                    tokio::time::sleep(TICK * (IDLE_TICKS + 30)).await;
                }
                let place = places.take().unwrap();
                let work = move || {
                    let knocked = TcpStream::connect(address);
                    let done = is_accepted.recv_timeout(FOR_EVER).is_ok() && knocked.is_ok();
                    (done, is_accepted)
                };
                let priced = tokio::spawn(async move {
                    let _place = place;
                    work()
                });
                let (done, back) = priced.await.unwrap();
                assert!(done, "round {round}: nobody has read the socket");
                is_accepted = back;
            }
        });
    }
}
