//! One test binary for all that looks at the crate from outside.

#[cfg(test)]
mod running;
#[cfg(test)]
mod service;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod swap;
