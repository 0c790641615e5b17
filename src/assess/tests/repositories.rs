//! Trusts in repositories that are gone, from the text of exports and declarations on.

use super::*;
use crate::model::Repositories;

const CHECK: &str = "NHI1-oidc-trust-dead-subject";
const GITHUB: &str = "token.actions.githubusercontent.com";

/// Severity, confidence and title of what the check says of files under a list.
fn found(list: &str, files: &[(&str, &str)]) -> Vec<String> {
    let list = Repositories::parse(list).unwrap();
    let mut inventory = inventory::build(Vec::new(), google::facts(files), Vec::new());
    let assessment = assess(&mut inventory, &Context { repositories: Some(&list), ..context() });
    let line = |f: &&Finding| format!("{} {} {}", f.base_severity.as_str(), f.confidence.as_str(), f.title);
    let mut out: Vec<String> = of(&assessment, CHECK).iter().map(line).collect();
    out.sort();
    out
}

/// GitHub's own list: `acme/app` (34) and the archived `acme/old` (35) of the owner 12.
fn ours() -> String {
    let row = |id: u8, name: &str, archived: bool| {
        format!("{{\"id\":{id},\"full_name\":\"acme/{name}\",\"archived\":{archived},\"owner\":{{\"id\":12}}}}")
    };
    format!("[{},{}]", row(34, "app", false), row(35, "old", true))
}

fn roles(issuer: &str, condition: &str) -> String {
    let condition = condition.replace("GH:", &format!("{issuer}:"));
    format!(
        r#"{{"Roles": [{{"RoleName": "deploy", "Arn": "arn:aws:iam::123456789012:role/deploy", "Path": "/",
        "RoleId": "AROAEXAMPLE", "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": {{"Version": "2012-10-17",
        "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {{"Federated":
        "arn:aws:iam::123456789012:oidc-provider/{issuer}"}}, "Condition": {{{condition}}}}}]}}}}]}}"#
    )
}

fn aws(list: &str, condition: &str) -> Vec<String> {
    found(list, &[("roles.json", &roles(GITHUB, condition))])
}

