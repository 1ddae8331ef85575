//! Whether a folder looks like an accident, and what stands in for files that cannot be read.

use std::collections::BTreeSet;

use crate::rulebook::{Source, Standing, State};
use crate::server::engine::Held;
use crate::server::rules_dir::Reading;

/// Fewer lost files than this are somebody's tidying up.
const LOST_MIN: usize = 2;

/// Whether the folder looks like an accident to what is in force: an unmounted share, a wrong `rm`.
///
/// A file that has only got another name is not lost.
pub(super) fn accident(good: &[Source], reading: &Reading) -> Option<Held> {
    if reading.accept {
        return None;
    }
    if good.is_empty() {
        // A share that is not mounted yet looks like this: selling at list prices must be meant.
        return (reading.sources.is_empty() && reading.unreadable.is_empty()).then_some(Held::Nothing);
    }
    if reading.sources.is_empty() && reading.unreadable.is_empty() {
        return Some(Held::Empty);
    }
    let names: BTreeSet<&str> = reading
        .sources
        .iter()
        .map(|source| source.path.as_str())
        .chain(reading.unreadable.iter().map(|(path, _)| path.as_str()))
        .collect();
    let contents: BTreeSet<&[u8]> = reading.sources.iter().map(|source| source.bytes.as_slice()).collect();
    let is_lost = |source: &&Source| {
        !names.contains(source.path.as_str()) && !contents.contains(source.bytes.as_slice())
    };
    let lost = good.iter().filter(is_lost).count();
    (lost >= LOST_MIN && 2 * lost > good.len()).then_some(Held::Lost(lost, good.len()))
}

/// The sources of a reading, with the version in force for each file that cannot be read.
pub(super) fn with_good_copies(reading: &Reading, good: &[Source]) -> Vec<Source> {
    let unreadable = |source: &&Source| reading.unreadable.iter().any(|(path, _)| *path == source.path);
    let mut sources = reading.sources.clone();
    sources.extend(good.iter().filter(unreadable).cloned());
    sources.sort();
    sources
}

/// The core was given good copies of unreadable files: it takes them for what is in the folder.
pub(super) fn standings(
    mut found: Vec<Standing>,
    unreadable: &[(String, String)],
    good: &[Source],
) -> Vec<Standing> {
    for (path, _) in unreadable {
        found.retain(|standing| standing.path != *path);
        let has_good = good.iter().any(|source| source.path == *path);
        let state = if has_good { State::Held } else { State::Out };
        found.push(Standing { path: path.clone(), state });
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(names: &[&str]) -> Vec<Source> {
        names.iter().map(|name| Source { path: (*name).to_owned(), bytes: (*name).into() }).collect()
    }

    #[test]
    fn a_folder_that_lost_more_than_half_is_held() {
        let cases: [(&[&str], &[&str], Option<Held>); 8] = [
            (&[], &[], Some(Held::Nothing)),
            (&["a"], &[], Some(Held::Empty)),
            (&["a", "b"], &[], Some(Held::Empty)),
            (&["a", "b", "c"], &["a"], Some(Held::Lost(2, 3))),
            (&["a", "b", "c", "d"], &["a", "b"], None),
            (&["a", "b"], &["a"], None),
            (&["a"], &["z"], None),
            (&["a", "b", "c"], &["x", "y", "z"], Some(Held::Lost(3, 3))),
        ];
        for (good, seen, held) in cases {
            let reading = Reading { sources: sources(seen), ..Reading::default() };
            assert_eq!(accident(&sources(good), &reading), held, "{good:?} {seen:?}");
            let accepted = Reading { accept: true, ..reading };
            assert_eq!(accident(&sources(good), &accepted), None);
        }
    }

    #[test]
    fn a_new_name_is_no_loss_and_an_unreadable_file_keeps_its_version() {
        let good = sources(&["a", "b", "c"]);
        let mut renamed = good.clone();
        renamed.iter_mut().for_each(|source| source.path.push_str(".yaml"));
        assert_eq!(accident(&good, &Reading { sources: renamed, ..Reading::default() }), None);

        let denied = |path: &str| (path.to_owned(), "permission denied".to_owned());
        let reading = Reading {
            sources: sources(&["a", "c"]),
            unreadable: vec![denied("b"), denied("n")],
            accept: false,
        };
        assert_eq!(accident(&good, &reading), None);
        assert_eq!(with_good_copies(&reading, &good), good);
        let live = |path: &str| Standing { path: path.to_owned(), state: State::Live };
        let told = standings(vec![live("a"), live("b"), live("c")], &reading.unreadable, &good);
        let states: Vec<State> = told.iter().map(|standing| standing.state).collect();
        assert_eq!(states, [State::Live, State::Held, State::Live, State::Out]);
    }
}
