//! What AWS actions are worth: paths to administration, broad rights, and what they must reach to be either.
//!
//! Action and resource names: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>; escalation
//! paths: <https://pathfinding.cloud/>.

use super::aws;
use super::aws_policy::glob;
use crate::model::Privilege;

/// What an action must reach to be worth something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Customer-managed policies; AWS's own cannot be changed.
    Policy,
    /// Any principal of this type, itself included.
    Principal(&'static str),
    /// Users in general: one's own keys and password are no gain.
    OtherUsers,
    /// Roles in general: passing one named role gives that role's rights, which are listed with it.
    ManyRoles,
    /// Resources in general, of any service.
    Wide,
}

/// An action that counts for more than its own resource.
pub struct Capability {
    /// The action, as AWS writes it.
    pub action: &'static str,
    /// What it must reach.
    pub target: Target,
    /// One of these must be allowed too, on anything; none needed when empty.
    pub with: &'static [&'static str],
}

const fn cap(action: &'static str, target: Target) -> Capability {
    Capability { action, target, with: &[] }
}

/// Paths to administration.
pub const ESCALATIONS: &[Capability] = &[
    cap("iam:CreatePolicyVersion", Target::Policy),
    cap("iam:SetDefaultPolicyVersion", Target::Policy),
    cap("iam:AttachUserPolicy", Target::Principal("user")),
    cap("iam:AttachGroupPolicy", Target::Principal("group")),
    cap("iam:AttachRolePolicy", Target::Principal("role")),
    cap("iam:PutUserPolicy", Target::Principal("user")),
    cap("iam:PutGroupPolicy", Target::Principal("group")),
    cap("iam:PutRolePolicy", Target::Principal("role")),
    cap("iam:AddUserToGroup", Target::Principal("group")),
    cap("iam:UpdateAssumeRolePolicy", Target::Principal("role")),
    cap("iam:CreateAccessKey", Target::OtherUsers),
    cap("iam:CreateLoginProfile", Target::OtherUsers),
    cap("iam:UpdateLoginProfile", Target::OtherUsers),
    Capability {
        action: "iam:PassRole",
        target: Target::ManyRoles,
        with: &[
            "ec2:RunInstances",
            "lambda:CreateFunction",
            "ecs:RunTask",
            "ecs:RegisterTaskDefinition",
            "cloudformation:CreateStack",
            "codebuild:CreateProject",
            "glue:CreateDevEndpoint",
            "glue:CreateJob",
            "datapipeline:CreatePipeline",
            "sagemaker:CreateNotebookInstance",
            "sagemaker:CreateTrainingJob",
            "sagemaker:CreateProcessingJob",
            "apprunner:CreateService",
            "batch:RegisterJobDefinition",
        ],
    },
];

/// Reading secrets and data, overwriting data, and running code in the place of others, everywhere.
pub const BROAD: &[Capability] = &[
    cap("s3:GetObject", Target::Wide),
    cap("s3:PutObject", Target::Wide),
    cap("s3:DeleteObject", Target::Wide),
    cap("secretsmanager:GetSecretValue", Target::Wide),
    cap("ssm:GetParameter", Target::Wide),
    cap("ssm:GetParameters", Target::Wide),
    cap("ssm:GetParametersByPath", Target::Wide),
    cap("kms:Decrypt", Target::Wide),
    cap("ssm:SendCommand", Target::Wide),
    cap("ssm:StartSession", Target::Wide),
    cap("lambda:UpdateFunctionCode", Target::Wide),
    cap("glue:UpdateDevEndpoint", Target::Wide),
    cap("cloudformation:UpdateStack", Target::Wide),
    cap("ec2-instance-connect:SendSSHPublicKey", Target::Wide),
    cap("ec2-instance-connect:SendSerialConsoleSSHPublicKey", Target::Wide),
    cap("sagemaker:CreatePresignedNotebookInstanceUrl", Target::Wide),
    cap("sts:AssumeRole", Target::Wide),
];

