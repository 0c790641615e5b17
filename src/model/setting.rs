//! Properties of declared things that checks judge, and the words they are told by. Readers and checks share them here.

/// A script fetched from the network is run: the value is the address, as written, without query and user.
pub const REMOTE_SCRIPT: &str = "remote-script";
/// A secret goes to a log: the value names the secret and the command.
pub const ECHO: &str = "echo";
/// The check of certificates is off: the value is the option or variable.
pub const TLS_OFF: &str = "tls-off";
/// A login or token goes over plain HTTP: the value is the host.
pub const PLAIN_HTTP: &str = "plain-http";
/// A container or runner may do to its host what it likes: the value says by what (`privileged`, `docker.sock`).
pub const PRIVILEGED: &str = "privileged";
/// Packages are installed with their scripts while a credential is in reach: the value is the command.
pub const INSTALL_SCRIPTS: &str = "install-scripts";
/// A person's login is written into a script: the value is the command.
pub const SCRIPT_LOGIN: &str = "script-login";
/// A script logs in with the user name and password of an account: the value says how.
pub const PASSWORD_LOGIN: &str = "password-login";
/// What an agent's tool server reaches is as wide as can be: the value says what (`files: the whole disk`).
pub const AGENT_SCOPE: &str = "agent-scope";
/// An agent's tool server works on production: the value says on what.
pub const AGENT_PRODUCTION: &str = "agent-production";
/// An agent may do everything of a kind without asking: the value is the option.
pub const AGENT_AUTO_APPROVE: &str = "agent-auto-approve";
/// The token of a job is asked to stay for every step that follows: the value says by what.
pub const KEPT_JOB_TOKEN: &str = "kept-job-token";
/// A credential that lasts is made by a declaration: the value is the type of the resource.
pub const STATIC_KEY: &str = "static-key";
/// A declaration holds a credential of its tool: the value is the argument; the attribute `how` tells `literal`, `file` or
/// `variable`.
pub const TOOL_CREDENTIAL: &str = "tool-credential";
/// A provider of Terraform logs in as one identity whatever workspace is run: the subject is the provider, the value the argument
/// that says as whom, empty where a variable or the workspace may.
pub const WORKSPACE_LOGIN: &str = "workspace-login";
/// A file of a Terraform module asks for the workspace: the subject is the module's directory.
pub const WORKSPACES: &str = "workspaces";
/// A service connection authenticates with a secret: the value is the scheme.
pub const CONNECTION_SECRET: &str = "connection-secret";
/// A workload identity pool's provider: the value is its condition, empty for none; the attribute `issuer` names whom it trusts.
pub const WIF_PROVIDER: &str = "wif-provider";
/// Members of a workload identity pool may take on a service account: the value is the member.
pub const WIF_MEMBER: &str = "wif-member";
/// Workloads share the identity of the machine they run on: the value says which.
pub const NODE_IDENTITY: &str = "node-identity";
/// A service takes shared keys beside identities: the value is `on`, or `default` where nothing is said.
pub const SHARED_KEY: &str = "shared-key";
/// A machine gives its credentials to plain requests (IMDSv1): the value is `on`, or `default` where nothing is said.
pub const IMDS_V1: &str = "imdsv1";
/// A template gives a secret away: the value says how (`default`, `echo`, `literal`, `output`).
pub const PLAIN_SECRET: &str = "plain-secret";
/// A value stands in the clear where its file is encrypted: the value is its key; the attribute `tool` says with what.
pub const BROKEN_ENCRYPTION: &str = "broken-encryption";
/// A checkout keeps its token on disk: the value is what can read it afterwards.
pub const PERSISTED_TOKEN: &str = "persisted-token";
/// A shared library of a pipeline without a fixed version: the value is its name and version, as written.
pub const SHARED_LIBRARY: &str = "shared-library";
/// A secret is put into a script's text before the shell reads it: the value names the secret.
pub const INTERPOLATED: &str = "interpolated-secret";
/// A key of a key service is not rotated: the value is `off`, or `default` where nothing is said.
pub const KEY_ROTATION: &str = "key-rotation";
/// A secret id of Vault that never ends: the value is the role.
pub const SECRET_ID: &str = "secret-id";
/// A policy gives much to whoever gets it: the value is its actions; the attribute `level` tells `admin` or `escalation`.
pub const POLICY_RIGHTS: &str = "policy-rights";
/// An image keeps a credential: the value says by what instruction, and of what name.
pub const IMAGE_SECRET: &str = "image-secret";
/// A service starts with a login that everybody knows: the value names the variable that sets it.
pub const DEFAULT_LOGIN: &str = "default-login";
/// Something acts on the word of whoever asks, without a login: the value says what makes it so.
pub const OPEN_TO_ALL: &str = "open-to-all";
/// A manifest carries a secret in the clear: the value is the key that it stands under.
pub const SECRET_MANIFEST: &str = "secret-manifest";
/// A role of a cluster allows what leads to secrets or to more rights: the value says what.
pub const ROLE_POWER: &str = "role-power";
/// A service account of a cluster holds a role: the value is the role's key.
pub const ROLE_BINDING: &str = "role-binding";
/// One binding gives a role to people and to service accounts: the value names both.
pub const MIXED_SUBJECTS: &str = "mixed-subjects";
/// A binding lets an account of one environment into another: the value names both namespaces.
pub const CROSS_ENVIRONMENT: &str = "cross-environment";
/// A user of a client's configuration opens clusters of production and of other environments: the value tells how it logs in
/// (`plugin`, `stored`), the attributes `production` and `other` name the contexts.
pub const CLIENT_USER: &str = "client-user";
/// A deployment tool may deploy from anywhere, to anywhere, or anything: the value says which.
pub const DEPLOYS_ANYTHING: &str = "deploys-anything";
/// A listing has more pages than the file: the value is the id of its format.
pub const CUT_LISTING: &str = "cut-listing";
/// Role assignments were read: the value is how many.
pub const ROLE_ASSIGNMENTS: &str = "role-assignments";
/// Grants of app roles were read: the value is how many.
pub const APP_ROLES: &str = "app-roles";
/// Users of a directory were read: the value is how many; the attribute `services` says how many are named as services.
pub const USERS_READ: &str = "users-read";
/// A custom role of Azure: the value is what it is worth over a subscription (`admin`, `write-broad`, `write-scoped`,
/// `read-scoped`, `unknown`); the attributes are `actions` and `role_id`.
pub const AZURE_ROLE: &str = "azure-role";
/// A subscription of Azure: the subject is its id, the value its name; the attribute `tenant` says whose.
pub const AZURE_SUBSCRIPTION: &str = "azure-subscription";
/// An application may sign in by a flow that is given up: the value says which (`access-tokens`, `id-tokens`, `public-client`,
/// `implicit`, `password`).
pub const WEAK_FLOW: &str = "weak-flow";
/// A public SSH key that something lets in: the value is its fingerprint, the subject says where, the attribute `kind` tells
/// `deploy-key` or `authorized-key`.
pub const KEY_PLACE: &str = "ssh-key";
/// A secret that a code host keeps for pipelines: the subject is its name, the value who may read it (`all`, `private`,
/// `selected`, `repository`, `environment`, `organisation`); attributes `store`, `repository`, `organisation`, `environment`,
/// `created`, `updated`.
pub const STORED_SECRET: &str = "stored-secret";
/// Secrets that a code host keeps were listed to the last one: the subject is the place, the value what it is (`repository`,
/// `environment`, `organisation`, or `shared` for what a repository is given of the organisation's); attributes `repository`,
/// `organisation`, `environment`, `count`.
pub const SECRETS_LISTED: &str = "secrets-listed";
/// A secret that a code host keeps for pipelines and of which it is known what it holds: the subject is its name, the value the id
/// of the credential; attributes `repository` (without its owner), `environment`.
pub const HELD_SECRET: &str = "held-secret";
/// A variable that GitLab hands to pipelines: the subject is its name, the value the environments it is for; attributes
/// `protected`, `masked`, `hidden`, `credential`, `project`, and `tool` where programs read it under that name by themselves. The
/// inventory adds `pipelines`, how many files of the project's pipelines were read, and `named`, in how many of them it is.
pub const STORED_VARIABLE: &str = "stored-variable";
/// Who owns files, by a line of CODEOWNERS: the subject is the pattern, the value the owners, none for nobody; the attribute
/// `section` tells GitLab's sections apart.
pub const CODE_OWNER: &str = "code-owner";
/// A pipeline uses another file of its repository: the value is the file's path from where `from` says, empty for a file
/// elsewhere; the attributes tell what is handed over. For the inventory alone, which joins the two and drops it.
pub const CALLS: &str = "calls";
/// What a job, or a part of a pipeline, is to those that use its file. For the inventory alone, as [`CALLS`].
pub const CALLED: &str = "called";
/// Names of [`is_plain_name`] that a file of a pipeline mentions: the attribute `names` lists them, `open` stands in its place where parts of the
/// pipeline lie elsewhere. For the inventory alone, as [`CALLS`].
pub const NAMES_READ: &str = "names-read";
/// A provider's own analysis says that something is not used: the value is its word for what; the attribute `last_accessed` tells
/// when it last was, if it is said.
pub const ANALYZER_UNUSED: &str = "analyzer-unused";
/// An account of a cloud and its name: the value is its number; the attributes `class` and `why` tell its environment.
pub const CLOUD_ACCOUNT: &str = "cloud-account";
/// A principal gets a role that it asks for, as far as its own side tells: the value is the role; the attributes `source` and
/// `condition` tell by what.
pub const TAKES_ON: &str = "takes-on";
/// A policy of Google Cloud binds an identity that is deleted: the value is the member; the attribute `role` tells what it held.
pub const DELETED_MEMBER: &str = "deleted-member";
/// People may act as service accounts of Google Cloud: the value is the member; the attributes `role`, `scope` and `condition` tell
/// how.
pub const HUMAN_IMPERSONATOR: &str = "human-impersonator";
/// A custom role of Google Cloud: the subject is its full name, the value its permissions that tell most; the attributes
/// `privilege` and `powers` say what they come to.
pub const CUSTOM_ROLE: &str = "custom-role";
/// The number of a project of Google Cloud: the subject is the number, the value the project's id.
pub const PROJECT_NUMBER: &str = "project-number";
/// A workload identity pool as a whole: the value is its state; the attribute `module` is its full name.
pub const WIF_POOL: &str = "wif-pool";
/// A state of Terraform holds a secret in the clear: the subject is the resource's address, the value the attribute; the
/// attribute `grade` says what it opens (`cloud`, `secret`), or that it is only marked (`marked`).
pub const STATE_SECRET: &str = "state-secret";
/// A repository keeps an export of a cloud or a service: the subject is the format's name, the value its id; the attributes
/// `identities`, `credentials`, `names` and `secrets` count what it holds.
pub const EXPORT_IN_REPO: &str = "export-in-repo";
/// A token, or what a mount issues, lives very long: the value is its life in seconds, or `for ever`.
pub const TOKEN_LIFE: &str = "token-life";
/// A database lets a login do everything: the value names the attributes or the role that do.
pub const DATABASE_POWER: &str = "database-power";
/// A certificate: the subject is its name for people, the value its SHA-256; attributes `subject`, `issuer`, `names`,
/// `not_before`, `not_after`, `spki_sha256`, `authority`, `self_signed`, `key`, `bits`, `weak_signature`, and `keyed` where its
/// private key stands beside it.
pub const CERTIFICATE: &str = "certificate";
/// A webhook of a code host that is not signed, or that goes to whoever answers: the value is the host that it calls; the
/// attributes `signed`, `insecure` and `argument` say which.
pub const WEBHOOK: &str = "webhook";
/// Code lets tokens be forged: the subject says how (`unsigned`, `unchecked`, `literal-key`), the value is the call; the attribute
/// `strength` tells of a key (`short`, `words`, `strong`), `default` that it stands in for one that is not set, `checked` that the
/// file checks signatures elsewhere.
pub const JWT_WEAK: &str = "jwt-weak";
/// A value in the clear stands in the query of an address: the place is that of the value, the subject the parameter, the value the
/// host, empty where it is not written out.
pub const KEY_IN_QUERY: &str = "key-in-query";
/// A value in the clear is what everybody works with who clones a repository: the place is that of the value, the subject the file,
/// the value says by what (`environment`, `introduction`).
pub const SHARED_TOKEN: &str = "shared-token";

/// Whether a word is a name as people give it to what is kept for pipelines, and hardly anything else: capitals, an underscore,
/// and fewer digits than letters.
#[must_use]
pub fn is_plain_name(word: &str) -> bool {
    let count = |kind: fn(&u8) -> bool| word.bytes().filter(kind).count();
    let (letters, digits) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_digit));
    letters + digits + count(|b| *b == b'_') == word.len()
        && word.len() > letters + digits
        && letters > digits
        && !word.starts_with(|c: char| c.is_ascii_digit())
        && word.len() <= 100
}

/// Whether a setting is only there for the inventory to join files by.
#[must_use]
pub fn joins(name: &str) -> bool {
    name == CALLS || name == CALLED || name == NAMES_READ
}

/// What the source of a right begins with that an application has through its service principal in another tenant; what gives it
/// the right there follows.
pub const OTHER_TENANT: &str = "service principal of another tenant → ";

/// What of Google Cloud a project lies below: the subject is `project ID` or its number, the value the folders and the organization,
/// as `folder 42, organization 7`.
pub const PROJECT_ANCESTORS: &str = "project-ancestors";
