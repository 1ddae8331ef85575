//! How the story looks: steps, plain words, what the service said, and what held.

use std::io::{self, Write};

use console::Style;

use crate::cli::paper::Paper;
use crate::cli::terminal::{WIDTH_DEFAULT, width};

/// Wide enough for a diagnostic's line, narrow enough to read.
const TEXT_WIDTH: usize = 78;
const INDENT: usize = 4;

/// The page that the story is printed on.
#[derive(Debug)]
pub struct Page<W> {
    output: W,
    colors: bool,
    step: u32,
}

impl<W: Write> Page<W> {
    /// An empty page.
    pub fn new(output: W, colors: bool) -> Self {
        Page { output, colors, step: 0 }
    }

    /// Whether colors are shown.
    pub fn has_colors(&self) -> bool {
        self.colors
    }

    /// A step begins.
    ///
    /// # Errors
    /// The page cannot be written, here and below.
    pub fn step(&mut self, title: &str) -> io::Result<()> {
        self.step += 1;
        let title = format!("{}. {title}", self.step);
        let title = self.style(Style::new().bold().cyan()).apply_to(title).to_string();
        writeln!(self.output, "\n{title}\n")?;
        self.output.flush()
    }

    /// Plain words.
    ///
    /// # Errors
    /// See [`Page::step`].
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        let mut paper = Paper::new(TEXT_WIDTH);
        paper.paragraph(0, 0, text);
        self.output.write_all(paper.into_text().as_bytes())
    }

    /// What the service said, set in.
    ///
    /// # Errors
    /// See [`Page::step`].
    pub fn show(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.output)?;
        for line in text.lines() {
            let indent = if line.is_empty() { 0 } else { INDENT };
            writeln!(self.output, "{}{line}", " ".repeat(indent))?;
        }
        writeln!(self.output)?;
        self.output.flush()
    }

    /// What held.
    ///
    /// # Errors
    /// See [`Page::step`].
    pub fn held(&mut self, text: &str) -> io::Result<()> {
        let mark = self.style(Style::new().bold().green()).apply_to("✓").to_string();
        let mut paper = Paper::new(TEXT_WIDTH - 2);
        paper.paragraph(0, 0, text);
        for (place, line) in paper.into_text().lines().enumerate() {
            writeln!(self.output, "{} {line}", if place == 0 { &mark } else { " " })?;
        }
        self.output.flush()
    }

    /// What did not hold.
    ///
    /// # Errors
    /// See [`Page::step`].
    pub fn failed(&mut self, error: &anyhow::Error) -> io::Result<()> {
        let mark = self.style(Style::new().bold().red()).apply_to("✗ this step did not hold:").to_string();
        writeln!(self.output, "\n{mark} {error:#}")?;
        self.output.flush()
    }

    /// The columns that are left for what is shown.
    pub fn shown_width(&self) -> usize {
        width().saturating_sub(INDENT).max(WIDTH_DEFAULT)
    }

    fn style(&self, style: Style) -> Style {
        style.force_styling(self.colors)
    }
}
