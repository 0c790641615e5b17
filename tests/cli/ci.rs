//! `keyroll ci`: the commits of a run, by the provider's variables.

use std::fs;

use crate::fixture::value;
use crate::git::{commit, git};
use crate::world::{Run, World};

fn line(seed: u64) -> String {
    format!("token: {}\n", value("github-pat-classic", seed))
}

/// A repository with a value on main and another on a branch that is checked out.
struct Story {
    world: World,
    base: String,
    head: String,
}

fn story() -> Story {
    let world = World::new();
    let at = world.path();
    git(at, &["init", "-q"]);
    let base = commit(at, "old.py", &line(1));
    git(at, &["checkout", "-q", "-b", "topic"]);
    let head = commit(at, "new.py", &line(2));
    Story { base, head, world }
}

impl Story {
    fn github(&self, name: &str, event: &str, args: &[&str]) -> Run {
        self.world.put("../event.json", event);
        let event = self.world.path().parent().unwrap().join("event.json");
        self.run(
            &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_EVENT_NAME", name),
                ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
                ("GITHUB_SHA", &self.head),
            ],
            args,
        )
    }

    fn run(&self, variables: &[(&str, &str)], args: &[&str]) -> Run {
        let all: Vec<&str> = ["ci", "--as-of", "2023-11-20"].into_iter().chain(args.iter().copied()).collect();
        self.world.run_with(variables, &all)
    }

    #[track_caller]
    fn new_only(&self, run: Run) {
        let run = run.ends(1);
        assert!(run.out.contains("new.py") && !run.out.contains("old.py"), "{}\n{}", run.out, run.err);
    }
}

