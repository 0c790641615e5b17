//! Objects that a cluster gave out, one at a time, however many there are: the same facts as of a manifest, and what only the
//! cluster tells.
//!
//! What is kept between them are the names of accounts and what roles allow; bindings wait for the end, because a role may
//! follow the binding that gives it.

use super::file::{File, Known, Sink};
use super::object::{self, Object};
use crate::doc::{self, Node, ParseError};
use crate::formats::{Input, Out, ReadNotice};
use crate::model::{At, NoticeKind};

/// Bytes of bindings that wait for the end; a cluster with ten thousand of them has some 10 MB.
const HELD_MAX: usize = 64 << 20;

/// Where an object stands in its file.
#[derive(Debug, Clone)]
pub enum Stands {
    /// At this offset: facts get spans of their own.
    From(usize),
    /// Here: a stream knows no more.
    At(At),
}

/// A binding that waits.
struct Held {
    text: String,
    list: Option<(String, String)>,
    stands: Stands,
}

/// The reader of a file that a cluster gave out.
pub struct Live<'a, 'o, 'b> {
    input: Input<'a>,
    sink: Sink<'o, 'b>,
    known: Known,
    held: Vec<Held>,
    weight: usize,
}

impl<'a, 'o, 'b> Live<'a, 'o, 'b> {
    /// A reader that has read nothing yet. Of `input` the path and the repository count.
    pub fn new(input: &Input<'a>, out: &'o mut Out<'b>) -> Self {
        Self { input: *input, sink: Sink::of_cluster(out), known: Known::default(), held: Vec::new(), weight: 0 }
    }

    /// Whether it takes no more.
    pub fn is_cut(&self) -> bool {
        self.sink.is_cut()
    }

    /// Passes on a notice about the file.
    pub fn notice(&mut self, notice: ReadNotice) {
        self.sink.notice(notice);
    }

    /// Reads the objects of a text in JSON or YAML. `list` has the version and the kind of the elements of the list that the
    /// text is an element of, for lists that leave both out of their elements.
    ///
    /// # Errors
    /// When the text is neither, with the place inside it.
    pub fn read(&mut self, text: &str, list: Option<(&str, &str)>, stands: &Stands) -> Result<(), ParseError> {
        let json = text.trim_start().starts_with(['{', '[']);
        let doc = if json { doc::json::parse(text)? } else { doc::yaml::parse(text)? };
        for root in object::all(&doc) {
            self.learn(root, list.map(|(_, kind)| kind));
            let kind = root.get("kind").and_then(Node::as_str).or(list.map(|(_, kind)| kind)).unwrap_or_default();
            if matches!(kind, "RoleBinding" | "ClusterRoleBinding") {
                self.hold(root, text, list, stands);
            } else {
                self.object(root, text, list, stands);
            }
        }
        Ok(())
    }

    fn learn(&mut self, root: &Node, kind: Option<&str>) {
        let mut file = File::live(&Input { text: "", ..self.input }, std::mem::take(&mut self.known));
        file.learn_as(root, kind);
        self.known = file.into_known();
    }

    fn object(&mut self, root: &Node, text: &str, list: Option<(&str, &str)>, stands: &Stands) {
        match stands {
            Stands::From(offset) => self.sink.move_to(*offset),
            Stands::At(at) => self.sink.stand_at(at.clone()),
        }
        let file = File::live(&Input { text, ..self.input }, std::mem::take(&mut self.known));
        if let Some(object) = Object::of_list(&file, root, list) {
            super::read_object(&object, &mut self.sink);
        }
        self.known = file.into_known();
    }

    fn hold(&mut self, root: &Node, text: &str, list: Option<(&str, &str)>, stands: &Stands) {
        let own = text.get(root.span.start..root.span.end).unwrap_or_default();
        let stands = match stands {
            Stands::From(offset) => Stands::From(offset + root.span.start),
            Stands::At(at) => Stands::At(at.clone()),
        };
        // An element of a sequence in YAML is indented by more than its first line shows.
        let column =
            text.get(..root.span.start).map_or(0, |before| before.len() - before.rfind('\n').map_or(0, |i| i + 1));
        let (text, stands) = match stands {
            Stands::From(offset) if column > 0 && !own.starts_with('{') => {
                (format!("{}{own}", " ".repeat(column)), Stands::From(offset.saturating_sub(column)))
            }
            stands if column > 0 && !own.starts_with('{') => (format!("{}{own}", " ".repeat(column)), stands),
            stands => (own.to_owned(), stands),
        };
        self.weight += text.len() + 128;
        let list = list.map(|(version, kind)| (version.to_owned(), kind.to_owned()));
        self.held.push(Held { text, list, stands });
        if self.weight > HELD_MAX {
            let message = "more bindings than any cluster has; rights were worked out in parts and may be incomplete";
            self.notice(ReadNotice {
                kind: NoticeKind::Gap,
                code: "too-large",
                line: 0,
                column: 0,
                message: message.to_owned(),
            });
            self.release();
        }
    }

    /// Reads the bindings that waited.
    fn release(&mut self) {
        self.weight = 0;
        for Held { text, list, stands } in std::mem::take(&mut self.held) {
            let json = text.starts_with('{');
            let doc = if json { doc::json::parse(&text) } else { doc::yaml::parse(&text) };
            let list = list.as_ref().map(|(version, kind)| (version.as_str(), kind.as_str()));
            for root in doc.iter().flat_map(object::all) {
                self.object(root, &text, list, &stands);
            }
        }
    }

    /// Ends the reading: the bindings are told.
    pub fn finish(mut self) {
        self.release();
        if self.sink.is_cut() {
            let message = "more than any cluster may have; the rest of the file was not read".to_owned();
            self.notice(ReadNotice { kind: NoticeKind::Gap, code: "too-many-facts", line: 0, column: 0, message });
        }
    }
}
