//! Connections to a server, and the addresses of its databases.

use std::thread;

use tokio_postgres::{Client, Error, NoTls};

/// A client; its connection lives as long as it.
pub(crate) async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        // The client has the error too.
        let _ = connection.await;
    });
    Ok(client)
}

/// Runs one statement. In a thread of its own: a test may be inside of a runtime already.
pub(super) fn run(url: &str, statement: &str) -> Result<(), Error> {
    let work = async { connect(url).await?.batch_execute(statement).await };
    let alone = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    thread::scope(|scope| scope.spawn(alone).join().unwrap())
}

/// From the template that nobody can be connected to: others would keep it from being copied.
pub(super) fn creation(database: &str) -> String {
    format!("create database \"{database}\" template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'")
}

/// The same server, another database. Of both forms that PostgreSQL has.
pub(super) fn with_database(url: &str, database: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return format!("{url} dbname={database}") };
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let server = place.split_once('/').map_or(place, |(server, _)| server);
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("{scheme}://{server}/{database}{query}")
}

#[test]
fn an_address_of_another_database_of_the_server() {
    for (url, expected) in [
        ("postgres://u:p@host:1/one?sslmode=disable", "postgres://u:p@host:1/other?sslmode=disable"),
        ("postgresql://host", "postgresql://host/other"),
        ("postgresql:///one?host=/run/a&user=u", "postgresql:///other?host=/run/a&user=u"),
        ("postgresql://%2Frun%2Fa/one", "postgresql://%2Frun%2Fa/other"),
        ("host=/run/a user=u dbname=one", "host=/run/a user=u dbname=one dbname=other"),
    ] {
        let address = with_database(url, "other");
        assert_eq!(address, expected);
        let read: tokio_postgres::Config = address.parse().unwrap();
        assert_eq!(read.get_dbname(), Some("other"), "{address}");
    }
}
