//! What the readers of pipelines other than GitHub's share: the file while its jobs are read, variables, scripts, and what a
//! name tells of an environment.

use crate::doc::Node;
use crate::doc::line_and_column;
use crate::formats::workload::{self, Via, Workload};
use crate::formats::{Input, Out, ReadNotice, environment, names};
use crate::model::{
    At, Environment, EnvironmentClass, Human, IdentityFact, IdentityKey, IdentityKind, NoticeKind, Span,
};

/// Bytes of scripts and variables that one file is read for, its jobs counted one by one: jobs may share a script that is
/// as long as the file.
const WORK: usize = 64 << 20;

/// Deepest chain of templates that is followed; GitLab allows 11 of `extends` and 10 of `!reference`.
pub(super) const DEPTH: usize = 12;

/// What is known of a platform.
pub(super) struct Platform {
    /// Provider of its identities: `gitlab`.
    pub id: &'static str,
    /// Providers that take the identity of its jobs in place of a stored credential.
    pub federates: &'static [&'static str],
    /// Variables that hold a token of the job's own, with the token's provider.
    pub tokens: &'static [(&'static str, &'static str)],
    /// Beginnings of images that the platform itself makes.
    pub images: &'static [&'static str],
}

/// A file while its jobs are read.
pub(super) struct File<'a> {
    /// The input.
    pub input: &'a Input<'a>,
    /// Whose it is.
    pub platform: &'static Platform,
    budget: usize,
    work: usize,
    told: bool,
}

impl<'a> File<'a> {
    /// A file of which nothing has been read.
    pub fn new(input: &'a Input<'a>, platform: &'static Platform) -> Self {
        Self { input, platform, budget: workload::BUDGET, work: WORK, told: false }
    }

