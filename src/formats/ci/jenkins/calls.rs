//! Calls, blocks and assignments in Groovy's tokens, in order: `sh 'x'`, `git(url: 'x', credentialsId: 'y')`,
//! `withCredentials([…]) { … }`, `X = 'y'`.

use std::ops::Range;

use super::groovy::{Kind, Token};

/// How far up an end looks for its beginning.
const MAX_SEARCH: usize = 32;

/// Arguments that one call keeps.
const MAX_ARGUMENTS: usize = 200;

/// A value that is written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string.
    Text {
        /// Its text's bytes.
        inner: Range<usize>,
        /// Places of `$` that Groovy replaces.
        fills: Vec<usize>,
    },
    /// A name: a variable, or the beginning of an expression.
    Word(&'a str),
}

/// A call that has ended, or a list or map in one.
#[derive(Debug, Default)]
pub struct Call<'a> {
    /// What is called, without what stands before a dot; empty for lists and maps.
    pub name: &'a str,
    /// The variable that takes the result.
    pub assigned: Option<&'a str>,
    /// The number of blocks around it.
    pub depth: usize,
    /// Names of the calls around it, the outer first; no more than a few.
    around: Vec<&'a str>,
    arguments: Vec<(Option<&'a str>, Value<'a>, Range<usize>)>,
    key: Option<&'a str>,
    mark: u8,
}

impl<'a> Call<'a> {
    /// A named argument.
    pub fn named(&self, name: &str) -> Option<(&Value<'a>, &Range<usize>)> {
        self.arguments.iter().find(|(key, ..)| *key == Some(name)).map(|(_, value, part)| (value, part))
    }

    /// An argument without a name, those of lists included.
    pub fn positional(&self, at: usize) -> Option<(&Value<'a>, &Range<usize>)> {
        self.arguments.iter().filter(|(key, ..)| key.is_none()).nth(at).map(|(_, value, part)| (value, part))
    }

    /// Any argument, by place.
    pub fn any(&self, at: usize) -> Option<(&Value<'a>, &Range<usize>)> {
        self.arguments.get(at).map(|(_, value, part)| (value, part))
    }

    /// How many arguments there are.
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// Whether it stands in the arguments of a call of this name.
    pub fn inside(&self, name: &str) -> bool {
        self.around.contains(&name)
    }

    fn add(&mut self, key: Option<&'a str>, value: Value<'a>, part: Range<usize>) {
        if self.arguments.len() < MAX_ARGUMENTS {
            self.arguments.push((key, value, part));
        }
    }
}

/// What is met.
pub enum Event<'e, 'a> {
    /// A call with its arguments.
    Call(&'e Call<'a>),
    /// A block begins, behind this call or word; it is the `depth`th around what follows.
    Open {
        /// The name before it.
        name: &'a str,
        /// Its depth.
        depth: usize,
    },
    /// The block of this depth ends.
    Close {
        /// Its depth.
        depth: usize,
    },
    /// A variable of the environment is set.
    Set {
        /// Its name.
        name: &'a str,
        /// Its value.
        value: &'e Value<'a>,
    },
}

/// Goes through the tokens and tells what is met.
pub fn walk<'a>(text: &'a str, tokens: &[Token], tell: &mut dyn FnMut(Event<'_, 'a>)) {
    let mut walker = Walker { text, tokens, open: Vec::new(), blocks: 0, closed: "", tell };
    for at in 0..tokens.len() {
        walker.token(at);
    }
    while !walker.open.is_empty() {
        walker.close();
    }
}

struct Walker<'t, 'a, 'f> {
    text: &'a str,
    tokens: &'t [Token],
    /// Calls, lists (`mark` is their opening mark, 0 for calls without parentheses) and blocks that are open.
    open: Vec<Call<'a>>,
    blocks: usize,
    /// The call that ended last.
    closed: &'a str,
    tell: &'f mut dyn FnMut(Event<'_, 'a>),
}

