//! Whatever keyroll writes about a repository, it holds no more of any secret in it than the first four characters: every
//! output of a scan, of a merge, of a difference and of a hook, what is said on the way, the baseline and the cache.

use std::fs;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use keyroll::report;

use crate::fixture::value;
use crate::redaction::{Forbidden, random};
use crate::world::{AS_OF, Run, World, finish};

const KEY: &str = "a key of thirty-two characters..";

/// Secrets of several kinds.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(seed: u64) -> Self {
        let known = ["github-pat-classic", "stripe-secret-key", "npm-access-token", "aws-secret-access-key"];
        let mut all: Vec<String> = known.iter().map(|rule| value(rule, seed)).collect();
        all.extend([random(seed + 50, 24), random(seed + 51, 32)]);
        Self(all)
    }

    fn forbidden(&self) -> Forbidden {
        let mut out = Forbidden::default();
        for (at, secret) in self.0.iter().enumerate() {
            out.add(&format!("secret {at}"), secret.as_bytes());
        }
        out
    }

    /// Files that hold them: alone and several on a line, plain and in every encoding, in settings, code, a pipeline, a
    /// manifest, a URL and a comment.
    fn files(&self) -> Vec<(&'static str, String)> {
        let [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map(|at| self.0[at].as_str());
        let percent = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        let line =
            format!("GH_TOKEN={a}; STRIPE={b}; NPM={c}; AWS_SECRET_ACCESS_KEY={d}; PASSWORD={e}; API_SECRET={f}\n");
        let encoded = format!(
            "token_b64: {}\nblob: {}\nhex: {}\nurl: https://api.acme.example/?token={}&password={}\nraw: {}\n",
            BASE64.encode(format!("GH_TOKEN={a}\nPASSWORD={e}\n").as_bytes()),
            BASE64URL_NOPAD.encode(format!("{{\"npm\": \"{c}\", \"stripe\": \"{b}\"}}").as_bytes()),
            HEXLOWER.encode(format!("api_key={b}").as_bytes()),
            percent(a),
            percent(e),
            BASE64.encode(a.as_bytes()),
        );
        let workflow = format!(
            "on: push\npermissions: write-all\nenv:\n  API_TOKEN: {f}\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    \
             steps:\n      - uses: acme/deploy@v1\n        with: {{token: '{a}', password: '{e}'}}\n      - run: |\n          \
             curl -H 'Authorization: Bearer {b}' https://u:{f}@api.acme.example/\n"
        );
        let code = format!(
            "client = connect('postgres://app:{f}@db.acme.internal/x', token='{a}')  # the old one was {b}\n\
             password = os.environ.get('DB_PASSWORD', '{e}')\n"
        );
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\ndata:\n  token: {}\nstringData:\n  password: {e}\n",
            BASE64.encode(a.as_bytes())
        );
        vec![
            ("app.env", line),
            ("encoded.yaml", encoded),
            (".github/workflows/ci.yml", workflow),
            ("app.py", code),
            ("k8s/secret.yaml", secret),
            ("ignored.env", format!("GH_TOKEN={a} # keyroll:ignore known, not {b}\n")),
        ]
    }

    /// Writes and commits them; some are only in the history then.
    fn repository(&self, world: &World, side: &str) {
        let repository = world.init(side);
        let files = self.files();
        for (path, text) in &files {
            world.put(format!("{side}/{path}"), text);
        }
        world.put(format!("{side}/old.env"), &files[0].1);
        let mut paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        paths.push("old.env");
        world.commit(&repository, &paths);
        fs::remove_file(world.at(format!("{side}/old.env"))).unwrap();
        let mut index = repository.index().unwrap();
        index.remove_path(std::path::Path::new("old.env")).unwrap();
        index.write().unwrap();
        world.commit(&repository, &[]);
    }
}

/// What one command says and writes, by name.
fn told(what: &str, run: Run) -> Vec<(String, Vec<u8>)> {
    assert!(run.code != 2, "{what}: {}", run.err);
    vec![(format!("{what}, standard output"), run.raw), (format!("{what}, standard error"), run.err.into_bytes())]
}

