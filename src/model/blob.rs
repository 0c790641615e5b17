//! Blobs, where they came from, and what their path tells a detector.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A git object id of a blob: SHA-1 over `blob <len>\0<bytes>`, or SHA-256 in repositories of that format.
/// A file outside any repository has the id it would have in one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId {
    bytes: [u8; 32],
    len: u8,
}

impl BlobId {
    /// An id from 20 (SHA-1) or 32 (SHA-256) raw bytes; any other length gives `None`.
    #[must_use]
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        let len = match raw.len() {
            20 => 20,
            32 => 32,
            _ => return None,
        };
        let mut bytes = [0u8; 32];
        bytes[..raw.len()].copy_from_slice(raw);
        Some(Self { bytes, len })
    }

    /// An id from a SHA-1 digest.
    #[must_use]
    pub fn sha1(digest: [u8; 20]) -> Self {
        let mut bytes = [0u8; 32];
        bytes[..20].copy_from_slice(&digest);
        Self { bytes, len: 20 }
    }

    /// The raw id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

/// A path as reports show it: relative to the repository's top level, else to the scanned path, with `/` between
/// segments on every platform. Kept as bytes, because git and Unix do not promise UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RepoPath(Vec<u8>);

impl RepoPath {
    /// A path from raw bytes that already use `/`.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text, bytes that are not UTF-8 replaced by U+FFFD.
    #[must_use]
    pub fn display(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The path when it is valid UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The last segment.
    #[must_use]
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|b| *b == b'/').next().unwrap_or(&self.0)
    }
}

impl From<&str> for RepoPath {
    fn from(path: &str) -> Self {
        Self(path.as_bytes().to_vec())
    }
}

/// A stretch of a text that was made of another: bytes `to..to + len`, copied from `from` of the base or, without one, new.
/// Stretches that continue each other are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Where it begins.
    pub to: usize,
    /// How long it is; never 0.
    pub len: usize,
    /// Where it begins in the base, if it does.
    pub from: Option<usize>,
}

/// Where one copy of a blob was met. A blob may have several origins and is scanned once a path class.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A file of a working tree or plain directory.
    File {
        /// Index into the report's `coverage.roots`.
        root: u32,
        /// Path relative to that root's top level.
        path: RepoPath,
    },
    /// Standard input.
    Stdin,
}

impl Origin {
    /// The path that reports show for this origin.
    #[must_use]
    pub fn path(&self) -> RepoPath {
        match self {
            Self::File { path, .. } => path.clone(),
            Self::Stdin => RepoPath::from("<stdin>"),
        }
    }
}

/// What a detector may know of a path. Detection is a function of (bytes, path class), so two origins of one blob with
/// equal classes give equal results and the blob is read once for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PathClass {
    /// What kind of text the extension or name promises.
    pub family: Family,
    /// Below a test, fixture, example or sample directory, or named like one.
    pub test: bool,
    /// Documentation: a docs directory, Markdown, reStructuredText and the like.
    pub docs: bool,
    /// A dependency lock file or checksum list, where long hashes are normal.
    pub lock: bool,
    /// Generated or vendored third-party text: minified scripts, source maps, `vendor/`, `node_modules/`.
    pub vendored: bool,
    /// A translation or localisation file.
    pub translation: bool,
    /// The file without which a credential file says little lies beside it (`key4.db` beside Firefox's `logins.json`).
    pub companion: bool,
    /// A hash of what path-bound rules and formats read of this path; equal for paths that they treat alike.
    pub key: u64,
}

/// Families of text by extension: what decides whether a bare value may be a string (`.env`, YAML) or must be quoted
/// (code).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Source code in which a string is quoted.
    Code,
    /// Shell, batch and PowerShell: bare values are strings.
    Shell,
    /// YAML.
    Yaml,
    /// JSON and its dialects.
    Json,
    /// TOML, INI, properties, dotenv: `key = bare value`.
    Config,
    /// XML, HTML and templates of them.
    Markup,
    /// Terraform and other HCL.
    Hcl,
    /// SQL.
    Sql,
    /// Prose: Markdown, reStructuredText, AsciiDoc, plain text.
    Prose,
    /// Anything else.
    #[default]
    Other,
}
