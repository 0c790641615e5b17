//! What AWS itself says is not used.

use crate::assess::estate::AWS_ANALYZER;
use crate::assess::view::days;
use crate::assess::{Check, Context, settings};
use crate::model::{Confidence, Finding, Risk, Setting, Severity, When, setting};

/// An active finding of IAM Access Analyzer about something unused.
pub(in crate::assess) const AWS_ANALYZER_UNUSED: Check = Check {
    id: "NHI1-aws-analyzer-unused",
    risk: Risk::Nhi1,
    title: "AWS role, key, password or right that Access Analyzer says is unused",
    why: "What nothing needs any more still works for whoever gets hold of it, and nobody would notice.",
    remediation: "Delete the role, deactivate the key or password, or take the unused actions out of the policy \
                  (`aws accessanalyzer generate-finding-recommendation` writes the smaller one); archive the finding where it \
                  is meant to be, for break-glass access for instance.",
    severity: Severity::Medium,
    confidence: Confidence::Confirmed,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings-remediate.html"],
    needs: &[AWS_ANALYZER],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::ANALYZER_UNUSED),
    run: |view, context| {
        settings::of(&AWS_ANALYZER_UNUSED, view, setting::ANALYZER_UNUSED, |s, f| judge(s, f, context))
    },
};

fn judge(setting: &Setting, finding: &mut Finding, context: &Context<'_>) -> bool {
    let attribute = |name: &str| setting.attributes.get(name).map(String::as_str).unwrap_or_default();
    let last = When::parse(attribute("last_accessed"));
    let as_of = When::parse(attribute("analyzed")).at().unwrap_or(context.as_of);
    finding.title = match setting.value.as_str() {
        "UnusedPermission" => format!("AWS {} that are not used", setting.subject),
        _ => format!("AWS {} that is not used", setting.subject),
    };
    let mut sentence = setting.value.clone();
    for name in ["key", "services"] {
        if !attribute(name).is_empty() {
            sentence += &format!(": {}", attribute(name));
        }
    }
    // The list of findings does not tell; their details may.
    if let Some(idle) = last.days_before(as_of) {
        sentence += &format!("; last used {} before {}", days(idle.max(0)), as_of.strftime("%Y-%m-%d"));
    }
    finding.evidence.push(sentence);
    true
}
