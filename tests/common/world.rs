//! A directory of its own and the real binary, run in it with an environment that holds nothing of the machine's.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// No run may take longer, hostile inputs and slow machines included.
const CAP: Duration = Duration::from_secs(60);

/// The date that ages are measured against in tests.
pub const AS_OF: &str = "2026-06-30";

/// A directory that is scanned.
pub struct World {
    dir: tempfile::TempDir,
}

/// How a run ended.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
    pub raw: Vec<u8>,
}

impl World {
    /// An empty directory outside any repository.
    pub fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("world").tempdir().unwrap() }
    }

    /// One with a file.
    pub fn with(path: &str, text: impl AsRef<[u8]>) -> Self {
        let world = Self::new();
        world.put(path, text);
        world
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Writes a file and the directories above it.
    pub fn put(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    /// Makes the directory (or one below) a repository.
    pub fn init(&self, below: &str) -> git2::Repository {
        git2::Repository::init(self.at(below)).unwrap()
    }

    /// Commits what the repository's index does not hold yet, ignored files only when named.
    pub fn commit(&self, repository: &git2::Repository, paths: &[&str]) -> String {
        let mut index = repository.index().unwrap();
        for path in paths {
            index.add_path(Path::new(path)).unwrap();
        }
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let who = git2::Signature::new("A", "a@example.org", &git2::Time::new(1_700_000_000, 0)).unwrap();
        let parent = repository.head().ok().and_then(|h| h.peel_to_commit().ok());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        repository.commit(Some("HEAD"), &who, &who, "change", &tree, &parents).unwrap().to_string()
    }

    /// The binary, in this directory, with a bare environment.
    pub fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyroll"));
        command.args(args).current_dir(self.path()).env_clear();
        command.env("HOME", self.path()).env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        finish(self.command(args).spawn().unwrap())
    }

    /// Runs it in a directory below.
    pub fn run_in<S: AsRef<OsStr>>(&self, below: &str, args: &[S]) -> Run {
        let below = self.at(below);
        finish(self.command(args).current_dir(below).spawn().unwrap())
    }

    /// Runs it with variables.
    pub fn run_with<S: AsRef<OsStr>>(&self, variables: &[(&str, &str)], args: &[S]) -> Run {
        finish(self.command(args).envs(variables.iter().copied()).spawn().unwrap())
    }

    /// Runs it with something to read.
    pub fn pipe<S: AsRef<OsStr>>(&self, input: &[u8], args: &[S]) -> Run {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = thread::spawn(move || {
            // A program that does not read all of it closes the pipe.
            let _ = stdin.write_all(&input);
        });
        let run = finish(child);
        writer.join().unwrap();
        run
    }

    /// The JSON report of `scan . ARGS` at a fixed date.
    pub fn json(&self, args: &[&str]) -> Value {
        self.run(&json_args(".", args)).json()
    }

    /// The JSON report of a scan of a path.
    pub fn json_of(&self, path: &str, args: &[&str]) -> Value {
        self.run(&json_args(path, args)).json()
    }
}

fn json_args(path: &str, args: &[&str]) -> Vec<String> {
    let all = ["scan", path, "-f", "json", "--as-of", AS_OF].into_iter().chain(args.iter().copied());
    all.map(str::to_owned).collect()
}

/// Waits for a process, at most for the cap.
pub fn finish(mut child: Child) -> Run {
    let read = |stream: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut stream) = stream {
                stream.read_to_end(&mut bytes).unwrap();
            }
            bytes
        })
    };
    let out = read(child.stdout.take().map(|s| Box::new(s) as _));
    let err = read(child.stderr.take().map(|s| Box::new(s) as _));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > CAP {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it did not end within {CAP:?}");
        }
        // Polling is all that a child of another program offers.
        #[allow(clippy::disallowed_methods)]
        thread::sleep(Duration::from_millis(5));
    };
    let raw = out.join().unwrap();
    let run = Run {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&raw).into_owned(),
        err: String::from_utf8_lossy(&err.join().unwrap()).into_owned(),
        raw,
    };
    assert!(!run.err.contains("panicked"), "{}", run.err);
    run
}

impl Run {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.out, self.err))
    }

    /// Asserts the exit code, showing everything when it is another.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert!(self.code == code, "exit {} instead of {code}\n{}\n{}", self.code, self.out, self.err);
        self
    }

    /// Asserts that a text is on standard output.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text), "no {text:?} in\n{}", self.out);
        self
    }

    /// Asserts that a text is on standard error.
    #[track_caller]
    pub fn complains(self, text: &str) -> Self {
        assert!(self.err.contains(text), "no {text:?} in\n{}", self.err);
        self
    }
}

/// The elements of an array of a report.
pub fn list<'a>(report: &'a Value, name: &str) -> &'a [Value] {
    report[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The findings with this id.
pub fn findings<'a>(report: &'a Value, id: &str) -> Vec<&'a Value> {
    list(report, "findings").iter().filter(|f| f["id"] == id).collect()
}

/// The only finding with this id.
#[track_caller]
pub fn only<'a>(report: &'a Value, id: &str) -> &'a Value {
    let all = findings(report, id);
    assert!(all.len() == 1, "{} findings of {id} in {:#}", all.len(), report["findings"]);
    all[0]
}

/// `path:line:column-end_line:end_column` of every location of a finding.
pub fn places(finding: &Value) -> Vec<String> {
    list(finding, "locations")
        .iter()
        .map(|l| {
            let path = l["path"].as_str().unwrap();
            format!("{path}:{}:{}-{}:{}", l["line"], l["column"], l["end_line"], l["end_column"])
        })
        .collect()
}

/// The notices with this code.
pub fn notices<'a>(report: &'a Value, code: &str) -> Vec<&'a Value> {
    list(report, "notices").iter().filter(|n| n["code"] == code).collect()
}
