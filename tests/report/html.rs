//! The page for people: that no text of a report becomes markup, that nothing is lost, and what the first screen says.

use std::collections::BTreeSet;

use keyroll::model::{Credential, Exposure, Finding, Grant, Identity, Report, Risk, RiskStatus, Root, Severity, Trust};
use keyroll::report::Style;
use sha2::{Digest, Sha256};

use super::golden::{self, HOSTILE};
use super::{compare, overwrite, render};

fn page(report: &Report) -> String {
    render("html", report, &Style::default())
}

/// The page without its style and script, which have no text of a report in them.
fn bare(page: &str) -> String {
    let (head, rest) = page.split_once("<style>").expect("a style");
    let (_, rest) = rest.split_once("</style>").expect("its end");
    let (body, rest) = rest.rsplit_once("<script>").expect("a script");
    let (_, end) = rest.split_once("</script>").expect("its end");
    let policy =
        |line: &str| if line.contains("Content-Security-Policy") { "(policy)".to_owned() } else { line.to_owned() };
    format!("{head}{body}{end}").lines().map(policy).collect::<Vec<_>>().join("\n") + "\n"
}

/// One tag as a parser sees it: its name, whether it closes, and its attributes.
struct Tag {
    name: String,
    closes: bool,
    attributes: Vec<(String, String)>,
}

/// The tags of a page that writes every attribute in double quotes. Panics on what is none.
fn tags(page: &str) -> Vec<Tag> {
    let mut out = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    while let Some(at) = rest.find(['<', '>']) {
        assert!(rest[at..].starts_with('<'), "a bare > in {}", &rest[..at + 1]);
        let tail = &rest[at + 1..];
        let end = tail.find('>').expect("a tag ends");
        let (inside, closes) = tail[..end].strip_prefix('/').map_or((&tail[..end], false), |inside| (inside, true));
        let inside = inside.strip_suffix('/').unwrap_or(inside);
        let (name, mut written) = inside.split_once(' ').unwrap_or((inside, ""));
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()), "no tag: <{inside}>");
        let mut attributes = Vec::new();
        while !written.is_empty() {
            let (name, after) = match written.split_once("=\"").filter(|(name, _)| !name.contains(' ')) {
                Some((name, after)) => (name, Some(after)),
                None => (written.split(' ').next().unwrap(), None),
            };
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "no attribute: {name} in <{inside}>");
            let value = after.map(|after| after.split_once('"').expect("a value ends"));
            attributes.push((name.to_owned(), value.map_or("", |(value, _)| value).to_owned()));
            written = value.map_or_else(|| &written[name.len()..], |(_, rest)| rest).trim_start();
        }
        out.push(Tag { name: name.to_owned(), closes, attributes });
        rest = &tail[end + 1..];
    }
    out
}

/// Elements that need no end tag.
const OPEN_ENDED: &[&str] = &["meta", "input", "li", "dt", "dd", "tr", "td", "th", "option", "path", "rect", "circle"];

/// What must hold of any page, whatever its report says.
fn well_formed(page: &str) {
    let bare = bare(page);
    let mut open: Vec<String> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut targets = Vec::new();
    for tag in tags(&bare.replace("(policy)", "")) {
        for (name, value) in &tag.attributes {
            assert!(
                !name.starts_with("on") && !["style", "src", "srcdoc", "action"].contains(&name.as_str()),
                "{name}"
            );
            match name.as_str() {
                "id" => assert!(ids.insert(value.clone()), "{value} stands twice"),
                "href" if value.starts_with('#') => targets.push(value[1..].to_owned()),
                "href" => assert!(value.starts_with("https://owasp.org/www-project-"), "{value}"),
                _ => {}
            }
        }
        if tag.closes {
            while open.last().is_some_and(|last| OPEN_ENDED.contains(&last.as_str()) && *last != tag.name) {
                open.pop();
            }
            assert_eq!(open.pop().as_deref(), Some(tag.name.as_str()), "closes what is not open");
        } else {
            open.push(tag.name);
        }
    }
    open.retain(|tag| !OPEN_ENDED.contains(&tag.as_str()));
    assert!(open.is_empty(), "not closed: {open:?}");
    for target in targets {
        assert!(ids.contains(&target), "a link leads to {target}, which is not there");
    }
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
}

#[test]
fn the_page_equals_the_reviewed_one() {
    compare("tests/fixtures/report/golden.html", &bare(&page(&golden::report())));
}

