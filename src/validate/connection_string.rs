//! Connection strings with a password.
//!
//! URLs as of RFC 3986 <https://www.rfc-editor.org/rfc/rfc3986#section-3.2>, libpq
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>, MongoDB
//! <https://www.mongodb.com/docs/manual/reference/connection-string/>, JDBC for SQL Server
//! <https://learn.microsoft.com/en-us/sql/connect/jdbc/building-the-connection-url> and Oracle
//! <https://docs.oracle.com/en/database/oracle/oracle-database/23/jjdbc/data-sources-and-URLs.html>, ADO.NET
//! <https://learn.microsoft.com/en-us/dotnet/framework/data/adonet/connection-string-syntax>, Azure Storage
//! <https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string>, Go's MySQL driver
//! <https://github.com/go-sql-driver/mysql#dsn-data-source-name>.

use super::{Subject, Validator, basic_auth, stock, util};
use crate::model::{Confidence, IdentityHint, IdentityKey, IdentityKind, Proof, Severity, Validity};

pub(super) const VALIDATOR: Validator = Validator {
    id: "connection-string",
    about: "reads scheme, host, user and database of a connection string and tells local and sample ones",
    check: |subject| util::scrub(subject, prove(subject)),
};

/// What a connection string says. It holds the password, so it cannot be printed.
#[derive(Default)]
pub(super) struct Target {
    pub(super) scheme: String,
    pub(super) host: String,
    pub(super) port: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: Option<String>,
    /// True when the text is an Azure Storage or Service Bus string, whose user is a key's name.
    pub(super) azure: bool,
}

fn prove(subject: &Subject<'_>) -> Proof {
    let text = util::whole_text(subject);
    let mut target = parse(&text).unwrap_or_default();
    complete(&mut target, subject);
    if target.host.is_empty() && target.user.is_none() {
        return util::malformed(Confidence::Medium, "No host and no user can be read from it.");
    }
    let mut proof = Proof::default();
    judge(&mut proof, &target);
    if target.azure {
        azure_identity(&mut proof, &target);
    } else if matches!(target.scheme.as_str(), "http" | "https") {
        basic_auth::identity(&mut proof, &target);
    } else {
        database_identity(&mut proof, &target);
    }
    proof
}

/// Takes over the match's parts: the rule that captured them saw the grammar, which the text alone may not tell.
pub(super) fn complete(target: &mut Target, subject: &Subject<'_>) {
    let part = |name: &str| util::part(subject, name).map(str::to_owned);
    if let Some(host) = part("host") {
        let (name, port) = util::split_port(&host);
        target.host = name.to_ascii_lowercase();
        target.port = port.map(str::to_owned).or_else(|| target.port.take());
    }
    if let Some(scheme) = part("scheme") {
        target.scheme = scheme.to_ascii_lowercase();
    }
    target.port = part("port").or_else(|| target.port.take());
    target.user = part("user").map(|u| util::percent_decode(&u)).or_else(|| target.user.take());
    target.database = part("database").or_else(|| target.database.take());
    if target.password.is_none() {
        target.password = Some(util::secret_text(subject).into_owned());
    }
    // What a mistaken reading calls a port may be half a password.
    target.port = target.port.take().filter(|p| p.len() <= 5 && p.bytes().all(|b| b.is_ascii_digit()));
}

