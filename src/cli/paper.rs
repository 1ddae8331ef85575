//! Lines of text on paper of so many columns: rows with an amount at the right, wrapped names, rules.
//!
//! Columns are counted as a terminal shows them: Cyrillic letters take one, wide ones two, marks none.

use console::measure_text_width;

/// What is being printed.
#[derive(Debug)]
pub struct Paper {
    width: usize,
    text: String,
}

/// Between a name and its amount.
const GAP: usize = 2;
/// A name that shares its line with an amount keeps at least this much room.
const LEFT_MIN: usize = 8;

impl Paper {
    /// An empty sheet.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Paper { width, text: String::new() }
    }

    /// What was printed.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// A name at the left, wrapped when it must be, and an amount at the right of its last line.
    pub fn row(&mut self, indent: usize, left: &str, right: &str) {
        let left_width = self.width.saturating_sub(indent + GAP + measure_text_width(right)).max(LEFT_MIN);
        let mut lines = wrap(left, left_width);
        let last = lines.pop().unwrap_or_default();
        for line in lines {
            self.line(indent, &line);
        }
        let used = indent + measure_text_width(&last) + measure_text_width(right);
        let gap = self.width.saturating_sub(used).max(1);
        self.line(indent, &format!("{last}{}{right}", " ".repeat(gap)));
    }

    /// Text, wrapped; further lines stand `hang` columns deeper.
    pub fn paragraph(&mut self, indent: usize, hang: usize, text: &str) {
        let width = self.width.saturating_sub(indent + hang).max(LEFT_MIN);
        for (place, line) in wrap(text, width).into_iter().enumerate() {
            self.line(if place == 0 { indent } else { indent + hang }, &line);
        }
    }

    /// A line across the sheet.
    pub fn rule(&mut self, mark: char) {
        let line: String = std::iter::repeat_n(mark, self.width).collect();
        self.line(0, &line);
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    fn line(&mut self, indent: usize, line: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(line.trim_end_matches(' '));
        self.text.push('\n');
    }
}

/// Text that a caller or a file brought, made harmless: a control character could move a terminal's cursor.
#[must_use]
pub fn harmless(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// Numbers held together: a marketer types `2 000` and `20 %` with plain blanks.
fn bound(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = |place: Option<usize>| place.and_then(|place| letters.get(place)).copied().unwrap_or(' ');
    let holds = |place: usize| {
        let (before, after) = (at(place.checked_sub(1)), at(place.checked_add(1)));
        before.is_ascii_digit() && (after.is_ascii_digit() || after == '%')
    };
    let bound = letters
        .iter()
        .enumerate()
        .map(|(place, &letter)| if letter == ' ' && holds(place) { '\u{a0}' } else { letter });
    bound.collect()
}

/// Lines of at most `width` columns, broken at spaces; a no-break space holds its words together, and a word that is
/// longer than a line is cut.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in bound(&harmless(text)).split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && measure_text_width(&line) + 1 + measure_text_width(word) > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for letter in word.chars() {
            let mut shape = [0; 4];
            if measure_text_width(&line) + measure_text_width(letter.encode_utf8(&mut shape)) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_in_one_column_whatever_the_letters() {
        let mut paper = Paper::new(24);
        for name in [
            "Cream",
            "Парфумована вода жіноча 50 мл",
            "香水 五十",
            "Crème brûlée",
            "unbreakableunbreakableword",
        ] {
            paper.row(1, name, "1\u{a0}234.00");
        }
        let text = paper.into_text();
        assert!(text.lines().all(|line| measure_text_width(line) <= 24), "{text}");
        let ends: Vec<_> =
            text.lines().filter(|line| line.ends_with("234.00")).map(measure_text_width).collect();
        assert_eq!(ends, [24; 5], "{text}");
    }

    #[test]
    fn text_wraps_at_spaces_and_hangs() {
        let mut paper = Paper::new(16);
        paper.paragraph(0, 2, "one two three 1\u{a0}000 four");
        paper.rule('-');
        assert_eq!(paper.into_text(), "one two three\n  1\u{a0}000 four\n----------------\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(wrap("a\u{1b}[2Jb", 20), ["a\u{fffd}[2Jb"]);
    }
}