    /// Owner of the repository.
    pub fn owner(&self) -> Option<&'a str> {
        self.input.repository.and_then(|r| r.split('/').next()).filter(|owner| !owner.is_empty())
    }

    /// A job, declared at `at`, of which nothing else is known.
    pub fn job(&self, name: &str, at: Span) -> Workload<'a> {
        let path = self.input.path.display();
        let repository = self.input.repository.unwrap_or_default();
        let short: String = name.chars().take(workload::MAX_TEXT).collect();
        let key = IdentityKey::new(self.platform.id, "job", &format!("{repository}/{path}#{short}"));
        let mut file = path.rsplit('/').next().unwrap_or_default();
        // A name that every project uses says too little.
        if file == "config.yml" {
            file = path.rfind(".circleci/").and_then(|at| path.get(at..)).unwrap_or(file);
        }
        let mut fact = IdentityFact::new(key, IdentityKind::CiJob, self.platform.id, &format!("{file} / {short}"));
        fact.human = Human::No;
        fact.account = self.owner().map(str::to_owned);
        let mut job = Workload::new(self.input.text, fact, At::span(at), self.platform.federates, self.budget);
        job.promising(promises);
        for (name, provider) in self.platform.tokens {
            job.defines(name, Some(provider));
        }
        job
    }

    /// Hands on a job's facts; false once the file is over its budget, which is said in a notice.
    pub fn finish(&mut self, job: Workload<'a>, out: &mut Out<'_>) -> bool {
        self.budget = job.finish(out);
        let left = self.budget > 0 && self.work > 0;
        if !left && !self.told {
            self.told = true;
            let message = "more than any pipeline holds; the rest of the file was not read".to_owned();
            out.notice(ReadNotice { kind: NoticeKind::Gap, code: "too-many-facts", line: 0, column: 0, message });
        }
        left
    }

    /// Takes from what the file may cost; false once it is spent.
    pub fn spend(&mut self, cost: usize) -> bool {
        let left = self.work.checked_sub(cost.max(16));
        self.work = left.unwrap_or_default();
        left.is_some()
    }

    /// Variables under their names: what their values refer to, and literals among them.
    pub fn variables(&mut self, job: &mut Workload<'a>, variables: &[(&str, &Node)]) {
        // Those that are set here hide what is stored under the same name, but for themselves.
        let mut texts = Vec::new();
        for (name, node) in variables {
            let text = node.scalar().unwrap_or_default();
            if !self.spend(text.len()) {
                return;
            }
            let found = shell_names(&text);
            let token = found.iter().find_map(|found| job.defined(found).flatten());
            if !found.iter().any(|found| found == name) && job.defined(name).is_none() {
                job.defines(name, token);
            }
            texts.push((*name, *node, text, found));
        }
        for (name, node, text, found) in texts {
            if found.is_empty() && !is_template(&text) {
                job.literal(node, Via::variable(name));
            }
            for found in found {
                refer(job, &found, node.span, Via::variable(name), found == name);
            }
        }
    }

    /// Scripts: each string below these nodes is one, and variables that an earlier one sets are nothing stored later.
    pub fn scripts(&mut self, job: &mut Workload<'a>, scripts: &[&Node]) {
        let mut strings = Vec::new();
        for script in scripts {
            script.walk(&mut |node| strings.extend(node.as_str().map(|text| (node, text))));
        }
        for (node, text) in strings {
            if !self.spend(text.len()) {
                return;
            }
            for name in assigned(text) {
                if job.defined(name).is_none() {
                    job.defines(name, None);
                }
            }
            job.script(node);
        }
    }

    /// An image, when it is written out; `first_party` when the owner's or the platform's own registry holds it.
    pub fn image(&self, job: &mut Workload<'a>, image: &str, span: Span) {
        let image = image.trim();
        if !is_template(image) {
            job.image(image, self.is_own_image(image), span);
        }
    }

    fn is_own_image(&self, image: &str) -> bool {
        let (name, ..) = workload::split_image(image);
        let parts: Vec<&str> = name.split('/').take(3).collect();
        let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
        let (host, owner) = match parts.as_slice() {
            [host, owner, ..] if is_host(host) => (*host, *owner),
            [owner, _, ..] => ("", *owner),
            _ => ("", ""),
        };
        // A host that is none of these is a registry of somebody's own.
        let public = [
            "docker.io",
            "index.docker.io",
            "ghcr.io",
            "quay.io",
            "gcr.io",
            "us.gcr.io",
            "eu.gcr.io",
            "mcr.microsoft.com",
            "public.ecr.aws",
            "registry.gitlab.com",
            "registry.k8s.io",
            "k8s.gcr.io",
            "docker.elastic.co",
            "nvcr.io",
            "lscr.io",
            "registry.access.redhat.com",
            "registry.redhat.io",
        ];
        let private = !host.is_empty() && !public.contains(&host);
        let same = self.owner().is_some_and(|own| own.eq_ignore_ascii_case(owner));
        same || private || self.platform.images.iter().any(|own| name.starts_with(own))
    }
}

/// Something that the platform would refuse.
pub(super) fn malformed(input: &Input<'_>, at: &Node, message: &str, out: &mut Out<'_>) {
    let (line, column) = line_and_column(input.text, at.span.start);
    let message = message.to_owned();
    out.notice(ReadNotice { kind: NoticeKind::Gap, code: "malformed", line, column, message });
}

/// One reference to a variable by what takes it in. `own` when a variable only passes on what is stored under its own name.
pub(super) fn refer(job: &mut Workload<'_>, name: &str, span: Span, via: Via<'_>, own: bool) {
    match job.defined(name) {
        Some(Some(provider)) => job.instance(provider, None, span, via.mechanism),
        Some(None) if !own => {}
        _ if promises(name) || is_secret_input(via.hint) => job.stored(name, span, via),
        _ => {}
    }
}

/// What an input or key that may hold a credential holds: references, or a literal.
pub(super) fn input(job: &mut Workload<'_>, node: &Node, via: Via<'_>) {
    let Some(text) = node.scalar() else { return };
    let found = shell_names(&text);
    if found.is_empty() && !is_template(&text) {
        job.literal(node, via);
    }
    for name in found {
        refer(job, &name, node.span, via, false);
    }
}