#[test]
fn pages_are_well_formed_and_the_check_of_that_can_fail() {
    for report in [golden::report(), golden::empty(), golden::clean()] {
        well_formed(&page(&report));
    }
    let page = page(&golden::report());
    let damages: [(&str, &str); 5] = [
        ("</main>", ""),
        ("<h1>", "<h1 onclick=\"x\">"),
        ("<p class=\"brand\">", "<p class=\"brand\"><a href=\"javascript:x\"></a>"),
        ("</h1>", "<b></h1>"),
        ("<h1>", "<a href=\"#nowhere\"></a><h1>"),
    ];
    for (from, to) in damages {
        assert!(page.contains(from), "{from}");
        let damaged = page.replacen(from, to, 1);
        assert!(std::panic::catch_unwind(|| well_formed(&damaged)).is_err(), "{to} goes unnoticed");
    }
}

#[test]
fn the_policy_allows_this_style_and_this_script_and_nothing_else() {
    let page = page(&golden::report());
    let between = |from: &str, to: &str| page.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let policy = between("Content-Security-Policy\" content=\"", "\">").replace("&#39;", "'");
    let hash = |text: String| format!("'sha256-{}'", data_encoding::BASE64.encode(&Sha256::digest(text.as_bytes())));
    let script = hash(between("<script>", "</script>"));
    let style = hash(between("<style>", "</style>"));
    let wanted = [
        "default-src 'none'".to_owned(),
        format!("script-src {script}"),
        format!("style-src {style}"),
        "base-uri 'none'".to_owned(),
        "form-action 'none'".to_owned(),
        "require-trusted-types-for 'script'".to_owned(),
        "trusted-types 'none'".to_owned(),
    ];
    assert_eq!(policy.split("; ").collect::<Vec<_>>(), wanted);
}

#[test]
fn style_and_script_ask_for_nothing() {
    let page = page(&golden::report());
    let between = |from: &str, to: &str| page.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let ours = between("<style>", "</style>") + &between("<script>", "</script>");
    assert!(ours.contains("@media print") && ours.contains("addEventListener"), "both are there");
    for asking in ["@import", "url(", "fetch(", "XMLHttpRequest", "innerHTML", "eval(", "localStorage", "://"] {
        assert!(!ours.contains(asking), "{asking}");
    }
    assert_eq!(page.matches("href=\"https://").count(), 10, "the ten pages of OWASP");
}

#[test]
fn every_identity_and_every_finding_stands_in_the_page_once() {
    let report = golden::report();
    let page = page(&report);
    for number in 0..report.inventory.identities.len() {
        assert_eq!(page.matches(&format!(" id=\"i{number}\"")).count(), 1, "identity {number}");
    }
    for (number, finding) in report.findings.iter().enumerate() {
        assert_eq!(page.matches(&format!(" id=\"f{number}\"")).count(), 1, "{}", finding.title);
    }
    assert!(!page.contains(&format!(" id=\"i{}\"", report.inventory.identities.len())));
    let rows = page.split_once("class=\"inventory\"").unwrap().1.split_once("</table>").unwrap().0;
    assert_eq!(rows.matches("<th scope=\"row\">").count(), report.inventory.identities.len());
    assert_eq!(page.matches(">Accepted by a comment (keyroll:ignore[").count(), 1);
}

