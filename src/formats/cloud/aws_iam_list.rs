//! Users and roles of an AWS account without what is attached to them: `list-users`, `list-roles`, `get-user`, `get-role`.
//!
//! Shapes: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_User.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>. Lists leave out tags, boundaries and the last use of roles,
//! whose absence means nothing here; trust policies are in them. The account authorization details have all of it and more.

use std::io::BufRead;

use serde_json::Value;

use super::aws::{self, gap, gap_at};
use super::aws_authorization_details::identity;
use super::aws_trust::trusts;
use super::json_stream::{Event, Wanted, walk};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, Human, IdentityKind, RepoPath, When};

/// The format.
pub static FORMAT: Format = Format {
    id: "aws-iam-list",
    name: "AWS IAM users and roles",
    command: "aws iam list-roles --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let all = |names: &[&str]| names.iter().all(|name| head.contains(name));
    let role = all(&["\"RoleName\"", "\"RoleId\"", "\"Arn\"", "\"AssumeRolePolicyDocument\"", ":role/"]);
    let user = all(&["\"UserName\"", "\"UserId\"", "\"Arn\"", "\"CreateDate\"", ":user/"]);
    let envelope = ["\"Roles\"", "\"Role\"", "\"Users\"", "\"User\""].iter().any(|name| head.contains(name));
    head.starts_with(['{', '[']) && envelope && (role || user)
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(&mut input.text.as_bytes(), true, out);
}

fn stream(_: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(reader, false, out);
}

fn run(reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted { lists: &["Roles", "Role", "Users", "User"], fields: &["IsTruncated"] };
    let mut cut = None;
    let result = walk(reader, whole, WANTED, &mut |event| match event {
        Event::Element { list, value, at } => element(list, &value, at, out),
        Event::Object { fields, at } => {
            cut = (fields.get("IsTruncated") == Some(&Value::Bool(true))).then_some(at.line)
        }
        Event::Text { .. } => {}
    });
    if let Err(notice) = result {
        out.notice(notice);
    }
    if let Some(line) = cut {
        let message = "the last page says IsTruncated: more identities exist than this export lists";
        out.notice(gap("truncated-export", line, message));
    }
}

fn element(list: &str, value: &Value, at: At, out: &mut Out<'_>) {
    let kind = if list.starts_with("Role") { ("role", IdentityKind::Role) } else { ("user", IdentityKind::CloudUser) };
    let Some(arn) = aws::text(value, "Arn").filter(|arn| aws::identity_of_arn(arn).is_some()) else {
        let message = format!("{} has no ARN and was left out", at.pointer.as_deref().unwrap_or(list));
        return out.notice(gap_at("malformed", &at, message));
    };
    let mut fact = identity(arn, value, kind.0, kind.1);
    if kind.0 == "user" {
        if let Some(account) = &fact.account {
            fact.aliases.push(aws::user_alias(account, &fact.name));
        }
        // There is a date only for a password that somebody has used.
        fact.last_used = aws::date(value.get("PasswordLastUsed"));
        if fact.last_used.at().is_some() {
            fact.human = Human::Yes;
        }
        return out.fact(Fact::Identity(at, fact));
    }
    let path = aws::text(value, "Path").unwrap_or_default();
    fact.human = if path.starts_with("/aws-reserved/sso.amazonaws.com/") { Human::Yes } else { Human::No };
    if path.starts_with("/aws-service-role/") {
        fact.attributes.insert("service_linked".to_owned(), "true".to_owned());
    }
    fact.last_used = match aws::date(value.get("RoleLastUsed").and_then(|used| used.get("LastUsedDate"))) {
        when @ When::At(_) => when,
        _ => When::Unknown,
    };
    if let Some(document) = value.get("AssumeRolePolicyDocument") {
        match trusts(arn, &fact.key, document) {
            Some(read) => {
                read.facts.into_iter().for_each(|trust| out.fact(Fact::Trust(at.clone(), trust)));
                if read.cut {
                    let message =
                        format!("the trust policy of {arn} accepts more than 512 alternatives; the rest were left out");
                    out.notice(gap_at("too-large", &at, message));
                }
            }
            None => out.notice(gap_at("malformed", &at, format!("the trust policy of {arn} could not be read"))),
        }
    }
    out.fact(Fact::Identity(at, fact));
}
