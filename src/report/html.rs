//! `html`: the report as one page for people, in one file that opens from a disk and asks nothing of a network.
//!
//! Everything is in the page's markup, so it reads without its script, which only searches, filters and sorts. A policy in the page
//! allows that one script and that one style sheet, by their hashes, and nothing else
//! (<https://www.w3.org/TR/CSP3/#framework-directive-source-list>). The sections follow a reader's questions: is this
//! complete, how bad is it, what do I do first; then the ten risks, the identities, the findings, and what was read.

mod chain;
mod credentials;
mod end;
mod facts;
mod filters;
mod findings;
mod identity;
mod inventory;
mod lists;
mod opening;
mod reuse;
mod risks;
mod timeline;
mod words;
mod writer;

use std::io;

use sha2::{Digest, Sha256};

use self::facts::Facts;
use self::lists::Lists;
use self::writer::Html;
use super::{Reporter, Style};
use crate::model::{Report, View};

/// The output.
pub const REPORTER: Reporter = Reporter {
    id: "html",
    extension: "html",
    about: "One page for people: risks, identities, findings, evidence",
    write,
};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// The sections in their order: id, title in the navigation.
const SECTIONS: &[(&str, &str)] = &[
    ("first", "Do first"),
    ("risks", "Ten risks"),
    ("identities", "Identities"),
    ("findings", "Findings"),
    ("cards", "Identity by identity"),
    ("unattributed", "No owner known"),
    ("reuse", "Reuse"),
    ("timeline", "Timeline"),
    ("coverage", "Coverage"),
    ("words", "Words"),
];

fn write(view: View<'_>, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let report = view.head();
    let lists = Lists::new(view, style.verbose);
    let facts = Facts::new(report, &lists, style.verbose);
    let mut html = Html::default();
    // Browsers hash what they have read, in which a carriage return before a line feed is gone.
    let (css, js) = (STYLE.replace("\r\n", "\n"), SCRIPT.replace("\r\n", "\n"));
    html.doctype();
    html.within("html", &[("lang", "en")], |html| {
        head(html, report, &css, &js);
        html.within("body", &[], |html| body(html, &facts, &js));
    });
    html.line();
    out.write_all(html.into_text().as_bytes())
}

fn head(html: &mut Html, report: &Report, css: &str, js: &str) {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        source(js),
        source(css)
    );
    html.within("head", &[], |html| {
        html.void("meta", &[("charset", "utf-8")]);
        html.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
        html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
        html.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
        html.void("meta", &[("name", "robots"), ("content", "noindex")]);
        html.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
        html.void("meta", &[("name", "generator"), ("content", &format!("keyroll {}", report.tool.version))]);
        html.leaf("title", &[], &format!("keyroll: {}", opening::title(report)));
        html.embed("style", css);
    });
}

/// The hash of an inline script or style sheet, as a policy names it.
fn source(content: &str) -> String {
    format!("sha256-{}", data_encoding::BASE64.encode(&Sha256::digest(content.as_bytes())))
}

fn body(html: &mut Html, facts: &Facts<'_>, js: &str) {
    html.leaf("a", &[("class", "skip"), ("href", "#main")], "Skip to the report");
    html.within("header", &[("class", "mast")], |html| opening::masthead(html, facts.report));
    html.within("nav", &[("aria-label", "Sections"), ("class", "sections")], |html| {
        html.within("ul", &[], |html| {
            for (id, title) in SECTIONS {
                html.within("li", &[], |html| html.section_link(id, title));
            }
        });
    });
    html.within("main", &[("id", "main")], |html| {
        opening::summary(html, facts);
        opening::first(html, facts);
        risks::section(html, facts);
        inventory::section(html, facts);
        findings::section(html, facts);
        identity::section(html, facts);
        credentials::section(html, facts);
        reuse::section(html, facts);
        timeline::section(html, facts);
        end::coverage(html, facts);
        end::glossary(html);
    });
    html.within("footer", &[], |html| end::footer(html, facts.report));
    html.embed("script", js);
}
