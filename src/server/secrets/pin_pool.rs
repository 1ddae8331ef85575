//! PINs are hashed and checked by few threads at once, and few wait: guessing must not take the machine from the tills.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::pepper::Pepper;
use super::pin::Pin;
use super::pin_hash::{Cost, Error, PinHash};

/// Hashes at once: each takes a core and 19 MiB for its while.
const RUNNING_MAX: usize = 2;
/// Hashes at work or waiting. At 30 ms each on two threads the last one waits half a second.
const PLACES: usize = 32;

/// The pool in which PINs are hashed and checked.
#[derive(Debug)]
pub struct PinPool {
    pepper: Arc<Pepper>,
    cost: Cost,
    nothing: PinHash,
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl PinPool {
    /// A pool with the keys of `pepper`, at [`Cost::RECOMMENDED`].
    ///
    /// # Errors
    /// None that is known: the parameters are constants.
    pub fn new(pepper: Arc<Pepper>) -> Result<Self, Error> {
        Self::of_cost(pepper, Cost::RECOMMENDED)
    }

    /// The same at another cost for new hashes. Stored ones keep their own.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_cost(pepper: Arc<Pepper>, cost: Cost) -> Result<Self, Error> {
        let nothing = PinHash::of_nothing(&pepper, cost)?;
        let (running, places) = (Semaphore::new(RUNNING_MAX), Semaphore::new(PLACES));
        Ok(PinPool { pepper, cost, nothing, running: Arc::new(running), places: Arc::new(places) })
    }

    /// The hash under which `pin` is stored: a new salt each time, the current key of the pepper.
    ///
    /// # Errors
    /// Too many wait, the service stops, or the system gives no random bytes.
    pub async fn hash(&self, pin: Pin) -> Result<PinHash, Error> {
        let cost = self.cost;
        self.run(move |pepper| PinHash::of(&pin, pepper, cost)).await
    }

    /// Whether `stored` is the hash of `pin`.
    ///
    /// # Errors
    /// Too many wait, the service stops, or the key under which it is stored is gone.
    pub async fn verify(&self, pin: Pin, stored: &PinHash) -> Result<bool, Error> {
        let stored = stored.clone();
        self.run(move |pepper| stored.is_of(&pin, pepper)).await
    }

    /// Always `false`, after the same work as [`verify`](Self::verify): for a code that does not exist, has no PIN, or
    /// came without six digits, so that the time of an answer does not tell which.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub async fn verify_nothing(&self) -> Result<bool, Error> {
        let nothing = self.nothing.clone();
        self.run(move |pepper| Pin::random().map_err(Error::from).and_then(|pin| nothing.is_of(&pin, pepper)))
            .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Pepper) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Error::Busy)?;
        let thread = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Error::Stopped)?;
        let pepper = Arc::clone(&self.pepper);
        let job = spawn_blocking(move || {
            // Given back when the work is done, not when its caller goes away: the thread is busy until then.
            let _held = (place, thread);
            work(&pepper)
        });
        job.await.map_err(|_| Error::Stopped)?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::{Mutex, mpsc};

    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    fn pin(text: &str) -> Pin {
        Pin::parse(text).unwrap()
    }

    fn pool(cost: Cost) -> PinPool {
        PinPool::of_cost(Arc::new(Pepper::random().unwrap()), cost).unwrap()
    }

    #[tokio::test]
    async fn a_pin_is_known_again_and_nothing_is_never_known() {
        let pool = pool(Cost::LEAST);
        let stored = pool.hash(pin("123456")).await.unwrap();
        assert_eq!(pool.verify(pin("123456"), &stored).await, Ok(true));
        assert_eq!(pool.verify(pin("654321"), &stored).await, Ok(false));
        assert_eq!(pool.verify_nothing().await, Ok(false));
    }

    #[tokio::test]
    async fn at_the_recommended_cost_too() {
        let pool = PinPool::new(Arc::new(Pepper::random().unwrap())).unwrap();
        let stored = pool.hash(pin("123456")).await.unwrap();
        assert!(stored.to_text().starts_with("$argon2id$v=19$m=19456,t=2,p=1,keyid=azE$"));
        assert_eq!(pool.verify(pin("123456"), &stored).await, Ok(true));
    }

    /// Fills the pool with work that waits for `gate`, and counts in `peak` how many were at it at once.
    fn fill(
        pool: &Arc<PinPool>,
        gate: mpsc::Receiver<()>,
        peak: &Arc<AtomicUsize>,
    ) -> Vec<JoinHandle<Result<(), Error>>> {
        let (gate, running) = (Arc::new(Mutex::new(gate)), Arc::new(AtomicUsize::new(0)));
        let job = |_| {
            let (pool, gate) = (Arc::clone(pool), Arc::clone(&gate));
            let (running, peak) = (Arc::clone(&running), Arc::clone(peak));
            tokio::spawn(async move {
                let work = move |_: &Pepper| {
                    peak.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    gate.lock().unwrap().recv().unwrap();
                    running.fetch_sub(1, SeqCst);
                    Ok(())
                };
                pool.run(work).await
            })
        };
        (0..PLACES).map(job).collect()
    }

    async fn until(mut done: impl FnMut() -> bool) {
        while !done() {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn few_run_few_wait_and_one_more_is_busy() {
        let pool = Arc::new(pool(Cost::LEAST));
        let (go, gate) = mpsc::channel();
        let peak = Arc::new(AtomicUsize::new(0));
        let jobs = fill(&pool, gate, &peak);
        until(|| pool.places.available_permits() == 0 && peak.load(SeqCst) == RUNNING_MAX).await;
        assert_eq!(pool.verify_nothing().await, Err(Error::Busy));
        // Who waits and goes away gives the place back; who is at work keeps it until the work is done.
        jobs.iter().for_each(JoinHandle::abort);
        until(|| pool.places.available_permits() == PLACES - RUNNING_MAX).await;
        (0..RUNNING_MAX).for_each(|_| go.send(()).unwrap());
        until(|| pool.places.available_permits() == PLACES).await;
        assert_eq!(pool.verify_nothing().await, Ok(false));
        assert_eq!(peak.load(SeqCst), RUNNING_MAX);
    }

    #[tokio::test]
    async fn who_waits_gets_a_turn() {
        let pool = Arc::new(pool(Cost::LEAST));
        let (go, gate) = mpsc::channel();
        let peak = Arc::new(AtomicUsize::new(0));
        let jobs = fill(&pool, gate, &peak);
        (0..PLACES).for_each(|_| go.send(()).unwrap());
        for job in jobs {
            assert_eq!(job.await.unwrap(), Ok(()));
        }
        assert!(peak.load(SeqCst) <= RUNNING_MAX);
    }

    #[test]
    fn a_pool_shows_no_secret() {
        let shown = format!("{:?}", pool(Cost::LEAST));
        assert!(shown.contains("k1:hidden") && !shown.contains("argon2id"), "{shown}");
    }
}
