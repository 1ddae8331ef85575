//! What can go wrong with a database.

use std::path::PathBuf;

use tokio_postgres::error::SqlState;

/// Why a database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, does not answer in time, or takes no writes at the moment: what was asked may have been done all the same.
    #[error("the database is away: {0}")]
    Away(String),
    /// Somebody else was quicker, or two waited for each other: nothing was done, and the same may be asked again at once.
    #[error("the database has given way to another node")]
    GivenWay,
    /// It refuses what was asked.
    #[error("the database refuses: {0}")]
    Refused(String),
    /// Its tables are those of a newer program, that this one does not know.
    #[error(
        "the tables of the database are of version {found}, which asks for a newer pricewright than this one, that knows version {known}"
    )]
    TooNew {
        /// Of the tables.
        found: i32,
        /// The newest that this program knows.
        known: i32,
    },
    /// The file of trusted certificates.
    #[error("cannot take the certificates in `{path}`: {what}")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why not.
        what: String,
    },
    /// TLS cannot be had.
    #[error("TLS to the database cannot be had: {0}")]
    Tls(String),
    /// Its connections have nowhere to live.
    #[error("cannot start the threads of the database: {0}")]
    Thread(std::io::Error),
}

impl Error {
    /// Whether the same may be asked again at once.
    #[must_use]
    pub fn has_given_way(&self) -> bool {
        matches!(self, Error::GivenWay)
    }

    /// Whether it may work again by itself.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Error::Away(_))
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(state) = error.code() else {
            return Error::Away(cause(&error));
        };
        let of_class = |class: &str| state.code().starts_with(class);
        // A number that was given twice: somebody has copied the tables without their sequence. Asking again does not help.
        if error.as_db_error().is_some_and(|error| error.constraint() == Some("record_pkey")) {
            return Error::Refused(
                "the sequence `pricewright.record_sequence` is behind the records: set it to their last number".to_owned(),
            );
        }
        let gives_way = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::UNIQUE_VIOLATION,
            SqlState::LOCK_NOT_AVAILABLE,
        ];
        if gives_way.contains(state) {
            Error::GivenWay
        // Connections, resources, an operator who stops it, a system that fails, a server that only reads.
        } else if ["08", "53", "57", "58", "28"].into_iter().any(of_class)
            || *state == SqlState::READ_ONLY_SQL_TRANSACTION
            || *state == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
            || *state == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        {
            Error::Away(format!("{} ({})", told(&error), state.code()))
        } else {
            Error::Refused(format!("{} ({})", told(&error), state.code()))
        }
    }
}

/// What the server says, without its details: those repeat values.
fn told(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| "no reason given".to_owned(), |error| error.message().to_owned())
}

fn cause(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
