//! What stands near a leaked value and tells whose it is: the client id beside the secret of an Entra application.

use crate::model::Span;

/// Rules whose values belong to an application of Entra.
const RULES: [&str; 2] = ["azure-entra-client-secret", "azure-client-secret-named"];

/// How far around a value is looked, in bytes: about the fifteen lines of a settings file.
const WINDOW: usize = 800;
/// How many GUIDs of a window are looked at.
const MAX: usize = 64;
/// How far before a GUID its name may begin.
const NAME: usize = 48;

/// The client id that stands near a value; `None` when none does, or several do. Never secret: it names the application.
pub fn client_id(rule: &str, text: &[u8], value: Span) -> Option<String> {
    if !RULES.contains(&rule) {
        return None;
    }
    let start = value.start.saturating_sub(WINDOW);
    let window = text.get(start..value.end.saturating_add(WINDOW).min(text.len()))?;
    let mut found: Option<String> = None;
    let mut at = 0;
    let mut left = MAX;
    while let Some(guid) = window.get(at..at + 36) {
        if !is_guid(guid) || !bounded(window, at) {
            at += 1;
            continue;
        }
        left = left.checked_sub(1)?;
        let name = window.get(at.saturating_sub(NAME)..at).unwrap_or_default();
        let guid = String::from_utf8_lossy(guid).to_ascii_lowercase();
        if names_client(name) {
            // Two applications near one value tell nothing.
            if found.as_ref().is_some_and(|known| *known != guid) {
                return None;
            }
            found = Some(guid);
        }
        at += 36;
    }
    found
}

/// Rules whose values are sent to whatever address stands beside them.
const HEADERS: [&str; 2] = ["authorization-basic-header", "basic-credentials"];

/// How far around a header its address is looked for, in bytes: about three lines of a command.
const BESIDE: usize = 240;

/// Names that are nobody's (RFC 2606, RFC 6761).
const RESERVED: [&str; 6] = ["example.com", "example.org", "example.net", ".example", ".test", ".invalid"];

/// The host that a login in a header goes to: that of the only address near it. Never secret.
pub fn host(rule: &str, text: &[u8], value: Span) -> Option<String> {
    if !HEADERS.contains(&rule) {
        return None;
    }
    let start = value.start.saturating_sub(BESIDE);
    let window = text.get(start..value.end.saturating_add(BESIDE).min(text.len()))?;
    let mut found: Option<String> = None;
    for at in memchr::memmem::find_iter(window, b"://") {
        let rest = window.get(at + 3..)?;
        let end = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':')));
        // At the window's end a name may be cut; with a user before the host the address has a login of its own.
        let end = end.filter(|end| rest.get(*end).is_some_and(|b| !matches!(b, b'@' | b'$' | b'{' | b'%' | b'<')))?;
        let http = window.get(..at).is_some_and(|before| before.ends_with(b"http") || before.ends_with(b"https"));
        let host = rest.get(..end).filter(|host| http && host.contains(&b'.'))?;
        let host = String::from_utf8_lossy(host).trim_end_matches(['.', ':', '-']).to_ascii_lowercase();
        if found.as_ref().is_some_and(|known| *known != host) {
            return None;
        }
        found = Some(host);
    }
    // An address that stands near by chance must not make a login a sample.
    found.filter(|host| {
        let name = host.split(':').next().unwrap_or_default();
        !RESERVED.iter().any(|end| name.ends_with(end)) && !name.starts_with("127.")
    })
}

fn is_guid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    })
}

fn bounded(text: &[u8], at: usize) -> bool {
    let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-');
    !word(at.checked_sub(1).and_then(|before| text.get(before))) && !word(text.get(at + 36))
}

/// Whether the text before a value, on its line, is the name of an application's id. That of a tenant or subscription is not.
fn names_client(before: &[u8]) -> bool {
    let line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let name: String =
        line.iter().filter(|b| b.is_ascii_alphanumeric()).map(|b| b.to_ascii_lowercase() as char).collect();
    // The last name counts: `--tenant X --username Y`.
    let last = |words: &[&str]| words.iter().filter_map(|word| name.rfind(word)).max();
    let client = last(&["clientid", "applicationid", "appid", "serviceprincipalid", "username", "spid"]);
    client > last(&["tenant", "subscription", "directory", "objectid", "resource"])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0b6f0f1c-3f7a-4c58-9d39-6a1f2b3c4d5e";
    const TENANT: &str = "7c1d2e3f-3f7a-4c58-9d39-6a1f2b3c4d5e";

    #[test]
    fn a_header_goes_to_the_only_address_beside_it() {
        let of = |text: &str| {
            let at = text.find("VALUE").unwrap_or_default();
            host("authorization-basic-header", text.as_bytes(), Span::new(at, at + 5))
        };
        let header = "curl -H 'Authorization: Basic VALUE' ";
        assert_eq!(of(&format!("{header}\\\n  https://jira.acme.io/rest\n")).as_deref(), Some("jira.acme.io"));
        assert_eq!(
            of(&format!("{header}https://JIRA.acme.io:8443/ https://jira.acme.io:8443/b\n")).as_deref(),
            Some("jira.acme.io:8443")
        );
        for odd in [
            "https://a.io/ https://b.io/\n",
            "https://${HOST}/\n",
            "https://u:p@a.io/\n",
            "ftp://a.io/\n",
            "https://api.example.org/\n",
            "https://a.io",
            "",
        ] {
            assert_eq!(of(&format!("{header}{odd}")), None, "{odd}");
        }
    }

    fn near(text: &str) -> Option<String> {
        let at = text.find("VALUE").unwrap_or_default();
        client_id("azure-entra-client-secret", text.as_bytes(), Span::new(at, at + 5))
    }

    #[test]
    fn the_client_id_beside_a_secret_is_found_and_the_tenant_is_not() {
        for text in [
            format!("AZURE_TENANT_ID={TENANT}\nAZURE_CLIENT_ID={ID}\nAZURE_CLIENT_SECRET=VALUE\n"),
            format!("{{\"clientSecret\": \"VALUE\", \"clientId\": \"{}\"}}", ID.to_uppercase()),
            format!("az login --service-principal --tenant {TENANT} --username {ID} --password VALUE"),
        ] {
            assert_eq!(near(&text).as_deref(), Some(ID), "{text}");
        }
    }

    #[test]
    fn two_applications_or_none_tell_nothing() {
        for text in [
            format!("client_id={ID}\nclient_id={TENANT}\nsecret=VALUE"),
            format!("tenant={ID}\nsecret=VALUE"),
            format!("client_id=x{ID}\nsecret=VALUE"),
            format!("client_id={ID}{}VALUE", " ".repeat(2 * WINDOW)),
            "VALUE".to_owned(),
        ] {
            assert_eq!(near(&text), None, "{text}");
        }
        assert_eq!(client_id("aws-secret-key", format!("client_id={ID} VALUE").as_bytes(), Span::new(48, 53)), None);
    }
}
