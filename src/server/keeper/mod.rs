//! Keeps the live rulebook in step with the rules folder and with what is published by calls, on a thread of its own.
//!
//! It looks at the folder again and again, waits until two readings are the same, holds a folder that looks like an
//! accident, lets the core decide what is in force, keeps that on disk, publishes it, and tells the marketer. Calls reach it
//! through a [`Handle`]. The last publication wins, whichever way it came; a folder that has not changed since publishes nothing.

mod accident;
mod taken;
mod glance;
mod call;
mod work;
mod publish;
mod follow;

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;

use call::Wake;
pub use call::{Asked, Done, Handle, Refusal};
pub use follow::Following;
pub use glance::Glance;
pub use work::SETTLE;
use work::Work;

use super::config::Config;
use super::engine::Engine;
use super::store::{self, History};

/// The thread; dropping it ends the thread.
#[derive(Debug)]
pub struct Keeper {
    wake: Sender<Wake>,
    known: Arc<Glance>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Puts the last good rules in force, then starts to look at the folder.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(
        config: &Config,
        engine: Arc<Engine>,
        history: Arc<dyn History>,
    ) -> Result<Self, store::Error> {
        let (wake, wakes) = mpsc::channel();
        let known = Arc::<Glance>::default();
        let mut work = Work::new(config, engine, history, &wake, Arc::clone(&known));
        work.recover();
        let thread = thread::Builder::new()
            .name("pricewright-rules".to_owned())
            .spawn(move || work.run(&wakes))
            .map_err(|error| store::Error::Disk {
                action: "start the thread for",
                path: config.rules.clone(),
                error,
            })?;
        Ok(Keeper { wake, known, thread: Some(thread) })
    }

    /// Takes up what others publish in `history`, as soon as a word of it is heard and at least once a second.
    #[must_use]
    pub fn follow(&self, history: Arc<dyn History>, heard: watch::Receiver<u64>) -> Following {
        follow::follow(self.handle(), history, heard)
    }

    /// What is seen of it from beside.
    #[must_use]
    pub fn glance(&self) -> Arc<Glance> {
        Arc::clone(&self.known)
    }

    /// The way for calls.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.wake.clone(), Arc::clone(&self.known))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.wake.send(Wake::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
