//! The header of a table of customers, and how a row becomes a profile.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};

use crate::server::wire::Profile;

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Id,
    Phone,
    Segments,
    Tier,
    Birthday,
    FirstPurchase,
    Attribute(String),
}

/// The columns of a table.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<Column>,
}

impl Table {
    /// Reads the header.
    ///
    /// # Errors
    /// It has no id, a name twice, or a column without a name.
    pub(super) fn of<'a>(header: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut columns = Vec::new();
        for (place, name) in (1..).zip(header) {
            let name = name.trim_start_matches('\u{feff}').trim();
            if name.is_empty() {
                return Err(anyhow!("line 1, column {place}: the column has no name"));
            }
            if let Some(first) = places.insert(name.to_owned(), place) {
                return Err(anyhow!("line 1, column {place}: `{name}` is column {first} already"));
            }
            columns.push(match name {
                "id" => Column::Id,
                "phone" => Column::Phone,
                "segments" => Column::Segments,
                "tier" => Column::Tier,
                "birthday" => Column::Birthday,
                "first_purchase" => Column::FirstPurchase,
                other => Column::Attribute(other.to_owned()),
            });
        }
        if columns.contains(&Column::Id) {
            Ok(Table { columns })
        } else {
            Err(anyhow!("line 1: there is no column `id`"))
        }
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The column that a field of a profile comes from, from 1. Of attributes nobody says which one it is.
    pub(super) fn place(&self, field: &str) -> Option<usize> {
        let name = field.split('[').next().unwrap_or_default();
        let wanted = match name {
            "id" => Column::Id,
            "phone" => Column::Phone,
            "segments" => Column::Segments,
            "tier" => Column::Tier,
            "birthday" => Column::Birthday,
            "first_purchase" => Column::FirstPurchase,
            _ => return None,
        };
        self.columns.iter().position(|column| *column == wanted).map(|place| place + 1)
    }

    /// A row as a profile; else the field that cannot be read.
    pub(super) fn profile<'a>(&self, cells: impl Iterator<Item = &'a str>) -> Result<Profile, &'static str> {
        let mut profile = Profile::default();
        for (column, cell) in self.columns.iter().zip(cells.map(str::trim)) {
            match column {
                Column::Id => profile.id = cell.to_owned(),
                Column::Phone => profile.phone = cell.to_owned(),
                Column::Segments => profile.segments = words(cell),
                Column::Tier => profile.tier = cell.to_owned(),
                Column::Birthday => profile.birthday = cell.to_owned(),
                Column::FirstPurchase => profile.first_purchase = truth(cell).ok_or("first_purchase")?,
                Column::Attribute(_) if cell.is_empty() => {}
                Column::Attribute(name) => {
                    profile.attributes.insert(name.clone(), cell.to_owned());
                }
            }
        }
        Ok(profile)
    }
}

fn words(cell: &str) -> Vec<String> {
    let words = cell.split(['|', ',']).map(str::trim);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Nothing where this is no answer; an empty cell says nothing.
fn truth(cell: &str) -> Option<Option<bool>> {
    match cell.to_ascii_lowercase().as_str() {
        "" => Some(None),
        "true" | "yes" | "1" => Some(Some(true)),
        "false" | "no" | "0" => Some(Some(false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_profile() {
        let table =
            Table::of("\u{feff}id,phone,segments,tier,birthday,first_purchase,children".split(',')).unwrap();
        let row = ["7", "+380501234567", "vip | family,", "gold", "1990-11-25", "yes", "2"];
        let profile = table.profile(row.into_iter()).unwrap();
        assert_eq!(
            (profile.segments, profile.first_purchase),
            (vec!["vip".to_owned(), "family".to_owned()], Some(true))
        );
        assert_eq!(profile.attributes, [("children".to_owned(), "2".to_owned())].into());
        assert_eq!(table.profile(["7", "", "", "", "", "maybe", ""].into_iter()), Err("first_purchase"));
        assert_eq!(table.profile(["7", "", "", "", "", "", " "].into_iter()).unwrap().attributes.len(), 0);
        assert_eq!(
            (table.place("birthday"), table.place("segments[3]"), table.place("attributes")),
            (Some(5), Some(3), None)
        );
    }

    #[test]
    fn a_header_at_fault_is_told() {
        for (header, told) in
            [("phone", "no column `id`"), ("id,,x", "column 2"), ("id,a,a", "column 3: `a` is column 2")]
        {
            let error = Table::of(header.split(',')).unwrap_err().to_string();
            assert!(error.contains(told), "{header}: {error}");
        }
    }
}