/// Sets attributes and weighs host and password: the same for every kind of connection.
pub(super) fn judge(proof: &mut Proof, target: &Target) {
    util::set(proof, "scheme", &target.scheme);
    util::set(proof, "host", &target.host);
    util::set(proof, "port", target.port.as_deref().unwrap_or_default());
    util::set(proof, "database", target.database.as_deref().unwrap_or_default());
    let user = target.user.as_deref().unwrap_or_default();
    let password = target.password.as_deref().unwrap_or_default();
    let kind = util::host_kind(&target.host);
    // A name that equals the password would give it away, unless the two are a default that everybody knows.
    let twins = !user.is_empty() && user == password;
    if !target.azure && util::may_be_token(user, password) {
        util::say(proof, "The user name is not shown, because it may be a token.");
    } else if !twins || DEFAULTS.contains(&user) {
        util::set(proof, "user", user);
    } else {
        util::say(proof, "The user name is not shown, because it equals the password.");
    }
    let browsed = target.scheme.contains("http") || target.scheme.contains("mongodb");
    if browsed && password.starts_with(['?', '#']) || password.ends_with(['?', '#']) && !target.azure {
        return util::mark_test(proof, "What stands where the password would ends the address before it.");
    }
    if password.trim().is_empty() {
        return util::mark_test(proof, "Its password is empty.");
    }
    if is_capitals(password) && (is_capitals(user) || password.contains('_')) {
        return util::mark_test(
            proof,
            "Where the password would stand is a name in capitals, which something fills in.",
        );
    }
    // The host of `user:password@a@b` may be read from either mark.
    let first = password.split_once('@').map_or(password, |(first, _)| first);
    let mark = password.chars().count() == 1 && !password.chars().all(char::is_alphanumeric);
    if stock::is_stock(password) || stock::is_stock(first) || mark {
        return util::mark_test(proof, "A stock word stands where the password would.");
    }
    match (util::stands_for(password), kind) {
        (Some(util::Stand::Reference), _) => {
            return util::mark_test(proof, "A reference stands where the password would.");
        }
        (Some(util::Stand::Placeholder), _) => {
            return util::mark_test(proof, "A placeholder stands where the password would.");
        }
        (None, util::HostKind::Documentation) => {
            return util::mark_test(proof, "Its host is reserved for documentation.");
        }
        _ => {}
    }
    if util::stands_for(&target.host) == Some(util::Stand::Reference) {
        util::say(proof, "Its host is filled in elsewhere.");
    }
    let near = match kind {
        util::HostKind::Loopback => "Its host is this machine.",
        util::HostKind::Internal => {
            "Its host is a name that only resolves inside a network, such as a compose service."
        }
        _ => return,
    };
    if twins && DEFAULTS.contains(&user) {
        return util::mark_test(proof, format!("{near} User and password are the product's defaults."));
    }
    proof.severity = Some(Severity::Medium);
    util::say(proof, near);
}

