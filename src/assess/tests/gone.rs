//! What is named and no longer there, from the texts of exports and pipelines on.

use super::google::{facts, of};
use super::*;

const CHECK: &str = "NHI1-reference-gone";

/// A workflow with a job for each role.
fn logins(roles: &[&str]) -> String {
    let job = |(n, role): (usize, &&str)| {
        format!(
            "  job{n}:\n    runs-on: ubuntu-latest\n    permissions: {{id-token: write}}\n    steps:\n    - uses: \
             aws-actions/configure-aws-credentials@0123456789012345678901234567890123456789\n      with: {{role-to-assume: \
             '{role}', aws-region: eu-west-1}}\n"
        )
    };
    format!("on: push\njobs:\n{}", roles.iter().enumerate().map(job).collect::<String>())
}

fn arn(name: &str) -> String {
    format!("arn:aws:iam::210987654321:role/{name}")
}

/// An account with these roles, each of which trusts one principal.
fn account(roles: &[(&str, &str)], rest: &str) -> String {
    let one = |(n, (name, trusted)): (usize, &(&str, &str))| {
        format!(
            "{{\"RoleName\": \"{name}\", \"RoleId\": \"AROAEXAMPLE00000000{n}\", \"Arn\": \"{}\", \"Path\": \"/\", \
             \"AssumeRolePolicyDocument\": {{\"Statement\": [{{\"Effect\": \"Allow\", \"Principal\": {{\"AWS\": \"{trusted}\"}}, \
             \"Action\": \"sts:AssumeRole\"}}]}}}}",
            arn(name)
        )
    };
    let all: Vec<String> = roles.iter().enumerate().map(one).collect();
    format!("{{\"UserDetailList\": [], \"RoleDetailList\": [{}]{rest}}}", all.join(", "))
}

const ADMIN: &str = "arn:aws:iam::210987654321:root";
const FLOW: &str = ".github/workflows/deploy.yml";

#[test]
fn a_job_that_takes_on_a_role_which_its_whole_account_does_not_have_is_told() {
    let (deploy, old) = (arn("deploy"), arn("old"));
    let flow = logins(&[&deploy, &old]);
    let told = |account: &str| of(CHECK, &[(FLOW, &flow), ("aws.json", account)]);
    let whole = account(&[("deploy", ADMIN), ("other", ADMIN)], "");
    assert_eq!(told(&whole), ["low deploy.yml / job1 logs in as role old, which account 210987654321 does not have"]);
    // It is there; it is there under a path; nothing was listed; nothing that is asked for was.
    assert!(told(&account(&[("deploy", ADMIN), ("old", ADMIN)], "")).is_empty());
    assert!(told(&account(&[("deploy", ADMIN), ("team/old", ADMIN)], "")).is_empty());
    assert!(told(&account(&[], "")).is_empty());
    assert!(told(&account(&[("other", ADMIN)], "")).is_empty());
    // The listing is of another account.
    assert!(told(&whole.replace("210987654321", "210987654322")).is_empty());
    // The code beside it makes the role.
    let declared = format!(
        "Resources:\n  Old:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: old\n      {}\n",
        "AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'}]}"
    );
    let declared = format!("AWSTemplateFormatVersion: '2010-09-09'\n{declared}");
    let files = [(FLOW, flow.as_str()), ("aws.json", &whole), ("stack.yaml", &declared)];
    assert!(of(CHECK, &files).is_empty());
}

#[test]
fn of_a_listing_that_goes_on_elsewhere_nothing_is_missing() {
    let (deploy, old) = (arn("deploy"), arn("old"));
    let flow = logins(&[&deploy, &old]);
    let cut = account(&[("deploy", ADMIN)], ", \"IsTruncated\": true");
    let mut all = facts(&[(FLOW, &flow)]);
    let format = crate::formats::of_facts().find(|format| format.id == "aws-authorization-details").unwrap();
    let name = crate::model::RepoPath::from("aws.json");
    let input = crate::formats::Input { path: &name, repository: None, text: &cut };
    let mut keep = |fact: Fact| {
        all.push(LocatedFact { fact, location: at("aws.json", 1), format: format.id, sample: false });
    };
    let mut notices = Vec::new();
    let mut note = |notice: crate::formats::ReadNotice| notices.push(notice.code);
    (format.read)(&input, &crate::doc::Doc::default(), &mut crate::formats::Out::new(&mut keep, &mut note));
    assert_eq!(notices, ["truncated-export"]);
    assert!(!super::run(Vec::new(), all).1.findings.iter().any(|finding| finding.id == CHECK));
}

#[test]
fn a_trust_in_what_aws_knows_by_its_number_alone_is_left_of_a_deleted_principal() {
    let told = |principal: &str| of(CHECK, &[("aws.json", &account(&[("deploy", principal)], ""))]);
    assert_eq!(told("AROAEXAMPLE123456789A"), ["low deploy trusts a principal that was deleted"]);
    assert_eq!(told("AIDAEXAMPLE123456789A"), ["low deploy trusts a principal that was deleted"]);
    for there in [ADMIN, "*", "arn:aws:iam::210987654321:role/other", "210987654321", "${var.principal}"] {
        assert!(told(there).is_empty(), "{there}");
    }
}

#[test]
fn a_job_that_acts_as_a_service_account_which_its_project_does_not_have_is_told() {
    let login = |names: &[&str]| {
        let step = |name: &&str| {
            format!(
                "    - uses: google-github-actions/auth@0123456789012345678901234567890123456789\n      with: \
                 {{workload_identity_provider: projects/1/locations/global/workloadIdentityPools/a/providers/b, service_account: \
                 {name}@acme-tools.iam.gserviceaccount.com}}\n"
            )
        };
        let steps: String = names.iter().map(step).collect();
        format!(
            "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    permissions: {{id-token: write}}\n    steps:\n{steps}"
        )
    };
    let listed = |names: &[&str]| {
        let one = |(n, name): (usize, &&str)| {
            let email = format!("{name}@acme-tools.iam.gserviceaccount.com");
            format!(
                "{{\"email\": \"{email}\", \"name\": \"projects/acme-tools/serviceAccounts/{email}\", \"projectId\": \"acme-tools\", \
                 \"uniqueId\": \"10000000000000000000{n}\"}}"
            )
        };
        format!("[{}]", names.iter().enumerate().map(one).collect::<Vec<_>>().join(", "))
    };
    let told =
        |jobs: &[&str], accounts: &[&str]| of(CHECK, &[(FLOW, &login(jobs)), ("accounts.json", &listed(accounts))]);
    assert_eq!(
        told(&["deploy", "old"], &["deploy", "other"]),
        [
            "low deploy.yml / deploy logs in as service account old@acme-tools.iam.gserviceaccount.com, which project acme-tools does not have"
        ]
    );
    assert!(told(&["deploy", "old"], &["deploy", "old"]).is_empty());
    assert!(told(&["Deploy"], &["deploy"]).is_empty());
    assert!(told(&["old"], &["other"]).is_empty(), "a listing that holds nothing of what is asked for may be narrowed");
}
