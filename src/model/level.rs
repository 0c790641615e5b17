//! Severity, confidence and the ten risks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a finding is, by bands of its score (0–100): GitHub's code-scanning bands times ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Score 0: inventory only, never a finding.
    Info,
    /// 1–39.
    Low,
    /// 40–69.
    Medium,
    /// 70–90.
    High,
    /// 91–100.
    Critical,
}

impl Severity {
    /// All severities, lowest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The points a finding of this base severity starts from.
    #[must_use]
    pub fn points(self) -> i32 {
        match self {
            Self::Info => 0,
            Self::Low => 25,
            Self::Medium => 55,
            Self::High => 78,
            Self::Critical => 95,
        }
    }

    /// The band of a score.
    #[must_use]
    pub fn of_score(score: i32) -> Self {
        match score {
            i32::MIN..=0 => Self::Info,
            1..=39 => Self::Low,
            40..=69 => Self::Medium,
            70..=90 => Self::High,
            _ => Self::Critical,
        }
    }

    /// The name as written in reports and flags.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure keyroll is that a finding is what it says, apart from how bad that would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Worth a look when hunting.
    Low,
    /// The default gate.
    Medium,
    /// Shape and context agree.
    High,
    /// Proved offline: a checksum or structure that random text does not have.
    Confirmed,
}

impl Confidence {
    /// The name as written in reports and flags.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Confirmed => "confirmed",
        }
    }

    /// One level up, at most confirmed.
    #[must_use]
    pub fn raised(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Confirmed => Self::Confirmed,
        }
    }

    /// One level down, at least low.
    #[must_use]
    pub fn lowered(self) -> Self {
        match self {
            Self::Confirmed => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// The OWASP Non-Human Identities Top 10 (2025), <https://owasp.org/www-project-non-human-identities-top-10/2025/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Risk {
    /// NHI1:2025 Improper Offboarding.
    #[serde(rename = "NHI1:2025")]
    Nhi1,
    /// NHI2:2025 Secret Leakage.
    #[serde(rename = "NHI2:2025")]
    Nhi2,
    /// NHI3:2025 Vulnerable Third-Party NHI.
    #[serde(rename = "NHI3:2025")]
    Nhi3,
    /// NHI4:2025 Insecure Authentication.
    #[serde(rename = "NHI4:2025")]
    Nhi4,
    /// NHI5:2025 Overprivileged NHI.
    #[serde(rename = "NHI5:2025")]
    Nhi5,
    /// NHI6:2025 Insecure Cloud Deployment Configurations.
    #[serde(rename = "NHI6:2025")]
    Nhi6,
    /// NHI7:2025 Long-Lived Secrets.
    #[serde(rename = "NHI7:2025")]
    Nhi7,
    /// NHI8:2025 Environment Isolation.
    #[serde(rename = "NHI8:2025")]
    Nhi8,
    /// NHI9:2025 NHI Reuse.
    #[serde(rename = "NHI9:2025")]
    Nhi9,
    /// NHI10:2025 Human Use of NHI.
    #[serde(rename = "NHI10:2025")]
    Nhi10,
}

impl Risk {
    /// All ten, in OWASP's order.
    pub const ALL: [Self; 10] = [
        Self::Nhi1,
        Self::Nhi2,
        Self::Nhi3,
        Self::Nhi4,
        Self::Nhi5,
        Self::Nhi6,
        Self::Nhi7,
        Self::Nhi8,
        Self::Nhi9,
        Self::Nhi10,
    ];

    /// The id with its year, as OWASP writes it.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Nhi1 => "NHI1:2025",
            Self::Nhi2 => "NHI2:2025",
            Self::Nhi3 => "NHI3:2025",
            Self::Nhi4 => "NHI4:2025",
            Self::Nhi5 => "NHI5:2025",
            Self::Nhi6 => "NHI6:2025",
            Self::Nhi7 => "NHI7:2025",
            Self::Nhi8 => "NHI8:2025",
            Self::Nhi9 => "NHI9:2025",
            Self::Nhi10 => "NHI10:2025",
        }
    }

    /// OWASP's title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Nhi1 => "Improper Offboarding",
            Self::Nhi2 => "Secret Leakage",
            Self::Nhi3 => "Vulnerable Third-Party NHI",
            Self::Nhi4 => "Insecure Authentication",
            Self::Nhi5 => "Overprivileged NHI",
            Self::Nhi6 => "Insecure Cloud Deployment Configurations",
            Self::Nhi7 => "Long-Lived Secrets",
            Self::Nhi8 => "Environment Isolation",
            Self::Nhi9 => "NHI Reuse",
            Self::Nhi10 => "Human Use of NHI",
        }
    }

    /// Sum of OWASP's four published factors (exploitability, prevalence, detectability, technical impact), 7–12; the
    /// weight of the risk in the estate score.
    #[must_use]
    pub fn weight(self) -> u32 {
        match self {
            Self::Nhi1 => 12,
            Self::Nhi2 => 11,
            Self::Nhi3 => 10,
            Self::Nhi4 | Self::Nhi5 => 9,
            Self::Nhi6 | Self::Nhi7 | Self::Nhi8 | Self::Nhi9 => 8,
            Self::Nhi10 => 7,
        }
    }
}
