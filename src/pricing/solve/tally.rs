//! How many units have each role of a kit so far, and what that says of the sets they make up.
//!
//! A set begins with its first unit that gets a benefit. Units that get nothing from the set may stand ready for it: where
//! they may also leave it (see [`super::relax::Relaxation`]), more of them are never worse.

use super::relax::RelaxedKit;

/// Sets that have begun: no fewer than the units with each benefited role ask for.
pub(super) fn begun(kit: &RelaxedKit, counts: &[u32]) -> u32 {
    let benefited = kit.roles.iter().zip(counts).filter(|(role, _)| role.is_benefited);
    benefited.map(|(role, &count)| count.div_ceil(role.quantity.max(1))).max().unwrap_or_default()
}

/// The units that a role lacks for the sets that have begun; less than nothing where units stand ready.
pub(super) fn lacks(kit: &RelaxedKit, counts: &[u32], begun: u32, role: usize) -> i64 {
    let (Some(numbers), Some(&count)) = (kit.roles.get(role), counts.get(role)) else {
        return 0;
    };
    i64::from(begun) * i64::from(numbers.quantity) - i64::from(count)
}

/// Whether the sets are complete; with `may_leave`, when those that stand ready leave.
pub(super) fn is_complete(kit: &RelaxedKit, counts: &[u32], may_leave: bool) -> bool {
    let begun = begun(kit, counts);
    (0..kit.roles.len()).all(|role| {
        let lacks = lacks(kit, counts, begun, role);
        let is_idle = kit.roles.get(role).is_some_and(|role| !role.is_benefited);
        lacks == 0 || (lacks < 0 && is_idle && may_leave)
    })
}

/// Whether every set that has begun has all its units that get no benefit: cheaper ones come too late for it.
pub(super) fn is_in_order(kit: &RelaxedKit, counts: &[u32]) -> bool {
    let begun = begun(kit, counts);
    (0..kit.roles.len()).all(|role| {
        let is_idle = kit.roles.get(role).is_some_and(|role| !role.is_benefited);
        !is_idle || lacks(kit, counts, begun, role) <= 0
    })
}
