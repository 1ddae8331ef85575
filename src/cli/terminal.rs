//! What is known about the terminal and the person before it: colors, width, language.

use std::env;
use std::io::{self, IsTerminal as _};

use console::Term;

use crate::lang::Lang;

/// What a receipt printer has, and what fits a narrow window.
pub const WIDTH_DEFAULT: usize = 48;
const WIDTH_MIN: usize = 32;
/// Longer lines tire the eye: the amounts stand too far from the names.
const WIDTH_MAX: usize = 84;

/// A language on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Ukrainian.
    Uk,
}

/// The language asked for, else the one of the environment.
#[must_use]
pub fn language(asked: Option<Language>) -> Lang {
    match asked {
        Some(Language::En) => Lang::En,
        Some(Language::Uk) => Lang::Uk,
        None => ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(|name| env::var(name).ok())
            .find(|value| !value.is_empty())
            .map_or(Lang::En, |value| Lang::from_tag(&value)),
    }
}

/// Whether standard output may carry colors: on a terminal alone, and never against the wish of `NO_COLOR`.
#[must_use]
pub fn stdout_has_colors() -> bool {
    io::stdout().is_terminal() && colors_are_welcome()
}

/// The same for standard error.
#[must_use]
pub fn stderr_has_colors() -> bool {
    io::stderr().is_terminal() && colors_are_welcome()
}

/// The columns of a receipt: the terminal's within reason, else what a receipt printer has.
#[must_use]
pub fn width() -> usize {
    let columns = Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    columns
        .filter(|_| io::stdout().is_terminal())
        .map_or(WIDTH_DEFAULT, |columns| columns.clamp(WIDTH_MIN, WIDTH_MAX))
}

fn colors_are_welcome() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && env::var_os("TERM").is_none_or(|term| term != "dumb")
}
