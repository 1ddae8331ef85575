//! Files that others write while we look: what they say counts once two looks in a row have read the same. One look may meet half of a file.

/// What was read.
#[derive(Debug)]
pub struct Settled<T> {
    judged: T,
    /// What the look before read, where it is something else.
    last: Option<T>,
}

impl<T: PartialEq> Settled<T> {
    /// `judged` is known already.
    #[must_use]
    pub fn new(judged: T) -> Self {
        Settled { judged, last: None }
    }

    /// What was read now, where that is news and settled.
    pub fn look(&mut self, read: T) -> Option<&T> {
        if read == self.judged {
            self.last = None;
            return None;
        }
        if self.last.as_ref() != Some(&read) {
            self.last = Some(read);
            return None;
        }
        self.last = None;
        self.judged = read;
        Some(&self.judged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_half_written_is_not_judged() {
        let mut file = Settled::new("one");
        let looks = ["one", "tw", "two", "two", "two", "", "two", "on", "one", "one", "", ""];
        let news: Vec<_> = looks.into_iter().filter_map(|read| file.look(read).copied()).collect();
        assert_eq!(news, ["two", "one", ""]);
    }
}
