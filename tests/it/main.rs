//! tests

mod gallery;
