//! `adopt`: what a folder puts in force when some of its files are at fault.
//!
//! Every file begins in the version that lies in the folder. A file at fault steps back to its last good version, and
//! out when that does not hold either; a step is never taken back, so there are at most two a file.

use std::collections::{BTreeMap, BTreeSet};

use crate::rulebook::compile::{rulebook, settings_of, surplus};
use crate::rulebook::diagnostic::report::{Diagnostic, capped, sort};
use crate::rulebook::library::{Built, Library, Manner, Picked, Version};
use crate::rulebook::outcome::{Adoption, Standing, State};
use crate::rulebook::source::Source;
use crate::rulebook::text::folder::{Role, role};

/// Decides what a folder puts in force: `seen` is what is there now, `good` what was in force before. A file at fault
/// keeps its own last good version, or stays out; it never takes another file with it.
#[must_use]
pub fn adopt(seen: &[Source], good: &[Source]) -> Adoption {
    let (settings, _) = settings_of(seen);
    let mut library = Library::new(settings);
    let shelf = Shelf::of(seen, good);
    let manner = shelf.manner(&mut library);
    let all: Vec<Picked<'_>> = shelf.seen.values().map(|&source| (Version::Seen, source)).collect();
    let mut found = library.build(&all, &manner).found;
    found.extend(surplus(seen, settings));
    match shelf.settle(&mut library, &manner) {
        Some((picked, built, late)) => shelf.adopted(library, &picked, built, with_late(found, late)),
        None => shelf.as_it_was(with_late(found, Vec::new())),
    }
}

/// Findings of the folder, and those that show only after other files stepped back.
fn with_late(diagnostics: Vec<Diagnostic>, late: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let faulty: BTreeSet<String> =
        diagnostics.iter().filter(|found| found.is_error()).map(|found| found.path.clone()).collect();
    let mut all = diagnostics;
    all.extend(late.into_iter().filter(|found| !faulty.contains(&found.path)));
    sort(&mut all);
    all.dedup();
    capped(all)
}

/// Both versions of every file.
struct Shelf<'a> {
    seen: BTreeMap<&'a str, &'a Source>,
    good: BTreeMap<&'a str, &'a Source>,
}

type Settled<'a> = (BTreeMap<&'a str, Picked<'a>>, Built<'a>, Vec<Diagnostic>);

