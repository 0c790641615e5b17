//! Tasks of Azure Pipelines that authenticate: which of their inputs name a service connection, and what it opens.
//!
//! Inputs follow the task reference at <https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/>. Whether a
//! connection keeps a secret or federates stands in the project's settings, not in the file.

use crate::model::AuthMode;

/// How an input names a connection.
pub(super) struct Connection {
    /// The input, in lower case.
    pub input: &'static str,
    /// What it opens.
    pub provider: &'static str,
    /// Whether such a connection may federate, so that nobody can tell whether it keeps a secret.
    pub mode: AuthMode,
}

const fn may_federate(input: &'static str, provider: &'static str) -> Connection {
    Connection { input, provider, mode: AuthMode::Unknown }
}

const fn keeps(input: &'static str, provider: &'static str) -> Connection {
    Connection { input, provider, mode: AuthMode::Referenced }
}

/// Inputs that name a service connection.
const CONNECTIONS: &[Connection] = &[
    may_federate("azuresubscription", "azure"),
    may_federate("connectedservicename", "azure"),
    may_federate("connectedservicenamearm", "azure"),
    may_federate("azureresourcemanagerconnection", "azure"),
    may_federate("azuresubscriptionendpoint", "azure"),
    may_federate("azuresubscriptionendpointforsecrets", "azure"),
    may_federate("azureserviceconnection", "azure"),
    may_federate("backendservicearm", "azure"),
    may_federate("environmentservicename", "azure"),
    may_federate("environmentservicenameazurerm", "azure"),
    may_federate("environmentservicenameaws", "aws"),
    may_federate("backendserviceaws", "aws"),
    may_federate("environmentservicenamegcp", "gcp"),
    may_federate("backendservicegcp", "gcp"),
    may_federate("azuredevopsserviceconnection", "azure-devops"),
    may_federate("awscredentials", "aws"),
    may_federate("containerregistry", "docker"),
    may_federate("dockerregistryserviceconnection", "docker"),
    may_federate("dockerregistryendpoint", "docker"),
    may_federate("containerregistryendpoint", "docker"),
    keeps("kubernetesserviceconnection", "kubernetes"),
    keeps("kubernetesserviceendpoint", "kubernetes"),
    keeps("sshendpoint", "ssh"),
    keeps("sonarqube", "sonar"),
    keeps("sonarcloud", "sonar"),
    keeps("customendpoint", ""),
    keeps("externalendpoint", ""),
    keeps("externalendpoints", ""),
    keeps("nugetserviceconnections", "nuget"),
    keeps("publishfeedcredentials", ""),
    keeps("publishendpoint", "npm"),
    keeps("githubconnection", "github"),
    keeps("gitservice", "github"),
    keeps("pythonuploadserviceconnection", "pypi"),
    keeps("pythondownloadserviceconnections", "pypi"),
    keeps("serviceconnection", ""),
    keeps("serverendpoint", ""),
    keeps("connection", ""),
];

/// The connection that an input names, when it names one.
pub(super) fn connection(input: &str) -> Option<&'static Connection> {
    let input = input.to_ascii_lowercase();
    CONNECTIONS.iter().find(|known| known.input == input)
}

/// Inputs that hold the name of a file among the project's secure files.
pub(super) fn is_secure_file(task: &str, input: &str) -> bool {
    let input = input.to_ascii_lowercase();
    match task {
        "DownloadSecureFile" => input == "securefile",
        "InstallSSHKey" => input == "sshkeysecurefile",
        "InstallAppleCertificate" => input == "certsecurefile",
        "AndroidSigning" => matches!(input.as_str(), "apksignerkeystorefile" | "keystorefile"),
        _ => false,
    }
}

/// A task's name without its version: `AzureCLI` of `AzureCLI@2`.
pub(super) fn name(task: &str) -> &str {
    task.split('@').next().unwrap_or(task).trim()
}

/// Inputs that are scripts.
pub(super) fn is_script(input: &str) -> bool {
    matches!(input.to_ascii_lowercase().as_str(), "script" | "inlinescript" | "inline")
}
