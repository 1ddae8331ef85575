//! The history of rulebooks in a database that many nodes share: a row for each file, each rulebook and each publication.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::history::{Error, History, Kept, Named, Note, Publication, Recovered};
use super::lines;
use crate::rulebook::{Digest, Source};
use crate::server::database::{self, Database, Shared, Topic};

/// Publications that are looked through at once for a rulebook that is whole.
const PAGE: usize = 64;

/// The good versions in a database.
#[derive(Debug)]
pub struct InDatabase {
    shared: Shared,
}

/// One file of a rulebook.
#[derive(Serialize, Deserialize)]
struct Entry {
    path: String,
    sha256: String,
}

impl InDatabase {
    /// The history in that database.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        InDatabase { shared }
    }

    /// The rows that a statement finds.
    fn rows(&self, sql: &'static str, values: Vec<Box<dyn ToSql + Sync + Send>>) -> Result<Vec<Row>, Error> {
        Ok(self.shared.database.run(|database: Database| async move {
            let client = database.client().await?;
            let statement = client.get()?.prepare_cached(sql).await?;
            let values: Vec<&(dyn ToSql + Sync)> =
                values.iter().map(|value| -> &(dyn ToSql + Sync) { value.as_ref() }).collect();
            let rows = client.get()?.query(&statement, &values).await?;
            client.done();
            Ok(rows)
        })?)
    }

    fn publications(
        &self,
        sql: &'static str,
        values: Vec<Box<dyn ToSql + Sync + Send>>,
    ) -> Result<Vec<Publication>, Error> {
        self.rows(sql, values)?.iter().map(publication).collect()
    }

    fn one(
        &self,
        sql: &'static str,
        value: Box<dyn ToSql + Sync + Send>,
    ) -> Result<Option<Publication>, Error> {
        Ok(self.publications(sql, vec![value])?.into_iter().next())
    }
}

fn publication(row: &Row) -> Result<Publication, Error> {
    let wrong = |what: &str| Error::Row(what.to_owned());
    let (number, said): (i64, &str) = match (row.try_get(0), row.try_get(1)) {
        (Ok(number), Ok(said)) => (number, said),
        _ => return Err(wrong("a publication is none")),
    };
    let number = u64::try_from(number).map_err(|_| wrong("a publication has no number"))?;
    lines::publication(number, said.as_bytes())
        .ok_or_else(|| wrong("what is said of a publication cannot be read"))
}

fn number(number: u64) -> Box<dyn ToSql + Sync + Send> {
    Box::new(i64::try_from(number).unwrap_or(i64::MAX))
}

impl History for InDatabase {
    fn is_shared(&self) -> bool {
        true
    }

    fn publish(&self, sources: &[Source], note: &Note, after: u64) -> Result<Publication, Error> {
        let mut entries = Vec::with_capacity(sources.len());
        let (mut hashes, mut contents) = (Vec::new(), Vec::new());
        for source in sources {
            let sha256: [u8; 32] = Sha256::digest(&source.bytes).into();
            entries.push(Entry { path: source.path.clone(), sha256: hex(&sha256) });
            hashes.push(sha256.to_vec());
            contents.push(source.bytes.clone());
        }
        let digest = Digest::of(sources).to_string();
        let json = |error: serde_json::Error| Error::Row(error.to_string());
        let files = serde_json::to_string(&entries).map_err(json)?;
        let said = lines::text(&digest, note).map_err(json)?;
        let request = note.request.as_ref().map(|request| request.id.clone());
        let (of, newest) = (digest.clone(), i64::try_from(after).unwrap_or(i64::MAX));
        let number = self.shared.database.run(|database| async move {
            let client = database.client().await?;
            let open = client.get()?;
            // One after another: whoever waited here sees what was published before.
            open.batch_execute("begin; lock table pricewright.publication in share row exclusive mode").await?;
            let row = open
                .query_one(
                    "select coalesce(max(number), 0), coalesce(bool_or(request = $1), false) from pricewright.publication",
                    &[&request],
                )
                .await?;
            let (last, is_known): (i64, bool) = (row.try_get(0)?, row.try_get(1)?);
            if last > newest || is_known {
                open.batch_execute("rollback").await?;
                client.done();
                return Ok(None);
            }
            open.execute(
                "insert into pricewright.rule_file (sha256, content) select distinct on (sha256) sha256, content \
                 from unnest($1::bytea[], $2::bytea[]) as t (sha256, content) order by sha256 on conflict do nothing",
                &[&hashes, &contents],
            )
            .await?;
            open.execute(
                "insert into pricewright.rulebook (digest, files) values ($1, $2) on conflict do nothing",
                &[&of, &files],
            )
            .await?;
            open.execute(
                "insert into pricewright.publication (number, digest, said, request) values ($1, $2, $3, $4)",
                &[&(last + 1), &of, &said, &request],
            )
            .await?;
            open.batch_execute("commit").await?;
            client.done();
            Ok(Some(last + 1))
        })?;
        let number = number.and_then(|number| u64::try_from(number).ok()).ok_or(Error::Moved)?;
        self.shared.news.tell(Topic::Rules);
        Ok(Publication { number, digest, note: note.clone() })
    }

