//! Reads Rust just well enough to see which paths it names: tokens without comments and strings, modules, `use` trees.
//!
//! It knows nothing of floors; `tidy` judges what it finds.

use std::collections::BTreeMap;

/// One path that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// From 1.
    pub(crate) line: usize,
    /// As it is written, groups unfolded: `["crate", "money", "Amount"]`.
    pub(crate) path: Vec<String>,
    /// The modules inside the file around it.
    pub(crate) inside: Vec<String>,
    /// Whether it stands in a module of tests.
    pub(crate) in_tests: bool,
    /// Whether it is a `use`.
    pub(crate) is_use: bool,
}

/// What a file shows.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Its `mod name;` lines, in order.
    pub(crate) modules: Vec<String>,
    /// Each path of at least two parts, and each macro call as `name!`.
    pub(crate) named: Vec<Named>,
    /// What `pub use` shows, by name: the path behind it.
    pub(crate) shown: BTreeMap<String, Vec<String>>,
}

/// Reads one file.
pub(crate) fn scan(text: &str) -> Scan {
    let mut reader = Reader { tokens: tokens(&without_words(text)), at: 0, scan: Scan::default() };
    reader.file();
    reader.scan
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Join,
    Mark(char),
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    at: usize,
    scan: Scan,
}

impl Reader {
    fn file(&mut self) {
        // What each open brace belongs to: a module with its name and whether it holds tests, or anything else.
        let mut open: Vec<Option<(String, bool)>> = Vec::new();
        let mut cfg_test = false;
        while let Some(token) = self.peek(0).cloned() {
            match token {
                Token::Mark('#') if self.follows(&["[", "cfg", "(", "test", ")", "]"]) => {
                    cfg_test = true;
                    self.at += 6;
                }
                Token::Mark('{') => open.push(None),
                Token::Mark('}') => {
                    open.pop();
                }
                Token::Mark(';') => cfg_test = false,
                Token::Word(word) if word == "mod" => self.module(&mut open, &mut cfg_test),
                Token::Word(word) => {
                    let inside: Vec<&(String, bool)> = open.iter().flatten().collect();
                    let in_tests = inside.iter().any(|(_, tests)| *tests);
                    let inside = inside.into_iter().map(|(name, _)| name.clone()).collect();
                    self.path(&word, inside, in_tests);
                }
                Token::Join | Token::Mark(_) => {}
            }
            self.at += 1;
        }
    }

    /// `mod name;` or `mod name {`.
    fn module(&mut self, open: &mut Vec<Option<(String, bool)>>, cfg_test: &mut bool) {
        let Some(Token::Word(name)) = self.peek(1).cloned() else { return };
        match self.peek(2) {
            Some(Token::Mark(';')) if open.is_empty() => self.scan.modules.push(name),
            Some(Token::Mark('{')) => open.push(Some((name, *cfg_test))),
            _ => return,
        }
        *cfg_test = false;
        self.at += 2;
    }

    /// A path, or the tree of a `use`, whose first word is the current token.
    fn path(&mut self, word: &str, inside: Vec<String>, in_tests: bool) {
        let is_use = word == "use" && self.at.checked_sub(1).is_none_or(|before| self.begins_item(before));
        let public = is_use && self.at > 0 && self.is_public(self.at - 1);
        let line = self.tokens[self.at].0;
        if is_use {
            self.at += 1;
            if self.peek(0) == Some(&Token::Join) {
                self.at += 1;
            }
        } else if self.peek(1) == Some(&Token::Mark('!')) {
            let path = vec![format!("{word}!")];
            self.scan.named.push(Named { line, path, inside, in_tests, is_use });
            return;
        } else if self.peek(1) != Some(&Token::Join) {
            return;
        }
        let mut leaves = Vec::new();
        self.tree(&mut Vec::new(), &mut leaves);
        for (line, path, shown_as) in leaves {
            if public && inside.is_empty() {
                self.scan.shown.insert(shown_as, path.clone());
            }
            self.scan.named.push(Named { line, path, inside: inside.clone(), in_tests, is_use });
        }
        // `file` steps on: leave it at the last token of the tree.
        self.at -= 1;
    }

    fn tree(&mut self, prefix: &mut Vec<String>, leaves: &mut Vec<(usize, Vec<String>, String)>) {
        let depth = prefix.len();
        let line = self.tokens.get(self.at).map_or(0, |token| token.0);
        let mut grouped = false;
        loop {
            match self.peek(0).cloned() {
                Some(Token::Word(word)) if word != "self" || prefix.is_empty() => prefix.push(word),
                Some(Token::Word(_)) => {}
                Some(Token::Mark('*')) => prefix.push("*".to_owned()),
                Some(Token::Mark('{')) => {
                    grouped = true;
                    self.group(prefix, leaves);
                }
                _ => break,
            }
            self.at += 1;
            if grouped || self.peek(0) != Some(&Token::Join) {
                break;
            }
            self.at += 1;
        }
        if !grouped {
            let mut shown_as = prefix.last().cloned().unwrap_or_default();
            if self.peek(0) == Some(&Token::Word("as".to_owned()))
                && let Some(Token::Word(name)) = self.peek(1).cloned()
            {
                shown_as = name;
                self.at += 2;
            }
            leaves.push((line, prefix.clone(), shown_as));
        }
        prefix.truncate(depth);
    }