fn is_capitals(text: &str) -> bool {
    text.len() >= 3 && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

/// Names that products set up with a password equal to them.
const DEFAULTS: [&str; 12] =
    ["postgres", "root", "admin", "guest", "test", "user", "mysql", "mongo", "redis", "rabbitmq", "dev", "sa"];

fn database_identity(proof: &mut Proof, target: &Target) {
    let user = match (&target.user, target.scheme.as_str()) {
        (Some(user), _) => user.clone(),
        // Redis's `AUTH password` is for its user `default`, <https://redis.io/docs/latest/commands/auth/>.
        (None, "redis" | "rediss") => "default".to_owned(),
        (None, _) => return,
    };
    let shown = target.user.is_none() || proof.attributes.contains_key("user");
    let real = |text: &str| !text.is_empty() && util::stands_for(text).is_none();
    if !shown || !real(&user) || target.host.is_empty() || util::stands_for(&target.host).is_some() {
        return;
    }
    let name = format!("{}@{}", util::shown(&user), util::shown(&target.host));
    proof.identity = Some(IdentityHint {
        key: IdentityKey::new("database", "user", &name),
        kind: IdentityKind::DatabaseUser,
        provider: "database".to_owned(),
        name,
        account: None,
    });
}

fn azure_identity(proof: &mut Proof, target: &Target) {
    let Some(user) = target.user.as_deref() else { return };
    if user == "devstoreaccount1" {
        return util::mark_test(proof, "It is the well-known account of the storage emulator.");
    }
    let storage = target.scheme == "azure-storage";
    if storage && proof.validity != Validity::TestValue {
        let whole =
            target.password.as_deref().and_then(|p| util::base64(p.as_bytes())).is_some_and(|key| key.len() == 64);
        if whole {
            proof.validity = Validity::ProvenFormat;
            proof.confidence = Some(Confidence::Confirmed);
            util::say(proof, "The account key is the base64 of 64 bytes.");
        } else {
            proof.validity = Validity::Malformed;
            proof.confidence = Some(Confidence::Medium);
            util::say(proof, "The account key is not the base64 of 64 bytes.");
        }
    }
    let user = util::shown(user);
    let (kind, name) = if storage {
        util::set(proof, "account", &user);
        ("storage-account", user.to_ascii_lowercase())
    } else {
        ("sas-policy", format!("{}/{user}", util::shown(&target.host)))
    };
    proof.identity = Some(IdentityHint {
        key: IdentityKey::new("azure", kind, &name),
        kind: IdentityKind::Other,
        provider: "azure".to_owned(),
        name,
        account: None,
    });
}

/// Reads any of the forms above.
pub(super) fn parse(text: &str) -> Option<Target> {
    let text = text.trim().trim_matches(['"', '\'', '`']).trim();
    let (jdbc, text) = match text.get(..5) {
        Some(head) if head.eq_ignore_ascii_case("jdbc:") => (true, text.get(5..).unwrap_or_default()),
        _ => (false, text),
    };
    if jdbc && text.get(..7).is_some_and(|h| h.eq_ignore_ascii_case("oracle:")) {
        return oracle(text);
    }
    let url = text.find("://").filter(|at| {
        let scheme = text.get(..*at).unwrap_or_default();
        let tail = scheme.rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-' | ':'))).next();
        tail.is_some_and(|t| !t.is_empty() && !t.ends_with(':'))
    });
    // `Endpoint=sb://…;SharedAccessKey=…` is a list of keys with a URL in it.
    let listed = ["AccountKey=", "SharedAccessKey="].iter().any(|key| text.contains(key));
    match url {
        Some(at) if !listed => url_form(text, at),
        _ => go_form(text).or_else(|| keyed(text)),
    }
}

fn url_form(text: &str, at: usize) -> Option<Target> {
    let head = text.get(..at)?;
    let scheme = head.rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-' | ':'))).next()?;
    let rest = text.get(at + 3..)?;
    let rest = rest.split(['"', '\'', '`']).next()?;
    let rest = rest.split(char::is_whitespace).next()?;
    // A password may hold `/`, `#`, `?` and even `@`: the last `@` before the query ends it, and where there is none a
    // question mark inside what can only be a password begins no query.
    let before_query = rest.find('?').unwrap_or(rest.len());
    let head = rest.get(..before_query)?;
    let password_first = head.split_once(':').is_some_and(|(_, p)| !p.bytes().all(|b| b.is_ascii_digit() || b == b'/'));
    let ends = head.rfind('@').or_else(|| rest.rfind('@').filter(|_| password_first && !head.contains('/')));
    let (info, tail) = match ends {
        Some(i) => (rest.get(..i), rest.get(i + 1..)?),
        None => (None, rest),
    };
    let end = tail.find(['/', '?', '#', ';']).unwrap_or(tail.len());
    let (hosts, path) = tail.split_at_checked(end)?;
    let (host, port) = util::split_port(hosts.split(',').next()?);
    let mut target = Target {
        scheme: scheme.to_ascii_lowercase(),
        // A Unix socket's path is escaped: `%2Ftmp%2Fmongodb.sock`.
        host: util::percent_decode(host).to_ascii_lowercase(),
        port: port.map(str::to_owned),
        ..Target::default()
    };
    if let Some(info) = info {
        let (user, password) = info.split_once(':').map_or((info, None), |(u, p)| (u, Some(p)));
        target.user = Some(util::percent_decode(user)).filter(|u| !u.is_empty());
        target.password = password.map(util::percent_decode).filter(|p| !p.is_empty());
    }
    let database = path.strip_prefix('/').unwrap_or_default();
    target.database =
        Some(database.split(['?', '#', ';']).next().unwrap_or_default().to_owned()).filter(|d| !d.is_empty());
    let options: Vec<(String, String)> = if path.starts_with(';') { pairs(path, ';', true) } else { util::query(path) };
    fill(&mut target, &options);
    Some(target)
}

/// `oracle:thin:user/password@//host:port/service` and `…@host:port:sid`.
fn oracle(text: &str) -> Option<Target> {
    let rest = text.splitn(3, ':').nth(2)?;
    let (info, tail) = rest.rsplit_once('@')?;
    let tail = tail.trim_start_matches('/');
    let mut words = tail.split([':', '/', '?']);
    let mut target = Target { scheme: "oracle".to_owned(), ..Target::default() };
    target.host = words.next()?.to_ascii_lowercase();
    target.port = words.next().map(str::to_owned).filter(|p| !p.is_empty());
    target.database = words.next().map(str::to_owned).filter(|d| !d.is_empty());
    if let Some((user, password)) = info.split_once('/') {
        target.user = Some(user.to_owned()).filter(|u| !u.is_empty());
        target.password = Some(password.trim_matches('"').to_owned()).filter(|p| !p.is_empty());
    }
    Some(target)
}

/// `user:password@tcp(host:port)/database`.
fn go_form(text: &str) -> Option<Target> {
    let open = ["@tcp(", "@unix("].iter().find_map(|p| Some((text.find(p)?, p.len())))?;
    let info = text.get(..open.0)?;
    let info = info.rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')).next()?;
    let (address, rest) = text.get(open.0 + open.1..)?.split_once(')')?;
    let (user, password) = info.split_once(':')?;
    let (host, port) = util::split_port(address);
    let database = rest.strip_prefix('/').unwrap_or_default();
    let database = database.split(|c: char| c == '?' || c.is_whitespace() || c == '"').next().unwrap_or_default();
    Some(Target {
        scheme: "mysql".to_owned(),
        host: host.to_ascii_lowercase(),
        port: port.map(str::to_owned),
        user: Some(user.to_owned()).filter(|u| !u.is_empty()),
        password: Some(password.to_owned()).filter(|p| !p.is_empty()),
        database: Some(database.to_owned()).filter(|d| !d.is_empty()),
        azure: false,
    })
}

/// `Key=Value;Key=Value` and libpq's `key=value key=value`.
fn keyed(text: &str) -> Option<Target> {
    let separator = if text.contains(';') { ';' } else { ' ' };
    // Around the string may stand code whose own quotes hide all of it, so quotes count only where that finds something.
    [true, false].into_iter().find_map(|quotes| {
        let mut target = Target::default();
        fill(&mut target, &pairs(text, separator, quotes));
        (!target.host.is_empty() || target.user.is_some()).then_some(target)
    })
}

/// Splits `key=value` pairs at the separator; with `quotes`, not inside a value that begins with a quote.
fn pairs(text: &str, separator: char, quotes: bool) -> Vec<(String, String)> {
    let mut pieces = vec![String::new()];
    let mut quote = None;
    let mut after_equals = false;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if quotes && after_equals && matches!(c, '"' | '\'') => quote = Some(c),
            None if c == separator => {
                if pieces.len() == 64 {
                    break;
                }
                pieces.push(String::new());
            }
            _ => {}
        }
        after_equals = c == '=' || (after_equals && c.is_whitespace());
        if let Some(piece) = pieces.last_mut().filter(|_| c != separator || quote.is_some()) {
            piece.push(c);
        }
    }
    pieces
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(k, v)| {
            let key = k.trim().rsplit(['"', '\'', '`', '{']).next().unwrap_or_default();
            (key.trim().to_owned(), v.trim().trim_matches(['"', '\'', '`']).to_owned())
        })
        .collect()
}

