//! Profiles in the tables of a database: the statements, and how a batch of thousands is written by a few of them.
//!
//! Whoever writes takes a row first, so that nodes write in turn, as the one writer of a folder does: no two wait for each other, and what
//! is compared with is what is replaced.

use std::collections::BTreeMap;
use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use tokio::task::spawn_blocking;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::cache::Name;
use super::cipher::Cipher;
use super::phone::PhoneKey;
use super::plan::{Plan, Standing};
use super::profile::Profile;
use super::shelf::Put;
use crate::server::database::{Database, Error};

/// A row of a profile.
#[derive(Debug)]
struct Kept {
    id: Vec<u8>,
    key: String,
    content: Vec<u8>,
    phone: Option<PhoneKey>,
}

/// What a write has changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) ids: Vec<String>,
    pub(super) phones: Vec<PhoneKey>,
}

const BY_ID: &str = "select id, key, content, phone from pricewright.customer where id = any($1)";
const BY_PHONE: &str = "select id, key, content, phone from pricewright.customer where phone = any($1)";
const TURN: &str =
    "update pricewright.customer_turn set sequence = sequence + 1 where one returning sequence";
/// Others than its last owner lose a phone.
const LOSE: &str = "update pricewright.customer as kept set phone = null \
     from unnest($1::bytea[], $2::bytea[]) as taken (phone, id) where kept.phone = taken.phone and kept.id <> taken.id";
const WRITE: &str = "insert into pricewright.customer (id, key, content, phone) \
     select id, $2, content, phone from unnest($1::bytea[], $3::bytea[], $4::bytea[]) as new (id, content, phone) \
     on conflict (id) do update set key = excluded.key, content = excluded.content, phone = excluded.phone";
const DELETE: &str = "delete from pricewright.customer where id = $1 returning phone";
const LOG: &str = "insert into pricewright.customer_change (sequence, ids, phones) values ($1, $2, $3)";

/// The last turn that was taken.
pub(super) async fn last(client: &ClientWrapper) -> Result<i64, Error> {
    let rows = query(client, "select sequence from pricewright.customer_turn where one", &[]).await?;
    rows.first().map_or(Ok(0), |row| value(row, 0))
}

/// What changed in the turns behind `from`, up to `until`; nothing where not all of them are there any more.
pub(super) async fn changes(client: &ClientWrapper, from: i64, until: i64) -> Result<Option<Changes>, Error> {
    let sql = "select ids, phones from pricewright.customer_change where sequence > $1 and sequence <= $2";
    let rows = query(client, sql, &[&from, &until]).await?;
    if i64::try_from(rows.len()).ok() != until.checked_sub(from) {
        return Ok(None);
    }
    let mut changes = Changes::default();
    for row in &rows {
        let (ids, phones): (Vec<&[u8]>, Vec<&[u8]>) = (value(row, 0)?, value(row, 1)?);
        changes.ids.extend(ids.into_iter().filter_map(|id| String::from_utf8(id.to_vec()).ok()));
        changes.phones.extend(phones.into_iter().filter_map(phone));
    }
    Ok(Some(changes))
}

/// Forgets what changed long ago: whoever has not read it yet drops all that it has in memory.
pub(super) async fn forget_changes(client: &ClientWrapper) -> Result<(), Error> {
    let sql = "delete from pricewright.customer_change where at < now() - interval '10 minutes'";
    client.execute(sql, &[]).await?;
    Ok(())
}

