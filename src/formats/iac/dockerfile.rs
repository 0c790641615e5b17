//! Dockerfiles: what their images keep of the credentials that were there while they were built. A layer keeps what a later
//! one deletes, and the history of an image shows its build arguments.
//!
//! Syntax: <https://docs.docker.com/reference/dockerfile/>; what belongs in their place:
//! <https://docs.docker.com/build/building/secrets/>.

use std::collections::{BTreeMap, BTreeSet};

use super::literal::{self, Value};
use crate::doc::Doc;
use crate::doc::dockerfile::{self, Instruction, Word};
use crate::formats::workload::{BUDGET, MAX_TEXT, Via, Workload};
use crate::formats::{Format, Input, Out, ReadNotice, Syntax, names};
use crate::model::{
    At, AuthMode, Fact, Human, IdentityFact, IdentityKey, IdentityKind, NoticeKind, RepoPath, SettingFact, Span,
    setting,
};

/// The format.
pub const FORMAT: Format =
    Format { id: "dockerfile", name: "Dockerfile", command: "", syntax: Syntax::Text, claims, read, stream: None };

fn claims(path: &RepoPath, head: &str) -> bool {
    is_named(path) && head.lines().any(starts_stage)
}

/// `FROM image`, the one instruction that every Dockerfile has; prose begins so too, but not with so few words.
fn starts_stage(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("from")) && words.count() <= 5
}

