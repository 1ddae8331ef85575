//! Everything that is tested from outside: one binary, one module a subject.

#[cfg(test)]
mod gallery;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod published;
