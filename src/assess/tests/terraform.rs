//! What the checks say of Terraform, from its text on.

use super::*;
use crate::doc::Doc;
use crate::formats::{self, Format, Input, Out, Syntax};
use crate::model::RepoPath;

fn read(files: &[(&str, &str)]) -> Assessment {
    let format: &Format = formats::of_facts().find(|format| format.id == "terraform").unwrap();
    let mut facts = Vec::new();
    for (path, text) in files {
        let doc: Doc = Syntax::Hcl.parse(text).unwrap();
        let name = RepoPath::from(*path);
        let mut keep = |fact: Fact| {
            let line = fact.at().span.map_or(0, |span| text[..span.start].matches('\n').count() as u64 + 1);
            facts.push(LocatedFact { fact, location: at(path, line), format: "terraform", sample: false });
        };
        let mut none = |notice| panic!("{notice:?}");
        let input = Input { path: &name, repository: None, text };
        (format.read)(&input, &doc, &mut Out::new(&mut keep, &mut none));
    }
    run(Vec::new(), facts).1
}

/// Ids and titles of the findings, in order of their names.
fn ids(text: &str) -> Vec<String> {
    let mut out: Vec<String> = read(&[("infra/main.tf", text)])
        .findings
        .iter()
        .map(|f| format!("{} {} {}", f.id, f.base_severity.as_str(), f.title))
        .collect();
    out.sort();
    out
}

fn role(policy: &str) -> String {
    format!("resource \"aws_iam_role\" \"r\" {{ assume_role_policy = jsonencode({{ Statement = [{policy}] }}) }}\n")
}

fn github(condition: &str) -> String {
    role(&format!(
        "{{ Effect = \"Allow\", Action = \"sts:AssumeRoleWithWebIdentity\", \
         Principal = {{ Federated = \"arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com\" }}, \
         Condition = {{ {condition} }} }}"
    ))
    .replace("GH:", "token.actions.githubusercontent.com:")
}

const AUD: &str = "StringEquals = { \"GH:aud\" = \"sts.amazonaws.com\" }";

#[test]
fn rights_are_worked_out_over_all_that_is_attached() {
    let with = |statements: &[&str]| {
        let mut text = "resource \"aws_iam_user\" \"u\" { name = \"u\" }\n".to_owned();
        for (i, statement) in statements.iter().enumerate() {
            text += &format!(
                "resource \"aws_iam_user_policy\" \"p{i}\" {{\n user = aws_iam_user.u.name\n \
                 policy = jsonencode({{ Statement = [{{ {statement} }}] }}) }}\n"
            );
        }
        ids(&text)
    };
    let all = "Effect = \"Allow\", Action = \"*\", Resource = \"*\"";
    assert_eq!(with(&[all]), ["NHI5-aws-admin high aws_iam_user.u administers the AWS account"]);
    assert!(with(&[all, "Effect = \"Deny\", Action = \"*\", Resource = \"*\""]).is_empty());
    let pass = "Effect = \"Allow\", Action = \"iam:PassRole\", Resource = \"*\"";
    assert!(with(&[pass]).is_empty());
    let run = "Effect = \"Allow\", Action = \"ec2:RunInstances\", Resource = \"*\"";
    let escalates = ["NHI5-aws-privesc high aws_iam_user.u can make itself an administrator"];
    assert_eq!(with(&[pass, run]), escalates);
    let version =
        |resource: &str| format!("Effect = \"Allow\", Action = \"iam:CreatePolicyVersion\", Resource = \"{resource}\"");
    assert_eq!(with(&[&version("arn:aws:iam::*:policy/team-*")]), escalates);
    assert!(with(&[&version("arn:aws:iam::aws:policy/team-*")]).is_empty(), "AWS's own policies cannot be changed");
    let dated = |operator: &str| {
        version("*")
            + &format!(", Condition = {{ {operator} = {{ \"aws:TokenIssueTime\" = \"2020-01-01T00:00:01Z\" }} }}")
    };
    assert_eq!(with(&[&dated("DateGreaterThan")]), escalates);
    assert!(with(&[&dated("DateLessThan")]).is_empty(), "no session of that age lives");
    let shell = with(&["Effect = \"Allow\", Action = [\"ssm:StartSession\"], Resource = \"*\""]);
    assert_eq!(shell, ["NHI5-aws-privesc medium aws_iam_user.u can run code with the role of anything that runs"]);
}