/// The level of a policy that AWS manages, by its name, for exports that leave its document out
/// (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>). `Unknown` for names that do not
/// tell.
#[must_use]
pub fn managed_level(arn: &str) -> Privilege {
    let Some(path) = aws::resource_of_arn(arn).filter(|_| arn.contains(":iam::aws:")) else {
        return Privilege::Unknown;
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "AdministratorAccess" | "IAMFullAccess" | "AdministratorAccess-Amplify" => Privilege::Admin,
        "PowerUserAccess"
        | "ReadOnlyAccess"
        | "SystemAdministrator"
        | "AmazonS3ReadOnlyAccess"
        | "SecretsManagerReadWrite"
        | "AmazonSSMReadOnlyAccess" => Privilege::WriteBroad,
        "SecurityAudit" | "ViewOnlyAccess" | "IAMReadOnlyAccess" => Privilege::ReadScoped,
        _ if name.ends_with("FullAccess") => Privilege::WriteBroad,
        _ if name.ends_with("ReadOnlyAccess") => Privilege::ReadScoped,
        _ => Privilege::Unknown,
    }
}

/// True for the pattern of all actions.
pub fn is_everything(pattern: &str) -> bool {
    matches!(pattern, "*" | "*:*")
}

/// True for reading and listing, by the verb that AWS names begin with.
pub fn is_read(pattern: &str) -> bool {
    const VERBS: [&str; 12] = [
        "get", "list", "describe", "head", "batchget", "lookup", "search", "view", "query", "scan", "select",
        "simulate",
    ];
    let verb = pattern.split_once(':').map_or(pattern, |(_, verb)| verb).to_ascii_lowercase();
    VERBS.iter().any(|known| verb.starts_with(known))
}

/// True for a resource pattern that names no resource: `*`, or an ARN whose last part is a bare wildcard after at most a
/// type (`arn:aws:s3:::*`, `arn:aws:secretsmanager:*:*:secret:*`).
pub fn is_wide(resource: &str) -> bool {
    if resource.chars().all(|c| c == '*') {
        return !resource.is_empty();
    }
    let Some(rest) = aws::resource_of_arn(resource) else { return false };
    let name = match rest.split_once(['/', ':']) {
        // In an S3 ARN the first part is no type, it is a bucket.
        Some((kind, name)) if !kind.contains('*') && resource.split(':').nth(2) != Some("s3") => name,
        _ => rest,
    };
    !name.is_empty() && name.chars().all(|c| matches!(c, '*' | '/' | ':'))
}

/// Whether a resource pattern reaches what an action must reach.
pub fn reaches(target: Target, resource: &str, own_arn: &str) -> bool {
    let own = |resource: &str| resource == own_arn || resource.contains("${aws:");
    match target {
        Target::Wide => is_wide(resource),
        Target::Policy => reaches_type(resource, "policy") && !resource.contains(":iam::aws:"),
        Target::Principal(kind) => reaches_type(resource, kind),
        Target::OtherUsers => reaches_type(resource, "user") && resource.contains('*') && !own(resource),
        Target::ManyRoles => reaches_type(resource, "role") && is_wide(resource),
    }
}

/// Whether an ARN pattern can match an IAM entity of a type in a customer's account.
fn reaches_type(resource: &str, kind: &str) -> bool {
    let Some(rest) = aws::resource_of_arn(resource) else { return resource.starts_with('*') };
    let service = resource.split(':').nth(2).unwrap_or_default();
    let named = rest.split('/').next().unwrap_or_default();
    glob(service, "iam") && (named == kind || (named.contains('*') && glob(named, kind)) || rest == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_aws_managed_policies_tell_their_level_and_customers_names_do_not() {
        assert_eq!(managed_level("arn:aws:iam::aws:policy/AdministratorAccess"), Privilege::Admin);
        assert_eq!(managed_level("arn:aws-us-gov:iam::aws:policy/PowerUserAccess"), Privilege::WriteBroad);
        assert_eq!(managed_level("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"), Privilege::ReadScoped);
        assert_eq!(managed_level("arn:aws:iam::123456789012:policy/AdministratorAccess"), Privilege::Unknown);
        assert_eq!(managed_level("arn:aws:iam::aws:policy/service-role/AWSLambdaRole"), Privilege::Unknown);
    }

    #[test]
    fn wide_is_a_pattern_that_names_no_resource() {
        for (resource, want) in [
            ("*", true),
            ("", false),
            ("arn:aws:s3:::*", true),
            ("arn:aws:s3:::*/*", true),
            ("arn:aws:s3:::one/*", false),
            ("arn:aws:iam::*:role/*", true),
            ("arn:aws:iam::123456789012:role/app-*", false),
            ("arn:aws:ssm:*:*:parameter/*", true),
            ("arn:aws:kms:*:*:key/*", true),
            ("arn:aws:lambda:*:*:function:*", true),
        ] {
            assert_eq!(is_wide(resource), want, "{resource}");
        }
    }
}