impl<'a> Shelf<'a> {
    fn of(seen: &'a [Source], good: &'a [Source]) -> Self {
        let by_path = |sources: &'a [Source]| -> BTreeMap<&'a str, &'a Source> {
            sources
                .iter()
                .filter(|source| !matches!(role(&source.path), Role::Tests | Role::Other))
                .map(|source| (source.path.as_str(), source))
                .collect()
        };
        Shelf { seen: by_path(seen), good: by_path(good) }
    }

    fn is_unchanged(&self, path: &str) -> bool {
        self.seen
            .get(path)
            .is_some_and(|seen| self.good.get(path).is_some_and(|good| good.bytes == seen.bytes))
    }

    /// The version of each file that holds together with all the others; `None` when the settings are at fault.
    fn settle(&self, library: &mut Library<'a>, manner: &Manner<'_>) -> Option<Settled<'a>> {
        if !library.settings.is_sound() {
            return None;
        }
        let mut picked: BTreeMap<&'a str, Picked<'a>> =
            self.seen.iter().map(|(&path, &source)| (path, (Version::Seen, source))).collect();
        picked.retain(|_, (_, source)| role(&source.path) != Role::Spreadsheet);
        let settings_path = library.settings.path;
        picked.retain(|path, (_, source)| role(&source.path) != Role::Settings || *path == settings_path);
        self.keep_named_tables(library, &mut picked);
        let mut late = Vec::new();
        loop {
            let files: Vec<Picked<'a>> = picked.values().copied().collect();
            let built = library.build(&files, manner);
            let faulty: BTreeSet<&str> = built
                .found
                .iter()
                .filter(|found| found.is_error())
                .map(|found| found.path.as_str())
                .collect();
            if faulty.is_empty() {
                return Some((picked, built, late));
            }
            late.extend(built.found.iter().filter(|found| found.is_error()).cloned());
            if faulty.contains(settings_path) || self.breaks_what_was_good(library, &faulty, &picked) {
                return None;
            }
            let paths: Vec<&'a str> = picked.keys().copied().filter(|path| faulty.contains(path)).collect();
            for path in paths {
                self.step_back(path, &mut picked);
            }
        }
    }

    /// A table that is in force and was deleted stays as long as somebody in force may name it.
    fn keep_named_tables(&self, library: &mut Library<'a>, picked: &mut BTreeMap<&'a str, Picked<'a>>) {
        let files: Vec<Picked<'a>> = picked.values().copied().collect();
        let built = library.build(&files, &Manner::default());
        let missing = built.found.iter().any(|found| found.code == "no-such-file");
        for (&path, &source) in self.good.iter().filter(|_| missing) {
            if role(path) == Role::Table && !picked.contains_key(path) {
                picked.insert(path, (Version::Good, source));
            }
        }
    }

    /// Ids belong to the files that had them; files that did not change are not blamed for promotions that left.
    fn manner(&self, library: &mut Library<'a>) -> Manner<'a> {
        let files: Vec<Picked<'a>> = self
            .good
            .values()
            .filter(|source| role(&source.path) != Role::Settings)
            .map(|&source| (Version::Good, source))
            .collect();
        library.build(&files, &Manner::default());
        let mut manner = Manner::default();
        for &file in &files {
            let Some(reading) = library.reading(file) else {
                continue;
            };
            for (id, _) in &reading.rules.ids {
                manner.owners.entry(id.clone()).or_insert_with(|| reading.path.to_owned());
            }
            // Either version may be in force: the good one is unchanged by definition.
            manner.unchanged.insert((reading.path, Version::Good));
            if self.is_unchanged(reading.path) {
                manner.unchanged.insert((reading.path, Version::Seen));
            }
        }
        manner
    }

    /// Whether a file that was good and did not change is at fault by itself: then the new settings are to blame.
    fn breaks_what_was_good(
        &self,
        library: &Library<'a>,
        faulty: &BTreeSet<&str>,
        picked: &BTreeMap<&'a str, Picked<'a>>,
    ) -> bool {
        let settings_path =
            if library.settings.path.is_empty() { self.settings_path() } else { library.settings.path };
        let settings_changed = !self.is_unchanged(settings_path)
            && (self.good.contains_key(settings_path) || self.seen.contains_key(settings_path));
        settings_changed
            && faulty.iter().any(|path| {
                self.is_unchanged(path)
                    && picked
                        .get(path)
                        .and_then(|&file| library.reading(file))
                        .is_some_and(|reading| !reading.is_sound())
            })
    }

    /// The settings file that was in force.
    fn settings_path(&self) -> &'a str {
        self.good.keys().copied().find(|path| role(path) == Role::Settings).unwrap_or_default()
    }

    fn step_back(&self, path: &'a str, picked: &mut BTreeMap<&'a str, Picked<'a>>) {
        let can_step = matches!(picked.get(path), Some((Version::Seen, _))) && !self.is_unchanged(path);
        match self.good.get(path).filter(|_| can_step) {
            Some(&source) => picked.insert(path, (Version::Good, source)),
            None => picked.remove(path),
        };
    }

    fn adopted(
        &self,
        library: Library<'a>,
        picked: &BTreeMap<&'a str, Picked<'a>>,
        built: Built<'a>,
        diagnostics: Vec<Diagnostic>,
    ) -> Adoption {
        let sources: Vec<Source> = built.sources.iter().copied().cloned().collect();
        let used: BTreeSet<&str> = built.sources.iter().map(|source| source.path.as_str()).collect();
        let state = |path: &str| match picked.get(path) {
            Some((Version::Seen, _)) => State::Live,
            Some((Version::Good, _)) => State::Held,
            None => State::Out,
        };
        let named: BTreeSet<&str> = diagnostics.iter().map(|found| found.path.as_str()).collect();
        let paths: BTreeSet<&str> = self.seen.keys().chain(picked.keys()).copied().collect();
        let standings = paths
            .into_iter()
            // A table that nobody names is nobody's: it has no standing.
            .filter(|path| role(path) != Role::Table || used.contains(path) || named.contains(path))
            .map(|path| Standing { path: path.to_owned(), state: state(path) })
            .collect();
        Adoption { rulebook: Some(rulebook(library.take(built))), sources, standings, diagnostics }
    }

    /// The settings are at fault: everything stays as it was.
    fn as_it_was(&self, diagnostics: Vec<Diagnostic>) -> Adoption {
        let standings = self
            .seen
            .keys()
            .filter(|path| role(path) != Role::Table || self.good.contains_key(*path))
            .map(|&path| {
                let state = match self.good.contains_key(path) {
                    true if self.is_unchanged(path) && role(path) != Role::Settings => State::Live,
                    true => State::Held,
                    false => State::Out,
                };
                Standing { path: path.to_owned(), state }
            })
            .collect();
        let sources: Vec<Source> = self.good.values().map(|&source| source.clone()).collect();
        if sources.is_empty() {
            return Adoption { rulebook: None, sources, standings, diagnostics };
        }
        let files: Vec<Picked<'_>> = self.good.values().map(|&source| (Version::Good, source)).collect();
        let mut library = Library::new(self.good.get(self.settings_path()).copied());
        let mut manner = Manner::default();
        manner.unchanged.extend(self.good.keys().map(|&path| (path, Version::Good)));
        let built = library.build(&files, &manner);
        let is_good = !built.found.iter().any(Diagnostic::is_error);
        let rulebook = is_good.then(|| rulebook(library.take(built)));
        Adoption { rulebook, sources, standings, diagnostics }
    }
}

