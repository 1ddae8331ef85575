//! Connections, the files that say who may come in, and the audit log.

use std::fmt::Error;
use std::sync::atomic::Ordering;

use super::text::{Text, Value, moment};
use crate::server::meters::EntranceMeters;

pub(super) fn tell(text: &mut Text<'_>, meters: &EntranceMeters) -> Result<(), Error> {
    let open = meters.connections.load(Ordering::Relaxed);
    text.gauge("connections_open", "Connections that are open.", Value::Whole(open))?;
    let refused = meters.connections_refused.load(Ordering::Relaxed);
    text.counter(
        "connections_refused",
        "Connections that were closed for want of a place.",
        Value::Whole(refused),
    )?;
    let failed = meters.handshakes_failed.load(Ordering::Relaxed);
    text.counter("handshakes_failed", "Connections that ended in their handshake.", Value::Whole(failed))?;
    let is_at_fault = meters.access_at_fault.load(Ordering::Relaxed);
    text.gauge("access_at_fault", "Whether what the file of access says is not in force.", is_at_fault)?;
    let is_at_fault = meters.tls_at_fault.load(Ordering::Relaxed);
    text.gauge("tls_at_fault", "Whether what the files of TLS say is not in force.", is_at_fault)?;
    text.gauge(
        "tls_certificate_end_timestamp",
        "When the certificate in force ends; 0 without TLS.",
        moment(meters.certificate_end.load(Ordering::Relaxed)),
    )?;
    let lost = meters.audit_lines_lost.load(Ordering::Relaxed);
    text.counter("audit_lines_lost", "Lines that the audit log should have and has not.", Value::Whole(lost))
}