fn like(subject: &str) -> String {
    format!(r#""StringLike": {{"GH:sub": "{subject}"}}"#)
}

#[test]
fn a_role_that_trusts_a_name_which_nothing_has_is_told_by_how_it_is_pinned() {
    let gone = "trusts acme/gone, which is not among your repositories";
    for (subject, want) in [
        ("repo:acme/gone:ref:refs/heads/main", format!("high high deploy {gone}")),
        ("repo:acme/gone:*", format!("high high deploy {gone}")),
        (
            "repo:Acme/Gone:pull_request",
            "high high deploy trusts Acme/Gone, which is not among your repositories".to_owned(),
        ),
        ("repo:acme@12/gone@36:environment:prod", format!("medium high deploy {gone}")),
        ("repo:acme@*/gone@*:environment:prod", format!("high high deploy {gone}")),
        ("repo:acme@12/app@33:*", "medium high deploy trusts acme/app, whose number another one had".to_owned()),
        ("repo:acme/old:*", "medium high deploy trusts acme/old, which is archived".to_owned()),
        ("repo:acme/gone-*:*", "high high deploy trusts acme/gone-*, which is not among your repositories".to_owned()),
        ("job_workflow_ref:acme/gone/.github/workflows/x.yml@refs/heads/main", format!("high high deploy {gone}")),
    ] {
        assert_eq!(aws(&ours(), &like(subject)), [want], "{subject}");
    }
    let by_id = format!(r#"{}, "StringEquals": {{"GH:repository_owner_id": "12"}}"#, like("repo:acme/gone:*"));
    assert_eq!(aws(&ours(), &by_id), [format!("medium high deploy {gone}")]);
    let vacuous =
        format!(r#"{}, "StringEqualsIfExists": {{"GH:repository_owner_id": "12"}}"#, like("repo:acme/gone:*"));
    assert_eq!(aws(&ours(), &vacuous), [format!("high high deploy {gone}")]);
    let claim = r#""StringEquals": {"GH:repository": ["acme/app", "acme/gone"], "GH:ref": "refs/heads/main"}"#;
    assert_eq!(aws(&ours(), claim), [format!("high high deploy {gone}")]);
    let numbers = r#""StringEquals": {"GH:repository_id": "36", "GH:repository_owner_id": "12"}"#;
    assert_eq!(
        aws(&ours(), numbers),
        ["medium high deploy trusts repository 36, which is not among your repositories"]
    );
}

#[test]
fn what_is_here_or_of_others_or_left_open_is_no_dead_subject() {
    for condition in [
        like("repo:acme/app:ref:refs/heads/main"),
        like("repo:ACME/App:*"),
        like("repo:acme@12/app@34:*"),
        like("repo:acme/*"),
        like("repo:acme/a*:*"),
        like("repo:*"),
        like("repo:a*/gone:*"),
        like("repo:vendor/gone:*"),
        like("repo:acme/${aws:PrincipalTag/repo}:*"),
        like("system:serviceaccount:prod:gone"),
        r#""StringEquals": {"GH:sub": "repo:acme/gone-*:ref:refs/heads/main"}"#.to_owned(),
        r#""StringNotEquals": {"GH:repository": "acme/gone"}"#.to_owned(),
        r#""StringEquals": {"GH:repository_id": "34", "GH:repository_owner_id": "12"}"#.to_owned(),
        r#""StringEquals": {"GH:repository_id": "36", "GH:repository_owner_id": "13"}"#.to_owned(),
    ] {
        assert!(aws(&ours(), &condition).is_empty(), "{condition}: {:?}", aws(&ours(), &condition));
    }
    // A long list of values is cut, and half a name is none.
    let many: Vec<String> = (0..40).map(|n| format!("\"acme/app{n}\"")).collect();
    let list: String = (0..40).map(|n| format!("https://github.com/acme/app{n}\n")).collect();
    let condition = format!(r#""StringEquals": {{"GH:repository": [{}]}}"#, many.join(","));
    assert!(aws(&list, &condition).is_empty(), "{:?}", aws(&list, &condition));
    let role = roles(GITHUB, &like("repo:acme/gone:*"));
    let facts = google::facts(&[("roles.json", &role)]);
    assert!(of(&run(Vec::new(), facts).1, CHECK).is_empty(), "without a list nothing is known");
}

#[test]
fn a_list_that_does_not_tell_its_host_or_may_be_cut_makes_it_less_sure() {
    let gone = "trusts acme/gone, which is not among your repositories";
    assert_eq!(aws("acme/app\n", &like("repo:acme/gone:*")), [format!("high medium deploy {gone}")]);
    assert_eq!(aws("https://github.com/acme/app\n", &like("repo:acme/gone:*")), [format!("high high deploy {gone}")]);
    let page: String = (0..30).map(|n| format!("https://github.com/acme/r{n}\n")).collect();
    assert_eq!(aws(&page, &like("repo:acme/gone:*")), [format!("high medium deploy {gone}")]);
    assert!(aws("https://gitlab.com/acme/app\n", &like("repo:acme/gone:*")).is_empty());
    let own = roles("git.acme.example", &like("project_path:acme/gone:ref_type:branch:ref:main"));
    let list = r#"[{"id": 1, "path_with_namespace": "acme/app", "archived": false, "namespace": {"id": 2}}]"#;
    assert_eq!(found(list, &[("roles.json", &own)]), [format!("high medium deploy {gone}")]);
    let gitlab = roles("gitlab.com", &like("project_path:acme/gone:ref_type:branch:ref:main"));
    assert_eq!(found(list, &[("roles.json", &gitlab)]), [format!("high high deploy {gone}")]);
    let pinned = format!(r#"{}, "StringEquals": {{"GH:project_id": "7"}}"#, like("project_path:acme/gone:*"));
    assert_eq!(found(list, &[("roles.json", &roles("gitlab.com", &pinned))]), [format!("medium high deploy {gone}")]);
    let deep = r#"[{"id": 1, "path_with_namespace": "acme/web/app"}]"#;
    assert!(found(deep, &[("roles.json", &gitlab)]).is_empty(), "the list is of one group");
}

const POOL: &str = "projects/123/locations/global/workloadIdentityPools/ci";

fn provider(condition: &str) -> String {
    format!(
        r#"[{{"name": "{POOL}/providers/gh", "state": "ACTIVE", "attributeMapping": {{"google.subject": "assertion.sub",
        "attribute.repository": "assertion.repository"}}, "attributeCondition": "{condition}",
        "oidc": {{"issuerUri": "https://{GITHUB}"}}}}]"#
    )
}

