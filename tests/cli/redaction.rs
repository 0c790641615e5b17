//! No output holds more of a secret than its first four characters, in any spelling.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use keyroll::detect::{Engine, Scratch};
use keyroll::model::PathClass;
use keyroll::report;
use keyroll::rules::{self, example};

use crate::fixture::{self, value};
use crate::world::{AS_OF, World, finish};

/// As many characters of a secret in a row must not be seen.
const WINDOW: usize = 8;

/// What is secret in some files, in every spelling, cut to windows.
pub struct Forbidden {
    labels: Vec<String>,
    /// Window to the label of its secret and its spelling.
    windows: HashMap<Vec<u8>, (usize, &'static str)>,
    lengths: BTreeSet<usize>,
    /// A bit for each hash of a window's first eight bytes, so that most places of a text cost one look.
    starts: Vec<bool>,
}

impl Default for Forbidden {
    fn default() -> Self {
        Self { labels: Vec::new(), windows: HashMap::new(), lengths: BTreeSet::new(), starts: vec![false; 1 << 20] }
    }
}

/// Where the first eight bytes of a window have their bit.
fn slot(head: u64) -> usize {
    (head.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44) as usize
}

impl Forbidden {
    /// Adds a secret with its spellings. The first four characters may be shown.
    pub fn add(&mut self, label: &str, secret: &[u8]) {
        self.labels.push(label.to_owned());
        // The beginning and end of a long one stand for the whole.
        let (head, tail) =
            (secret.get(4..secret.len().min(164)), secret.get(164.max(secret.len() - 60.min(secret.len()))..));
        for part in [head, tail].into_iter().flatten() {
            self.spellings(part);
        }
    }

    fn spellings(&mut self, hidden: &[u8]) {
        self.spell("raw", hidden, WINDOW);
        for skip in 0..3 {
            let tail = hidden.get(skip..).unwrap_or_default();
            // Three bytes are four characters; what the last group holds depends on what follows.
            let whole = tail.get(..tail.len() / 3 * 3).unwrap_or_default();
            self.spell("base64", BASE64_NOPAD.encode(whole).as_bytes(), 12);
            self.spell("base64url", BASE64URL_NOPAD.encode(whole).as_bytes(), 12);
        }
        self.spell("hex", HEXLOWER.encode(hidden).as_bytes(), 2 * WINDOW);
        self.spell("HEX", HEXUPPER.encode(hidden).as_bytes(), 2 * WINDOW);
        let all: String = hidden.iter().map(|b| format!("%{b:02X}")).collect();
        self.spell("percent", all.as_bytes(), 3 * WINDOW);
        let some: String = hidden
            .iter()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(*b).to_string() } else { format!("%{b:02X}") })
            .collect();
        if some.len() > hidden.len() {
            self.spell("percent", some.as_bytes(), WINDOW + 4);
        }
        let reversed: Vec<u8> = hidden.iter().rev().copied().collect();
        self.spell("reversed", &reversed, WINDOW + 2);
    }

    fn spell(&mut self, how: &'static str, text: &[u8], length: usize) {
        self.lengths.insert(length);
        let label = self.labels.len() - 1;
        // Fingerprints, blob ids and hashes are full of hexadecimal digits: eight of them are met by chance.
        let chance = |window: &&[u8]| window.len() < 14 && window.iter().all(u8::is_ascii_hexdigit);
        self.lengths.insert(14);
        let longer = text.windows(14).filter(|w| w[..length.min(14)].iter().all(u8::is_ascii_hexdigit));
        for window in text.windows(length).filter(|w| !chance(w)).chain(longer) {
            let head = u64::from_be_bytes(window[..8].try_into().unwrap());
            self.starts[slot(head)] = true;
            self.windows.entry(window.to_vec()).or_insert((label, how));
        }
    }

    /// Calls with every forbidden window of a text.
    fn each(&self, text: &[u8], found: &mut dyn FnMut(&[u8])) {
        let mut head = 0u64;
        for (i, b) in text.iter().enumerate() {
            head = head << 8 | u64::from(*b);
            if i >= 7 && self.starts[slot(head)] {
                for length in &self.lengths {
                    if let Some(window) = text.get(i - 7..i - 7 + length).filter(|w| self.windows.contains_key(*w)) {
                        found(window);
                    }
                }
            }
        }
    }

    /// Takes out what an innocent text holds, too.
    pub fn forgive(&mut self, text: &[u8]) {
        let mut innocent = Vec::new();
        self.each(text, &mut |window| innocent.push(window.to_vec()));
        for window in innocent {
            self.windows.remove(&window);
        }
    }

    /// The secrets that a text shows, with one of the windows of each.
    pub fn seen_in(&self, text: &[u8]) -> Vec<String> {
        let mut shown = BTreeMap::new();
        self.each(text, &mut |window| {
            shown.entry(self.windows[window]).or_insert_with(|| String::from_utf8_lossy(window).into_owned());
        });
        shown.into_iter().map(|((label, how), window)| format!("{}, {how}: {window}", self.labels[label])).collect()
    }

    #[track_caller]
    pub fn assert_unseen(&self, what: &str, text: &[u8]) {
        let seen = self.seen_in(text);
        assert!(seen.is_empty(), "{what} shows parts of {} secrets: {:#?}", seen.len(), &seen[..seen.len().min(40)]);
    }
}