#[test]
fn hostile_names_are_text() {
    let page = bare(&page(&golden::report()));
    assert!(page.contains("evil\\x1b[31m\\u{9b}2J\\u{202e}gpj\\u{200b}.exe&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("<script>alert") && !page.contains(HOSTILE));
    for text in [
        "</title></style></script><script>x</script>",
        "\" onmouseover=\"x",
        "' autofocus onfocus='x",
        "javascript:alert(1)",
        "<!--",
        "]]><svg onload=x>",
        "&#60;script&#62;",
        "\u{202e}\u{0}\u{7f}\r\n",
    ] {
        let mut report = golden::report();
        overwrite(&mut report, text);
        report.inventory.rules.iter_mut().for_each(|rule| rule.references = vec![text.to_owned()]);
        report.inventory.credentials.iter_mut().for_each(|credential| credential.kind = text.to_owned());
        report.inventory.identities.iter_mut().for_each(|i| _ = i.attributes.insert(text.to_owned(), text.to_owned()));
        well_formed(&super::render("html", &report, &Style { verbose: true, ..Style::default() }));
    }
}

#[test]
fn what_is_incomplete_is_said_before_anything_else() {
    let page = page(&golden::report());
    let main = page.split_once("<main").unwrap().1;
    let said = main.find("role=\"alert\"").unwrap();
    assert!(said < main.find("<h1>").unwrap());
    assert!(main[said..].contains("<strong>Incomplete</strong>"));
    assert!(!self::page(&golden::clean()).contains("role=\"alert\""));
}

#[test]
fn an_empty_page_says_whether_that_is_good_news() {
    let clean = page(&golden::clean());
    assert!(clean.contains("<h1>Nothing found in ") && clean.contains("No identity was recognised"));
    let empty = page(&golden::empty());
    assert!(empty.contains("<h1>Nothing was scanned.</h1>") && empty.contains("This is not a clean result"));
    assert!(!empty.contains("class=\"figures\""), "numbers of nothing");
}

#[test]
fn a_risk_that_was_not_assessed_has_no_number() {
    let report = golden::report();
    let page = page(&report);
    let table = page.split_once("<table class=\"risks\">").unwrap().1.split_once("</table>").unwrap().0;
    let missing = report.risks.iter().filter(|risk| risk.status == RiskStatus::NotAssessed).count();
    assert_eq!(table.matches("<b>not assessed</b>").count(), missing);
    assert_eq!(table.matches("class=\"hatch\"").count(), missing);
    assert!(table.contains("needs a list of members: --members FILE"));
    assert!(table.contains("7 of 7"), "with both numbers");
}

#[test]
fn what_repeats_is_cut_and_counted_unless_all_is_asked_for() {
    let mut report = golden::report();
    let finding = report.findings.first_mut().unwrap();
    let place = |line| golden::at("many.env", 1, 1, 9).with(|place| place.line = line);
    finding.locations = (1..=40).map(place).collect();
    let places = |page: &str| (1..=40).filter(|line| page.contains(&format!(">many.env:{line}:1<"))).count();
    let some = page(&report);
    assert_eq!(places(&some), 12);
    assert!(some.contains("and 28 more"));
    let all = render("html", &report, &Style { verbose: true, ..Style::default() });
    assert_eq!(places(&all), 40);
    assert!(!all.contains("class=\"more\""));
}

#[test]
fn a_credential_in_several_parts_is_drawn_with_them_and_dated() {
    let mut report = golden::report();
    let first = report.inventory.exposures.first().unwrap().clone();
    for (path, time) in [("services/shop/a.env", Some("2024-03-01T09:30:00Z")), ("tools/b.env", None)] {
        let mut exposure = first.clone();
        exposure.location = golden::at(path, 3, 1, 9);
        exposure.location.time = time.map(|t| t.parse().unwrap());
        report.inventory.exposures.push(exposure);
    }
    let page = page(&report);
    let reuse = page.split_once("<figure class=\"reuse\"").unwrap().1.split_once("</svg>").unwrap().0;
    for part in ["services/shop", "tools", "config", "aws-access-key wJal… (40 chars)"] {
        assert!(reuse.contains(&format!(">{part}</text>")), "{part}");
    }
    assert_eq!(reuse.matches("<path").count(), 3, "a line to each");
    let time = page.split_once("<figure class=\"time\"").unwrap().1.split_once("</figure>").unwrap().0;
    assert!(time.contains("since 2024-03-01") && time.contains("class=\"now\""), "{time}");
    well_formed(&page);
}

/// The golden report as one of two repositories: whatever lies below `config/` and `services/` is of one of them each.
fn of_two_repositories() -> Report {
    let mut report = golden::report();
    let root = |label: &str, remote: &str| Root {
        path: format!("/src/{label}"),
        kind: "repository".into(),
        top: Some(label.into()),
        label: Some(label.into()),
        remote: Some(remote.into()),
        ..Root::default()
    };
    report.coverage.roots = vec![root("config", "acme/<shop>"), root("services", "acme/till")];
    report
}

#[test]
fn of_several_repositories_it_says_which_one_everything_stands_in() {
    let page = page(&of_two_repositories());
    well_formed(&page);
    let options = page.split_once("name=\"repository\"").unwrap().1.split_once("</select>").unwrap().0;
    assert!(options.contains("<option value=\"0\">acme/&lt;shop&gt;<option value=\"1\">acme/till"), "{options}");
    assert!(page.matches("<details class=\"finding\" data-r=\"0\">").count() > 0);
    assert!(page.matches("<details class=\"finding\" data-r=\"1\">").count() > 0);
    assert!(page.contains("<tr data-r="), "identities have theirs");
    assert!(page.contains("<small>acme/&lt;shop&gt;</small>"), "and name them");
    let table = render("markdown", &of_two_repositories(), &Style::default());
    assert!(table.contains("| Severity | What | Repository | Where | Value |\n|---|---|---|---|---|\n"), "{table}");
    assert!(table.contains("| acme/&lt;shop&gt; | config/") && table.contains("| acme/till | services/"), "{table}");
    assert!(render("markdown", &golden::report(), &Style::default()).contains("| Severity | What | Where | Value |"));
    let one = self::page(&golden::report());
    assert!(!one.contains("data-r") && !one.contains("name=\"repository\""), "of one there is nothing to tell apart");
}

#[test]
fn many_identities_are_all_told_until_the_page_is_full() {
    let mut report = golden::empty();
    let model = golden::report().inventory;
    let identity = model.identities.first().unwrap();
    let (grant, trust) = (model.grants.first().unwrap(), model.trusts.first().unwrap());
    for n in 0..450usize {
        let key = golden::key("aws", "user", &format!("acme/user-{n:03}"));
        report.inventory.grants.push(Grant {
            identity: key.clone(),
            action: format!("s3:Get{n:03}").into(),
            ..grant.clone()
        });
        report.inventory.trusts.push(Trust { identity: key.clone(), ..trust.clone() });
        report.inventory.identities.push(Identity { id: key, name: format!("user-{n:03}"), ..identity.clone() });
    }
    let page = page(&report);
    well_formed(&page);
    let cards = page.split_once("<section id=\"cards\"").unwrap().1;
    for n in 0..450 {
        assert!(cards.contains(&format!("<code>s3:Get{n:03}</code>")), "the right of {n} is told");
    }
    assert_eq!(cards.matches("<figure class=\"chain\"").count(), 200, "the worst are drawn");
    assert!(!cards.contains("the rest is counted"));
    assert_eq!(
        page.matches("<tbody>").count() - self::page(&golden::empty()).matches("<tbody>").count(),
        5,
        "in blocks"
    );
}

#[test]
fn of_very_many_findings_the_most_important_are_told_and_all_are_counted() {
    let mut report = golden::empty();
    report.coverage.files = 1;
    let model = golden::report();
    let (credential, exposure) = (&model.inventory.credentials[0], &model.inventory.exposures[0]);
    let finding = |id: &str, risk, at: &str| Finding {
        id: id.into(),
        risk,
        title: format!("{id} here"),
        severity: Severity::High,
        score: 78,
        terms: Vec::new(),
        identity: None,
        credential: None,
        locations: vec![golden::at(at, 1, 1, 9)],
        suppressed: None,
        ..model.findings[0].clone()
    };
    let mut about = finding("of-identity", Risk::Nhi1, "f/here.yml");
    about.identity = Some(golden::key("aws", "user", "acme/bot"));
    report.inventory.identities.push(Identity {
        id: golden::key("aws", "user", "acme/bot"),
        sample: false,
        ..model.inventory.identities[0].clone()
    });
    for n in 0..10_300 {
        let mut one = finding("leak", Risk::Nhi2, &format!("f/{n:05}.env"));
        one.credential = Some(format!("secret:{n:05}"));
        let (id, location) = (format!("secret:{n:05}"), one.locations[0].clone());
        report.inventory.credentials.push(Credential {
            id: id.clone(),
            identity: None,
            public: false,
            encrypted: false,
            ..credential.clone()
        });
        report.inventory.exposures.push(Exposure {
            credential: id,
            location,
            suppressed: None,
            base_severity: Severity::High,
            ..exposure.clone()
        });
        report.findings.push(one);
    }
    // One that stands in several files is told under reuse, though its finding is not told.
    let mut twice = report.inventory.exposures.last().unwrap().clone();
    twice.location = golden::at("tools/far.env", 1, 1, 9);
    report.inventory.exposures.push(twice);
    report.findings.push(about);
    let some = page(&report);
    let findings = |page: &str| {
        page.split_once("<section id=\"findings\"").unwrap().1.split_once("</section>").unwrap().0.to_owned()
    };
    let told = |page: &str| findings(page).matches("<code>f/").count() - 1;
    assert_eq!(told(&some), 10_000);
    assert!(some.contains("The 10,001 most important of 10,301 findings are told here"));
    assert!(
        some.contains(">10,300 findings · <") && some.contains("and 300 more:"),
        "all are counted, and what is missing"
    );
    assert!(some.contains("10,300 credentials are exposed outside tests, and there is 1 other finding."));
    assert!(some.contains("<span class=\"big\">10,301</span>"), "exposures");
    assert!(some.contains("of-identity"), "what is about an identity is told");
    let reuse = some.split_once("<section id=\"reuse\"").unwrap().1.split_once("</section>").unwrap().0;
    assert!(reuse.contains(">tools</text>"), "{reuse}");
    let all = render("html", &report, &Style { verbose: true, ..Style::default() });
    assert_eq!(told(&all), 10_300);
    assert!(!all.contains("are told here"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 32, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_leaves_the_page_well_formed(text in "\\PC{0,60}|(?s).{0,60}|[<>\"'&=/ a-z]{0,40}") {
        let mut report = golden::report();
        overwrite(&mut report, &text);
        well_formed(&page(&report));
    }
}
