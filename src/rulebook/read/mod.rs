//! From the tree of a file to the model: every word checked against the vocabulary, every slip a finding.

pub mod vocabulary;
pub mod reader;
pub mod settings_file;
pub mod goods;
pub mod when;
pub mod cut;
pub mod give;
pub mod never;
pub mod rules;
pub mod records;
pub mod table;
pub mod file;