/// Everything that a world's scan can print, by name.
pub fn outputs(world: &World, extra: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut all = written(world, &["-v", "--confidence", "low", "--sarif-suppressed"], extra);
    all.extend(written(world, &["--no-inline-ignores"], extra));
    all
}

/// All outputs of one run.
fn written(world: &World, args: &[&str], extra: &[&str]) -> Vec<(String, Vec<u8>)> {
    let beside = World::new();
    let mut line: Vec<String> = ["scan", ".", "--as-of", AS_OF, "-f", "table"].map(str::to_owned).into();
    let others = || report::REPORTERS.iter().map(|r| r.id).filter(|id| *id != "table");
    for format in others() {
        line.extend(["-f".to_owned(), format!("{format}={}", beside.at(format).display())]);
    }
    line.extend(args.iter().chain(extra).map(|a| (*a).to_owned()));
    let run = world.run(&line);
    assert!(run.code != 2, "{}", run.err);
    let mut all = vec![(format!("the table of {args:?}"), run.raw)];
    all.push((format!("standard error of {args:?}"), run.err.into_bytes()));
    for format in others() {
        all.push((format!("{format} of {args:?}"), beside.read(format).into_bytes()));
    }
    all
}

/// Every example of every rule whose value is a secret, as files, and the secrets in them.
fn corpus(world: &World, seed: u64) -> Vec<(String, Vec<u8>)> {
    let engine = Engine::new(Cow::Borrowed(rules::built_in()), Vec::new());
    let mut scratch = Scratch::default();
    let mut secrets = Vec::new();
    for rule in rules::built_in() {
        for (i, template) in rule.examples.iter().enumerate() {
            // No two texts share a seed, lest one holds by chance what another hides; and a rule more or less changes no
            // other one's.
            let own = rule.id.bytes().fold(seed, |n, b| n.wrapping_mul(0x0100_0000_01b3) ^ u64::from(b));
            let text = example::expand(template, own.wrapping_mul(100) + i as u64).unwrap();
            world.put(format!("in/{}/{i}.txt", rule.id), &text);
            let found = engine.scan(&mut scratch, text.as_bytes(), &PathClass::default(), &|_| true, false);
            for candidate in found.candidates {
                let by = engine.rule(candidate.rule).unwrap();
                if !by.identifier && !by.public && !by.encrypted {
                    secrets.push((format!("{}/{i} by {}", rule.id, by.id), candidate.secret.expose().to_vec()));
                }
            }
        }
    }
    secrets
}

/// What a token says openly of its owner: the ids of workspace, app and user in a Slack token are in every message's
/// address, and name the identity.
fn public_parts(label: &str, secret: &[u8]) -> Vec<u8> {
    match secret.iter().rposition(|b| *b == b'-') {
        Some(at) if label.starts_with("slack-") => secret[..at].to_vec(),
        _ => Vec::new(),
    }
}

