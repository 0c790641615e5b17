//! Reads Rust source just well enough to see its paths: comments and literals out, test code out, words and marks in.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// One file below `src/`.
pub struct Source {
    /// Path below `src/`, with `/`.
    pub path: String,
    /// The text as it lies on disk.
    pub text: String,
    /// True when the file belongs to a module that is only compiled for tests.
    pub test_only: bool,
    /// The words and marks of the code that is compiled outside tests; nothing for a file of tests.
    pub tokens: Vec<Token>,
}

impl Source {
    /// A file as if it lay on disk.
    pub fn new(path: &str, text: &str) -> Self {
        let tokens = without_tests(tokens(text));
        Self { path: path.to_owned(), text: text.to_owned(), test_only: false, tokens }
    }

    /// The module path: `formats/ci/mod.rs` and `formats/ci.rs` are `[formats, ci]`, `main.rs` is `[main]`.
    pub fn module(&self) -> Vec<String> {
        let stem = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        if stem == "lib" { Vec::new() } else { stem.split('/').map(str::to_owned).collect() }
    }
}

/// Every file below `src/`, in order of path.
pub fn sources() -> &'static [Source] {
    static ALL: OnceLock<Vec<Source>> = OnceLock::new();
    ALL.get_or_init(read_all)
}

fn read_all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).expect("a directory of src/") {
            let path = entry.expect("an entry of src/").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    let relative = |p: &PathBuf| p.strip_prefix(&root).expect("below src/").to_string_lossy().replace('\\', "/");
    let mut all: Vec<Source> =
        files.iter().map(|p| Source::new(&relative(p), &fs::read_to_string(p).expect("UTF-8 source"))).collect();
    let tests: BTreeSet<Vec<String>> = all.iter().flat_map(test_modules).collect();
    for source in &mut all {
        let module = source.module();
        if tests.iter().any(|t| module.starts_with(t)) {
            source.test_only = true;
            source.tokens.clear();
        }
    }
    all
}

/// Modules in files of their own that are declared under `#[cfg(test)]`.
fn test_modules(source: &Source) -> Vec<Vec<String>> {
    let tokens = tokens(&source.text);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let Some(after) = cfg_test(&tokens, at) else { continue };
        let rest: Vec<&str> = tokens[after..].iter().map(|t| t.text.as_str()).take(8).collect();
        if let Some(i) = rest.iter().position(|t| *t == "mod")
            && rest.get(i + 2) == Some(&";")
        {
            let mut module = source.module();
            module.push(rest[i + 1].to_owned());
            found.push(module);
        }
    }
    found
}

/// A word, `::`, or one other mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// As written.
    pub text: String,
    /// 1-based line.
    pub line: usize,
}

/// Words and marks; comments, strings, characters and numbers are left out.
pub fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let skipped = comment(rest).or_else(|| string(rest)).or_else(|| character(rest));
        let length = if let Some(length) = skipped {
            length
        } else if rest[0].is_ascii_alphanumeric() || rest[0] == b'_' {
            let length = rest.iter().position(|b| !b.is_ascii_alphanumeric() && *b != b'_').unwrap_or(rest.len());
            found.push(Token { text: String::from_utf8_lossy(&rest[..length]).into_owned(), line });
            length
        } else if rest.starts_with(b"::") {
            found.push(Token { text: "::".to_owned(), line });
            2
        } else {
            if rest[0].is_ascii_graphic() {
                found.push(Token { text: char::from(rest[0]).to_string(), line });
            }
            1
        };
        line += rest[..length].iter().filter(|b| **b == b'\n').count();
        at += length;
    }
    found
}

fn comment(rest: &[u8]) -> Option<usize> {
    if rest.starts_with(b"//") {
        return Some(rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with(b"/*") {
        return None;
    }
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") if depth == 1 => return Some(at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    Some(rest.len())
}

fn string(rest: &[u8]) -> Option<usize> {
    let prefix = rest.iter().take(2).take_while(|b| matches!(b, b'b' | b'c' | b'r')).count();
    let raw = rest[..prefix].contains(&b'r');
    let hashes = if raw { rest[prefix..].iter().take_while(|b| **b == b'#').count() } else { 0 };
    if rest.get(prefix + hashes) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".to_vec(), vec![b'#'; hashes]].concat();
    let mut at = prefix + hashes + 1;
    while at < rest.len() {
        if !raw && rest[at] == b'\\' {
            at += 2;
        } else if rest[at..].starts_with(&close) {
            return Some(at + close.len());
        } else {
            at += 1;
        }
    }
    Some(rest.len())
}

/// A character or byte literal, or the tick of a lifetime with its name.
fn character(rest: &[u8]) -> Option<usize> {
    let prefix = usize::from(rest[0] == b'b' && rest.get(1) == Some(&b'\''));
    let inner = rest.get(prefix..)?.strip_prefix(b"'")?;
    if inner.first() == Some(&b'\\') {
        return Some(prefix + 3 + inner.get(2..)?.iter().position(|b| *b == b'\'')? + 1);
    }
    let width =
        std::str::from_utf8(&inner[..inner.len().min(4)]).map_or_else(|e| e.valid_up_to(), str::len).min(inner.len());
    let width = std::str::from_utf8(&inner[..width]).ok()?.chars().next()?.len_utf8();
    if inner.get(width) == Some(&b'\'') {
        return Some(prefix + width + 2);
    }
    Some(1 + inner.iter().position(|b| !b.is_ascii_alphanumeric() && *b != b'_').unwrap_or(inner.len()))
}

/// The index behind `#[cfg(test)]`, when that stands at `at`.
fn cfg_test(tokens: &[Token], at: usize) -> Option<usize> {
    let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
    let here = tokens.get(at..at + attribute.len())?;
    here.iter().map(|t| t.text.as_str()).eq(attribute).then_some(at + attribute.len())
}

/// Leaves out every item under `#[cfg(test)]`.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match cfg_test(&tokens, at) {
            Some(after) => at = end_of_item(&tokens, after),
            None => {
                kept.push(tokens[at].clone());
                at += 1;
            }
        }
    }
    kept
}

