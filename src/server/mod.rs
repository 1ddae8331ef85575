//! Everything that waits: disk, socket, clock.

pub mod wire;