fn binding(role: &str, member: &str) -> String {
    format!(r#"{{"bindings": [{{"role": "roles/{role}", "members": ["{member}"]}}]}}"#)
}

#[test]
fn pools_and_their_members_name_repositories_too() {
    let gone = "trusts acme/gone, which is not among your repositories";
    let by_condition = provider("assertion.repository == 'acme/gone'");
    assert_eq!(found(&ours(), &[("providers.json", &by_condition)]), [format!("high high gh of pool ci {gone}")]);
    let owner = provider("assertion.repository_owner == 'acme'");
    let by_id = provider("assertion.repository_owner_id == '12'");
    let account = "ci@acme-prod.iam.gserviceaccount.com";
    let member = format!("principalSet://iam.googleapis.com/{POOL}/attribute.repository/acme/gone");
    let policy = binding("iam.workloadIdentityUser", &member);
    let path = format!("{account}.json");
    for (pool, severity, confidence) in
        [(Some(&owner), "high", "high"), (Some(&by_id), "medium", "high"), (None, "high", "medium")]
    {
        let mut files = vec![(path.as_str(), policy.as_str())];
        files.extend(pool.map(|text| ("providers.json", text.as_str())));
        assert_eq!(found(&ours(), &files), [format!("{severity} {confidence} {account} {gone}")]);
    }
    let subject = format!("principal://iam.googleapis.com/{POOL}/subject/repo:acme/gone:ref:refs/heads/main");
    let direct = binding("storage.admin", &subject);
    let files = [("iam-policy-acme-prod.json", direct.as_str()), ("providers.json", owner.as_str())];
    let shown = "repo:acme/gone:ref:refs/heads/main of pool ci";
    assert_eq!(found(&ours(), &files), [format!("high high {shown} {gone}")]);
    let here = binding("iam.workloadIdentityUser", &member.replace("gone", "app"));
    assert!(found(&ours(), &[(path.as_str(), here.as_str()), ("providers.json", owner.as_str())]).is_empty());
    let off = owner.replace("ACTIVE", "DELETED");
    let pool = format!(r#"[{{"name": "{POOL}", "state": "DELETED"}}]"#);
    let files = [(path.as_str(), policy.as_str()), ("providers.json", off.as_str()), ("pools.json", pool.as_str())];
    assert!(found(&ours(), &files).is_empty(), "a pool that is off lets nobody in");
}

#[test]
fn federated_credentials_of_entra_are_looked_at_like_roles() {
    let credential = |what: &str| {
        format!(
            r#"[{{"id": "x", "name": "gh", "issuer": "https://{GITHUB}", {what}, "audiences": ["api://AzureADTokenExchange"]}}]"#
        )
    };
    let path = "aaaaaaaa-1111-4222-8333-444455556666.json";
    for (what, want) in [
        (r#""subject": "repo:acme/gone:environment:prod""#, 1),
        (r#""subject": "repo:acme/app:environment:prod""#, 0),
        (
            r#""claimsMatchingExpression": {"value": "claims['sub'] matches 'repo:acme/gone:ref:refs/heads/*'", "languageVersion": 1}"#,
            1,
        ),
        (
            r#""claimsMatchingExpression": {"value": "claims['sub'] matches 'repo:acme/a*:ref:refs/heads/*'", "languageVersion": 1}"#,
            0,
        ),
    ] {
        let out = found(&ours(), &[(path, &credential(what))]);
        assert_eq!(out.len(), want, "{what}: {out:?}");
        assert!(out.iter().all(|line| line.starts_with("high high ")), "{out:?}");
    }
}

#[test]
fn declarations_are_read_as_exports_are() {
    let gone = "trusts acme/gone, which is not among your repositories";
    let condition = format!("StringLike = {{ \"{GITHUB}:sub\" = [\"repo:acme/gone:*\", \"repo:acme/app:*\"] }}");
    let role = format!(
        "resource \"aws_iam_role\" \"r\" {{\n  name = \"r\"\n  assume_role_policy = jsonencode({{ Statement = [{{ Effect = \"Allow\", \
         Action = \"sts:AssumeRoleWithWebIdentity\", Principal = {{ Federated = \
         \"arn:aws:iam::1:oidc-provider/{GITHUB}\" }}, Condition = {{ {condition} }} }}] }})\n}}\n"
    );
    let pool = format!(
        "resource \"google_iam_workload_identity_pool_provider\" \"gh\" {{\n  attribute_condition = \
         \"assertion.repository_owner == 'acme'\"\n  oidc {{\n    issuer_uri = \"https://{GITHUB}\"\n  }}\n}}\n\
         resource \"google_service_account\" \"ci\" {{\n  account_id = \"ci\"\n}}\n\
         resource \"google_service_account_iam_member\" \"m\" {{\n  service_account_id = google_service_account.ci.name\n  \
         role = \"roles/iam.workloadIdentityUser\"\n  member = \"principalSet://iam.googleapis.com/\
         ${{google_iam_workload_identity_pool.gh.name}}/attribute.repository/acme/gone\"\n}}\n"
    );
    let entra = format!(
        "resource \"azuread_application\" \"a\" {{\n  display_name = \"a\"\n}}\n\
         resource \"azuread_application_federated_identity_credential\" \"f\" {{\n  application_id = \
         azuread_application.a.id\n  display_name = \"gh\"\n  audiences = [\"api://AzureADTokenExchange\"]\n  issuer = \
         \"https://{GITHUB}\"\n  subject = \"repo:acme/gone:environment:prod\"\n}}\n"
    );
    let template = format!(
        "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      \
         AssumeRolePolicyDocument:\n        Statement:\n          - Effect: Allow\n            Action: \
         sts:AssumeRoleWithWebIdentity\n            Principal:\n              Federated: \
         arn:aws:iam::123456789012:oidc-provider/{GITHUB}\n            Condition:\n              StringLike:\n                \
         {GITHUB}:sub: repo:acme/gone:*\n"
    );
    for (path, text) in
        [("a/main.tf", &role), ("b/main.tf", &pool), ("c/main.tf", &entra), ("template.yaml", &template)]
    {
        let out = found(&ours(), &[(path, text)]);
        assert_eq!(out.len(), 1, "{path}: {out:?}");
        assert!(out[0].starts_with("high high ") && out[0].ends_with(gone), "{out:?}");
    }
    let open = role.replace("acme/gone", "${var.repository}").replace("acme/app", "acme/${var.app}");
    assert!(found(&ours(), &[("a/main.tf", &open)]).is_empty());
}