/// Every format of a command, in a file each.
fn formats(world: &World, what: &str, args: &[&str]) -> Vec<(String, Vec<u8>)> {
    let beside = World::new();
    let mut line: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
    for id in report::REPORTERS.iter().map(|r| r.id) {
        line.extend(["-f".to_owned(), format!("{id}={}", beside.at(id).display())]);
    }
    let mut all = told(what, world.run_with(&[("KEYROLL_KEY", KEY)], &line));
    for id in report::REPORTERS.iter().map(|r| r.id) {
        all.push((format!("{what}, {id}"), beside.read(id).into_bytes()));
    }
    all
}

#[test]
fn nothing_that_is_written_about_a_repository_holds_a_secret_of_it() {
    let world = World::new();
    let (first, second) = (Secrets::of(1), Secrets::of(11));
    first.repository(&world, "shop");
    second.repository(&world, "till");
    let with = [("KEYROLL_KEY", KEY)];
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let loud =
        ["-v", "--confidence", "low", "--severity", "low", "--sarif-suppressed", "--no-config", "--as-of", AS_OF];
    for side in ["shop", "till"] {
        let own = format!("{side}.json");
        let (to, cache) = (format!("json={own}"), "cache");
        let args = [&["scan", side, "--cache", cache, "-f", &to], &loud[..]].concat();
        all.extend(told(side, world.run_with(&with, &args)));
        all.push((own.clone(), world.read(&own).into_bytes()));
        // Again, and now the cache is read.
        all.extend(formats(&world, side, &[&["scan", side, "--cache", cache], &loud[..]].concat()));
    }
    let cached: Vec<_> = fs::read_dir(world.at("cache")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!cached.is_empty());
    all.extend(cached.iter().map(|file| ("the cache".to_owned(), fs::read(file).unwrap())));

    all.extend(formats(&world, "a merge", &["report", "shop.json", "till.json", "-v", "--sarif-suppressed"]));
    all.extend(formats(&world, "a merge in short", &["report", "shop.json", "till.json"]));
    world.put("judged.yml", "confidence: low\npolicy: {max-key-age: 30}\n");
    all.extend(formats(&world, "a report judged anew", &["report", "shop.json", "-c", "judged.yml"]));
    for format in ["table", "markdown", "json"] {
        let run = world.run(&["diff", "shop.json", "till.json", "-v", "-f", format]);
        assert!(run.out.len() > 100, "{}", run.out);
        all.extend(told(&format!("diff, {format}"), run));
    }
    let create = world.command(&["baseline", "create"]).current_dir(world.at("shop")).env("KEYROLL_KEY", KEY).spawn();
    all.extend(told("baseline create", finish(create.unwrap())));
    all.push(("the baseline".to_owned(), fs::read(world.at("shop/.keyroll-baseline")).unwrap()));
    for file in ["app.env", "encoded.yaml", "app.py", ".github/workflows/ci.yml"] {
        all.extend(told(&format!("explain {file}"), world.run_in("shop", &["explain", file])));
    }
    let staged = world.init("staged");
    for (path, text) in first.files() {
        world.put(format!("staged/{path}"), text);
        let mut index = staged.index().unwrap();
        index.add_path(std::path::Path::new(path)).unwrap();
        index.write().unwrap();
    }
    all.extend(told("hook", world.run_in("staged", &["hook", "-v"])));

    let found = world.run_with(&with, &["scan", "shop", "-q", "-f", "json", "--no-config", "--exit-zero"]).json();
    assert!(found["findings"].as_array().unwrap().len() >= 6, "{:#}", found["findings"]);
    let (of_first, of_second) = (first.forbidden(), second.forbidden());
    assert!(all.len() > 60, "{}", all.len());
    for (name, bytes) in &all {
        of_first.assert_unseen(name, bytes);
        of_second.assert_unseen(name, bytes);
    }
    // The search would find them if they were there.
    assert!(!of_first.seen_in(first.files()[0].1.as_bytes()).is_empty());
    assert!(!of_first.seen_in(first.files()[1].1.as_bytes()).is_empty());
}
