//! CODEOWNERS of GitHub and GitLab: who owns which files.
//!
//! Syntax: <https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>
//! and, with sections `[Name][2] @default`, <https://docs.gitlab.com/user/project/codeowners/reference/>. The file counts at
//! the top of a repository, in `.github/`, `docs/` and `.gitlab/`.

use crate::doc::Doc;
use crate::formats::{Format, Input, Out, ReadNotice, Syntax};
use crate::model::{At, Fact, NoticeKind, RepoPath, SettingFact, Span, setting};

/// The format.
pub const FORMAT: Format =
    Format { id: "codeowners", name: "CODEOWNERS", command: "", syntax: Syntax::Text, claims, read, stream: None };

/// Lines that are read of one file; GitHub itself reads 3 MB.
const LINES_MAX: usize = 5_000;

fn claims(path: &RepoPath, _head: &str) -> bool {
    path.file_name() == b"CODEOWNERS"
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let mut section: Option<(String, String)> = None;
    let (mut start, mut count) = (0, 0);
    for (index, whole) in input.text.split_inclusive('\n').enumerate() {
        let line = whole.trim();
        let at = start + (whole.len() - whole.trim_start().len());
        start += whole.len();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(next) = heading(line) {
            section = Some(next);
            continue;
        }
        let mut words = words(line).into_iter();
        let Some(pattern) = words.next() else { continue };
        count += 1;
        if count > LINES_MAX {
            let message = format!("has more than {LINES_MAX} lines; owners of the rest were not read");
            let line = index as u64 + 1;
            out.notice(ReadNotice { kind: NoticeKind::Gap, code: "too-many-lines", line, column: 1, message });
            return;
        }
        let mut owners: Vec<String> =
            words.take_while(|w| !w.starts_with('#')).filter(|w| w.contains('@')).take(20).collect();
        if owners.is_empty()
            && let Some((_, default)) = &section
        {
            owners = default.split_whitespace().map(str::to_owned).collect();
        }
        let mut fact = SettingFact::new(setting::CODE_OWNER, pattern, owners.join(" "));
        if let Some((name, _)) = &section {
            fact.attributes.insert("section".to_owned(), name.clone());
        }
        out.fact(Fact::Setting(At::span(Span::new(at, at + line.len())), fact));
    }
}

/// A section's name and the owners of lines that name none: `[Docs]`, `^[Docs]`, `[Docs][2] @team`. A pattern may begin with a
/// bracket, too, but its bracket does not end the word before a space, another bracket or the line's end.
fn heading(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?;
    let (name, mut rest) = rest.split_once(']')?;
    if let Some((approvals, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        approvals.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
        rest = after;
    }
    let fits = rest.is_empty() || rest.starts_with(char::is_whitespace);
    let owners: Vec<&str> = rest.split_whitespace().filter(|word| word.contains('@')).collect();
    (fits && !name.trim().is_empty()).then(|| (name.trim().chars().take(100).collect(), owners.join(" ")))
}

/// The words of a line; a backslash keeps the space or sign behind it.
fn words(line: &str) -> Vec<String> {
    let (mut out, mut word) = (Vec::new(), String::new());
    let mut letters = line.chars();
    while let Some(c) = letters.next() {
        match c {
            '\\' => match letters.next() {
                Some(kept) if kept == ' ' || kept == '#' => word.push(kept),
                Some(other) => word.extend(['\\', other]),
                None => {}
            },
            c if c.is_whitespace() => {
                if !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}
