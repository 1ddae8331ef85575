//! A line as every receipt shows it.

use super::paper::Paper;
use crate::server::wire::QuotedLine;

/// A line in words.
pub(super) struct Shown<'a> {
    /// Its number, from 1.
    pub(super) number: usize,
    /// What people call its goods.
    pub(super) name: &'a str,
    /// What one piece weighs or measures, where it does.
    pub(super) measure: Option<String>,
    /// What came off it, in the order in which it took effect.
    pub(super) off: Vec<Off>,
    /// What it costs.
    pub(super) line: &'a QuotedLine,
}

/// What a promotion took off a line.
pub(super) struct Off {
    /// The promotion's name.
    pub(super) name: String,
    /// How much.
    pub(super) amount: i64,
    /// What was held back of it, in words.
    pub(super) held: Option<String>,
}

/// A name, what it costs by the list, what each promotion took off and what was held back of it, and what is left to pay.
pub(super) fn print(paper: &mut Paper, shown: &Shown<'_>, money: impl Fn(i64) -> String) {
    let line = shown.line;
    paper.paragraph(0, 3, &format!("{}. {}", shown.number, shown.name));
    let list_total = line.list_unit_price.saturating_mul(i64::from(line.quantity));
    let of_measure = shown.measure.as_ref().map(|measure| format!(" ({measure})")).unwrap_or_default();
    let pieces = format!("{} × {}{of_measure}", line.quantity, money(line.list_unit_price));
    paper.row(3, &pieces, &money(list_total));
    for off in &shown.off {
        paper.row(3, &off.name, &money(-off.amount));
        off.held.iter().for_each(|held| paper.paragraph(5, 2, held));
    }
    if line.total != list_total {
        let group = |(quantity, price)| format!("{quantity}\u{a0}×\u{a0}{}", money(price));
        let groups = line.groups.iter().map(|group| (group.quantity, group.unit_price)).map(group);
        let groups = groups.collect::<Vec<_>>().join(" + ");
        paper.row(3, &format!("= {groups}"), &money(line.total));
    }
}
