//! What nodes tell each other through the database, and one that listens.
//!
//! A word may be lost with a connection, so it only makes sooner what is done by itself: whoever listens looks at least once a second, and
//! each time that the connection was made anew.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Config};

use super::error::Error;
use super::pool::{Database, TIMEOUT};
use super::tls;

/// The channel of all words.
const CHANNEL: &str = "pricewright";
/// After a word so long no other of its kind is sent: a busy node says it twenty times a second, not a thousand. A commit with a word in it
/// would make all commits of the server wait for each other.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a listener that has lost its connection waits before it makes another.
const AGAIN: Duration = Duration::from_millis(200);

/// What a word is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Facts were kept.
    Ledger,
    /// A rulebook was published.
    Rules,
    /// Profiles of customers were written or deleted.
    Customers,
}

impl Topic {
    const ALL: [Topic; 3] = [Topic::Ledger, Topic::Rules, Topic::Customers];

    fn word(self) -> &'static str {
        match self {
            Topic::Ledger => "ledger",
            Topic::Rules => "rules",
            Topic::Customers => "customers",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Topic::ALL.into_iter().find(|topic| topic.word() == word)
    }
}

/// Something of each topic.
#[derive(Debug, Clone, Default)]
struct OfEach<T> {
    ledger: T,
    rules: T,
    customers: T,
}

impl<T> OfEach<T> {
    fn of(&self, topic: Topic) -> &T {
        match topic {
            Topic::Ledger => &self.ledger,
            Topic::Rules => &self.rules,
            Topic::Customers => &self.customers,
        }
    }
}

/// The words of a database: what this node says, and what it hears, its own among it. Ends when it is dropped.
#[derive(Debug)]
pub struct News {
    heard: OfEach<watch::Sender<u64>>,
    said: OfEach<Arc<Notify>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for News {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl News {
    /// Begins to listen, and to say what is to be said.
    ///
    /// # Errors
    /// TLS cannot be had.
    pub fn of(database: &Database) -> Result<Arc<Self>, Error> {
        let (heard, said) = (OfEach::<watch::Sender<u64>>::default(), OfEach::<Arc<Notify>>::default());
        let address = database.address().clone();
        let tls = tls::connector(address.root().map(std::path::PathBuf::as_path))?;
        let mut tasks = Vec::new();
        let hears = heard.clone();
        tasks.push(database.handle().spawn(async move {
            loop {
                if let Err(error) = listen(address.config(), tls.clone(), &hears).await {
                    tracing::debug!(%error, "the listener has lost the database");
                }
                sleep(AGAIN).await;
            }
        }));
        for topic in Topic::ALL {
            let (database, asked) = (database.clone(), Arc::clone(said.of(topic)));
            tasks.push(database.handle().clone().spawn(async move {
                loop {
                    asked.notified().await;
                    // Who listens looks by itself too: a word that is lost costs a second.
                    let _ = timeout(TIMEOUT, say(&database, topic)).await;
                    sleep(PAUSE).await;
                }
            }));
        }
        Ok(Arc::new(News { heard, said, tasks }))
    }

    /// Says to all nodes that there is news.
    pub fn tell(&self, topic: Topic) {
        self.said.of(topic).notify_one();
    }

    /// Changes with each word about `topic`, and when words may have been lost.
    #[must_use]
    pub fn heard(&self, topic: Topic) -> watch::Receiver<u64> {
        self.heard.of(topic).subscribe()
    }
}

async fn say(database: &Database, topic: Topic) -> Result<(), Error> {
    let client = database.client().await?;
    client.get()?.execute("select pg_notify($1, $2)", &[&CHANNEL, &topic.word()]).await?;
    client.done();
    Ok(())
}

/// Listens until the connection is lost.
async fn listen(
    config: &Config,
    tls: tokio_postgres_rustls::MakeRustlsConnect,
    heard: &OfEach<watch::Sender<u64>>,
) -> Result<(), Error> {
    let late = |_| Error::Away("it did not answer in time".to_owned());
    let hear = |topic| heard.of(topic).send_modify(|count| *count += 1);
    let (client, mut connection) = timeout(TIMEOUT, config.connect(tls)).await.map_err(late)??;
    let hears = async {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(word))) => {
                    Topic::of(word.payload()).into_iter().for_each(hear)
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Error::from(error)),
                None => return Err(Error::Away("the connection has ended".to_owned())),
            }
        }
    };
    let begins = async {
        client.batch_execute(&format!("listen {CHANNEL}")).await?;
        // What was said before nobody has heard.
        Topic::ALL.into_iter().for_each(hear);
        std::future::pending::<Result<(), Error>>().await
    };
    tokio::select! {
        ended = hears => ended,
        ended = begins => ended,
    }
}