#[test]
fn a_policy_that_nothing_in_its_file_attaches_is_judged_by_itself() {
    let policy = "resource \"aws_iam_policy\" \"p\" { policy = jsonencode({ Statement = [{ Effect = \"Allow\", \
                  Action = \"*\", Resource = \"*\" }] }) }";
    assert_eq!(ids(policy), ["NHI5-aws-admin high aws_iam_policy.p gives administration of the AWS account"]);
    let roles = "resource \"aws_iam_role\" \"r\" { assume_role_policy = \"{}\" }";
    let attached = "resource \"aws_iam_role_policy_attachment\" \"a\" {\n role = aws_iam_role.r.name\n \
                    policy_arn = \"arn:aws:iam::aws:policy/AdministratorAccess\"\n}";
    let both = read(&[("infra/roles.tf", roles), ("infra/attach.tf", attached)]);
    let finding = one(&both, "NHI5-aws-admin");
    assert!(finding.title.starts_with("aws_iam_role.r "), "files of one module meet: {}", finding.title);
    assert_eq!(finding.locations[0].path, "infra/attach.tf");
}

#[test]
fn trust_in_pipelines_is_graded_by_all_of_its_conditions() {
    let sub = |subject: &str| {
        github(&format!(
            "StringEquals = {{ \"GH:aud\" = \"sts.amazonaws.com\" }}, \
        StringLike = {{ \"GH:sub\" = {subject} }}"
        ))
    };
    assert!(ids(&sub("\"repo:acme@1/app@2:environment:prod\"")).is_empty());
    let named = ids(&sub("\"repo:acme/app:environment:prod\""));
    assert_eq!(named, ["NHI6-sub-format low aws_iam_role.r trusts a GitHub repository by its name"]);
    let both = ids(&sub("[\"repo:acme@1/app@2:environment:prod\", \"repo:acme@1/app@2:environment:dev\"]"));
    assert!(both[0].starts_with("NHI8-trust-both-envs medium"), "{both:?}");
    let wide = ids(&sub("[\"repo:acme@1/app@2:environment:prod\", \"repo:acme/*\"]"));
    assert!(wide[0].starts_with("NHI6-aws-oidc-wild high"), "the weakest value decides: {wide:?}");
    let pinned = github(&format!(
        "{AUD}, StringLike = {{ \"GH:sub\" = \"repo:acme/*\", \"GH:repository_id\" = \"42\", \
        \"GH:ref\" = \"refs/heads/main\" }}"
    ));
    assert!(ids(&pinned).is_empty(), "what the other claims pin adds up: {:?}", ids(&pinned));
    let open = ids(&github(AUD));
    assert!(open[0].starts_with("NHI6-aws-oidc-open critical"), "{open:?}");
    for condition in [
        "\"ForAllValues:StringLike\" = { \"GH:sub\" = \"repo:acme@1/app@2:*\" }",
        "StringLikeIfExists = { \"GH:sub\" = \"repo:acme@1/app@2:environment:prod\" }",
        "StringNotEquals = { \"GH:sub\" = \"repo:acme/bad:*\" }",
        "Null = { \"GH:sub\" = \"false\" }",
    ] {
        let found = ids(&github(&format!("{AUD}, {condition}")));
        assert_eq!(found.len(), 1, "{condition}: {found:?}");
        assert!(found[0].starts_with("NHI6-oidc-vacuous high"), "{condition}: {found:?}");
    }
    assert!(
        ids(&github(&format!("{AUD}, StringLike = {{ \"GH:sub\" = \"repo:${{var.repository}}:environment:x\" }}")))
            .is_empty()
    );
}