fn is_secret_input(hint: &str) -> bool {
    let hint = hint.to_ascii_lowercase();
    ["password", "token", "secret", "api_key", "api-key", "access_key", "access-key", "private_key"]
        .iter()
        .any(|word| hint.ends_with(word))
}

/// Whether a text is filled in by the platform or a shell before anything reads it.
pub(super) fn is_template(text: &str) -> bool {
    let dollar = text.find('$').and_then(|at| text.as_bytes().get(at + 1));
    let filled = dollar.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'{' | b'(' | b'[' | b'_'));
    filled || text.contains("<<") || text.contains("{{")
}

/// Names in `$NAME` and `${NAME}`, in order.
pub(super) fn shell_names(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for dollar in memchr::memchr_iter(b'$', bytes) {
        let brace = usize::from(bytes.get(dollar + 1) == Some(&b'{'));
        let rest = text.get(dollar + 1 + brace..).unwrap_or_default();
        let end = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        if rest.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_') {
            found.push(rest.get(..end).unwrap_or_default().to_owned());
        }
    }
    found
}

/// Whether the name of a variable promises a credential that is kept in the platform's settings. These are written in
/// capitals; what holds a small letter is a script's own.
pub(super) fn promises(name: &str) -> bool {
    const NOT: &[&str] = &[
        "CACHE_KEY",
        "PUBLIC_KEY",
        "PUBKEY",
        "PUB_KEY",
        "PROJECT_KEY",
        "KEYCLOAK",
        "KEYWORD",
        "KEYBOARD",
        "MONKEY",
        "KEYCHAIN",
        "KEYSCAN",
        "KEYSPACE",
        "KEYSERVER",
        "KEYRING",
        "KEYVAULT",
        "KEY_VAULT",
        "KMS_KEY",
        "SECRET_DETECTION",
        "SECRETS_ANALYZER",
        "TOKENIZER",
    ];
    const ENDS: &[&str] =
        &["_NAME", "_URL", "_ENDPOINT", "_PATH", "_DIR", "_ARN", "_LENGTH", "_TTL", "_TYPE", "_VERSION", "_EXPIRY"];
    let word = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "CREDS", "PAT"];
    names::is_credential(name)
        && word.iter().any(|word| name.contains(word))
        && !name.bytes().any(|b| b.is_ascii_lowercase())
        && !NOT.iter().any(|part| name.contains(part))
        && !ENDS.iter().any(|end| name.ends_with(end))
        // The id of an AWS key goes with its secret; other ids open nothing.
        && (!name.ends_with("_KEY_ID") || name.ends_with("ACCESS_KEY_ID"))
}

/// Variables that a script sets, where their names promise a credential; one that only passes on what it held stays out.
fn assigned(script: &str) -> Vec<&str> {
    let mut found = Vec::new();
    if !script.contains('=') {
        return found;
    }
    // `echo "export A=…" >> "$BASH_ENV"` sets it for what follows.
    let written = |line: &'_ str| line.contains(">>").then(|| line.find("export ")).flatten().is_some();
    let commands = script.lines().flat_map(|line| line.split([';', '|', '&']));
    let exports =
        script.lines().filter(|line| written(line)).filter_map(|line| line.split_once("export ").map(|(_, rest)| rest));
    for command in commands.chain(exports) {
        let mut command = command.trim_start();
        for word in ["export ", "local ", "readonly ", "declare ", "if ", "then ", "$env:", "-x ", "read ", "- "] {
            command = command.strip_prefix(word).unwrap_or(command).trim_start();
        }
        let end = command.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let (name, rest) = command.split_at_checked(end).unwrap_or_default();
        let rest = rest.trim_start_matches(' ');
        if let Some(value) = rest.strip_prefix('=')
            && promises(name)
            && !value.contains(&format!("${name}"))
            && !value.contains(&format!("${{{name}"))
            && found.len() < 1000
            && !found.contains(&name)
        {
            found.push(name);
        }
    }
    found
}

