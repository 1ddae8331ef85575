//! Where history is read: a data folder, or a service. A data folder is only looked at: a service may run on it.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

use crate::rulebook::Source;
use crate::rulebook::diff::diff;
use crate::server::convert::versions;
use crate::server::store::disk::OnDisk;
use crate::server::store::{History, Named, Publication};
use crate::server::wire::{DiffResponse, ListVersionsResponse};

/// What stands for the rulebook in force.
pub(super) const LIVE: &str = "live";

/// The newest publications of a data folder.
pub(super) fn history(data: &Path, most: usize) -> Result<ListVersionsResponse> {
    let page = open(data)?.page(None, most)?;
    let versions = page.iter().map(versions::publication).collect();
    Ok(ListVersionsResponse { versions, next_page_token: String::new() })
}

/// What differs between two rulebooks of a data folder; nothing when one of them is not there, with its name.
pub(super) fn difference(data: &Path, from: &str, to: &str) -> Result<Result<DiffResponse, String>> {
    let store = open(data)?;
    let Some((from, was)) = find(&store, from)? else { return Ok(Err(from.to_owned())) };
    let Some((to, is)) = find(&store, to)? else { return Ok(Err(to.to_owned())) };
    Ok(Ok(versions::diff(&from, &to, diff(&was, &is))))
}

fn open(data: &Path) -> Result<OnDisk> {
    OnDisk::look(data).with_context(|| format!("no rulebook was ever live in `{}`", data.display()))
}

fn find(store: &OnDisk, named: &str) -> Result<Option<(Publication, Vec<Source>)>> {
    if named == LIVE {
        return Ok(store.recover().last.map(|kept| (kept.publication, kept.sources)));
    }
    let named = Named::parse(named)
        .ok_or_else(|| anyhow!("`{named}` is no version: name a number, a version, a digest, or `{LIVE}`"))?;
    let Some(publication) = store.find(&named)? else { return Ok(None) };
    let sources = store.load(&publication.digest)?;
    Ok(Some((publication, sources)))
}