/// `Dockerfile`, `Containerfile`, `Dockerfile.dev`, `api.Dockerfile`, `Dockerfile-api`.
pub fn is_named(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    [&b"dockerfile"[..], b"containerfile"].iter().any(|word| {
        let rest = name.strip_prefix(*word);
        rest.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(b".") || rest.starts_with(b"-") || rest.starts_with(b"_")
        }) || name.strip_suffix(*word).is_some_and(|rest| rest.ends_with(b".") || rest.ends_with(b"-"))
    }) && ![&b".md"[..], b".sh", b".py", b".js", b".ts", b".go", b".json", b".yml", b".yaml", b".rb", b".txt", b".j2"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// A build argument that is named like a secret.
struct Argument {
    span: Span,
    /// True once a command has read it or a variable has taken it in.
    told: bool,
}

/// Most build arguments of a stage that are followed.
const ARGUMENTS: usize = 200;

/// One stage while it is read.
#[derive(Default)]
struct Stage {
    name: String,
    image: String,
    user: Option<String>,
    arguments: BTreeMap<String, Argument>,
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let instructions = dockerfile::parse(input.text);
    let Some(last) = instructions.iter().rposition(|i| i.word == "FROM") else { return };
    let path = input.path.display();
    let repository = input.repository.unwrap_or_default();
    let mut reader = Reader::new(input.text, &instructions);
    // The last stage becomes the image.
    let target = instructions.get(last).and_then(|i| alias(&i.words(input.text))).unwrap_or_else(|| "image".to_owned());
    let key = IdentityKey::new("docker", "workload", &format!("{repository}/{path}#{target}"));
    let file = path.rsplit('/').take(2).collect::<Vec<_>>();
    let name = file.into_iter().rev().collect::<Vec<_>>().join("/");
    let mut identity = IdentityFact::new(key.clone(), IdentityKind::Workload, "docker", &name);
    identity.human = Human::No;
    let at = instructions.get(last).map_or(Span::default(), |i| i.span);
    // Nothing federates while an image is built.
    let mut image = Workload::new(input.text, identity, At::span(at), &[], BUDGET);
    for (n, instruction) in instructions.iter().enumerate() {
        reader.instruction(&mut image, instruction, n >= last);
    }
    // An image that takes no credential in is nobody.
    if reader.found == 0 && image.secrets().is_empty() {
        return;
    }
    for (component, span) in std::mem::take(&mut reader.images) {
        image.image(&component, false, span);
    }
    let user = reader.stage.user.clone().unwrap_or_else(|| "root, unless the base image sets another".to_owned());
    image.note("user", &user);
    image.note("base", &reader.stage.image.clone());
    if image.finish(out) == 0 {
        out.notice(ReadNotice {
            kind: NoticeKind::Gap,
            code: "too-many-facts",
            line: 0,
            column: 0,
            message: "more than any Dockerfile may have; the rest of the file was not read".to_owned(),
        });
    }
}

struct Reader<'a> {
    text: &'a str,
    stages: BTreeSet<String>,
    stage: Stage,
    globals: BTreeMap<String, String>,
    images: Vec<(String, Span)>,
    /// How many credentials were told.
    found: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, instructions: &[Instruction]) -> Self {
        let stages = instructions.iter().filter(|i| i.word == "FROM").filter_map(|i| alias(&i.words(text)));
        Self {
            text,
            stages: stages.collect(),
            stage: Stage::default(),
            globals: BTreeMap::new(),
            images: Vec::new(),
            found: 0,
        }
    }

    fn instruction(&mut self, image: &mut Workload<'_>, instruction: &Instruction, last: bool) {
        let words = instruction.words(self.text);
        match instruction.word.as_str() {
            "FROM" => self.from(&words),
            "ARG" => self.argument(image, &words, last),
            "ENV" => self.variables(image, instruction, &words, last),
            "RUN" => self.run(image, instruction, &words, last),
            "COPY" | "ADD" => self.copy(image, &words, last),
            "USER" => self.stage.user = words.first().map(|word| word.value.clone()),
            _ => {}
        }
    }

    fn from(&mut self, words: &[Word]) {
        let Some(image) = words.iter().find(|word| !word.value.starts_with("--")) else { return };
        let resolved = self.resolve(&image.value);
        if !self.stages.contains(&image.value.to_ascii_lowercase()) && image.value != "scratch" {
            self.images.push((resolved.clone(), image.span));
        }
        self.stage = Stage { name: alias(words).unwrap_or_default(), image: resolved, ..Stage::default() };
    }

    /// An image name with the defaults of the arguments before the first stage.
    fn resolve(&self, image: &str) -> String {
        let mut resolved: String = image.chars().take(MAX_TEXT).collect();
        for (name, value) in self.globals.iter().filter(|(_, value)| !value.is_empty()) {
            if !resolved.contains('$') || resolved.len() > 10 * MAX_TEXT {
                break;
            }
            resolved = resolved.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
        resolved
    }

    fn argument(&mut self, image: &mut Workload<'_>, words: &[Word], last: bool) {
        for word in words {
            let (name, value) = word.value.split_once('=').unwrap_or((&word.value, ""));
            if self.stage.image.is_empty() && self.globals.len() < ARGUMENTS {
                self.globals.insert(name.to_owned(), value.chars().take(MAX_TEXT).collect());
            }
            if literal::is_baked(name, value) {
                self.literal(image, "ARG", name, word.span, last);
            } else if literal::holds_secret(name)
                && literal::judge(name, value) == Value::None
                && self.stage.arguments.len() < ARGUMENTS
            {
                self.stage.arguments.insert(name.to_owned(), Argument { span: word.span, told: false });
            }
        }
    }

    /// `ENV A=b C="d"`, and the old form `ENV A b c` of one variable.
    fn variables(&mut self, image: &mut Workload<'_>, instruction: &Instruction, words: &[Word], last: bool) {
        let old = words.first().is_some_and(|word| !word.value.contains('='));
        let mut pairs: Vec<(&str, String, Span)> = Vec::new();
        if old {
            if let [name, rest @ ..] = words {
                let value = rest.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(" ");
                pairs.push((&name.value, value, instruction.args));
            }
        } else {
            for word in words {
                let Some((name, value)) = word.value.split_once('=') else { continue };
                pairs.push((name, value.to_owned(), word.span));
            }
        }
        for (name, value, span) in pairs {
            let kept = literal::variables(&value).into_iter().find(|v| self.stage.arguments.contains_key(v));
            if let Some(argument) = kept {
                self.referenced(image, &argument, name, span);
                self.tell(image, &format!("ENV {name}"), "environment", span, last);
                if let Some(argument) = self.stage.arguments.get_mut(&argument) {
                    argument.told = true;
                }
            } else if literal::is_baked(name, &value) {
                self.literal(image, "ENV", name, span, last);
            }
        }
    }

    fn run(&mut self, image: &mut Workload<'_>, instruction: &Instruction, words: &[Word], last: bool) {
        let mut mounted = BTreeSet::new();
        for word in words.iter().take_while(|word| word.value.starts_with("--")) {
            let Some(mount) = word.value.strip_prefix("--mount=") else { continue };
            let options: BTreeMap<&str, &str> =
                mount.split(',').map(|option| option.split_once('=').unwrap_or((option, ""))).collect();
            if options.get("type") == Some(&"secret") {
                let names = [options.get("id"), options.get("env"), options.get("target").or(options.get("dst"))];
                let name = names.into_iter().flatten().next().map_or("secret", |name| *name);
                image.stored(name, word.span, Via::input("RUN --mount=type=secret", name, ""));
                mounted.extend(names.into_iter().flatten().map(|name| (*name).to_owned()));
            }
            if options.get("type") == Some(&"ssh") {
                image.stored("ssh agent", word.span, Via::input("RUN --mount=type=ssh", "SSH_KEY", "ssh"));
            }
        }
        for word in words.iter().skip_while(|word| word.value.starts_with("--")) {
            // `TOKEN=value command` and `export TOKEN=value`.
            if let Some((name, value)) = word.value.split_once('=')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && literal::holds_secret(name)
                && literal::judge(name, value) == Value::Literal
                && !value.contains(['`', ';', '|', '&'])
            {
                self.literal(image, "RUN", name, word.span, last);
            }
        }
        let body = Span::new(instruction.args.start, instruction.span.end);
        let used = literal::variables_anywhere(self.text.get(body.start..body.end).unwrap_or_default());
        let mut told = Vec::new();
        for (name, argument) in &mut self.stage.arguments {
            if !argument.told && used.contains(name.as_str()) && !mounted.contains(name) {
                argument.told = true;
                told.push((name.clone(), argument.span));
            }
        }
        for (name, span) in told {
            self.referenced(image, &name, &name, span);
            self.tell(image, &format!("ARG {name}"), "argument", span, last);
        }
    }

    fn copy(&mut self, image: &mut Workload<'_>, words: &[Word], last: bool) {
        // From another image or stage: it was told there, if the file came from the context.
        if words.iter().any(|word| word.value.starts_with("--from=")) {
            return;
        }
        let paths: Vec<&Word> = words.iter().filter(|word| !word.value.starts_with("--")).collect();
        let Some((_, sources)) = paths.split_last() else { return };
        for source in sources {
            if let Some(what) = credential_file(&source.value) {
                let mut usage = image.usage(AuthMode::Static, provider_of(what), "COPY");
                usage.credential = Some(what.to_owned());
                // What is in the file is not known here; where it lies in the repository it has been read.
                usage.attributes.insert("placeholder".to_owned(), "true".to_owned());
                image.push(Fact::Usage(At::span(source.span), usage));
                self.tell(image, &format!("COPY {what}"), "file", source.span, last);
            }
        }
    }

    fn literal(&mut self, image: &mut Workload<'_>, word: &str, name: &str, span: Span, last: bool) {
        let mut usage = image.usage(AuthMode::Static, names::provider(name).unwrap_or_default(), word);
        usage.attributes.insert("input".to_owned(), name.to_owned());
        image.push(Fact::Usage(At::span(span), usage));
        self.tell(image, &format!("{word} {name}"), "literal", span, last);
    }

    fn referenced(&self, image: &mut Workload<'_>, argument: &str, hint: &str, span: Span) {
        image.stored(argument, span, Via { mechanism: "build argument", ..Via::variable(hint) });
    }

    fn tell(&mut self, image: &mut Workload<'_>, what: &str, form: &str, span: Span, last: bool) {
        self.found += 1;
        let mut fact = SettingFact::new(setting::IMAGE_SECRET, image.identity().name.clone(), what);
        fact.identity = Some(image.key().clone());
        fact.attributes.insert("form".to_owned(), form.to_owned());
        fact.attributes.insert("stage".to_owned(), if last { "final" } else { "builder" }.to_owned());
        if !self.stage.name.is_empty() {
            fact.attributes.insert("name".to_owned(), self.stage.name.clone());
        }
        image.push(Fact::Setting(At::span(span), fact));
    }
}