#[test]
fn github_tells_the_range() {
    let story = story();
    let (base, head, none) = (&story.base, &story.head, "0".repeat(40));
    let event = format!(r#"{{"pull_request":{{"base":{{"sha":"{base}"}},"head":{{"sha":"{head}"}}}}}}"#);
    let run = story.github("pull_request", &event, &[]);
    assert!(
        run.out.contains("::error file=new.py,line=1,endLine=1,col=8,title=keyroll github-pat-classic::"),
        "{}",
        run.out
    );
    story.new_only(run);
    story.new_only(story.github("push", &format!(r#"{{"before":"{base}","after":"{head}"}}"#), &[]));
    let first = format!(r#"{{"before":"{none}","after":"{head}","repository":{{"default_branch":"main"}}}}"#);
    story.new_only(story.github("push", &first, &[]));
    // A forced push leaves the old commit behind.
    let forced = format!(
        r#"{{"before":"{}","after":"{head}","forced":true,"repository":{{"default_branch":"main"}}}}"#,
        "ab".repeat(20)
    );
    let run = story.github("push", &forced, &[]).complains("a forced push");
    story.new_only(run);
    // Before and after are one commit: that one is scanned.
    story.new_only(story.github("push", &format!(r#"{{"before":"{head}","after":"{head}"}}"#), &[]));
    let run = story.github("schedule", "{}", &[]).ends(1);
    assert!(run.out.contains("new.py") && run.out.contains("old.py"), "{}", run.out);
    story.github("push", "not json", &[]).ends(2).complains("event.json");
}

#[test]
fn a_base_that_is_not_here_means_more_and_says_what_to_set() {
    let story = story();
    let event =
        format!(r#"{{"pull_request":{{"base":{{"sha":"{}"}},"head":{{"sha":"{}"}}}}}}"#, "cd".repeat(20), story.head);
    let run = story.github("pull_request", &event, &[]).ends(1).says("fetch-depth: 0");
    assert!(run.out.contains("new.py") && run.out.contains("old.py"), "{}", run.out);
    // Shallow, nothing is found and still it is no clean result.
    git(story.world.path(), &["checkout", "-q", "main"]);
    fs::remove_file(story.world.at("old.py")).unwrap();
    let clean = commit(story.world.path(), "x.py", "x\n");
    let url = format!("file://{}", story.world.path().display());
    let top = World::new();
    git(top.path(), &["clone", "-q", "--depth", "1", &url, "c"]);
    let variables =
        [("GITLAB_CI", "true"), ("CI_COMMIT_SHA", clean.as_str()), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &story.base)];
    let mut command = top.command(&["ci", "--exit-zero"]);
    command.current_dir(top.at("c")).envs(variables);
    crate::world::finish(command.spawn().unwrap()).ends(3).says("GIT_DEPTH: 0");
}

#[test]
fn without_a_provider_it_says_what_to_do() {
    let story = story();
    story.run(&[], &[]).ends(2).complains("--base REF --head REF");
    story.new_only(story.run(&[], &["--base", "main", "--head", "topic"]));
    story.new_only(story.run(&[], &["--base", "main"]));
    let azure = [
        ("TF_BUILD", "True"),
        ("BUILD_SOURCEVERSION", story.head.as_str()),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
    ];
    let run = story.run(&azure, &[]);
    assert!(
        run.out.contains(
            "##vso[task.logissue type=error;sourcepath=new.py;linenumber=1;columnnumber=8;code=github-pat-classic;]"
        ),
        "{}",
        run.out
    );
    story.new_only(run);
}

#[test]
fn a_change_does_not_relax_what_judges_it_and_its_suppressions_are_told() {
    let story = story();
    let at = story.world.path();
    let rules = "allow:\n  - rule: github-pat-classic\n    reason: fine\nrules-version: '0.0'\n";
    commit(at, ".keyroll.yml", rules);
    commit(at, "third.py", &line(3).replace('\n', "  # keyroll:ignore reviewed\n"));
    let run = story.run(&[], &["--base", "main"]);
    let run = run.complains("new suppression: .keyroll.yml: accepts rule github-pat-classic (fine)");
    let run = run.complains("new suppression: .keyroll.yml: holds rules at version 0.0");
    let run = run.complains("new suppression: third.py:1: keyroll:ignore of github-pat-classic (reviewed)");
    story.new_only(run);
    // Without anything open the new suppressions alone fail the run when that is asked for.
    git(at, &["rm", "-q", "new.py"]);
    git(at, &["commit", "-q", "-m", "x"]);
    git(at, &["checkout", "-q", "-b", "quiet", "main"]);
    commit(at, "third.py", &line(3).replace('\n', "  # keyroll:ignore reviewed\n"));
    story.run(&[], &["--base", "main"]).ends(0);
    story.run(&[], &["--base", "main", "--no-new-suppressions"]).ends(1).complains("--no-new-suppressions");
}

#[test]
fn a_head_that_is_not_here_is_no_clean_result() {
    let story = story();
    let lost = "ef".repeat(20);
    let event = format!(r#"{{"pull_request":{{"base":{{"sha":"{}"}},"head":{{"sha":"{lost}"}}}}}}"#, story.base);
    // What this event checks out is the base: nothing of the change.
    git(story.world.path(), &["checkout", "-q", "main"]);
    story
        .github("pull_request_target", &event, &["--exit-zero"])
        .ends(3)
        .says("the head (efefefefefef) is not in this");
}

#[test]
fn rules_and_baseline_of_a_change_do_not_judge_it() {
    let story = story();
    let at = story.world.path();
    git(at, &["checkout", "-q", "main"]);
    let rule = |pattern: &str| {
        format!(
            "provider: zz\nname: ZZ\nrules:\n  - id: zz-key\n    name: ZZ key\n    description: It opens every door of the \
             house to whoever holds it.\n    remediation: Revoke it in the settings and give each door its own.\n    \
             identity: {{kind: other}}\n    severity: high\n    confidence: high\n    keywords: [zzk-]\n    pattern: \
             '{pattern}'\n    references: ['https://example.com']\n    examples: ['a = zzk-{{hex:32}}']\n    \
             counterexamples: ['zzk-1']\n"
        )
    };
    commit(at, "more/zz.yml", &rule("zzk-[0-9a-f]{32}"));
    story.world.put(".keyroll.yml", "baseline: .keyroll-baseline\nrules:\n  dirs: [more]\n");
    story.world.run(&["baseline", "create"]).ends(0);
    git(at, &["add", "."]);
    git(at, &["commit", "-q", "-m", "known"]);
    git(at, &["checkout", "-q", "-b", "next"]);
    // The change takes the rule away and puts its values into the baseline.
    commit(at, "more/zz.yml", &rule("zzk-[0-9a-f]{33}"));
    commit(at, "door.txt", "zzk-0123456789abcdef0123456789abcdef\n");
    commit(at, "third.py", &line(3));
    story.world.run(&["baseline", "create", "--force"]).ends(0);
    git(at, &["commit", "-q", "-a", "-m", "baseline"]);
    // Where the base has no such folder, that is no silence.
    git(at, &["checkout", "-q", "-b", "bare", "main"]);
    git(at, &["rm", "-q", "-r", "more"]);
    git(at, &["commit", "-q", "-m", "no rules"]);
    story.run(&[], &["--base", "bare", "--head", "next"]).ends(2).complains("rules.dirs: more is not in the commit");
    git(at, &["checkout", "-q", "next"]);
    let run = story.run(&[], &["--base", "main"]).ends(1);
    assert!(run.out.contains("door.txt") && run.out.contains("third.py"), "{}", run.out);
    assert!(!run.out.contains("old.py"), "{}", run.out);
    run.complains("new suppression: baseline:");
}

#[test]
fn names_of_files_give_no_commands_to_the_log() {
    let story = story();
    let hostile = "##vso[task.setvariable variable=PATH]x ::stop-commands::y";
    let head = commit(story.world.path(), hostile, &line(3));
    let agent = story.world.path().parent().unwrap();
    let summary = agent.join("keyroll-summary.md");
    let _ = fs::remove_file(&summary);
    let variables = [
        ("TF_BUILD", "True"),
        ("BUILD_SOURCEVERSION", head.as_str()),
        ("BUILD_REASON", "IndividualCI"),
        ("AGENT_TEMPDIRECTORY", agent.to_str().unwrap()),
    ];
    let run = story.run(&variables, &[]).ends(1);
    let commands: Vec<&str> = run.out.lines().chain(run.err.lines()).filter(|l| l.contains("##")).collect();
    assert!(
        commands.iter().all(|l| l.starts_with("##vso[task.logissue ") || l.starts_with("##vso[task.uploadsummary]")),
        "{commands:?}"
    );
    assert!(commands.iter().all(|l| l.matches("##").count() == 1) && commands.len() == 2, "{commands:?}");
    assert!(fs::read_to_string(&summary).unwrap().starts_with("### keyroll: 1 finding\n"));
    // Another output on standard output stays whole, and says the same without giving commands.
    for format in ["json", "sarif"] {
        let run = story.run(&variables, &["-f", format]).ends(1);
        // SARIF has paths as addresses, in which `#` is written otherwise.
        let path = &run.json()["findings"][0]["locations"][0]["path"];
        assert!(format == "sarif" || path == hostile, "{path}");
        assert!(!run.out.contains("##vso[") && !run.out.contains("::stop-commands"), "{}", run.out);
    }
    let variables = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push"), ("GITHUB_SHA", head.as_str())];
    let run = story.run(&variables, &[]).ends(1);
    assert!(!run.out.contains("::stop-commands"), "{}", run.out);
}

#[test]
fn a_job_summary_is_written_and_harmless() {
    let story = story();
    let hostile = "<img src=x> @team |`.py";
    let head = commit(story.world.path(), hostile, &line(3));
    let summary = story.world.path().parent().unwrap().join("summary.md");
    let _ = fs::remove_file(&summary);
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_SHA", head.as_str()),
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
    ];
    story.run(&variables, &[]).ends(1);
    let text = fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("### keyroll: 1 finding\n"), "{text}");
    assert!(
        !text.contains("<img") && !text.contains("@team") && !text.contains(&value("github-pat-classic", 3)),
        "{text}"
    );
}

#[test]
fn a_request_to_the_branch_that_it_comes_from_relaxed_what_judges_it() {
    let story = story();
    let at = story.world.path();
    story.world.put(".keyroll.yml", "allow:\n  - rule: github-pat-classic\n    reason: fine\n");
    git(at, &["add", ".keyroll.yml"]);
    commit(at, "third.py", &line(3));
    // Base and head are one name, and the commit that accepts is the one that brings in.
    let run = story.run(&[], &["--base", "topic", "--head", "topic"]).ends(1).says("third.py");
    assert!(!run.out.contains("new.py"), "{}", run.out);
    run.complains("new suppression: .keyroll.yml: accepts rule github-pat-classic (fine)");
}

#[test]
fn messages_of_tags_in_a_range_were_not_scanned() {
    let story = story();
    let at = story.world.path();
    git(at, &["rm", "-q", "new.py"]);
    git(at, &["commit", "-q", "-m", "x"]);
    git(at, &["tag", "-a", "old", "-m", &line(4), "main"]);
    commit(at, "clean.py", "x\n");
    story.run(&[], &["--base", "topic~1", "--head", "topic"]).ends(0);
    git(at, &["tag", "-a", "v1", "-m", &format!("one\n\n{}", line(5))]);
    git(at, &["tag", "-a", "v2", "-m", "two", "v1"]);
    let run = story.run(&[], &["--base", "topic~1", "--head", "topic", "-f", "json"]).ends(1);
    let report = run.json();
    let places = crate::world::places(crate::world::only(&report, "github-pat-classic"));
    assert_eq!(places, ["(tag message):3:8-3:48"], "{report:#}");
    let tag = git(at, &["rev-parse", "v1"]);
    assert_eq!(crate::world::findings(&report, "github-pat-classic")[0]["locations"][0]["commit"], tag);
    story.run(&[], &["--base", "topic~1", "--head", "v2"]).ends(1).says("(tag message)");
}

#[test]
fn a_job_summary_that_cannot_be_written_takes_no_verdict_away() {
    let story = story();
    let at = story.world.path();
    let nowhere = story.world.at("nowhere/summary.md");
    let by = |head: &str, args: &[&str]| {
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_SHA", head),
            ("GITHUB_STEP_SUMMARY", nowhere.to_str().unwrap()),
        ];
        story.run(&variables, args)
    };
    let run = by(&story.head, &[]).ends(1).says("new.py").says("::error file=new.py");
    run.complains("the job summary could not be written").complains("nowhere/summary.md");
    by(&story.head, &["--exit-code", "7"]).ends(7);
    // All was scanned and nothing found: that is the verdict, too.
    git(at, &["rm", "-q", "new.py"]);
    let clean = commit(at, "clean.py", "x\n");
    by(&clean, &[]).ends(0).complains("the job summary could not be written");
    // What the agent cannot read is not named to it.
    let azure = [
        ("TF_BUILD", "True"),
        ("BUILD_SOURCEVERSION", story.head.as_str()),
        ("BUILD_REASON", "IndividualCI"),
        ("AGENT_TEMPDIRECTORY", nowhere.to_str().unwrap()),
    ];
    let run = story.run(&azure, &[]).ends(1).complains("the job summary could not be written");
    assert!(!run.out.contains("uploadsummary"), "{}", run.out);
}
