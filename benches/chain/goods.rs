//! A catalog as large as one wishes, grown out of the sample's.

use super::Outcome;

/// Lines of the houses: the same goods, a little dearer or cheaper, as brands of their own.
pub(super) const LINES: [&str; 12] = [
    "Nord", "Petit", "Atelier", "Studio", "Botanic", "Noir", "Blanc", "Junior", "Rituel", "Essence",
    "Maison", "Pharma",
];

/// The table with its rows and, again and again, the same rows as another line of their brand, up to `count` goods.
pub(super) fn grown(table: &[u8], count: usize) -> Outcome<Vec<u8>> {
    let mut reader = csv::Reader::from_reader(table);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(reader.headers()?)?;
    let rows = reader.records().collect::<Result<Vec<_>, _>>()?;
    let lines = [""].into_iter().chain(LINES).enumerate();
    let all = lines.flat_map(|(turn, line)| rows.iter().map(move |row| (turn, line, row)));
    for (turn, line, row) in all.take(count) {
        let fields = row.iter().zip(0..);
        writer.write_record(fields.map(|(field, column)| match column {
            0 | 2 if turn > 0 => format!("{field} {line}").replace(' ', if column == 0 { "-" } else { " " }),
            _ => field.to_owned(),
        }))?;
    }
    Ok(writer.into_inner()?)
}
