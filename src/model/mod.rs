//! Plain types that every stage speaks, and nothing else: no IO, no parsing of inputs beyond dates, no terminal.
//!
//! This floor imports no other. Ids live here so that no stage has to import another stage to name a thing.

mod blob;
mod candidate;
pub mod environment;
mod fact;
pub mod google;
mod inventory;
mod level;
mod limits;
mod long;
mod members;
mod packed;
pub mod providers;
mod report;
mod repositories;
mod secret;
pub mod setting;
mod shared;
mod sighting;
mod span;
mod unmerged;
mod when;
mod wording;

pub use blob::{BlobId, Family, Origin, PathClass, RepoPath, Stretch};
pub use candidate::{Candidate, IdentityHint, Part, Proof, RuleIndex, Suppression, SuppressionKind, Validity};
pub use fact::{
    At, CredentialFact, Fact, GrantFact, IdentityFact, SecretFact, SecretForm, SettingFact, ThirdPartyFact, TrustFact,
    UsageFact,
};
pub use inventory::{
    AuthMode, Credential, Environment, EnvironmentClass, Exposure, Grant, Human, Identity, IdentityKey, IdentityKind,
    Inventory, Link, Privilege, Setting, Status, ThirdParty, Trust, Usage,
};
pub use level::{Confidence, Risk, Severity};
pub use limits::{FailOn, Lapsed, Limits};
pub use long::{Apart, LongReport, Ranked, View};
pub use members::Members;
pub use packed::{Packed, Packer};
pub use report::{
    ControlAnswer, ControlCard, Coverage, Finding, Headline, LocationData, Notice, NoticeKind, Report, RiskStatus,
    RiskSummary, Root, RuleInfo, Score, SkipReason, Term, ToolInfo,
};
pub use repositories::{CodeHost, Repositories, Standing};
pub use secret::{FingerprintKey, Secret, bound_fingerprint};
pub use shared::{Location, Pool, Shared, Text};
pub use sighting::{Attributes, LocatedFact, Sighting};
pub use span::{Place, Span};
pub use unmerged::{Declaration, Gate, Original, Originals, ReportPart, SeenValue, Unmerged};
pub use when::{When, parse_instant};
pub use wording::Wording;