    fn recover(&self) -> Recovered {
        let mut found = Recovered::default();
        let page = match self.page(None, PAGE) {
            Ok(page) => page,
            Err(error) => {
                found.damage.push(error);
                return found;
            }
        };
        for (place, publication) in page.iter().enumerate() {
            match self.load(&publication.digest) {
                Ok(sources) => {
                    // Published several times in a row, it is live since the first.
                    let row = page.iter().skip(place).take_while(|one| one.digest == publication.digest);
                    let live_at = row.last().map_or(publication.note.at, |first| first.note.at);
                    found.last = Some(Kept { sources, publication: publication.clone(), live_at });
                    return found;
                }
                // One step back costs less than none, but not where the newest is there and cannot be read now.
                Err(error) => {
                    let is_lost = error.is_lost();
                    found.damage.push(error);
                    if !is_lost {
                        break;
                    }
                }
            }
        }
        found
    }

    fn newest(&self) -> Result<Option<Publication>, Error> {
        Ok(self.page(None, 1)?.into_iter().next())
    }

    fn find(&self, named: &Named) -> Result<Option<Publication>, Error> {
        match named {
            Named::Number(asked) => {
                self.one("select number, said from pricewright.publication where number = $1", number(*asked))
            }
            Named::Version(text) => self.one(
                "select number, said from pricewright.publication where starts_with(digest, $1) \
                 order by number desc limit 1",
                Box::new(text.clone()),
            ),
        }
    }

    fn next(&self, after: u64) -> Result<Option<Publication>, Error> {
        self.one(
            "select number, said from pricewright.publication where number > $1 order by number limit 1",
            number(after),
        )
    }

    fn answered(&self, request: &str) -> Result<Option<Publication>, Error> {
        self.one(
            "select number, said from pricewright.publication where request = $1",
            Box::new(request.to_owned()),
        )
    }

    fn page(&self, before: Option<u64>, most: usize) -> Result<Vec<Publication>, Error> {
        let most = Box::new(i64::try_from(most).unwrap_or(i64::MAX));
        self.publications(
            "select number, said from pricewright.publication where number < $1 order by number desc limit $2",
            vec![number(before.unwrap_or(u64::MAX)), most],
        )
    }

    fn load(&self, digest: &str) -> Result<Vec<Source>, Error> {
        let damaged =
            |what: &str| Error::Row(format!("rulebook {}: {what}", digest.get(..12).unwrap_or(digest)));
        let rows = self.rows(
            "select files from pricewright.rulebook where digest = $1",
            vec![Box::new(digest.to_owned())],
        )?;
        let files = rows.first().ok_or_else(|| damaged("it is not there"))?;
        let files: &str = files.try_get(0).map_err(|_| damaged("its files are not listed"))?;
        let entries: Vec<Entry> = serde_json::from_str(files).map_err(|error| damaged(&error.to_string()))?;
        let hashes: Vec<Vec<u8>> = entries.iter().filter_map(|entry| unhex(&entry.sha256)).collect();
        let sql = "select encode(sha256, 'hex'), content from pricewright.rule_file where sha256 = any($1)";
        let rows = self.rows(sql, vec![Box::new(hashes)])?;
        let mut sources = Vec::with_capacity(entries.len());
        for entry in entries {
            let is_it = |row: &&Row| row.try_get::<_, &str>(0).is_ok_and(|hash| hash == entry.sha256);
            let row = rows.iter().find(is_it).ok_or_else(|| damaged("a file is missing"))?;
            let bytes: Vec<u8> = row.try_get(1).map_err(|_| damaged("a file cannot be read"))?;
            sources.push(Source { path: entry.path, bytes });
        }
        // Which it is only with every byte of every file.
        if Digest::of(&sources).to_string() == digest {
            Ok(sources)
        } else {
            Err(damaged("its files do not make its digest"))
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        Error::Database(error)
    }
}