#[test]
fn no_output_over_examples_of_all_rules_shows_a_secret() {
    const ALL: &[&str] = &["-v", "--confidence", "low", "--sarif-suppressed"];
    let (world, other) = (World::new(), World::new());
    let mut forbidden = Forbidden::default();
    let secrets = corpus(&world, 1);
    assert!(secrets.len() > 500, "{}", secrets.len());
    for (label, secret) in &secrets {
        forbidden.add(label, secret);
        forbidden.forgive(&public_parts(label, secret));
    }
    // What the outputs hold for other values, too, is not a part of these.
    corpus(&other, 2);
    for (_, text) in written(&other, ALL, &[]) {
        forbidden.forgive(&text);
    }
    for (name, text) in written(&world, ALL, &[]) {
        forbidden.assert_unseen(&name, &text);
    }
    // One file with all of them: explain reads one file.
    let mut all = String::new();
    for rule in rules::built_in() {
        for i in 0..rule.examples.len() {
            all.push_str(&world.read(&format!("in/{}/{i}.txt", rule.id)));
            all.push('\n');
        }
    }
    world.put("all.txt", all);
    let run = world.run(&["explain", "all.txt"]).ends(0);
    assert!(run.out.lines().count() > 500);
    forbidden.assert_unseen("explain", run.out.as_bytes());
}

/// Every fixture of every format that holds a generated value, as files, and those values.
fn fixtures(world: &World) -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    let (mut open, mut secrets) = (vec![root.clone()], Vec::new());
    while let Some(next) = open.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let Ok(template) = std::fs::read_to_string(&path) else { continue };
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            if name.ends_with("expected.txt") || !template.contains("{{gen:") {
                continue;
            }
            for spec in template.split("{{gen:").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(spec, _)| spec)
            {
                let (what, seed) = spec.rsplit_once(':').unwrap();
                // The id of a key is shown: it names the identity.
                if what != "aws-access-key-id" {
                    secrets.push((format!("{name} {spec}"), value(what, seed.parse().unwrap())));
                }
            }
            world.put(format!("in/{name}"), fixture::expand(&template));
        }
    }
    secrets
}

#[test]
fn no_output_over_the_fixtures_of_all_formats_shows_a_secret() {
    let world = World::new();
    let mut forbidden = Forbidden::default();
    let secrets = fixtures(&world);
    assert!(secrets.len() > 100, "{}", secrets.len());
    for (label, secret) in &secrets {
        forbidden.add(label, secret.as_bytes());
        forbidden.forgive(&public_parts(label, secret.as_bytes()));
    }
    for (name, text) in written(&world, &["-v", "--confidence", "low", "--sarif-suppressed"], &[]) {
        forbidden.assert_unseen(&name, &text);
    }
}

#[test]
fn show_secrets_shows_them() {
    let token = value("github-pat-classic", 7);
    let world = World::with("app.env", format!("GH_TOKEN={token}\n"));
    for format in ["table", "json"] {
        let run = world.run(&["scan", ".", "--show-secrets", "-f", format]).ends(1);
        assert!(run.out.contains(&token), "{format}: {}", run.out);
    }
    for format in report::REPORTERS.iter().map(|r| r.id) {
        assert!(!world.run(&["scan", ".", "-f", format]).out.contains(&token[8..]), "{format}");
    }
}

/// A random value that no rule knows the shape of.
pub fn random(seed: u64, length: usize) -> String {
    example::expand(&format!("{{base62:{length}}}"), seed).unwrap()
}

/// Where outputs over one file show a value.
fn shown(path: &str, text: &str, secrets: &[&str]) -> Vec<String> {
    let world = World::with(path, text);
    let mut forbidden = Forbidden::default();
    for secret in secrets {
        forbidden.add(secret, secret.as_bytes());
    }
    let mut all = outputs(&world, &[]);
    let explained = world.run(&["explain", path]);
    all.push(("explain".to_owned(), explained.raw));
    all.push(("explain on standard error".to_owned(), explained.err.into_bytes()));
    let seen = all.iter().flat_map(|(name, output)| {
        forbidden.seen_in(output).into_iter().map(move |seen| format!("{path}, {text:?}: {name}: {seen}"))
    });
    seen.collect()
}

