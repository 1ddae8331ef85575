//! Which files of a folder count, and as what. Names only: nobody here opens anything.

/// What a file of the folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The settings at the root.
    Settings,
    /// Promotions and caps.
    Rules,
    /// A spreadsheet.
    Spreadsheet,
    /// A table, read when somebody names it.
    Table,
    /// Tests.
    Tests,
    /// Nothing of ours.
    Other,
}

/// What the file at this path below the rules folder is.
#[must_use]
pub fn role(path: &str) -> Role {
    if path.split('/').any(is_hidden) {
        return Role::Other;
    }
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    let Some((stem, ending)) = name.rsplit_once('.') else {
        return Role::Other;
    };
    match ending {
        // The schema for editors may lie beside the rules.
        "json" if stem == "schema" || stem.ends_with(".schema") => Role::Other,
        "yaml" | "yml" | "json" if stem.ends_with(".test") => Role::Tests,
        "yaml" | "yml" | "json" if stem == "settings" && !path.contains('/') => Role::Settings,
        "yaml" | "yml" | "json" => Role::Rules,
        "xlsx" | "xls" => Role::Spreadsheet,
        "csv" => Role::Table,
        _ => Role::Other,
    }
}

/// Whether the file is read as rules or settings, or refused as a spreadsheet: what a folder's watcher must see.
#[must_use]
pub fn is_rule_file(path: &str) -> bool {
    matches!(role(path), Role::Settings | Role::Rules | Role::Spreadsheet)
}

/// Hidden files, and what editors leave behind while they save.
fn is_hidden(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.is_empty()
        || name.starts_with(['.', '_', '~', '#'])
        || name.ends_with(['~', '#'])
        || name == "4913"
        || [".swp", ".swx", ".tmp", ".bak", ".part", ".crdownload"]
            .iter()
            .any(|ending| lower.ends_with(ending))
}

/// The path that a rule file at `from` means when it names `name`: beside it, or from the root.
pub fn named<'a>(from: &str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let name = name.trim_start_matches("./").replace('\\', "/");
    let beside = from.rsplit_once('/').map(|(folder, _)| format!("{folder}/{name}"));
    beside.into_iter().chain(std::iter::once(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is() {
        for (path, expected) in [
            ("settings.yaml", Role::Settings),
            ("settings.json", Role::Settings),
            ("sub/settings.yaml", Role::Rules),
            ("a.yaml", Role::Rules),
            ("2026/11/a.yml", Role::Rules),
            ("A.YAML", Role::Rules),
            ("a.json", Role::Rules),
            ("a.test.yaml", Role::Tests),
            ("schema.json", Role::Other),
            ("settings.schema.json", Role::Other),
            ("a.xlsx", Role::Spreadsheet),
            ("a.csv", Role::Table),
            ("_STATUS.txt", Role::Other),
            ("_draft.yaml", Role::Other),
            (".hidden.yaml", Role::Other),
            (".git/a.yaml", Role::Other),
            ("~$a.xlsx", Role::Other),
            ("a.yaml~", Role::Other),
            (".a.yaml.swp", Role::Other),
            ("a.yaml.tmp", Role::Other),
            ("a.yaml.bak", Role::Other),
            ("4913", Role::Other),
            ("#a.yaml#", Role::Other),
            ("readme.md", Role::Other),
            ("", Role::Other),
        ] {
            assert_eq!(role(path), expected, "{path}");
        }
    }
}