impl<'a> Walker<'_, 'a, '_> {
    fn word(&self, at: Option<usize>) -> Option<&'a str> {
        let token = self.tokens.get(at?).filter(|token| token.kind == Kind::Word)?;
        self.text.get(token.part.clone())
    }

    fn is(&self, at: Option<usize>, mark: u8) -> bool {
        at.and_then(|at| self.tokens.get(at)).is_some_and(|token| token.kind == Kind::Mark(mark))
    }

    fn is_text(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| matches!(token.kind, Kind::Text { .. }))
    }

    /// True inside of arguments.
    fn in_arguments(&self) -> bool {
        self.open.last().is_some_and(|call| call.mark != b'{')
    }

    fn token(&mut self, at: usize) {
        let Some(token) = self.tokens.get(at) else { return };
        match &token.kind {
            Kind::Word => self.name(at),
            Kind::Text { inner, fills } => {
                let value = Value::Text { inner: inner.clone(), fills: fills.clone() };
                self.value(at, value, token.part.clone());
            }
            Kind::Mark(mark) => self.mark(at, *mark),
            Kind::Line => {
                let goes_on = self.is(at.checked_sub(1), b',') || self.is(at.checked_sub(1), b'+');
                if !goes_on {
                    self.end_statement();
                }
            }
        }
    }

    /// A call without parentheses ends with its line.
    fn end_statement(&mut self) {
        if self.open.last().is_some_and(|call| call.mark == 0) {
            self.close();
        }
    }

    fn name(&mut self, at: usize) {
        let Some(word) = self.word(Some(at)) else { return };
        let keyed = self.is(Some(at + 1), b':') && !self.is(Some(at + 2), b':');
        if self.in_arguments() {
            if keyed {
                if let Some(call) = self.open.last_mut() {
                    call.key = Some(word);
                }
            } else if !self.is(Some(at + 1), b'(') && !self.is(at.checked_sub(1), b'.') {
                let mut part = self.tokens.get(at).map(|token| token.part.clone()).unwrap_or_default();
                let mut last = at;
                // `options.credentialsId` is one name.
                while last < at + 8 && self.is(Some(last + 1), b'.') && self.word(Some(last + 2)).is_some() {
                    last += 2;
                    part.end = self.tokens.get(last).map_or(part.end, |token| token.part.end);
                }
                let word = self.text.get(part.clone()).unwrap_or(word);
                self.value(at, Value::Word(word), part);
            }
            return;
        }
        // `sh 'x'`, `git url: 'x'`, `withEnv ['A=b']`.
        let named = self.word(Some(at + 1)).is_some() && self.is(Some(at + 2), b':');
        let list = self.is(Some(at + 1), b'[') && word.starts_with("with");
        if self.is_text(at + 1) || named || list {
            self.start(word, None, 0);
        }
    }

    fn value(&mut self, at: usize, value: Value<'a>, part: Range<usize>) {
        if self.in_arguments() {
            // `'key': value`, as maps have it.
            let keyed = self.is(Some(at + 1), b':');
            if let Some(call) = self.open.last_mut() {
                match &value {
                    Value::Text { inner, .. } if keyed => call.key = self.text.get(inner.clone()),
                    _ => {
                        let key = call.key.take();
                        call.add(key, value, part);
                    }
                }
            }
            return;
        }
        let before = |back: usize| at.checked_sub(back);
        if self.is(before(1), b'=')
            && let Some(name) = self.word(before(2))
        {
            let block = self.open.iter().rev().find(|call| call.mark == b'{').map(|call| call.name);
            let env = self.is(before(3), b'.') && self.word(before(4)) == Some("env");
            if block == Some("environment") || env {
                (self.tell)(Event::Set { name, value: &value });
            }
        }
    }

    fn start(&mut self, name: &'a str, assigned: Option<&'a str>, mark: u8) {
        let around = self.open.iter().rev().take(8).take_while(|call| call.mark != b'{').map(|call| call.name);
        let around = around.filter(|name| !name.is_empty()).collect();
        self.open.push(Call { name, assigned, depth: self.blocks, around, mark, ..Call::default() });
    }

    fn mark(&mut self, at: usize, mark: u8) {
        match mark {
            b'(' | b'[' => {
                let before = at.checked_sub(1);
                let name = if mark == b'(' { self.word(before).unwrap_or_default() } else { "" };
                let assigned = at.checked_sub(3).filter(|_| self.is(at.checked_sub(2), b'=') && !name.is_empty());
                let assigned = self.word(assigned);
                self.start(name, assigned, mark);
            }
            b'{' => {
                let before = at.checked_sub(1);
                if self.open.last().is_some_and(|call| call.mark == 0) {
                    self.close();
                }
                let named =
                    if self.is(before, b')') || self.is_text(before.unwrap_or(usize::MAX)) { self.closed } else { "" };
                let name = self.word(before).unwrap_or(named);
                self.blocks += 1;
                self.open.push(Call { name, mark: b'{', depth: self.blocks, ..Call::default() });
                (self.tell)(Event::Open { name, depth: self.blocks });
            }
            b')' => self.end(b'('),
            b']' => self.end(b'['),
            b'}' => self.end(b'{'),
            b';' => self.end_statement(),
            b',' => {
                if let Some(call) = self.open.last_mut() {
                    call.key = None;
                }
            }
            _ => {}
        }
    }

    /// Closes down to the nearest of this mark.
    fn end(&mut self, mark: u8) {
        let found = self.open.iter().rev().take(MAX_SEARCH).position(|call| call.mark == mark);
        for _ in 0..found.map_or(0, |found| found + 1) {
            self.close();
        }
    }

    fn close(&mut self) {
        let Some(call) = self.open.pop() else { return };
        if call.mark == b'{' {
            (self.tell)(Event::Close { depth: call.depth });
            self.blocks = self.blocks.saturating_sub(1);
            return;
        }
        (self.tell)(Event::Call(&call));
        self.closed = call.name;
        // What stands in a list stands in the call around it.
        if call.mark == b'['
            && let Some(parent) = self.open.last_mut().filter(|parent| parent.mark != b'{')
        {
            let key = parent.key;
            for (own, value, part) in call.arguments {
                if own.is_none() {
                    parent.add(key, value, part);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::groovy;
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        walk(text, &groovy::tokens(text), &mut |event| {
            found.push(match event {
                Event::Call(call) => {
                    let arguments = call.arguments.iter().map(|(key, value, _)| {
                        let value = match value {
                            Value::Text { inner, .. } => format!("'{}'", &text[inner.clone()]),
                            Value::Word(word) => (*word).to_owned(),
                        };
                        key.map_or(value.clone(), |key| format!("{key}:{value}"))
                    });
                    format!("{}({})", call.name, arguments.collect::<Vec<_>>().join(" "))
                }
                Event::Open { name, .. } => format!("{name}{{"),
                Event::Close { .. } => "}".to_owned(),
                Event::Set { name, .. } => format!("{name}="),
            });
        });
        found
    }

    #[test]
    fn calls_blocks_and_assignments_are_told_in_order() {
        for (text, want) in [
            ("sh 'x'\nsh(script: 'y', returnStdout: true)", &["sh('x')", "sh(script:'y' returnStdout:true)"][..]),
            (
                "withCredentials([string(credentialsId: 'a', variable: 'B')]) {\n  sh \"c\"\n}",
                &[
                    "string(credentialsId:'a' variable:'B')",
                    "()",
                    "withCredentials()",
                    "withCredentials{",
                    "sh('c')",
                    "}",
                ],
            ),
            ("environment {\n A = 'b'\n C = credentials('d')\n}", &["environment{", "A=", "credentials('d')", "}"]),
            ("sshagent(['a', 'b']) { }", &["('a' 'b')", "sshagent('a' 'b')", "sshagent{", "}"]),
            ("git url: 'u',\n credentialsId: 'c'\n", &["git(url:'u' credentialsId:'c')"]),
            ("@Library('l@v') _", &["Library('l@v')"]),
            ("stage('a') { node { } }", &["stage('a')", "stage{", "node{", "}", "}"]),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn hostile_files_take_no_longer_than_their_length() {
        for piece in ["(", "[", "{", "(]", "a(b ", "a 'b' ", "}", "[[a:b],", "x = '", "with [", "([{"] {
            let text = piece.repeat(200_000 / piece.len());
            let start = std::time::Instant::now();
            walk(&text, &groovy::tokens(&text), &mut |_| {});
            assert!(start.elapsed().as_secs() < 5, "{piece}");
        }
    }
}
