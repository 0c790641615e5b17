//! Authentication as code does it: tokens that anybody can forge, keys in addresses.

use super::super::estate::CODE;
use super::super::score::dead;
use super::super::view::{View, hosts_machine, is_local_host, subject_of};
use super::super::{Check, Context, say, settings};
use crate::model::{Confidence, Credential, Exposure, Finding, Risk, Setting, Severity, setting};

/// Tokens without a signature that holds.
pub(in super::super) const JWT_WEAK: Check = Check {
    id: "NHI4-jwt-weak",
    risk: Risk::Nhi4,
    title: "Code that lets JSON Web Tokens be forged",
    why: "A token is its bearer's identity. Where the signature is missing, is not checked, or is made with a key that stands in the \
          code, anybody writes a token for any identity, with any rights, and no log tells it from a real one.",
    remediation: "Check every token with the issuer's public key and a list of the algorithms that are accepted (RS256, ES256, EdDSA), \
                  never `none`. Where one service signs for itself, take a key of at least 32 random bytes from a secret store, and \
                  end the program when it is not set. Replace the key that stood in the code: all tokens signed with it are void.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://datatracker.ietf.org/doc/html/rfc8725",
        "https://datatracker.ietf.org/doc/html/rfc7518#section-3.2",
        super::OWASP,
    ],
    needs: &[CODE],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::JWT_WEAK),
    run: |view, _| settings::of(&JWT_WEAK, view, setting::JWT_WEAK, jwt_weak),
};

fn jwt_weak(told: &Setting, finding: &mut Finding) -> bool {
    let file = &told.location.path;
    let is = |name: &str, value: &str| told.attributes.get(name).is_some_and(|v| v == value);
    match told.subject.as_str() {
        "unsigned" => {
            finding.title = format!("{file} works with tokens that nobody signed");
            say(&mut finding.evidence, format!("{} makes or takes tokens without a signature", told.value));
        }
        "unchecked" => {
            finding.title = format!("{file} reads tokens without checking their signature");
            say(&mut finding.evidence, told.value.clone());
            finding.confidence = Confidence::Medium;
            // To read is not yet to believe, where the same file does check.
            if is("checked", "true") {
                finding.base_severity = Severity::Medium;
                say(&mut finding.evidence, "the same file checks signatures elsewhere".to_owned());
            }
        }
        "literal-key" => {
            let default = is("default", "true");
            finding.title = match default {
                true => format!("{file} falls back to a key of its own for tokens"),
                false => format!("{file} signs or checks tokens with a key that stands in the code"),
            };
            let what = match told.attributes.get("strength").map(String::as_str) {
                Some("short") => "shorter than the 32 bytes that HS256 asks for",
                Some("words") => "made of words or a placeholder, which a guess finds",
                // Who may not read the code cannot guess it.
                _ => {
                    finding.base_severity = Severity::Medium;
                    "long enough, but known to everybody who may read the code"
                }
            };
            if default {
                finding.base_severity = Severity::Medium;
                say(&mut finding.evidence, "it counts where no other key is set".to_owned());
            }
            say(&mut finding.evidence, format!("the key of {} is {what}", told.value));
        }
        _ => return false,
    }
    true
}

/// A credential in an address.
pub(in super::super) const KEY_IN_QUERY: Check = Check {
    id: "NHI4-key-in-query",
    risk: Risk::Nhi4,
    title: "Credential in the query of an address",
    why: "Addresses are written down where headers are not: in the logs of servers, proxies and load balancers, in the history of \
          browsers, in the Referer of what comes next, in error reports. Whoever reads one of them has the credential.",
    remediation: "Send it in a header: `Authorization: Bearer`, or the one that the provider documents (`X-Api-Key`, \
                  `x-goog-api-key`). Where a provider takes keys in the query alone, give the key the least rights and keep queries \
                  out of logs. Rotate it: logs have it already.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[
        "https://datatracker.ietf.org/doc/html/rfc6750#section-5.3",
        "https://owasp.org/www-community/vulnerabilities/Information_exposure_through_query_strings_in_url",
        super::OWASP,
    ],
    needs: &[CODE],
    implies: &[],
    subjects: |view| {
        let told = settings::by_place(view, setting::KEY_IN_QUERY);
        let is_told = |e: &Exposure| told.contains_key(&settings::place(&e.location));
        let all = view.credentials().filter(|c| !told.is_empty() && places(c, view).any(is_told));
        all.map(subject_of).collect()
    },
    run: key_in_query,
};

/// Places of a credential that count: in the checkout, outside tests, told with some confidence.
fn places<'v, 'a>(credential: &'v Credential, view: &'v View<'a>) -> impl Iterator<Item = &'a Exposure> + use<'v, 'a> {
    view.open_exposures(credential).filter(|e| e.location.in_head && !e.test_path && e.confidence >= Confidence::Medium)
}

/// Hosts of chats whose incoming webhooks are an address with a token, and nothing else
/// (<https://open.dingtalk.com/document/robots/custom-robot-access>, <https://developer.work.weixin.qq.com/document/path/91770>).
const WEBHOOKS: [&str; 2] = ["oapi.dingtalk.com", "qyapi.weixin.qq.com"];

fn key_in_query(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let told = settings::by_place(view, setting::KEY_IN_QUERY);
    if told.is_empty() {
        return Vec::new();
    }
    let all = view.credentials().filter(|c| dead(c, context.as_of).is_none());
    all.filter_map(|credential| in_query(credential, &told, view)).collect()
}

fn in_query(credential: &Credential, told: &settings::Places<'_>, view: &View<'_>) -> Option<Finding> {
    let meant = |e: &Exposure| ["webhook", "-sas-", "presigned", "signed-url"].iter().any(|word| e.rule.contains(word));
    let outside = |host: &str| !hosts_machine(host) && !WEBHOOKS.contains(&host);
    let mut found: Vec<(&Exposure, &Setting)> = places(credential, view)
        .filter(|e| !meant(e))
        .filter_map(|e| Some((e, *told.get(&settings::place(&e.location))?)))
        .filter(|(_, query)| query.value.is_empty() || outside(&query.value))
        .collect();
    found.sort_by_key(|(e, _)| &e.location);
    let (first, query) = *found.first()?;
    let mut finding = KEY_IN_QUERY.on(credential);
    let name = view.rule(&first.rule).map_or(first.rule.as_str(), |rule| rule.name.as_str());
    finding.title = match query.value.as_str() {
        "" => format!("{name} in the query of an address"),
        host => format!("{name} in the query of an address of {host}"),
    };
    finding.confidence = found.iter().map(|(e, _)| e.confidence).max().unwrap_or(Confidence::Medium);
    let inside = |query: &Setting| !query.value.is_empty() && is_local_host(&query.value);
    // What only its name tells for a secret may be a tracking id as well.
    let sure = |e: &Exposure| e.base_severity >= Severity::High && e.confidence >= Confidence::High;
    let grave = found.iter().any(|(e, query)| sure(e) && !inside(query));
    finding.base_severity = if grave { Severity::Medium } else { Severity::Low };
    finding.locations = found.iter().map(|(e, _)| e.location.clone()).collect();
    finding.locations.dedup();
    for (_, query) in &found {
        let at = if query.value.is_empty() { String::new() } else { format!(" of {}", query.value) };
        say(&mut finding.evidence, format!("it is the parameter {}{at}", query.subject));
    }
    Some(finding)
}