/// Asserts that no output over one file shows a value.
#[track_caller]
pub fn hidden(path: &str, text: &str, secrets: &[&str]) {
    let seen = shown(path, text, secrets);
    assert!(seen.is_empty(), "{seen:#?}");
}

#[test]
fn other_secrets_on_the_same_line_are_hidden_too() {
    let (a, b, c) = (value("github-pat-classic", 1), value("stripe-secret-key", 2), random(3, 24));
    hidden("app.js", &format!("run('{a}', '{b}', {{password: '{c}'}});\n"), &[&a, &b, &c]);
    hidden("app.env", &format!("A={a};B={b};PASSWORD={c}\n"), &[&a, &b, &c]);
}

#[test]
fn the_password_in_a_url_is_hidden() {
    let (a, b) = (random(1, 20), random(2, 28));
    hidden("app.env", &format!("DATABASE_URL=postgres://shop:{a}@db.acme.internal:5432/shop?sslmode=on\n"), &[&a]);
    hidden("app.env", &format!("URL=https://deploy:{a}@git.acme.internal/x.git?access_token={b}\n"), &[&a, &b]);
    hidden("app.yaml", &format!("redis: redis://:{a}@cache.acme.internal:6379/0\n"), &[&a]);
}

#[test]
fn a_token_in_the_place_of_the_user_of_a_url_is_hidden() {
    let pat = value("github-pat-classic", 4);
    hidden(".gitmodules", &format!("[submodule \"x\"]\n\turl = https://{pat}@github.com/acme/x.git\n"), &[&pat]);
}

#[test]
fn a_secret_in_the_default_of_a_reference_in_code_is_hidden() {
    let secret = random(6, 24);
    let mut seen = Vec::new();
    for line in [
        format!("password = os.environ.get(\"DB_PASSWORD\", \"{secret}\")\n"),
        format!("const password = process.env.DB_PASSWORD || '{secret}';\n"),
        format!("password: {{{{ .Values.password | default \"{secret}\" }}}}\n"),
        format!("password = getenv(\"DB_PASSWORD\") ?: \"{secret}\"\n"),
        format!("password = ENV.fetch('DB_PASSWORD', '{secret}')\n"),
        format!("DB_PASSWORD=${{DB_PASSWORD:-{secret}}}\n"),
        format!("db_password: ${{DB_PASSWORD:{secret}}}\n"),
        format!("db_password: ${{{{ secrets.DB_PASSWORD || '{secret}' }}}}\n"),
    ] {
        for path in ["app.py", "app.yaml", "app.env", "app.conf"] {
            seen.extend(shown(path, &line, &[&secret]));
        }
    }
    assert!(seen.is_empty(), "{seen:#?}");
}

#[test]
fn secrets_in_a_workflow_are_hidden() {
    let (a, b, c, d) = (value("github-pat-classic", 1), random(2, 24), random(3, 24), value("npm-access-token", 4));
    let text = format!(
        "on: push
env:
  API_TOKEN: {b}
jobs:
  build:
    runs-on: ubuntu-latest
    container:
      image: ghcr.io/acme/x
      credentials:
        username: bot
        password: {c}
    steps:
      - uses: docker/login-action@v3
        with:
          username: bot
          password: {b}
      - run: |
          curl -H 'Authorization: Bearer {a}' https://api.github.com
          npm config set //registry.npmjs.org/:_authToken={d}
"
    );
    hidden(".github/workflows/ci.yml", &text, &[&a, &b, &c, &d]);
}

#[test]
fn secrets_in_exports_are_hidden() {
    let secret = value("aws-secret-access-key", 2);
    let text = format!(
        r#"{{"AccessKey": {{"UserName": "ci", "AccessKeyId": "{}", "Status": "Active", "SecretAccessKey": "{secret}", "CreateDate": "2024-01-02T03:04:05Z"}}}}"#,
        value("aws-access-key-id", 1)
    );
    hidden("key.json", &text, &[&secret]);
}