/// The name behind `AS`, in small letters: the builder does not tell cases apart.
fn alias(words: &[Word]) -> Option<String> {
    let at = words.iter().position(|word| word.value.eq_ignore_ascii_case("as"))?;
    words.get(at + 1).map(|word| word.value.chars().take(MAX_TEXT).collect::<String>().to_ascii_lowercase())
}

/// The kind of credential file that a path names; `None` for others, and for examples of such files.
fn credential_file(path: &str) -> Option<&'static str> {
    let lower = path.trim_end_matches('/').to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or_default();
    if ["example", "sample", "template", "dist", ".pub"].iter().any(|word| name.contains(word)) || lower.contains('*') {
        return None;
    }
    match name {
        ".npmrc" => Some(".npmrc"),
        ".netrc" | "_netrc" => Some(".netrc"),
        ".pypirc" => Some(".pypirc"),
        ".git-credentials" => Some(".git-credentials"),
        "id_rsa" | "id_ed25519" | "id_ecdsa" | "id_dsa" => Some("SSH private key"),
        ".ssh" => Some(".ssh"),
        "kubeconfig" => Some("kubeconfig"),
        ".env" => Some(".env"),
        _ if name.starts_with(".env.") => Some(".env"),
        _ if lower.ends_with(".aws/credentials") || name == ".aws" => Some(".aws/credentials"),
        _ if lower.ends_with(".docker/config.json") => Some(".docker/config.json"),
        _ if lower.ends_with(".kube/config") => Some("kubeconfig"),
        _ if name.ends_with(".json") && (name.contains("service-account") || name.contains("service_account")) => {
            Some("service-account key")
        }
        _ => None,
    }
}

