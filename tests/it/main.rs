//! tests

mod gallery;
mod hostile;
mod schema;