#[test]
fn the_notice_of_a_malformed_file_quotes_none_of_it() {
    let pat = value("github-pat-classic", 4);
    for text in [
        format!("on: push\njobs: {{build: {{runs-on: x, env: [TOKEN: {pat}\n"),
        format!("on: push\njobs:\n  a: *{pat}\n"),
        format!("on: push\njobs:\n  a: !{pat} x\n  b: &{pat}\n"),
        format!("on: push\njobs:\n  \"{pat}\n"),
        format!("on: push\njobs:\n  {pat}: 1\n  {pat}: 2\n"),
        format!("on: push\njobs:\n\t{pat}: 1\n"),
        format!("on: push\njobs:\n  a: {pat}\n b: {pat}: {pat}\n"),
    ] {
        hidden(".github/workflows/ci.yml", &text, &[&pat]);
    }
    hidden("keys.json", &format!("{{\"AccessKeyMetadata\": [{{\"UserName\": \"{pat}\" \"{pat}\"}}]}}"), &[&pat]);
    hidden("keys.json", &format!("{{\"AccessKeyMetadata\": [{{\"UserName\": {pat}}}]}}"), &[&pat]);
}

#[test]
fn a_value_in_the_configuration_is_never_printed() {
    let pat = value("github-pat-classic", 4);
    let key = random(9, 40);
    let mut forbidden = Forbidden::default();
    forbidden.add("value", pat.as_bytes());
    forbidden.add("key", key.as_bytes());
    let world = World::with("app.env", format!("T={pat}\n"));
    world.put("k.yml", format!("fingerprint-key: {key}\nallow:\n  - value: {pat}\n    reason: known\n"));
    let mut all = outputs(&world, &["-c", "k.yml"]);
    let check = world.run(&["config", "check", "k.yml"]).ends(0);
    all.push(("config check".to_owned(), check.raw));
    for (name, text) in all {
        forbidden.assert_unseen(&name, &text);
    }
}

#[test]
fn short_values_show_nothing_and_long_ones_four_characters() {
    let (short, long) = ("k3J9fQ0aZ7xL", random(3, 32));
    let world = World::with("app.env", format!("DB_PASSWORD={short}\nAPI_TOKEN={long}\n"));
    let report = world.json(&[]);
    let previews: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["preview"].as_str().unwrap()).collect();
    assert!(previews.contains(&"… (12 chars)"), "{previews:?}");
    assert!(previews.contains(&format!("{}… (32 chars)", &long[..4]).as_str()), "{previews:?}");
    for (_, text) in outputs(&world, &[]) {
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains(&short[..6]) && !text.contains(&long[..5]), "{text}");
    }
}

#[test]
fn a_value_given_by_pipe_is_hidden() {
    let pat = value("github-pat-classic", 4);
    let mut forbidden = Forbidden::default();
    forbidden.add("token", pat.as_bytes());
    for format in report::REPORTERS.iter().map(|r| r.id) {
        let run = World::new().pipe(format!("{pat}\n").as_bytes(), &["stdin", "-v", "-f", format]).ends(1);
        forbidden.assert_unseen(format, run.out.as_bytes());
        forbidden.assert_unseen(format, run.err.as_bytes());
    }
}

#[test]
fn a_report_rendered_again_shows_no_more() {
    let pat = value("github-pat-classic", 4);
    let world = World::with("app.env", format!("T={pat}\n"));
    world.run(&["scan", "app.env", "-f", "json=r.json"]).ends(1);
    let mut forbidden = Forbidden::default();
    forbidden.add("token", pat.as_bytes());
    for format in report::REPORTERS.iter().map(|r| r.id) {
        let run = finish(world.command(&["report", "r.json", "-v", "-f", format]).spawn().unwrap()).ends(1);
        forbidden.assert_unseen(format, run.out.as_bytes());
    }
}