/// The index behind the item at `at`: behind its first `;` or closing brace outside all brackets.
fn end_of_item(tokens: &[Token], mut at: usize) -> usize {
    let mut depth = 0usize;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" => {
                depth = depth.saturating_sub(1);
                // `use a::{b};` ends at its semicolon, not at its brace.
                if depth == 0 {
                    return at + usize::from(tokens.get(at).is_some_and(|t| t.text == ";"));
                }
            }
            ";" if depth == 0 => return at,
            _ => {}
        }
    }
    at
}

/// A path that starts at a known root, absolute: `[model, Span]` for `crate::model::Span`, `[std, fs]` for `std::fs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its segments, without `crate`, `self` and `super`.
    pub path: Vec<String>,
    /// 1-based line.
    pub line: usize,
    /// Whether it lies in this package.
    pub inside: bool,
}

/// Every path of a file that starts with `crate`, `keyroll`, `super` or `std`, groups spread out, `super` resolved.
pub fn references(source: &Source) -> Vec<Reference> {
    let tokens = &source.tokens;
    let module = source.module();
    let mut inline: Vec<(String, usize)> = Vec::new();
    let mut depth = 0usize;
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        match tokens[at].text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inline.retain(|(_, d)| *d <= depth);
            }
            "mod" if tokens.get(at + 2).is_some_and(|t| t.text == "{") => {
                inline.push((tokens[at + 1].text.clone(), depth + 1));
            }
            "crate" | "keyroll" | "super" | "std" if at == 0 || tokens[at - 1].text != "::" => {
                let here = [module.clone(), inline.iter().map(|(name, _)| name.clone()).collect()].concat();
                let mut paths = Vec::new();
                spread(tokens, at, Vec::new(), &mut paths);
                found.extend(paths.into_iter().filter_map(|(path, line)| absolute(&here, &path, line)));
            }
            _ => {}
        }
    }
    found
}

/// Walks one path or group from `at`; gives the index behind it.
fn spread(tokens: &[Token], mut at: usize, mut path: Vec<String>, out: &mut Vec<(Vec<String>, usize)>) -> usize {
    loop {
        let Some(token) = tokens.get(at) else { return at };
        if token.text == "{" {
            at += 1;
            while let Some(token) = tokens.get(at) {
                match token.text.as_str() {
                    "}" => return at + 1,
                    "," => at += 1,
                    _ => at = spread(tokens, at, path.clone(), out).max(at + 1),
                }
            }
            return at;
        }
        path.push(token.text.clone());
        at += 1;
        if tokens.get(at).is_none_or(|t| t.text != "::") {
            out.push((path, token.line));
            // `as name` inside a group.
            while tokens.get(at).is_some_and(|t| t.text == "as") {
                at += 2;
            }
            return at;
        }
        at += 1;
        // `collect::<…>()`: what follows is no segment.
        if tokens.get(at).is_some_and(|t| t.text == "<") {
            out.push((path, token.line));
            return at;
        }
    }
}

fn absolute(here: &[String], path: &[String], line: usize) -> Option<Reference> {
    let (first, rest) = path.split_first()?;
    let (mut resolved, inside) = match first.as_str() {
        "crate" | "keyroll" => (Vec::new(), true),
        "super" => (here[..here.len().saturating_sub(1)].to_vec(), true),
        other => (vec![other.to_owned()], false),
    };
    for segment in rest {
        match segment.as_str() {
            "self" => {}
            "super" => drop(resolved.pop()),
            name => resolved.push(name.to_owned()),
        }
    }
    // A lone `crate` or `super`, as in `pub(crate)`, says nothing.
    (path.len() > 1).then_some(Reference { path: resolved, line, inside })
}
