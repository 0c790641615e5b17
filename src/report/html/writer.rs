//! Writes HTML that holds text of strangers. Tags and names of attributes are constants of this program (`&'static str`);
//! whatever else is written goes through one escape, so that no text of a report can become markup.

use crate::text::escape;

/// Attributes: names of ours, values of anybody.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// What a fragment of the page's own address may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// An identity, by its number.
    Identity(usize),
    /// A finding, by its number in the report.
    Finding(usize),
    /// Findings with one reason and one remedy.
    Group(usize),
}

impl Place {
    /// The value of `id` there.
    pub(super) fn id(self) -> String {
        match self {
            Self::Identity(number) => format!("i{number}"),
            Self::Finding(number) => format!("f{number}"),
            Self::Group(number) => format!("g{number}"),
        }
    }
}

/// Elements that begin a line of the source, so that no line of it grows with the report.
const ON_A_LINE: &[&str] = &[
    "article", "body", "caption", "details", "div", "dl", "dt", "figure", "footer", "form", "g", "h1", "h2", "h3",
    "h4", "header", "head", "li", "main", "meta", "nav", "ol", "p", "script", "section", "style", "svg", "table",
    "tbody", "thead", "title", "tr", "ul",
];

/// Elements whose end tag HTML lets out, because what follows ends them
/// (<https://html.spec.whatwg.org/multipage/syntax.html#optional-tags>). In large reports they are a tenth of the page.
const ENDED_BY_WHAT_FOLLOWS: &[&str] = &["li", "dt", "dd", "tr", "td", "th", "option"];

/// A page that grows at its end. What is opened is closed by the one function that opened it.
#[derive(Debug, Default)]
pub(super) struct Html {
    out: String,
}

impl Html {
    /// The page.
    pub(super) fn into_text(self) -> String {
        self.out
    }

    /// Bytes of the page so far.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Text as a reader sees it: see [`visible`].
    pub(super) fn text(&mut self, text: &str) {
        push_escaped(&mut self.out, text);
    }

    /// An element and what is in it.
    pub(super) fn within(&mut self, tag: &'static str, attributes: Attributes<'_>, inside: impl FnOnce(&mut Self)) {
        self.open(tag, attributes);
        inside(self);
        if !ENDED_BY_WHAT_FOLLOWS.contains(&tag) {
            self.out.push_str("</");
            self.out.push_str(tag);
            self.out.push('>');
        }
    }

    /// An element that holds text alone.
    pub(super) fn leaf(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.within(tag, attributes, |html| html.text(text));
    }

    /// An element without content: `input`, `meta`, `br`.
    pub(super) fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.open(tag, attributes);
    }

    /// A shape of a drawing: what it is stands in its attributes alone.
    pub(super) fn shape(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.open(tag, attributes);
        // Within a drawing, and only there, HTML ends an element so.
        self.out.pop();
        self.out.push_str("/>");
    }

    /// A link to another place of the page.
    pub(super) fn jump(&mut self, to: Place, class: &str, text: &str) {
        self.leaf("a", &[("href", &format!("#{}", to.id())), ("class", class)], text);
    }

    /// A link to a section of the page.
    pub(super) fn section_link(&mut self, id: &'static str, text: &str) {
        self.leaf("a", &[("href", &format!("#{id}"))], text);
    }

    /// A link to a page of documentation that this program knows. Addresses out of a report never become links.
    pub(super) fn documentation(&mut self, address: &'static str, text: &str) {
        self.leaf("a", &[("href", address), ("rel", "noopener noreferrer external")], text);
    }

    /// A style sheet or script of ours, as it stands, and nothing else. Its line ends are those that browsers hash.
    pub(super) fn embed(&mut self, tag: &'static str, content: &str) {
        self.open(tag, &[]);
        self.out.push_str(content);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }

    /// What stands before the first element.
    pub(super) fn doctype(&mut self) {
        self.out.push_str("<!DOCTYPE html>");
    }

    /// The end of a line of the source.
    pub(super) fn line(&mut self) {
        self.out.push('\n');
    }

    fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        if ON_A_LINE.contains(&tag) && !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.out.push('<');
        self.out.push_str(tag);
        // A class that is empty is none; another attribute without a value is a switch.
        for (name, value) in attributes.iter().filter(|(name, value)| *name != "class" || !value.is_empty()) {
            self.out.push(' ');
            self.out.push_str(name);
            if !value.is_empty() {
                self.out.push_str("=\"");
                push_escaped(&mut self.out, value);
                self.out.push('"');
            }
        }
        self.out.push('>');
    }
}

/// The text with everything visible that would act on a screen or hide: see [`escape::terminal`]. Not HTML yet.
pub(super) fn visible(text: &str) -> String {
    escape::terminal(text)
}

/// The one way of text into the page.
fn push_escaped(out: &mut String, text: &str) {
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(write: impl FnOnce(&mut Html)) -> String {
        let mut html = Html::default();
        write(&mut html);
        html.into_text()
    }

    #[test]
    fn text_and_values_of_attributes_cannot_leave_their_place() {
        let hostile = "\"><script>alert(1)</script>' onload=`x` &lt; javascript:y";
        let got = page(|h| h.leaf("b", &[("title", hostile)], hostile));
        let want = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39; onload=&#96;x&#96; &amp;lt; javascript:y";
        assert_eq!(got, format!("<b title=\"{want}\">{want}</b>"));
    }

    #[test]
    fn what_hides_or_reorders_becomes_visible() {
        assert_eq!(page(|h| h.text("a\u{202e}b\u{0}c\nd\u{200b}")), "a\\u{202e}b\\x00c\\nd\\u{200b}");
    }

    #[test]
    fn a_link_leads_within_the_page_or_to_an_address_of_ours() {
        assert_eq!(page(|h| h.jump(Place::Identity(7), "", "javascript:x")), "<a href=\"#i7\">javascript:x</a>");
        let got = page(|h| h.documentation("https://owasp.org/", "<x>"));
        assert_eq!(got, "<a href=\"https://owasp.org/\" rel=\"noopener noreferrer external\">&lt;x&gt;</a>");
    }

    #[test]
    fn an_attribute_without_a_value_is_written_as_a_switch() {
        assert_eq!(page(|h| h.void("input", &[("hidden", "")])), "<input hidden>");
    }
}
