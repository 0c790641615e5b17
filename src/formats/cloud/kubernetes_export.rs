//! What `kubectl get … -o json|yaml` prints of a cluster, and what its API answers: lists of mixed kinds, lists of one kind whose
//! elements leave their kind out, single objects, several documents one after the other.
//!
//! Lists: <https://kubernetes.io/docs/reference/using-api/api-concepts/#collections>. The objects are read by the readers of
//! manifests, so that the same facts come out; ids, ages and what made an object come on top. A file does not tell its cluster:
//! accounts are keyed by namespace and name, as manifests and tokens name them, with the cluster's own id as another key.
//! Workloads are keyed by the file's directory, all files of which are of one cluster. Where two directories have accounts of
//! one name and different ids, the inventory keeps them apart.

use std::io::{BufRead, Cursor, Read};

use serde_json::{Map, Value};

use super::json_stream::{ELEMENT_MAX, Event, Wanted, walk_in};
use crate::doc::Doc;
use crate::formats::iac::manifest::is_live;
use crate::formats::iac::manifest::live::{Live, Stands};
use crate::formats::{Format, Input, Out, ReadNotice, Syntax};
use crate::model::{At, NoticeKind, RepoPath};

/// The format.
pub static FORMAT: Format = Format {
    id: "kubernetes-export",
    name: "Kubernetes cluster export",
    command: "kubectl get serviceaccounts,secrets,roles,rolebindings,clusterroles,clusterrolebindings,pods,deployments,\
              statefulsets,daemonsets,cronjobs -A -o json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// How far down lists are looked for: `kubectl`'s own stand at the top, people put pages and clusters around them.
const DEPTH: u8 = 6;

fn claims(_path: &RepoPath, head: &str) -> bool {
    is_live(head)
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), Some(input.text), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, None, out);
}

/// Looks at the first bytes to tell the syntax, then reads on.
fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: Option<&str>, out: &mut Out<'_>) {
    let mut head = Vec::new();
    if let Err(error) = (&mut *reader).take(64).read_to_end(&mut head) {
        return out.notice(gap("unreadable", 0, error.to_string()));
    }
    let start = String::from_utf8_lossy(&head).trim_start_matches('\u{feff}').trim_start().to_owned();
    let mut reader = Cursor::new(head).chain(reader);
    let mut live = Live::new(input, out);
    let cut = if start.starts_with(['{', '[']) {
        json(&mut reader, whole, &mut live)
    } else {
        yaml(&mut reader, whole.is_some(), &mut live)
    };
    if let Some(line) = cut {
        let message = "the last page names a page that follows it: more objects exist than this export lists";
        live.notice(gap("truncated-export", line, message.to_owned()));
    }
    live.finish();
}

fn gap(code: &'static str, line: u64, message: String) -> ReadNotice {
    ReadNotice { kind: NoticeKind::Gap, code, line, column: u64::from(line > 0), message }
}

/// The version and kind of a list's elements.
fn elements(fields: &Map<String, Value>) -> Option<(String, String)> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let kind = text("kind")?.strip_suffix("List").filter(|kind| !kind.is_empty())?;
    Some((text("apiVersion").unwrap_or_default().to_owned(), kind.to_owned()))
}

/// Whether a page's metadata name the next page.
fn goes_on(metadata: &Value) -> bool {
    metadata.get("continue").and_then(Value::as_str).is_some_and(|next| !next.is_empty())
}

/// Reads JSON; gives the line of the last page when it says that there are more.
fn json(reader: &mut dyn BufRead, whole: Option<&str>, live: &mut Live<'_, '_, '_>) -> Option<u64> {
    const WANTED: Wanted = Wanted {
        lists: &["items"],
        fields: &[
            "apiVersion",
            "kind",
            "metadata",
            "spec",
            "rules",
            "roleRef",
            "subjects",
            "data",
            "stringData",
            "type",
            "secrets",
            "imagePullSecrets",
            "automountServiceAccountToken",
            "template",
        ],
    };
    let mut cut = None;
    // Set by `enter` before the elements of each list come.
    let list = std::cell::RefCell::new(None);
    let mut enter = |_: &str, fields: &Map<String, Value>| drop(list.replace(elements(fields)));
    let mut tell = |value: Value, at: At, list: Option<(&str, &str)>| {
        if live.is_cut() {
            return;
        }
        let own = at.span.and_then(|span| Some((span.start, whole?.get(span.start..span.end)?)));
        let result = match own {
            Some((start, text)) => live.read(text, list, &Stands::From(start)),
            None => live.read(&value.to_string(), list, &Stands::At(At { span: None, ..at.clone() })),
        };
        if let Err(error) = result {
            let place = at.pointer.as_deref().unwrap_or("an object");
            let message = format!("{place} could not be read and was left out: {}", error.message);
            live.notice(gap("malformed", at.line.unwrap_or_default(), message));
        }
    };
    let result = walk_in(reader, whole.is_some(), WANTED, DEPTH, &mut enter, &mut |event| match event {
        Event::Element { value, at, .. } => {
            let list = list.borrow().clone();
            tell(value, at, list.as_ref().map(|(version, kind)| (version.as_str(), kind.as_str())));
        }
        Event::Object { fields, at } => {
            let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default();
            if kind.ends_with("List") {
                cut = fields.get("metadata").is_some_and(goes_on).then_some(at.line.unwrap_or_default());
            } else if !kind.is_empty() && fields.contains_key("metadata") {
                tell(Value::Object(fields), at, None);
            }
        }
        Event::Text { .. } => {}
    });
    if let Err(notice) = result {
        live.notice(notice);
    }
    cut
}

