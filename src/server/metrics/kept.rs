//! What is kept: the ledger, profiles of customers, passwords on their way, room on the disk.

use std::fmt::Error;

use super::seen::Seen;
use super::text::{Text, Value};
use crate::server::ledger::space::free_bytes;

pub(super) fn tell(text: &mut Text<'_>, seen: &Seen) -> Result<(), Error> {
    let ledger = &seen.ledger;
    text.gauge(
        "ledger_records",
        "Records of the journal, or batches that the database has.",
        Value::Whole(ledger.sequence()),
    )?;
    text.gauge(
        "ledger_waiting",
        "Commands that wait for the ledger.",
        Value::Whole(ledger.meters().waiting()),
    )?;
    text.sizes("ledger_batch_commands", "Commands that were kept together.", &ledger.meters().batches)?;
    text.times(
        "ledger_sync",
        "How long a batch took to be safe: written to the journal and synced, or a turn of the database.",
        [(Vec::new(), &ledger.meters().syncs)],
    )?;
    text.gauge("ledger_shared", "Whether the ledger is in a database of many nodes.", ledger.is_shared())?;
    text.gauge("ledger_away", "Whether that database is away.", ledger.is_away())?;
    text.gauge("ledger_has_room", "Whether there is room on the disk for new holds.", ledger.has_room())?;
    text.age(
        "limits_age",
        "How old what quotes know of limits may be, with a database of many nodes.",
        ledger.age(),
    )?;
    let cached = seen.customers.cached().map(|cached| (Vec::new(), Value::from(cached)));
    text.gauges(
        "profile_cache_entries",
        "Profiles and phones in memory, with a database of many nodes.",
        cached,
    )?;
    let passwords = seen.outbox.standing();
    text.gauge("passwords_on_way", "Passwords on their way to the gateway.", passwords.on_way)?;
    text.gauge("passwords_undelivered", "Entries of the dead-letter list.", passwords.undelivered)?;
    let given_up = Value::Whole(passwords.given_up);
    text.counter("passwords_given_up", "Passwords that ended undelivered since the start.", given_up)?;
    text.gauge("gateway_failing", "Whether the gateway of passwords fails.", passwords.is_failing)?;
    // Where the system does not say, nothing is told; nor of an audit log that is in no folder.
    match seen.folders.iter().filter_map(|folder| free_bytes(folder).ok()).min() {
        Some(free) => text.gauge(
            "disk_free",
            "Room on the disk of the data folder, or of the audit log where there is less.",
            Value::Bytes(free),
        ),
        None => Ok(()),
    }
}