fn provider_of(what: &str) -> &'static str {
    match what {
        ".npmrc" => "npm",
        ".pypirc" => "pypi",
        ".aws/credentials" => "aws",
        ".docker/config.json" => "docker",
        "kubeconfig" => "kubernetes",
        "service-account key" => "gcp",
        "SSH private key" | ".ssh" => "ssh",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_names() {
        for path in ["Dockerfile", "a/dockerfile.dev", "api.Dockerfile", "Containerfile", "Dockerfile-api"] {
            assert!(claims(&RepoPath::from(path), "# x\nFROM a AS b\n"), "{path}");
        }
        for path in ["Dockerfile.md", "dockerfiles/x", "Dockerfile_test.go", "docker.txt"] {
            assert!(!claims(&RepoPath::from(path), "FROM a\n"), "{path}");
        }
        assert!(!claims(&RepoPath::from("Dockerfile"), "From here on we build the images\n"));
    }

    #[test]
    fn credential_files_are_told_from_their_examples() {
        assert_eq!(credential_file("./config/.env"), Some(".env"));
        assert_eq!(credential_file(".env.example"), None);
        assert_eq!(credential_file("keys/id_rsa"), Some("SSH private key"));
        assert_eq!(credential_file("id_rsa.pub"), None);
        assert_eq!(credential_file("src"), None);
    }
}
