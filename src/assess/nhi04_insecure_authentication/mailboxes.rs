//! App passwords of people's mailboxes.

use super::super::estate::CODE;
use super::super::view::{View, subject_of};
use super::super::{Check, Context, say};
use crate::model::{Confidence, Credential, Finding, Risk, Severity};

/// The app password of a mailbox in a configuration.
pub(in super::super) const APP_PASSWORD: Check = Check {
    id: "NHI4-app-password",
    risk: Risk::Nhi4,
    title: "Program that sends mail with an app password",
    why: "An app password is a person's or mailbox's login without its second factor: it never ends, opens the whole mailbox, and \
          the log does not tell the program from its owner.",
    remediation: "Revoke the app password. Send by a relay that knows the program (Google Workspace SMTP relay, Amazon SES, Azure \
                  Communication Services) or by OAuth (XOAUTH2, Microsoft Graph with Mail.Send for one mailbox).",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[
        "https://support.google.com/accounts/answer/185833",
        "https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/deprecation-of-basic-authentication-exchange-online",
    ],
    needs: &[CODE],
    implies: &[],
    subjects: |view| mailboxes(view).map(subject_of).collect(),
    run: app_password,
};

fn mailboxes<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Credential> + use<'v, 'a> {
    view.credentials().filter(|c| c.attributes.contains_key("app_password"))
}

fn app_password(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let told = mailboxes(view).filter_map(|credential| {
        let places: Vec<_> =
            view.open_exposures(credential).filter(|e| !e.test_path).map(|e| e.location.clone()).collect();
        if places.is_empty() {
            return None;
        }
        let attribute = |name: &str| credential.attributes.get(name).map(String::as_str);
        let company = if attribute("app_password") == Some("google") { "Google" } else { "Microsoft" };
        let mut finding = APP_PASSWORD.on(credential);
        finding.locations = places;
        finding.title = match attribute("user") {
            Some(user) => format!("A program logs in to the mailbox {user} with an app password of {company}"),
            None => format!("A program logs in to a mailbox with an app password of {company}"),
        };
        if let Some(host) = attribute("host") {
            say(&mut finding.evidence, format!("it opens {host}"));
        }
        say(
            &mut finding.evidence,
            "16 small letters are what app passwords are; a chosen password may look so".to_owned(),
        );
        Some(finding)
    });
    told.collect()
}