/// Keys compare without case and blanks, as ADO.NET's synonyms differ only in those.
fn fill(target: &mut Target, options: &[(String, String)]) {
    for (key, value) in options {
        let key: String =
            key.chars().filter(|c| !c.is_whitespace() && *c != '_').flat_map(char::to_lowercase).collect();
        let value = Some(value.clone()).filter(|v| !v.is_empty());
        match key.as_str() {
            "server" | "datasource" | "host" | "hostname" | "address" | "addr" | "networkaddress" | "hostaddr" => {
                if let Some(value) = value.filter(|_| target.host.is_empty()) {
                    server(target, &value);
                }
            }
            "port" => target.port = target.port.take().or(value),
            "userid" | "uid" | "user" | "username" => target.user = target.user.take().or(value),
            "password" | "pwd" | "pass" | "accountkey" | "sharedaccesskey" => {
                target.password = target.password.take().or(value);
            }
            "database" | "databasename" | "initialcatalog" | "dbname" => {
                target.database = target.database.take().or(value)
            }
            "accountname" => {
                target.azure = true;
                target.scheme = "azure-storage".to_owned();
                if target.host.is_empty() {
                    let suffix = options.iter().find(|(k, _)| k.eq_ignore_ascii_case("EndpointSuffix"));
                    let suffix = suffix.map_or("core.windows.net", |(_, v)| v.as_str());
                    target.host =
                        value.as_deref().map(|v| format!("{v}.{suffix}").to_ascii_lowercase()).unwrap_or_default();
                }
                target.user = value;
            }
            "endpoint" if target.host.is_empty() => {
                if let Some((host, _)) = value.as_deref().and_then(util::host_and_path) {
                    target.host = host;
                }
            }
            "sharedaccesskeyname" => {
                target.azure = true;
                target.scheme = "azure-service-bus".to_owned();
                target.user = value;
            }
            _ => {}
        }
    }
}