#[test]
fn other_accounts_need_an_external_id_and_people_a_role_of_their_own() {
    let aws = |principal: &str, condition: &str| {
        role(&format!(
            "{{ Effect = \"Allow\", Action = \"sts:AssumeRole\", Principal = {{ {principal} }}{condition} }}"
        ))
    };
    let vendor = "AWS = \"arn:aws:iam::111122223333:root\"";
    assert!(ids(&aws(vendor, ""))[0].starts_with("NHI3-aws-no-externalid high"));
    let external = ", Condition = { StringEquals = { \"sts:ExternalId\" = \"x\" } }";
    assert!(ids(&aws(vendor, external)).is_empty());
    assert!(ids(&aws("AWS = \"*\"", ""))[0].starts_with("NHI3-aws-no-externalid critical"));
    assert!(ids(&aws("AWS = var.arn", "")).is_empty());
    let own = "AWS = \"arn:aws:iam::${data.aws_caller_identity.current.account_id}:root\"";
    assert!(ids(&aws(own, "")).is_empty());
    let mixed = ids(&aws(&format!("{own}, Service = \"ec2.amazonaws.com\""), ""));
    assert!(mixed[0].starts_with("NHI10-aws-mixed-trust medium"), "{mixed:?}");
}

#[test]
fn what_declarations_leave_open_is_found_and_what_they_close_is_not() {
    for (bad, want) in [
        (
            "resource \"azurerm_storage_account\" \"s\" { shared_access_key_enabled = true }",
            "NHI4-shared-key-enabled medium",
        ),
        ("resource \"azurerm_container_registry\" \"s\" { admin_enabled = true }", "NHI4-shared-key-enabled medium"),
        ("resource \"aws_instance\" \"i\" { iam_instance_profile = \"web\" }", "NHI4-imdsv1 medium"),
        (
            "resource \"aws_launch_template\" \"i\" {\n metadata_options { http_tokens = \"optional\" }\n}",
            "NHI4-imdsv1 low",
        ),
        ("resource \"aws_kms_key\" \"k\" { enable_key_rotation = false }", "NHI7-kms-norotate medium"),
        ("resource \"vault_approle_auth_backend_role\" \"v\" { secret_id_ttl = 0 }", "NHI7-vault-forever medium"),
        ("resource \"aws_iam_access_key\" \"k\" { user = \"ci\" }", "NHI6-iac-static-key medium"),
        ("provider \"google\" { credentials = file(\"key.json\") }", "NHI6-provider-literal high"),
        ("provider \"azurerm\" { client_secret = var.secret }", "NHI6-provider-literal medium"),
        (
            "resource \"azuredevops_serviceendpoint_azurerm\" \"e\" { service_endpoint_authentication_scheme = \"ServicePrincipal\" }",
            "NHI6-sc-secret medium",
        ),
        (
            "resource \"github_repository_webhook\" \"h\" {\n configuration {\n  url = \"https://ci.acme.example/h\"\n }\n}",
            "NHI4-webhook-unsigned medium",
        ),
        (
            "resource \"gitlab_project_hook\" \"h\" { url = \"https://ci.acme.example/h\" }",
            "NHI4-webhook-unsigned medium",
        ),
        ("resource \"google_container_cluster\" \"c\" { name = \"c\" }", "NHI6-node-identity medium"),
        (
            "resource \"google_project_iam_member\" \"m\" {\n role = \"roles/owner\"\n project = \"p\"\n \
             member = \"serviceAccount:a@p.iam.gserviceaccount.com\"\n}",
            "NHI5-gcp-primitive high",
        ),
        (
            "resource \"google_project_iam_member\" \"m\" {\n role = \"roles/iam.serviceAccountUser\"\n project = \"p\"\n \
             member = \"serviceAccount:a@p.iam.gserviceaccount.com\"\n}",
            "NHI5-gcp-impersonate high",
        ),
        (
            "resource \"azurerm_role_assignment\" \"r\" {\n scope = \"/subscriptions/0\"\n role_definition_name = \"Owner\"\n \
             principal_id = azurerm_user_assigned_identity.a.principal_id\n}",
            "NHI5-azure-broad high",
        ),
        (
            "resource \"azuread_application_federated_identity_credential\" \"f\" {\n application_id = azuread_application.a.id\n \
             issuer = \"https://token.actions.githubusercontent.com\"\n subject = \"repo:acme@1/app@2:pull_request\"\n}",
            "NHI6-entra-fic high",
        ),
    ] {
        let found = ids(bad);
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        assert!(found[0].starts_with(want), "{bad}: {found:?}");
    }
    for good in [
        "resource \"azurerm_storage_account\" \"s\" { shared_access_key_enabled = false }",
        "resource \"azurerm_container_registry\" \"s\" { name = \"r\" }",
        "resource \"aws_instance\" \"i\" { ami = \"ami-1\" }",
        "resource \"aws_instance\" \"i\" {\n iam_instance_profile = \"web\"\n metadata_options { http_tokens = \"required\" }\n}",
        "resource \"aws_kms_key\" \"k\" { key_usage = \"SIGN_VERIFY\" }",
        "resource \"vault_approle_auth_backend_role\" \"v\" { secret_id_num_uses = 1 }",
        "provider \"aws\" {\n access_key = \"mock_access_key\"\n secret_key = \"mock_secret_key\"\n}",
        "provider \"azurerm\" { use_oidc = true }",
        "resource \"azuredevops_serviceendpoint_azurerm\" \"e\" { service_endpoint_authentication_scheme = \"WorkloadIdentityFederation\" }",
        "resource \"google_container_cluster\" \"c\" { enable_autopilot = true }",
        "resource \"github_repository_webhook\" \"h\" {\n configuration {\n  url = var.url\n  secret = var.secret\n }\n}",
        "resource \"gitlab_project_hook\" \"h\" {\n url = \"https://ci.acme.example/h\"\n token = var.token\n}",
        "resource \"google_project_iam_member\" \"m\" {\n role = \"roles/owner\"\n member = \"user:ana@acme.example\"\n}",
        "resource \"google_service_account_iam_member\" \"m\" {\n role = \"roles/iam.serviceAccountTokenCreator\"\n \
         member = \"serviceAccount:a@p.iam.gserviceaccount.com\"\n}",
        "resource \"azurerm_role_assignment\" \"r\" {\n scope = azurerm_resource_group.g.id\n role_definition_name = \"Owner\"\n \
         principal_id = azurerm_user_assigned_identity.a.principal_id\n}",
    ] {
        assert!(ids(good).is_empty(), "{good}: {:?}", ids(good));
    }
}

