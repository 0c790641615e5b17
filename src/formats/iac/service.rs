//! What is known of services by their images and variables: which variable sets a login, what leaves a service open, and what
//! of a host lays it bare.

use std::collections::BTreeMap;

use super::literal::{self, Value};

/// Variables by which images are told the password that they start with: the documentation of each image on Docker Hub.
const SERVERS: &[&str] = &[
    "POSTGRES_PASSWORD",
    "POSTGRESQL_PASSWORD",
    "POSTGRESQL_POSTGRES_PASSWORD",
    "MYSQL_ROOT_PASSWORD",
    "MYSQL_PASSWORD",
    "MARIADB_ROOT_PASSWORD",
    "MARIADB_PASSWORD",
    "MONGO_INITDB_ROOT_PASSWORD",
    "MONGODB_ROOT_PASSWORD",
    "MONGODB_PASSWORD",
    "RABBITMQ_DEFAULT_PASS",
    "RABBITMQ_PASSWORD",
    "MINIO_ROOT_PASSWORD",
    "MINIO_SECRET_KEY",
    "GF_SECURITY_ADMIN_PASSWORD",
    "KEYCLOAK_ADMIN_PASSWORD",
    "KEYCLOAK_PASSWORD",
    "KC_BOOTSTRAP_ADMIN_PASSWORD",
    "PGADMIN_DEFAULT_PASSWORD",
    "SA_PASSWORD",
    "MSSQL_SA_PASSWORD",
    "ELASTIC_PASSWORD",
    "NEO4J_AUTH",
    "INFLUXDB_ADMIN_PASSWORD",
    "DOCKER_INFLUXDB_INIT_PASSWORD",
    "DOCKER_INFLUXDB_INIT_ADMIN_TOKEN",
    "ME_CONFIG_BASICAUTH_PASSWORD",
    "CLICKHOUSE_PASSWORD",
    "COUCHDB_PASSWORD",
    "ORACLE_PASSWORD",
    "ARANGO_ROOT_PASSWORD",
    "LDAP_ADMIN_PASSWORD",
    "REDIS_PASSWORD",
    "ARTEMIS_PASSWORD",
    "AIRFLOW_WWW_USER_PASSWORD",
    "_AIRFLOW_WWW_USER_PASSWORD",
    "SONAR_JDBC_PASSWORD",
    "NEXUS_SECURITY_INITIAL_PASSWORD",
];

/// Whether a variable sets the password that a service takes, rather than one that a client offers.
pub fn is_server(variable: &str) -> bool {
    SERVERS.contains(&variable)
}

/// What a variable that holds user and password in one holds.
pub fn login_of(variable: &str, value: &str) -> Option<Value> {
    let (user, password) = (variable == "NEO4J_AUTH").then(|| value.split_once('/')).flatten()?;
    let judged = literal::judge("NEO4J_PASSWORD", password);
    Some(if user == password { Value::Common } else { judged })
}

/// Why a variable leaves a service open to whoever reaches it.
pub fn opened_by(variable: &str, value: &str) -> Option<&'static str> {
    let on = matches!(value.to_ascii_lowercase().as_str(), "yes" | "true" | "1" | "on");
    match variable {
        "POSTGRES_HOST_AUTH_METHOD" if value == "trust" => Some("POSTGRES_HOST_AUTH_METHOD is trust"),
        "MYSQL_ALLOW_EMPTY_PASSWORD" if on => Some("MYSQL_ALLOW_EMPTY_PASSWORD is set"),
        "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD" if on => Some("MARIADB_ALLOW_EMPTY_ROOT_PASSWORD is set"),
        "ALLOW_EMPTY_PASSWORD" if on => Some("ALLOW_EMPTY_PASSWORD is set"),
        "NEO4J_AUTH" if value == "none" => Some("NEO4J_AUTH is none"),
        "DOCKER_TLS_CERTDIR" if value.is_empty() => Some("the Docker daemon listens without TLS"),
        _ => None,
    }
}

/// What a service is started with.
pub struct Command<'a> {
    /// The image's name, without tag.
    pub image: &'a str,
    /// Its command line.
    pub command: &'a str,
    /// Its variables.
    pub variables: &'a BTreeMap<String, String>,
    /// False when more variables come from elsewhere.
    pub complete: bool,
}

/// Why a service takes in whoever reaches it; only for images that do so unless they are told otherwise.
pub fn open(service: &Command<'_>) -> Option<String> {
    let name = service.image.rsplit('/').next().unwrap_or_default();
    let official = !service.image.contains('/') || service.image.starts_with("docker.io/library/");
    let command = service.command;
    if command.contains("tcp://0.0.0.0:2375") || command.contains("tcp://:2375") {
        return Some("the Docker daemon listens without TLS".to_owned());
    }
    if !official || !service.complete {
        return None;
    }
    let protected =
        ["requirepass", ".conf", "--auth", "aclfile", "keyFile", "$"].iter().any(|word| command.contains(word));
    match name {
        "redis" | "valkey" if !protected => Some(format!("{name} asks for no password")),
        "mongo" if !protected && !service.variables.contains_key("MONGO_INITDB_ROOT_USERNAME") => {
            Some("mongo asks for no login".to_owned())
        }
        _ => None,
    }
}

/// The capability that leads out of a container, without `CAP_`.
pub fn strong_capability(name: &str) -> Option<&str> {
    let name = name.strip_prefix("CAP_").unwrap_or(name);
    matches!(name, "ALL" | "SYS_ADMIN" | "SYS_PTRACE" | "SYS_MODULE" | "SYS_RAWIO" | "DAC_READ_SEARCH" | "BPF")
        .then_some(name)
}

/// What a path of the host lays bare inside a container, `None` for what is harmless or only there to be read.
pub fn host_path(path: &str, only_reads: bool) -> Option<String> {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let sockets = ["docker.sock", "containerd.sock", "crio.sock", "podman.sock"];
    // Whoever may talk to the daemon may start what they like; a read-only mount does not hinder that.
    if let Some(socket) = sockets.iter().find(|socket| path.ends_with(*socket)) {
        return Some((*socket).to_owned());
    }
    let secrets =
        ["/root/.ssh", "/root", "/etc/kubernetes", "/etc/kubernetes/pki", "/var/lib/kubelet", "/var/lib/kubelet/pods"];
    if path == "/" || secrets.contains(&path) || path.starts_with("/root/.") {
        return Some(format!("host path {path}"));
    }
    let writes = [
        "/etc",
        "/boot",
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/proc",
        "/proc/sys",
        "/proc/sys/kernel",
        "/home",
        "/var",
        "/var/run",
        "/run",
        "/var/log",
    ];
    (writes.contains(&path) && !only_reads).then(|| format!("host path {path}, to write"))
}