/// The profile of a customer.
pub(super) async fn find(database: Database, cipher: Cipher, name: Name) -> Result<Option<Profile>, Error> {
    let client = database.client().await?;
    let found = match &name {
        Name::Id(id) => {
            let kept = by_ids(client.get()?, vec![id.as_bytes().to_vec()]).await?;
            kept.first().and_then(|kept| opened(&cipher, kept))
        }
        Name::Phone(phones) => {
            let bytes: Vec<&[u8]> = phones.iter().map(|phone| phone.0.as_slice()).collect();
            let kept = query(client.get()?, BY_PHONE, &[&bytes]).await?;
            let kept = kept.iter().map(kept_of).collect::<Result<Vec<_>, Error>>()?;
            let leads = |phone: &PhoneKey| {
                let profile = opened(&cipher, kept.iter().find(|kept| kept.phone == Some(*phone))?)?;
                (profile.phone == Some(*phone)).then_some(profile)
            };
            phones.iter().find_map(leads)
        }
    };
    client.done();
    Ok(found)
}

/// What writing these profiles would do.
pub(super) async fn would(
    database: Database,
    cipher: Cipher,
    profiles: Arc<[Profile]>,
) -> Result<Vec<Put>, Error> {
    let client = database.client().await?;
    let plan = planned(client.get()?, &cipher, &profiles).await?;
    client.done();
    Ok(plan.puts)
}