/// A stretch of lines that is one object, while it is gathered.
#[derive(Default)]
struct Chunk {
    text: String,
    offset: usize,
    line: u64,
    /// Whether it is an element of a list.
    element: bool,
    over: bool,
}

/// Reads YAML line by line, an object at a time; gives the line of the last page when it says that there are more.
struct Lines<'l, 'a, 'o, 'b> {
    live: &'l mut Live<'a, 'o, 'b>,
    whole: bool,
    chunk: Chunk,
    /// The indentation of the list's elements, once known.
    list: Option<Option<usize>>,
    version: String,
    kind: String,
    cut: Option<u64>,
}

fn yaml(reader: &mut dyn BufRead, whole: bool, live: &mut Live<'_, '_, '_>) -> Option<u64> {
    let mut lines = Lines {
        live,
        whole,
        chunk: Chunk::default(),
        list: None,
        version: String::new(),
        kind: String::new(),
        cut: None,
    };
    let (mut offset, mut number) = (0, 0);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match reader.take(ELEMENT_MAX).read_until(b'\n', &mut bytes) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                lines.live.notice(gap("unreadable", number, error.to_string()));
                break;
            }
        }
        number += 1;
        let line = String::from_utf8_lossy(&bytes);
        let (text, mark) = match line.strip_prefix('\u{feff}').filter(|_| number == 1) {
            Some(rest) => (rest, line.len() - rest.len()),
            None => (&*line, 0),
        };
        lines.line(text, offset + mark, number);
        offset += bytes.len();
        if lines.live.is_cut() {
            break;
        }
    }
    lines.end();
    lines.cut
}

impl Lines<'_, '_, '_, '_> {
    fn line(&mut self, line: &str, offset: usize, number: u64) {
        let bare = line.trim_end();
        let mark = |mark: &str| bare.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        if mark("---") || mark("...") {
            return self.end();
        }
        let inner = bare.trim_start_matches(' ');
        let indent = bare.len() - inner.len();
        let dash = inner == "-" || inner.starts_with("- ");
        match self.list {
            Some(None) if dash => {
                self.list = Some(Some(indent));
                self.chunk = Chunk { offset, line: number, element: true, ..Chunk::default() };
            }
            Some(Some(own)) if dash && indent == own => {
                self.flush();
                self.chunk = Chunk { offset, line: number, element: true, ..Chunk::default() };
            }
            Some(_) if indent == 0 && !inner.is_empty() && !inner.starts_with('#') => {
                self.flush();
                self.list = None;
            }
            None if bare == "items:" => {
                // What stood before it was the head of the list.
                self.chunk = Chunk::default();
                self.list = Some(None);
                return;
            }
            _ => {}
        }
        if self.list.is_none() {
            if let Some(kind) = bare.strip_prefix("kind:") {
                self.kind = kind.trim().trim_matches(['"', '\'']).to_owned();
            } else if let Some(version) = bare.strip_prefix("apiVersion:") {
                self.version = version.trim().trim_matches(['"', '\'']).to_owned();
            } else if inner.strip_prefix("continue:").is_some_and(|next| !matches!(next.trim(), "" | "\"\"" | "null"))
                && self.kind.ends_with("List")
            {
                self.cut = Some(number);
            }
        }
        let chunk = &mut self.chunk;
        if chunk.text.is_empty() {
            (chunk.offset, chunk.line) = (offset, number);
        }
        if chunk.text.len() + line.len() > ELEMENT_MAX as usize {
            chunk.over = true;
        } else {
            chunk.text.push_str(line);
        }
    }

    /// Ends a document.
    fn end(&mut self) {
        self.flush();
        self.list = None;
        self.version.clear();
        self.kind.clear();
    }

    /// Reads what has been gathered.
    fn flush(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        if chunk.over {
            let message = "one object is longer than 16 MiB and was left out".to_owned();
            return self.live.notice(gap("too-large", chunk.line, message));
        }
        if chunk.text.trim().is_empty() {
            return;
        }
        let kind = self.kind.strip_suffix("List").filter(|kind| chunk.element && !kind.is_empty());
        let list = kind.map(|kind| (self.version.as_str(), kind));
        let stands = match self.whole {
            true => Stands::From(chunk.offset),
            false => Stands::At(At::line(chunk.line)),
        };
        if let Err(error) = self.live.read(&chunk.text, list, &stands) {
            let message = format!("an object could not be read and was left out: {}", error.message);
            self.live.notice(gap("malformed", chunk.line + error.line.saturating_sub(1), message));
        }
    }
}
