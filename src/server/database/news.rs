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
}

impl Topic {
    fn word(self) -> &'static str {
        match self {
            Topic::Ledger => "ledger",
            Topic::Rules => "rules",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Topic::Ledger, Topic::Rules].into_iter().find(|topic| topic.word() == word)
    }
}

/// The words of a database: what this node says, and what it hears, its own among it. Ends when it is dropped.
#[derive(Debug)]
pub struct News {
    ledger: watch::Sender<u64>,
    rules: watch::Sender<u64>,
    said: [Arc<Notify>; 2],
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
        let (ledger, rules) = (watch::Sender::new(0), watch::Sender::new(0));
        let said = [Arc::new(Notify::new()), Arc::new(Notify::new())];
        let address = database.address().clone();
        let tls = tls::connector(address.root().map(std::path::PathBuf::as_path))?;
        let mut tasks = Vec::new();
        let heard = [ledger.clone(), rules.clone()];
        tasks.push(database.handle().spawn(async move {
            loop {
                if let Err(error) = listen(address.config(), tls.clone(), &heard).await {
                    tracing::debug!(%error, "the listener has lost the database");
                }
                sleep(AGAIN).await;
            }
        }));
        for (topic, asked) in [Topic::Ledger, Topic::Rules].into_iter().zip(&said) {
            let (database, asked) = (database.clone(), Arc::clone(asked));
            tasks.push(database.handle().clone().spawn(async move {
                loop {
                    asked.notified().await;
                    // Who listens looks by itself too: a word that is lost costs a second.
                    let _ = timeout(TIMEOUT, say(&database, topic)).await;
                    sleep(PAUSE).await;
                }
            }));
        }
        Ok(Arc::new(News { ledger, rules, said, tasks }))
    }

    /// Says to all nodes that there is news.
    pub fn tell(&self, topic: Topic) {
        let [ledger, rules] = &self.said;
        match topic {
            Topic::Ledger => ledger.notify_one(),
            Topic::Rules => rules.notify_one(),
        }
    }

    /// Changes with each word about `topic`, and when words may have been lost.
    #[must_use]
    pub fn heard(&self, topic: Topic) -> watch::Receiver<u64> {
        match topic {
            Topic::Ledger => self.ledger.subscribe(),
            Topic::Rules => self.rules.subscribe(),
        }
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
    heard: &[watch::Sender<u64>; 2],
) -> Result<(), Error> {
    let [ledger, rules] = heard;
    let late = |_| Error::Away("it did not answer in time".to_owned());
    let (client, mut connection) = timeout(TIMEOUT, config.connect(tls)).await.map_err(late)??;
    let hears = async {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(word))) => match Topic::of(word.payload()) {
                    Some(Topic::Ledger) => ledger.send_modify(|count| *count += 1),
                    Some(Topic::Rules) => rules.send_modify(|count| *count += 1),
                    None => {}
                },
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Error::from(error)),
                None => return Err(Error::Away("the connection has ended".to_owned())),
            }
        }
    };
    let begins = async {
        client.batch_execute(&format!("listen {CHANNEL}")).await?;
        // What was said before nobody has heard.
        ledger.send_modify(|count| *count += 1);
        rules.send_modify(|count| *count += 1);
        std::future::pending::<Result<(), Error>>().await
    };
    tokio::select! {
        ended = hears => ended,
        ended = begins => ended,
    }
}
