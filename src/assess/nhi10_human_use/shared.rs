//! One token for everybody who works on a project.

use std::collections::BTreeMap;

use super::super::estate::CODE;
use super::super::score::dead;
use super::super::view::{View, subject_of};
use super::super::{Check, Context, say, settings};
use crate::model::{Confidence, Credential, Exposure, Finding, Risk, Setting, Severity, Validity, setting};

/// A service's token that comes with the repository.
pub(in super::super) const SHARED_DEV_ENV: Check = Check {
    id: "NHI10-shared-dev-env",
    risk: Risk::Nhi10,
    title: "Developers share one service's token",
    why: "Everybody who clones the repository works as the same identity. Nobody can tell from its log who did what, it cannot be \
          taken from one person without taking it from all, and who leaves keeps it.",
    remediation: "Give each developer an identity of their own with the rights of development alone, and keep `.env` out of version \
                  control: a `.env.example` with names and no values says what to fill in. Then revoke the shared token.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[
        "https://owasp.org/www-project-non-human-identities-top-10/2025/10-human-use-of-nhi/",
        "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
    ],
    needs: &[CODE],
    implies: &[],
    subjects: |view| {
        let told = settings::by_place(view, setting::SHARED_TOKEN);
        let is_told = |e: &Exposure| told.contains_key(&settings::place(&e.location));
        let all = view.credentials().filter(|c| !told.is_empty() && places(c, view).any(is_told));
        all.map(subject_of).collect()
    },
    run: shared,
};

/// Providers of rules whose values are no service's: what is told by its name alone, logins, keys of the program itself.
const NO_SERVICE: [&str; 12] = [
    "",
    "generic",
    "basic-auth",
    "database",
    "private-key",
    "ssh",
    "jwt",
    "django",
    "encrypted",
    "age",
    "totp",
    "credential-files",
];

/// Places of a service's token that count. A person's own token is not what people share on purpose.
fn places<'v, 'a>(credential: &'v Credential, view: &'v View<'a>) -> impl Iterator<Item = &'a Exposure> + use<'v, 'a> {
    let service = !NO_SERVICE.contains(&credential.provider.as_str())
        && credential.attributes.get("human").is_none_or(|human| human != "yes")
        && credential.validity != Validity::Malformed;
    view.open_exposures(credential).filter(move |e| service && e.location.in_head && e.confidence >= Confidence::Medium)
}

fn shared(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let told = settings::by_place(view, setting::SHARED_TOKEN);
    if told.is_empty() {
        return Vec::new();
    }
    let mut groups: BTreeMap<String, Vec<Shared<'_>>> = BTreeMap::new();
    for credential in view.credentials().filter(|c| dead(c, context.as_of).is_none()) {
        for exposure in places(credential, view) {
            let Some(setting) = told.get(&settings::place(&exposure.location)) else { continue };
            // In prose every form of a value is shown; what has none of its own is no use.
            if setting.value == "environment" || exposure.confidence >= Confidence::High {
                groups.entry(subject_of(credential)).or_default().push((credential, exposure, *setting));
            }
        }
    }
    groups.into_values().filter_map(|found| finding(&found, view)).collect()
}

/// What to do with the file.
const KEEP_OUT: &str = "Keep the file out of version control: a `.env.example` with names and no values says what to fill in. Then \
                        revoke the shared token.";

/// A credential, a place of it, and what the place says.
type Shared<'a> = (&'a Credential, &'a Exposure, &'a Setting);

fn finding(found: &[Shared<'_>], view: &View<'_>) -> Option<Finding> {
    let (credential, first, told) = *found.iter().min_by_key(|(_, e, _)| &e.location)?;
    let owner = credential.identity.as_ref().and_then(|id| view.identity(id)).filter(|owner| !owner.sample);
    let mut finding = match owner {
        Some(owner) => SHARED_DEV_ENV.about(owner, ""),
        None => SHARED_DEV_ENV.on(credential),
    };
    let name = view.rule(&first.rule).map_or(first.rule.as_str(), |rule| rule.name.as_str());
    let what = owner.map_or_else(|| name.to_owned(), |owner| owner.name.clone());
    finding.title = match told.value.as_str() {
        "environment" => format!("Everybody who clones the repository works with one {name}"),
        _ => format!("{} has newcomers work with one {name}", told.location.path),
    };
    finding.confidence = found.iter().map(|(_, e, _)| e.confidence).max().unwrap_or(Confidence::Medium);
    finding.locations = found.iter().map(|(_, e, _)| e.location.clone()).collect();
    finding.locations.sort();
    finding.locations.dedup();
    for (_, _, told) in found {
        let sentence = match told.value.as_str() {
            "environment" => {
                format!("{} is in version control: all who clone it use the same {what}", told.location.path)
            }
            _ => format!("{} tells its readers to use the same {what}", told.location.path),
        };
        say(&mut finding.evidence, sentence);
    }
    finding.remediation = match told.value.as_str() {
        "environment" => format!("{} {KEEP_OUT}", instead(&credential.provider)),
        _ => format!(
            "{} Say in {} how to get it, then revoke the shared token.",
            instead(&credential.provider),
            told.location.path
        ),
    }
    .into();
    Some(finding)
}

/// What to give each person in the place of a provider's shared token.
fn instead(provider: &str) -> &'static str {
    match provider {
        "aws" => {
            "Let each developer log in as themselves (`aws sso login`, a profile in ~/.aws/config) and take on a role for development."
        }
        "google" | "gcp" => {
            "Let each developer log in as themselves (`gcloud auth application-default login`), with impersonation where a service's rights are needed."
        }
        "azure" | "microsoft" => {
            "Let each developer log in as themselves (`az login`); DefaultAzureCredential takes that login on their machine."
        }
        "github" => {
            "Let each developer log in as themselves (`gh auth login`) or make a fine-grained token of their own."
        }
        "gitlab" => {
            "Let each developer log in as themselves (`glab auth login`) or make a token of their own that expires."
        }
        "npm" => {
            "Let each developer log in as themselves (`npm login`); a read-only token of their own is enough to install."
        }
        "stripe" => {
            "Give each developer a login of their own to a sandbox (`stripe login`), and a restricted key of it."
        }
        "openai" | "anthropic" => {
            "Give each developer a key of their own, in a project or workspace for development with a limit of its own."
        }
        "slack" => "Let each developer make an app of their own in a workspace for development.",
        "hashicorp" => "Let each developer log in as themselves (`vault login -method=oidc`) and read what they need.",
        "heroku" => "Let each developer log in as themselves (`heroku login`), as a member of the team.",
        "digitalocean" | "cloudflare" | "databricks" | "sendgrid" | "twilio" | "datadog" => {
            "Give each developer a key of their own, for an account or project of development alone."
        }
        _ => "Give each developer a key of their own, made for development alone.",
    }
}