/// Writes profiles: on disk when this returns.
pub(super) async fn put(
    database: Database,
    cipher: Cipher,
    profiles: Arc<[Profile]>,
) -> Result<(Vec<Put>, Changes), Error> {
    let client = database.client().await?;
    // What is kept as it comes takes no turn: most of an import that is sent again.
    let plan = planned(client.get()?, &cipher, &profiles).await?;
    if plan.written.is_empty() {
        client.done();
        return Ok((plan.puts, Changes::default()));
    }
    let turn = begun(client.get()?).await?;
    let plan = planned(client.get()?, &cipher, &profiles).await?;
    let Plan { puts, written, taken, left } = plan;
    let key = cipher.key().as_str().to_owned();
    let sealed = spawn_blocking(move || sealed(&cipher, &written)).await;
    let Rows { ids, contents, phones } = sealed.map_err(|_| ended())??;
    let (lost, owners): (Vec<Vec<u8>>, Vec<Vec<u8>>) =
        taken.iter().map(|(phone, id)| (phone.0.to_vec(), id.as_bytes().to_vec())).unzip();
    let moved: Vec<PhoneKey> = taken.into_keys().chain(left).collect();
    let moved_bytes: Vec<&[u8]> = moved.iter().map(|phone| phone.0.as_slice()).collect();
    {
        let client = client.get()?;
        let (lose, write) = (client.prepare_cached(LOSE).await?, client.prepare_cached(WRITE).await?);
        let log = client.prepare_cached(LOG).await?;
        let of_lose: [Value<'_>; 2] = [&lost, &owners];
        let of_write: [Value<'_>; 4] = [&ids, &key, &contents, &phones];
        let of_log: [Value<'_>; 3] = [&turn, &ids, &moved_bytes];
        // Sent together: each answer is a way there and back, and others wait for their turn.
        let (lost, wrote, logged, committed) = tokio::join!(
            biased;
            client.execute(&lose, &of_lose),
            client.execute(&write, &of_write),
            client.execute(&log, &of_log),
            client.batch_execute("commit"),
        );
        lost?;
        wrote?;
        logged?;
        committed?;
    }
    client.done();
    let ids = ids.into_iter().filter_map(|id| String::from_utf8(id).ok()).collect();
    Ok((puts, Changes { ids, phones: moved }))
}

/// Forgets a customer; what that changed, or nothing where there was none.
pub(super) async fn delete(database: Database, id: String) -> Result<Option<Changes>, Error> {
    let client = database.client().await?;
    let bytes = id.as_bytes().to_vec();
    let turn = begun(client.get()?).await?;
    let deleted = query(client.get()?, DELETE, &[&bytes]).await?;
    let Some(row) = deleted.first() else {
        client.get()?.batch_execute("rollback").await?;
        client.done();
        return Ok(None);
    };
    let phones: Vec<PhoneKey> = value::<Option<&[u8]>>(row, 0)?.and_then(phone).into_iter().collect();
    let moved: Vec<&[u8]> = phones.iter().map(|phone| phone.0.as_slice()).collect();
    query(client.get()?, LOG, &[&turn, &vec![bytes], &moved]).await?;
    client.get()?.batch_execute("commit").await?;
    client.done();
    Ok(Some(Changes { ids: vec![id], phones }))
}

/// Begins a transaction and takes a turn: all that others have written before can be read now.
async fn begun(client: &ClientWrapper) -> Result<i64, Error> {
    let turn = client.prepare_cached(TURN).await?;
    let (begun, turn) = tokio::join!(biased; client.batch_execute("begin"), client.query_one(&turn, &[]));
    begun?;
    value(&turn?, 0)
}

/// What writing comes to. The work of the processor is done aside: the threads of the connections pass on what others wait for.
async fn planned(client: &ClientWrapper, cipher: &Cipher, profiles: &Arc<[Profile]>) -> Result<Plan, Error> {
    let ids = profiles.iter().map(|profile| profile.id.as_bytes().to_vec()).collect();
    let kept = by_ids(client, ids).await?;
    let (cipher, profiles) = (cipher.clone(), Arc::clone(profiles));
    let plan = move || {
        let current = cipher.key();
        let standing = |kept: Kept| {
            let stands = Standing {
                profile: opened(&cipher, &kept),
                phone: kept.phone,
                is_current: kept.key == current.as_str(),
            };
            Some((String::from_utf8(kept.id).ok()?, stands))
        };
        Plan::of(kept.into_iter().filter_map(standing).collect(), &profiles)
    };
    spawn_blocking(plan).await.map_err(|_| ended())
}

/// Columns of rows that are written.
struct Rows {
    ids: Vec<Vec<u8>>,
    contents: Vec<Vec<u8>>,
    phones: Vec<Option<Vec<u8>>>,
}

fn sealed(cipher: &Cipher, written: &BTreeMap<String, (Profile, Option<PhoneKey>)>) -> Result<Rows, Error> {
    let mut rows = Rows { ids: Vec::new(), contents: Vec::new(), phones: Vec::new() };
    for (id, (profile, phone)) in written {
        let content = cipher.seal(profile);
        rows.contents.push(content.ok_or_else(|| Error::Refused("no random bytes for it".to_owned()))?);
        rows.ids.push(id.as_bytes().to_vec());
        rows.phones.push(phone.map(|phone| phone.0.to_vec()));
    }
    Ok(rows)
}

async fn by_ids(client: &ClientWrapper, ids: Vec<Vec<u8>>) -> Result<Vec<Kept>, Error> {
    query(client, BY_ID, &[&ids]).await?.iter().map(kept_of).collect()
}

/// The profile of a row. One that cannot be read counts as unknown: the CRM can import it again.
fn opened(cipher: &Cipher, kept: &Kept) -> Option<Profile> {
    let id = std::str::from_utf8(&kept.id).ok()?;
    let profile = cipher.open(&kept.key, id, &kept.content);
    if profile.is_none() {
        tracing::error!(
            key = kept.key,
            "a customer profile in the database is damaged, or its key is not in the file of keys: it counts as unknown"
        );
    }
    profile
}

type Value<'a> = &'a (dyn ToSql + Sync);

async fn query(client: &ClientWrapper, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Error> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query(&statement, values).await?)
}

fn kept_of(row: &Row) -> Result<Kept, Error> {
    let leads: Option<&[u8]> = value(row, 3)?;
    Ok(Kept {
        id: value(row, 0)?,
        key: value(row, 1)?,
        content: value(row, 2)?,
        phone: leads.and_then(phone),
    })
}

fn value<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, place: usize) -> Result<T, Error> {
    row.try_get(place).map_err(|_| Error::Refused("a row of the customers is none".to_owned()))
}

fn phone(bytes: &[u8]) -> Option<PhoneKey> {
    bytes.try_into().ok().map(PhoneKey)
}

fn ended() -> Error {
    Error::Away("the process is at its end".to_owned())
}