#[test]
fn pools_of_google_are_judged_with_the_bindings_beside_them() {
    let provider = |condition: &str| {
        format!(
            "resource \"google_iam_workload_identity_pool_provider\" \"p\" {{\n {condition}\n \
             oidc {{ issuer_uri = \"https://token.actions.githubusercontent.com\" }}\n}}\n"
        )
    };
    let member = |member: &str| {
        format!(
            "resource \"google_service_account_iam_member\" \"m\" {{\n service_account_id = google_service_account.s.name\n \
             role = \"roles/iam.workloadIdentityUser\"\n member = \"{member}\"\n}}\n"
        )
    };
    let (open, whole) = (provider(""), member("principalSet://iam.googleapis.com/projects/1/pools/p/*"));
    let one = member("principal://iam.googleapis.com/projects/1/pools/p/subject/repo:acme/app:environment:prod");
    assert!(ids(&open)[0].starts_with("NHI6-gcp-wif-open high"));
    assert!(ids(&format!("{open}{one}"))[0].starts_with("NHI6-gcp-wif-open medium"));
    let both = ids(&format!("{open}{whole}"));
    assert!(both[0].starts_with("NHI6-gcp-principalset-all high"), "{both:?}");
    assert!(both[1].starts_with("NHI6-gcp-wif-open critical"), "{both:?}");
    let owner = provider("attribute_condition = \"assertion.repository_owner == 'acme'\"");
    assert!(ids(&owner)[0].starts_with("NHI6-gcp-wif-open medium"));
    assert!(ids(&provider("attribute_condition = \"assertion.repository_id == '42'\"")).is_empty());
    assert!(ids(&provider("attribute_condition = var.condition")).is_empty());
}

