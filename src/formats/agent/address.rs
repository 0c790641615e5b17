//! Addresses in configurations: the host and path of a server, and the login inside a connection string.

/// The login of a connection string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    /// `postgresql`, `mongodb+srv`, `https`…
    pub(super) scheme: String,
    /// The user; empty when none is written.
    pub(super) user: String,
    /// The password as written. Goes nowhere but to what judges it.
    pub(super) password: String,
    /// The host without its port, lower case.
    pub(super) host: String,
}

/// Splits `scheme://user:password@host:port/…`; `None` for a text that holds no password.
pub(super) fn login(text: &str) -> Option<Login> {
    let (scheme, rest) = text.trim().split_once("://")?;
    let scheme = scheme.rsplit(|c: char| c.is_whitespace() || c == '=').next()?.to_ascii_lowercase();
    let known = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    // A password may hold an at sign and, in what is no address of the web, a slash.
    let whole = rest.split(['?', '#', ' ']).next()?;
    let short = whole.split('/').next()?;
    let web = scheme.starts_with("http") || scheme.starts_with("ws");
    let (userinfo, tail) = if web || short.contains('@') {
        let (userinfo, _) = short.rsplit_once('@')?;
        (userinfo, whole.get(userinfo.len() + 1..)?)
    } else {
        whole.rsplit_once('@')?
    };
    let (user, password) = userinfo.split_once(':')?;
    if !known || scheme.is_empty() || password.is_empty() || userinfo.contains("://") {
        return None;
    }
    Some(Login { scheme, user: user.to_owned(), password: password.to_owned(), host: host_of(tail) })
}

fn host_of(tail: &str) -> String {
    let host = tail.split(['/', ',', '?']).next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host.to_ascii_lowercase()
}

/// A server's address in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address<'t> {
    /// True for `http`, false for `https`.
    pub(super) plain: bool,
    /// The host without its port, lower case.
    pub(super) host: String,
    /// The path, without query.
    pub(super) path: &'t str,
    /// The query, `name=value` by `name=value`.
    pub(super) query: Vec<(&'t str, &'t str)>,
}

/// Splits an address of the web.
pub(super) fn web(text: &str) -> Option<Address<'_>> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://")?;
    let plain = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => true,
        "https" | "wss" => false,
        _ => return None,
    };
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = before.find('/').and_then(|at| before.split_at_checked(at)).unwrap_or((before, ""));
    let host = host_of(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
    let query = query.split('#').next().unwrap_or_default();
    let query = query.split('&').filter_map(|pair| pair.split_once('=')).take(50).collect();
    (!host.is_empty() && !host.contains(['{', '$', '<', ' '])).then_some(Address { plain, host, path, query })
}

/// Whether a host is the machine itself, a container beside it, or a name that only a network knows. Docker's bridge,
/// `172.17.0.0/16`, is the machine too.
pub(super) fn is_near(host: &str) -> bool {
    let bridge = |ip: std::net::Ipv4Addr| matches!(ip.octets(), [172, 17, _, _]);
    let v4 = host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified() || bridge(ip));
    let v6 = host.parse::<std::net::Ipv6Addr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified());
    let ends = [".localhost", ".local", ".internal", ".test", ".example", ".invalid", ".svc"];
    v4 || v6
        || host == "::1"
        || !host.contains(['.', ':'])
        || ends.iter().any(|end| host.ends_with(end))
        || ["example.com", "example.org", "example.net"].iter().any(|d| host == *d || host.ends_with(&format!(".{d}")))
}

/// Whether a host lies in a private network, which a machine reaches without leaving the building.
pub(super) fn is_private(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_private() || ip.is_link_local())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_connection_string_gives_its_login_and_host() {
        let found =
            login("postgresql://postgres.abc:p@ssw@aws-0.pooler.supabase.com:6543/postgres?sslmode=require").unwrap();
        assert_eq!((found.user.as_str(), found.password.as_str()), ("postgres.abc", "p@ssw"));
        assert_eq!(found.host, "aws-0.pooler.supabase.com");
        assert_eq!(login("mysql://u:p/w@db:3306/a").unwrap().password, "p/w");
        assert_eq!(login("https://x.y:443/@scope/pkg"), None);
        assert_eq!(login("--dsn=mysql://root:x@db:3306/a").unwrap().scheme, "mysql");
        for text in ["postgresql://localhost/db", "postgresql://user@host/db", "https://x.y/z?a=b", "a:b@c", ""] {
            assert_eq!(login(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_gives_host_path_and_query() {
        let found = web("http://u:p@Mcp.Acme.com:80/sse?api_key=x&y=1#z").unwrap();
        assert!(found.plain && found.host == "mcp.acme.com" && found.path == "/sse");
        assert_eq!(found.query, [("api_key", "x"), ("y", "1")]);
        assert!(web("https://${HOST}/mcp").is_none() && web("npx").is_none() && web("stdio://x").is_none());
        for near in
            ["localhost", "127.0.0.1", "172.17.0.1", "0.0.0.0", "::1", "mcp", "host.docker.internal", "api.example.com"]
        {
            assert!(is_near(near), "{near}");
        }
        assert!(!is_near("mcp.acme.com") && !is_near("10.0.0.1") && is_private("10.0.0.1"));
    }
}