/// `tcp:host,1433`, `host\instance` or `host:port`.
fn server(target: &mut Target, value: &str) {
    let value = value.split_once(':').filter(|(p, _)| matches!(*p, "tcp" | "np" | "lpc")).map_or(value, |(_, v)| v);
    let (host, port) = match value.split_once(',') {
        Some((host, port)) => (host, Some(port.trim())),
        None => util::split_port(value),
    };
    let host = host.split('\\').next().unwrap_or_default();
    target.host = host.trim().to_ascii_lowercase();
    target.port = target.port.take().or_else(|| port.map(str::to_owned));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::{noise, subject};
    use super::*;

    fn check(text: &str) -> Proof {
        (VALIDATOR.check)(&subject(text.as_bytes()))
    }

    fn brief(text: &str) -> String {
        let t = parse(text).unwrap_or_else(|| panic!("{text}"));
        let or = |o: Option<String>| o.unwrap_or_else(|| "-".to_owned());
        format!("{} {} {} {} {} {}", t.scheme, t.host, or(t.port), or(t.user), or(t.password), or(t.database))
    }

    #[test]
    fn every_grammar_gives_host_user_and_database() {
        for (text, want) in [
            ("postgres://app:p%40ss@db.shop.io:5432/main?sslmode=require", "postgres db.shop.io 5432 app p@ss main"),
            ("mongodb+srv://u:p@c0.abc.mongodb.net/x?retryWrites=true", "mongodb+srv c0.abc.mongodb.net - u p x"),
            ("mongodb://u:p@h1:1,h2:2/x", "mongodb h1 1 u p x"),
            ("redis://:pw@cache.shop.io:6379/0", "redis cache.shop.io 6379 - pw 0"),
            ("amqp://u:a/b#c@mq.shop.io", "amqp mq.shop.io - u a/b#c -"),
            ("url = \"mysql://u:p@[2001:db8::1]:3306/d\"", "mysql 2001:db8::1 3306 u p d"),
            ("jdbc:postgresql://h.io:5432/d?user=u&password=p", "postgresql h.io 5432 u p d"),
            ("jdbc:sqlserver://h.io:1433;databaseName=d;user=u;password=p", "sqlserver h.io 1433 u p d"),
            ("jdbc:oracle:thin:scott/tiger1@//h.io:1521/svc", "oracle h.io 1521 scott tiger1 svc"),
            (
                "Server=tcp:h.database.windows.net,1433;Initial Catalog=d;User ID=u;Password=p;",
                " h.database.windows.net 1433 u p d",
            ),
            ("Data Source=h\\SQLEXPRESS;Uid=u;Pwd=p", " h - u p -"),
            ("host=h.io port=5432 user=u password=p dbname=d", " h.io 5432 u p d"),
            ("Server=h.io;User Id=u;Password=\"p;Server=x\";Database=d", " h.io - u p;Server=x d"),
            ("postgres://u:pa?ss@h.io/d", "postgres h.io - u pa?ss d"),
            ("postgres://h.io:5432/d?user=u@corp&password=p", "postgres h.io 5432 u@corp p d"),
            ("u:p@tcp(h.io:3306)/d?parseTime=true", "mysql h.io 3306 u p d"),
        ] {
            assert_eq!(brief(text), want, "{text}");
        }
    }

    #[test]
    fn a_database_login_is_named() {
        let proof = check(&format!("postgres://App:{}@DB.shop.io/main", noise(111, 12)));
        let identity = proof.identity.unwrap();
        assert_eq!(identity.key.as_str(), "database:user:App@db.shop.io");
        assert_eq!(identity.kind, IdentityKind::DatabaseUser);
        assert_eq!(proof.severity, None);
        let proof = check(&format!("redis://:{}@cache.shop.io", noise(112, 12)));
        assert_eq!(proof.identity.unwrap().key.as_str(), "database:user:default@cache.shop.io");
    }

    #[test]
    fn local_hosts_lower_the_severity() {
        for host in ["localhost", "127.0.0.1", "db", "postgres:5432"] {
            let proof = check(&format!("postgres://app:{}@{host}/x", noise(113, 12)));
            assert_eq!((proof.validity, proof.severity), (Validity::Unverified, Some(Severity::Medium)), "{host}");
        }
    }

    #[test]
    fn samples_and_references_are_test_values() {
        for text in [
            "postgres://user:pass@host/db",
            "postgres://app:${DB_PASSWORD}@db.shop.io/x",
            "postgres://app:{{password}}@db.shop.io/x",
            "mysql://root:changeme@db.shop.io/x",
            "mysql://u:s3cretvalue@db.example.com/x",
            "postgres://postgres:postgres@db:5432/x",
            "Server=h.io;User Id=sa;Password=<password>;",
            "postgres://%s:%s@%s/%s",
        ] {
            let proof = check(text);
            assert_eq!((proof.validity, proof.confidence), (Validity::TestValue, Some(Confidence::Low)), "{text}");
        }
    }

    #[test]
    fn a_user_that_equals_the_password_is_not_shown() {
        let proof = check("postgres://orders1:orders1@db.shop.io/x");
        assert!(!proof.attributes.contains_key("user"));
        assert_eq!(proof.identity, None);
        assert_eq!(proof.validity, Validity::Unverified);
    }

    #[test]
    fn a_storage_account_is_proven_by_the_length_of_its_key() {
        let key = data_encoding::BASE64.encode(noise(114, 64).as_bytes());
        let proof = check(&format!(
            "DefaultEndpointsProtocol=https;AccountName=ShopData;AccountKey={key};EndpointSuffix=core.windows.net"
        ));
        assert_eq!(proof.validity, Validity::ProvenFormat);
        assert_eq!(proof.identity.unwrap().key.as_str(), "azure:storage-account:shopdata");
        let code =
            format!("const string Key = \"DefaultEndpointsProtocol=https;AccountName=shop;\\n AccountKey={key};\";");
        assert_eq!(check(&code).attributes["account"], "shop");
        let proof = check("DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=abcd;");
        assert_eq!(proof.validity, Validity::Malformed);
    }

    #[test]
    fn a_service_bus_string_names_its_policy() {
        let proof = check(&format!(
            "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey={}=",
            noise(115, 43)
        ));
        assert_eq!(proof.identity.unwrap().key.as_str(), "azure:sas-policy:shop.servicebus.windows.net/send");
    }
}
