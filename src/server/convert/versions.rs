//! Publications and what they change, from the store and the core to the wire.

use crate::rulebook::diff::{Change, Counts, Diff, FieldChange, RuleChange};
use crate::server::store::{Origin, Publication};
use crate::server::timestamp::Timestamp;
use crate::server::wire;

/// A publication.
#[must_use]
pub fn publication(publication: &Publication) -> wire::RulebookVersion {
    let note = &publication.note;
    let origin = match note.origin {
        Origin::Folder => wire::rulebook_version::Origin::Folder,
        Origin::Call => wire::rulebook_version::Origin::Call,
        Origin::Rollback => wire::rulebook_version::Origin::Rollback,
    };
    wire::RulebookVersion {
        number: publication.number,
        version: publication.version().to_owned(),
        digest: publication.digest.clone(),
        publish_time: Some(Timestamp { seconds: note.at.as_second(), nanos: note.at.subsec_nanosecond() }),
        by: note.by.clone(),
        origin: origin.into(),
        comment: note.comment.clone(),
        restored_number: note.restored.unwrap_or_default(),
        changed_file_count: note.changed.map(|changed| count(changed.files)),
        changed_promotion_count: note.changed.map(|changed| count(changed.promotions)),
    }
}

/// What differs between two publications.
#[must_use]
pub fn diff(from: &Publication, to: &Publication, diff: Diff) -> wire::DiffResponse {
    let file = |(path, changed)| wire::FileChange { path, change: change(changed).into() };
    wire::DiffResponse {
        from: Some(publication(from)),
        to: Some(publication(to)),
        files: diff.files.into_iter().map(file).collect(),
        file_counts: Some(counts(diff.file_counts)),
        rules: diff.rules.into_iter().map(rule).collect(),
        rule_counts: Some(counts(diff.rule_counts)),
        settings: diff.settings.into_iter().map(field).collect(),
        product_counts: diff.product_counts.map(counts),
    }
}

fn rule(rule: RuleChange) -> wire::RuleChange {
    wire::RuleChange {
        id: rule.id,
        name: rule.name,
        is_cap: rule.is_cap,
        change: change(rule.change).into(),
        fields: rule.fields.into_iter().map(field).collect(),
        changed_price_count: count(rule.prices),
    }
}

fn field(FieldChange { field, before, after }: FieldChange) -> wire::FieldChange {
    wire::FieldChange { field, before, after }
}

fn change(change: Change) -> wire::Change {
    match change {
        Change::Added => wire::Change::Added,
        Change::Removed => wire::Change::Removed,
        Change::Changed => wire::Change::Changed,
    }
}

fn counts(counts: Counts) -> wire::ChangeCounts {
    wire::ChangeCounts {
        added: count(counts.added),
        removed: count(counts.removed),
        changed: count(counts.changed),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