/// Production or not, by the name of a job or stage. Such names say what is done more often than where: a job `test` runs
/// tests in no environment, so only words of no other sense count, unless the name says that something is brought there.
pub(super) fn environment_of(what: &str, name: &str) -> Environment {
    if is_template(name) {
        return Environment::default();
    }
    let mut words = String::with_capacity(name.len() + 8);
    let mut small = false;
    for c in name.chars().take(workload::MAX_TEXT) {
        if small && c.is_ascii_uppercase() {
            words.push('-');
        }
        small = c.is_ascii_lowercase();
        words.push(c.to_ascii_lowercase());
    }
    let all: Vec<&str> = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let brings = |word: &&str| -> bool {
        [
            "deploy",
            "deploys",
            "deployment",
            "release",
            "rollout",
            "promote",
            "apply",
            "destroy",
            "provision",
            "terraform",
        ]
        .contains(word)
    };
    let to = all.iter().position(brings);
    let tests = all.iter().position(|word| ["test", "tests", "testing", "tst", "qa", "preview", "live"].contains(word));
    let unclear = match (to, tests) {
        (None, Some(_)) => true,
        (Some(to), Some(tests)) => tests < to,
        _ => false,
    };
    // A job `dev` or `staging` may build as well as deploy; a stage of that name, or one that begins with it, is the
    // environment.
    let first = all.first().map(|word| environment::classify(what, word).class);
    let names = what != "job" && first.is_some_and(|class| class != EnvironmentClass::Unknown);
    if unclear || (to.is_none() && !names) {
        return Environment::default();
    }
    let found = environment::classify(what, &words);
    match found.class {
        EnvironmentClass::Unknown => Environment::default(),
        class => Environment { class, why: format!("{what} `{name}`") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_a_credential_or_not() {
        for name in
            ["NPM_TOKEN", "AWS_ACCESS_KEY_ID", "DB_PASSWORD", "GITHUB_PAT", "SSH_PRIVATE_KEY", "GCP_CREDENTIALS"]
        {
            assert!(promises(name), "{name}");
        }
        for name in
            ["CACHE_KEY", "SONAR_PROJECT_KEY", "KEYCLOAK_URL", "token", "GPG_KEY_ID", "PRIVATE_REGISTRY", "PATH"]
        {
            assert!(!promises(name), "{name}");
        }
    }

    #[test]
    fn what_a_script_sets_is_its_own() {
        let script =
            "export VAULT_TOKEN=\"$(vault login)\"\nA_KEY=1; B_TOKEN = 2\nC_TOKEN=${C_TOKEN:-x}\necho D_TOKEN=";
        assert_eq!(assigned(script), ["VAULT_TOKEN", "A_KEY", "B_TOKEN"]);
    }

    #[test]
    fn templates_are_told_from_literals() {
        for text in ["$A", "x ${A}", "$(a)", "<< parameters.x >>", "{{ x }}", "$[variables.x]"] {
            assert!(is_template(text), "{text}");
        }
        assert!(!is_template("pa$$word1") && !is_template("costs 5$"));
        assert_eq!(shell_names("a $B ${C:-d} $1 $$ $(e)"), ["B", "C"]);
    }

    #[test]
    fn names_of_jobs_and_stages_tell_an_environment_when_they_bring_something_there() {
        let class = |what: &str, name: &str| environment_of(what, name).class;
        for (what, name) in
            [("job", "deploy-prod"), ("stage", "Prod"), ("stage", "DeployToProduction"), ("job", "apply_prd")]
        {
            assert_eq!(class(what, name), EnvironmentClass::Prod, "{what} {name}");
        }
        for (what, name) in
            [("job", "deploy-staging"), ("stage", "Dev"), ("job", "deploy to test"), ("stage", "staging_upload")]
        {
            assert_eq!(class(what, name), EnvironmentClass::Nonprod, "{what} {name}");
        }
        for (what, name) in [
            ("job", "test"),
            ("stage", "Test"),
            ("job", "dev"),
            ("stage", "qa"),
            ("stage", "clone-prod-rep"),
            ("job", "build-prod"),
            ("job", "test deploy"),
        ] {
            assert_eq!(class(what, name), EnvironmentClass::Unknown, "{what} {name}");
        }
    }
}