#[test]
fn one_role_for_several_workloads_is_told_once() {
    let function =
        |name: &str| format!("resource \"aws_lambda_function\" \"{name}\" {{ role = aws_iam_role.r.arn }}\n");
    let nodes = "resource \"aws_eks_node_group\" \"n\" { node_role_arn = aws_iam_role.r.arn }\n";
    assert!(ids(&function("a")).is_empty());
    let shared = ids(&(function("a") + &function("b") + nodes));
    assert_eq!(shared, ["NHI9-iam-role-shared medium 2 workloads share aws_iam_role.r"]);
}

#[test]
fn passwords_in_arguments_of_resources_and_modules_are_found_and_references_are_not() {
    let found = |text: &str| {
        let all = ids(text);
        all.into_iter().filter(|id| id.starts_with("NHI2-cfn-param")).collect::<Vec<_>>()
    };
    assert_eq!(
        found("resource \"azurerm_mssql_server\" \"s\" { administrator_login_password = \"AdminPassword123!\" }"),
        ["NHI2-cfn-param high Literal secret in azurerm_mssql_server.s.administrator_login_password"]
    );
    assert_eq!(
        found("module \"db\" {\n source = \"./db\"\n db_password = \"Tr0ub4dor\"\n}"),
        ["NHI2-cfn-param high Literal secret in module.db.db_password"]
    );
    assert_eq!(
        found("variable \"db_password\" { default = \"Tr0ub4dor\" }"),
        ["NHI2-cfn-param high Default value for the secret variable db_password"]
    );
    for text in [
        "module \"db\" { db_password = var.db_password }",
        "module \"db\" { db_password = \"${var.a}-x\" }",
        "module \"db\" { db_password = \"changeme\" }",
        "module \"db\" { password_length = \"Tr0ub4dor\" }",
        "variable \"db_password\" {}",
        "resource \"aws_x\" \"y\" { tags = { password = \"Tr0ub4dor\" } }",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn one_login_for_every_workspace_is_told_and_one_that_is_chosen_is_not() {
    let used = "resource \"aws_s3_bucket\" \"b\" { bucket = \"acme-${terraform.workspace}\" }\n";
    let told = |directory: &str, provider: &str, main: &str| {
        let (a, b) = (format!("{directory}/providers.tf"), format!("{directory}/main.tf"));
        let found = read(&[(&a, provider), (&b, main)]).findings;
        let found = found.iter().filter(|f| f.id == "NHI8-tf-workspace");
        found.map(|f| f.confidence).collect::<Vec<_>>()
    };
    let role = |arn: &str| {
        format!("provider \"aws\" {{\n  region = var.region\n  assume_role {{\n role_arn = {arn}\n }}\n}}\n")
    };
    let fixed = role("\"arn:aws:iam::210987654321:role/terraform\"");
    assert_eq!(told("infra", &fixed, used), [Confidence::Medium]);
    assert_eq!(told("infra", "provider \"aws\" { profile = \"acme\" }", used), [Confidence::Low]);
    let google = "provider \"google\" { credentials = file(\"sa.json\") }";
    assert_eq!(told("infra", google, used), [Confidence::Medium]);
    for driven in [
        "var.role_arn",
        "local.roles[terraform.workspace]",
        "\"arn:aws:iam::${var.account}:role/terraform\"",
        "lookup(var.roles, terraform.workspace)",
    ] {
        assert!(told("infra", &role(driven), used).is_empty(), "{driven}");
    }
    // Without workspaces, in the directory of one environment, beside a second block, or against an emulator.
    assert!(told("infra", &fixed, "resource \"aws_s3_bucket\" \"b\" {}\n").is_empty());
    assert!(told("environments/prod", &fixed, used).is_empty());
    let second = format!("{fixed}provider \"aws\" {{\n alias = \"prod\"\n profile = \"prod\"\n}}\n");
    assert!(told("infra", &second, used).is_empty());
    let emulated = "provider \"aws\" {\n profile = \"acme\"\n skip_credentials_validation = true\n}\n";
    assert!(told("infra", emulated, used).is_empty());
    let chosen = "provider \"google\" {\n credentials = file(\"sa.json\")\n project = var.project\n}\n";
    assert!(told("infra", chosen, used).is_empty());
    assert!(told("infra", "provider \"aws\" { region = \"eu-west-1\" }", used).is_empty());
}
