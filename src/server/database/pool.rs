//! Connections to the database.

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime as OfPool,
};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;

use super::address::Address;
use super::error::Error;
use super::migrate::Tables;
use super::{migrate, tls};

/// A connection of the pool, until it is done with. One that is dropped before is closed: nobody knows what it was in the middle of.
#[derive(Debug)]
pub struct Client(Option<deadpool_postgres::Client>);

impl Client {
    /// The connection.
    ///
    /// # Errors
    /// It is done with.
    pub fn get(&self) -> Result<&deadpool_postgres::ClientWrapper, Error> {
        let client = self.0.as_ref().ok_or_else(|| Error::Away("the connection is done with".to_owned()))?;
        Ok(client)
    }

    /// Nothing is open on it: the next may have it.
    pub fn done(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(deadpool_postgres::Client::take(client));
        }
    }
}

/// How long anything that is asked may take: a till waits for it. The server gives up a little earlier by itself.
pub const TIMEOUT: Duration = Duration::from_secs(3);
/// How long a migration may take: it may build an index over all that there is.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(3_600);
/// How long a look may take: several hosts are tried one after another.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections of one node: two that write, one that listens beside them, and some that look.
const CONNECTIONS_MAX: usize = 12;
/// Threads on which the connections live: they only pass on what comes.
const THREADS: usize = 2;

/// What every connection is told. A commit that was acknowledged is on disk, whatever the server's default; one that hangs gives up, and
/// one whose node has died lets go of what it has locked. A plan that was made while a table was empty, when reading all of it is cheapest, must
/// not outlive that: rows are found by an index, always. What has no index then looks so dear that it would be compiled first.
const SETTINGS: &str = "set statement_timeout = '2500ms'; set lock_timeout = '2000ms'; \
     set idle_in_transaction_session_timeout = '5s'; set default_transaction_isolation = 'read committed'; \
     set enable_seqscan = off; set jit = off; \
     select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') in ('off', 'local')";

/// A database. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Database(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: Pool,
    address: Address,
    // Taken in the end: a runtime must not be waited for by a thread that others wait for.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Database {
    /// Connects, and brings the tables up to date. Waits for the database: not on a thread that others wait for.
    ///
    /// # Errors
    /// It is away, does not let this node in, or its tables are newer than this program.
    pub fn open(address: &Address) -> Result<Self, Error> {
        let database = Database::at(address)?;
        let inner = Arc::clone(&database.0);
        database.wait(MIGRATION_TIMEOUT, async move {
            let mut client = taken(&inner.pool).await?;
            migrate::known_server(&client).await?;
            migrate::migrate(&mut client).await
        })?;
        Ok(database)
    }

    /// What [`Database::open`] would find there, for whoever only asks: nothing is made or changed. Waits for the database.
    ///
    /// # Errors
    /// It would fail.
    pub fn look(address: &Address) -> Result<Tables, Error> {
        let database = Database::at(address)?;
        let inner = Arc::clone(&database.0);
        database.wait(LOOK_TIMEOUT, async move {
            let client = taken(&inner.pool).await?;
            migrate::known_server(&client).await?;
            migrate::look(&client).await
        })
    }

    /// Connections to it, of which none is open yet.
    fn at(address: &Address) -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("pricewright-database")
            .enable_all()
            .build()
            .map_err(Error::Thread)?;
        let tls = tls::connector(address.root().map(std::path::PathBuf::as_path))?;
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(address.config().clone(), tls, config);
        let settings = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS_MAX)
            .runtime(OfPool::Tokio1)
            .wait_timeout(Some(TIMEOUT))
            .create_timeout(Some(TIMEOUT))
            .recycle_timeout(Some(TIMEOUT))
            .post_create(settings)
            .build()
            .map_err(|error| Error::Refused(error.to_string()))?;
        let handle = runtime.handle().clone();
        Ok(Database(Arc::new(Inner { pool, address: address.clone(), runtime: Some(runtime), handle })))
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// The runtime that its connections live on.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.0.handle
    }

    /// A connection.
    ///
    /// # Errors
    /// None is to be had in time.
    pub async fn client(&self) -> Result<Client, Error> {
        Ok(Client(Some(taken(&self.0.pool).await?)))
    }

    /// Does `work` on the runtime of the connections and waits for it, for at most [`TIMEOUT`]: not on a thread that others wait for.
    ///
    /// # Errors
    /// Those of the work; it took too long.
    pub fn run<T, F, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
        W: FnOnce(Database) -> F,
    {
        self.wait(TIMEOUT, work(self.clone()))
    }

    /// The same within another time.
    ///
    /// # Errors
    /// Those of the work; it took too long.
    pub fn run_within<T, F, W>(&self, most: Duration, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
        W: FnOnce(Database) -> F,
    {
        self.wait(most, work(self.clone()))
    }

    /// The same for work that may take as long as it does.
    ///
    /// # Errors
    /// Those of the work; the runtime has ended.
    pub fn run_long<T, F, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
        W: FnOnce(Database) -> F,
    {
        self.wait(Duration::MAX, work(self.clone()))
    }

    fn wait<T: Send + 'static>(
        &self,
        most: Duration,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let (done, outcome) = mpsc::sync_channel(1);
        self.0.handle.spawn(async move {
            let late = || Error::Away("it did not answer in time".to_owned());
            let _ = done.send(timeout(most, work).await.unwrap_or_else(|_| Err(late())));
        });
        outcome.recv().unwrap_or_else(|_| Err(Error::Away("its connections have ended".to_owned())))
    }
}

async fn taken(pool: &Pool) -> Result<deadpool_postgres::Client, Error> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            match Error::from(error) {
                // Whoever is not let in now may be later: an operator is at work.
                Error::Refused(what) => Error::Away(what),
                other => other,
            }
        }
        PoolError::Timeout(_) => Error::Away("no connection is to be had in time".to_owned()),
        other => Error::Away(other.to_string()),
    })
}