    /// `{a, b::c}`: leaves the reader at the closing brace.
    fn group(&mut self, prefix: &mut Vec<String>, leaves: &mut Vec<(usize, Vec<String>, String)>) {
        self.at += 1;
        while let Some(token) = self.peek(0) {
            match token {
                Token::Mark('}') => return,
                Token::Word(_) | Token::Mark('*' | '{') => self.tree(prefix, leaves),
                Token::Join | Token::Mark(_) => self.at += 1,
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(_, token)| token)
    }

    fn follows(&self, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(place, text)| match self.peek(place + 1) {
            Some(Token::Word(word)) => word == text,
            Some(Token::Mark(mark)) => text.len() == 1 && text.starts_with(*mark),
            _ => false,
        })
    }

    /// Whether an item may begin after the token at `place`; `use` is a bound in `impl Trait + use<'a>` too.
    fn begins_item(&self, place: usize) -> bool {
        matches!(&self.tokens[place].1, Token::Mark(';' | '}' | '{' | ']' | ')'))
            || self.tokens[place].1 == Token::Word("pub".to_owned())
    }

    fn is_public(&self, place: usize) -> bool {
        match &self.tokens[place].1 {
            Token::Word(word) => word == "pub",
            Token::Mark(')') => place >= 3 && self.tokens[place - 3].1 == Token::Word("pub".to_owned()),
            _ => false,
        }
    }
}

fn tokens(code: &str) -> Vec<(usize, Token)> {
    let mut found = Vec::new();
    for (line, text) in (1..).zip(code.lines()) {
        let mut rest = text.chars().peekable();
        while let Some(next) = rest.next() {
            if next.is_alphanumeric() || next == '_' {
                let mut word = next.to_string();
                while let Some(more) = rest.next_if(|more| more.is_alphanumeric() || *more == '_') {
                    word.push(more);
                }
                found.push((line, Token::Word(word)));
            } else if next == ':' && rest.next_if_eq(&':').is_some() {
                found.push((line, Token::Join));
            } else if !next.is_whitespace() {
                found.push((line, Token::Mark(next)));
            }
        }
    }
    found
}

/// The code with blanks in place of comments, strings and characters; lines stay where they are.
fn without_words(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let end = word_end(&letters, at);
        if end == at {
            code.push(letters[at]);
            at += 1;
        }
        while at < end {
            code.push(if letters[at] == '\n' { '\n' } else { ' ' });
            at += 1;
        }
    }
    code
}

/// Where the comment, string or character that begins at `at` ends; `at` itself when none does.
fn word_end(letters: &[char], at: usize) -> usize {
    let get = |place: usize| letters.get(place).copied().unwrap_or('\0');
    let in_word = at > 0 && (get(at - 1).is_alphanumeric() || get(at - 1) == '_');
    let find = |from: usize, wanted: &[char]| {
        (from..letters.len()).find(|&place| letters[place..].starts_with(wanted)).unwrap_or(letters.len())
    };
    match (get(at), get(at + 1)) {
        ('/', '/') => find(at, &['\n']),
        ('/', '*') => {
            let (mut depth, mut place) = (1, at + 2);
            while depth > 0 && place < letters.len() {
                match (get(place), get(place + 1)) {
                    ('/', '*') => (depth, place) = (depth + 1, place + 2),
                    ('*', '/') => (depth, place) = (depth - 1, place + 2),
                    _ => place += 1,
                }
            }
            place.min(letters.len())
        }
        ('"', _) => quoted_end(letters, at, '"'),
        ('b', '"') if !in_word => quoted_end(letters, at + 1, '"'),
        ('r', '"' | '#') | ('b', 'r') if !in_word => {
            let start = at + 1 + usize::from(get(at) == 'b');
            let hashes = (start..).take_while(|&place| get(place) == '#').count();
            if get(start + hashes) != '"' {
                return at;
            }
            let mut close = vec!['"'];
            close.extend(std::iter::repeat_n('#', hashes));
            (find(start + hashes + 1, &close) + close.len()).min(letters.len())
        }
        // A character, and not a lifetime.
        ('\'', '\\') => quoted_end(letters, at, '\''),
        ('\'', _) if get(at + 2) == '\'' => at + 3,
        _ => at,
    }
}

fn quoted_end(letters: &[char], at: usize, quote: char) -> usize {
    let mut place = at + 1;
    while place < letters.len() && letters[place] != quote {
        place += if letters[place] == '\\' { 2 } else { 1 };
    }
    (place + 1).min(letters.len())
}