#[cfg(test)]
mod tests {
    use super::super::compile::compile;
    use super::*;

    const SETTINGS: &str = "channels: [web, pos]\ncatalog: [goods.csv]\n";
    const GOODS: &str = "sku,brand,price\nA,Dior,10\n";

    fn rule(id: &str, rest: &str) -> String {
        format!("promotions: [{{id: {id}, give: {{percent: 10, max_discount: 100}}{rest}}}]")
    }

    fn sources(files: &[(&str, String)]) -> Vec<Source> {
        let source = |(path, text): &(&str, String)| Source {
            path: (*path).to_owned(),
            bytes: text.clone().into_bytes(),
        };
        files.iter().map(source).collect()
    }

    fn base() -> Vec<(&'static str, String)> {
        vec![
            ("settings.yaml", SETTINGS.to_owned()),
            ("goods.csv", GOODS.to_owned()),
            ("a.yaml", rule("one", "")),
            ("b.yaml", rule("two", ", stacks_with: [one]")),
            ("c.yaml", "promotions: [{id: three, give: {prices: list.csv}}]".to_owned()),
            ("list.csv", "sku,price\nA,5\n".to_owned()),
        ]
    }

    fn changed(changes: &[(&'static str, Option<String>)]) -> Vec<(&'static str, String)> {
        let mut files = base();
        for (path, text) in changes {
            files.retain(|(other, _)| other != path);
            files.extend(text.clone().map(|text| (*path, text)));
        }
        files
    }

    /// `changes` to a good folder; what is in force then, as ids; how the files named stand; the files with findings.
    fn check(name: &str, changes: &[(&'static str, Option<String>)], ids: &str, states: &str, told: &str) {
        let good = sources(&base());
        let seen = sources(&changed(changes));
        let adoption = adopt(&seen, &good);
        let rulebook = adoption.rulebook.expect(name);
        let in_force: Vec<&str> =
            rulebook.promotions().iter().map(|promotion| promotion.id.as_str()).collect();
        assert_eq!(in_force.join(" "), ids, "{name}: ids");
        let standings: Vec<String> = adoption
            .standings
            .iter()
            .filter(|standing| standing.state != State::Live)
            .map(|standing| format!("{}:{:?}", standing.path, standing.state))
            .collect();
        assert_eq!(standings.join(" "), states, "{name}: states");
        let mut paths: Vec<&str> = adoption.diagnostics.iter().map(|found| found.path.as_str()).collect();
        paths.dedup();
        assert_eq!(paths.join(" "), told, "{name}: {:?}", adoption.diagnostics);
        // Taking up the same folder again changes nothing.
        let again = adopt(&seen, &adoption.sources);
        assert_eq!(again.rulebook.unwrap().digest(), rulebook.digest(), "{name}: again");
        // What is in force compiles by itself, unless somebody names a promotion that left.
        if !name.starts_with("a promotion that others name") {
            let compiled = compile(&adoption.sources);
            assert!(compiled.rulebook.is_some(), "{name}: {:?}", compiled.diagnostics);
            assert_eq!(
                compiled.rulebook.unwrap().digest(),
                rulebook.digest(),
                "{name}: {:?}",
                compiled.diagnostics
            );
        }
    }

    #[test]
    fn a_file_at_fault_harms_nobody_else() {
        let bad = || Some("promotions: [".to_owned());
        let all = "one three two";
        check("nothing changed", &[], all, "", "");
        check("broken", &[("a.yaml", bad())], all, "a.yaml:Held", "a.yaml");
        check(
            "a word wrong",
            &[("a.yaml", Some(rule("one", ", when: {channels: [wep]}")))],
            all,
            "a.yaml:Held",
            "a.yaml",
        );
        check("new and broken", &[("d.yaml", bad())], all, "d.yaml:Out", "d.yaml");
        check(
            "new and good beside a broken one",
            &[("a.yaml", bad()), ("d.yaml", Some(rule("four", "")))],
            "four one three two",
            "a.yaml:Held",
            "a.yaml",
        );
        check("an id of an older file", &[("0.yaml", Some(rule("one", "")))], all, "0.yaml:Out", "0.yaml");
        check(
            "one new id twice",
            &[("x.yaml", Some(rule("new", ""))), ("y.yaml", Some(rule("new", "")))],
            "new one three two",
            "y.yaml:Out",
            "y.yaml",
        );
        check(
            "an id moves from file to file",
            &[("a.yaml", None), ("z.yaml", Some(rule("one", "")))],
            all,
            "",
            "",
        );
        check("a promotion that others name is deleted", &[("a.yaml", None)], "three two", "", "b.yaml");
        check(
            "a promotion that others name gets another id",
            &[("a.yaml", Some(rule("uno", "")))],
            "three two uno",
            "",
            "b.yaml",
        );
        check(
            "a promotion that others name stands in a version that is held",
            &[
                (
                    "a.yaml",
                    Some(
                        "promotions: [{id: one, give: {percent: 10}}, {id: uno, give: {percent: 110}}]"
                            .to_owned(),
                    ),
                ),
                ("d.yaml", Some(rule("four", ", stacks_with: [uno]"))),
            ],
            "four one three two",
            "a.yaml:Held",
            "a.yaml",
        );
        check(
            "bad settings",
            &[
                ("settings.yaml", Some("chanels: [web]".to_owned())),
                ("a.yaml", Some(rule("one", ", level: 1"))),
            ],
            all,
            "a.yaml:Held settings.yaml:Held",
            "settings.yaml",
        );
        check(
            "settings without what they must have",
            &[("goods.csv", None)],
            all,
            "goods.csv:Held",
            "settings.yaml",
        );
        check(
            "a bad catalogue",
            &[("goods.csv", Some("brand\nDior\n".to_owned()))],
            all,
            "goods.csv:Held",
            "goods.csv",
        );
        check(
            "a bad price list",
            &[("list.csv", Some("sku,price\nA,x\n".to_owned()))],
            all,
            "list.csv:Held",
            "list.csv",
        );
        check("a price list is deleted", &[("list.csv", None)], all, "list.csv:Held", "c.yaml");
        check(
            "a list and its promotion are deleted",
            &[("list.csv", None), ("c.yaml", None)],
            "one two",
            "",
            "",
        );
        check(
            "a new promotion with a bad list",
            &[
                ("d.yaml", Some("promotions: [{id: four, give: {prices: new.csv}}]".to_owned())),
                ("new.csv", Some("sku\nA\n".to_owned())),
            ],
            all,
            "d.yaml:Out new.csv:Out",
            "d.yaml new.csv",
        );
        check("a spreadsheet", &[("e.xlsx", Some("PK".to_owned()))], all, "e.xlsx:Out", "e.xlsx");
        check("tests do not count", &[("a.test.yaml", bad())], all, "", "");
    }

    #[test]
    fn settings_that_break_what_was_good_are_held() {
        let mut files = base();
        files.push(("d.yaml", rule("four", ", when: {channels: [web]}")));
        let good = sources(&files);
        files.retain(|(path, _)| *path != "settings.yaml");
        files.push(("settings.yaml", "channels: [pos]\ncatalog: [goods.csv]\n".to_owned()));
        let adoption = adopt(&sources(&files), &good);
        assert_eq!(adoption.rulebook.unwrap().promotions().len(), 4);
        let held: Vec<&str> =
            adoption.standings.iter().filter(|s| s.state == State::Held).map(|s| s.path.as_str()).collect();
        assert_eq!(held, ["settings.yaml"]);
    }

    #[test]
    fn nothing_good_and_bad_settings_make_no_rulebook() {
        let files = [("settings.yaml", "currency: HRN".to_owned()), ("a.yaml", rule("one", ""))];
        let adoption = adopt(&sources(&files), &[]);
        assert!(adoption.rulebook.is_none() && adoption.sources.is_empty());
        assert!(adoption.standings.iter().all(|standing| standing.state == State::Out));
        assert!(adopt(&[], &[]).rulebook.is_some());
    }
}
