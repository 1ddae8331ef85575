//! What happens at the entrance: connections, the files that say who may come in, and the audit log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};

/// Of one service.
#[derive(Debug, Default)]
pub struct EntranceMeters {
    /// Whether what the file of access says is not in force.
    pub access_at_fault: AtomicBool,
    /// Whether what the files of TLS say is not in force.
    pub tls_at_fault: AtomicBool,
    /// When the certificate in force ends, in seconds of Unix time; 0 without TLS.
    pub certificate_end: AtomicI64,
    /// Lines that the audit log should have and has not.
    pub audit_lines_lost: AtomicU64,
    /// Connections that are open.
    pub connections: Arc<AtomicU64>,
    /// Connections that were closed for want of a place.
    pub connections_refused: AtomicU64,
    /// Connections that ended in their handshake.
    pub handshakes_failed: AtomicU64,
}
