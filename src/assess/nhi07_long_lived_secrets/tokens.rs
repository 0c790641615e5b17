//! Tokens of code hosts without an end, or with one that is far off.

use crate::assess::estate::{DEPLOY_KEYS, GITHUB_PATS, GITHUB_SECRETS, GITLAB_TOKENS};
use crate::assess::factors::as_of;
use crate::assess::nhi01_improper_offboarding::hosts::{deploy_keys, whose};
use crate::assess::nhi05_overprivileged::tokens::named;
use crate::assess::score::dead;
use crate::assess::view::{View, days, subject_of};
use crate::assess::{Adjustment, Check, Context, settings};
use crate::model::{Confidence, Credential, Finding, Risk, Severity, Status, When, setting};

const YEAR: i64 = 365;

/// How grave an age or life over a limit of the policy is: what is over a year is what it always was, and what only the policy
/// forbids is one step less.
fn over(n: i64, limit: i64, full: Severity) -> Option<Severity> {
    match n {
        _ if n <= limit => None,
        _ if n > YEAR => Some(full),
        _ => Some(Severity::Low),
    }
}

/// Days from a token's beginning, or from the list's time when that is unknown, to its end.
pub(in crate::assess) fn whole_life(token: &Credential, context: &Context<'_>) -> Option<i64> {
    let begun = token.created.at().unwrap_or_else(|| as_of(token, context));
    Some((token.expires.at()?.as_second() - begun.as_second()).div_euclid(86_400))
}

/// A GitHub token without end, a stored secret or a deploy key that is old.
pub(in crate::assess) const GH_TOKEN: Check = Check {
    id: "NHI7-gh-token",
    risk: Risk::Nhi7,
    title: "GitHub token without an end or with a long life, or a secret that nobody changed for long",
    why: "Every copy ever made of it, in a log, a laptop or a fork's cache, still works.",
    remediation: "Give tokens an end (the organisation can demand one under Settings, Personal access tokens), let workflows \
                  take short-lived credentials by OpenID Connect, machines an app's installation token; change what has to \
                  stay.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/setting-a-personal-access-token-policy-for-your-organization",
        "https://docs.github.com/en/actions/concepts/security/openid-connect",
    ],
    needs: &[GITHUB_PATS, GITHUB_SECRETS, DEPLOY_KEYS],
    implies: &[Adjustment::Active],
    subjects: |view| {
        let keys = pats(view).chain(deploy_keys(view).filter(|c| c.provider == "github")).map(subject_of);
        keys.chain(settings::subjects(view, setting::STORED_SECRET)).collect()
    },
    run: gh_token,
};

fn pats<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Credential> + use<'v, 'a> {
    let listed = |c: &Credential| {
        c.id.starts_with("github:pat:") || c.attributes.get("listed_as").is_some_and(|l| l.starts_with("github:pat:"))
    };
    view.credentials().filter(move |c| listed(c) && c.status == Status::Active)
}

fn gh_token(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let limits = context.policy.limits();
    for token in pats(view).filter(|c| dead(c, context.as_of).is_none()) {
        let life = whole_life(token, context);
        let Some((life, severity)) = life.and_then(|n| Some((n, over(n, limits.secret_life, Severity::Medium)?)))
        else {
            continue;
        };
        let mut finding = GH_TOKEN.on(token);
        finding.base_severity = severity;
        finding.title = format!("{} lives {}", named(token), days(life));
        let end = token.expires.at().map(|t| t.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
        finding.evidence = vec![format!("until {end}; the limit is {}", days(limits.secret_life))];
        out.push(finding);
    }
    for token in pats(view).filter(|c| c.expires == When::Never) {
        let mut finding = GH_TOKEN.on(token);
        finding.title = format!("{} never expires", named(token));
        finding.evidence = vec!["the list gives no date on which it expires".to_owned()];
        finding.evidence.extend(token.attributes.get("owner").map(|owner| format!("of {owner}")));
        out.push(finding);
    }
    for key in deploy_keys(view).filter(|c| c.provider == "github") {
        let now = as_of(key, context);
        let age = key.created.days_before(now);
        let Some((age, severity)) = age.and_then(|n| Some((n, over(n, limits.key_age, Severity::Medium)?))) else {
            continue;
        };
        let mut finding = GH_TOKEN.on(key);
        finding.base_severity = severity;
        finding.title = format!("{} is {} old and never expires", named(key), days(age));
        finding.evidence = vec![format!("added {} before {}", days(age), now.strftime("%Y-%m-%d"))];
        out.push(finding);
    }
    out.extend(settings::of(&GH_TOKEN, view, setting::STORED_SECRET, |setting, finding| {
        let updated = setting.attributes.get("updated").map(|t| When::parse(t)).unwrap_or_default();
        let age = updated.days_before(context.as_of);
        let Some((age, severity)) = age.and_then(|n| Some((n, over(n, limits.key_age, Severity::Medium)?))) else {
            return false;
        };
        finding.base_severity = severity;
        finding.title = format!("Stored secret {}{} unchanged for {}", setting.subject, whose(setting), days(age));
        finding.evidence.push(format!("last changed {} before {}", days(age), context.as_of.strftime("%Y-%m-%d")));
        // What it holds, and whether that is a credential at all, nobody can tell from its name.
        finding.confidence = Confidence::Medium;
        true
    }));
    out
}

/// A GitLab token whose end is far off.
pub(in crate::assess) const GL_TOKEN: Check = Check {
    id: "NHI7-gl-token",
    risk: Risk::Nhi7,
    title: "GitLab token without an end or with a long life",
    why: "Every copy ever made of it works until then.",
    remediation: "Rotate it with an end of weeks (`POST …/access_tokens/ID/rotate?expires_at=DATE`), let jobs use their \
                  CI_JOB_TOKEN or an ID token; an administrator can set the longest life of tokens.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.gitlab.com/user/profile/personal_access_tokens/",
        "https://docs.gitlab.com/administration/settings/account_and_limit_settings/#limit-the-lifetime-of-access-tokens",
    ],
    needs: &[GITLAB_TOKENS],
    implies: &[Adjustment::Active],
    subjects: |view| gitlab(view).map(subject_of).collect(),
    run: gl_token,
};

fn gitlab<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Credential> + use<'v, 'a> {
    let listed = |c: &Credential| c.id.starts_with("gitlab:token:") || c.id.starts_with("gitlab:deploy-token:");
    view.credentials().filter(move |c| listed(c) && c.status == Status::Active)
}

fn gl_token(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    gitlab(view)
        .filter(|c| dead(c, context.as_of).is_none())
        .filter_map(|token| {
            let now = as_of(token, context);
            let (what, severity) = match token.expires {
                When::Never => ("never expires".to_owned(), Severity::Medium),
                When::At(end) => {
                    let left = (end.as_second() - now.as_second()).div_euclid(86_400);
                    let limit = context.policy.limits().secret_life;
                    match over(left, limit, Severity::Medium).filter(|_| left > YEAR) {
                        Some(severity) => (format!("works for {} more", days(left)), severity),
                        None => {
                            let life = whole_life(token, context)?;
                            (format!("lives {}", days(life)), over(life, limit, Severity::Low)?)
                        }
                    }
                }
                _ => return None,
            };
            let mut finding = GL_TOKEN.on(token);
            finding.base_severity = severity;
            finding.title = format!("{} {what}", named(token));
            finding.evidence.extend(token.attributes.get("scopes").map(|scopes| format!("scopes {scopes}")));
            Some(finding)
        })
        .collect()
}
