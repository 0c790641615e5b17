//! What the network sends and a script runs.

use std::collections::HashMap;

use super::command::{Command, Script, Word};
use super::options::{CURL_VALUED, host, is_loopback, short_flag, short_option};

const DOWNLOADERS: &[&str] =
    &["curl", "wget", "fetch", "iwr", "irm", "invoke-webrequest", "invoke-restmethod", "aria2c", "http", "xh"];

/// Shells: they run what comes in, whatever options stand there.
const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "ash", "pwsh", "powershell"];

/// Languages: they run what comes in unless they are given a script or a line.
const LANGUAGES: &[&str] = &["python", "python3", "python2", "perl", "ruby", "node", "php"];

/// Longest stretch beside `iex` that is looked at.
const MAX_NEAR: usize = 500;

/// A file that a command fetches and keeps, with its address.
pub fn download(text: &str, command: &Command, name: &str) -> Option<(String, String)> {
    DOWNLOADERS.contains(&name).then_some(())?;
    Some((saved_as(command, name)?, address(text, command)?))
}

/// The name under which a download is kept.
fn saved_as(command: &Command, name: &str) -> Option<String> {
    let file = match name {
        "curl" => short_option(command, CURL_VALUED, 'o').or(command.option(&["--output"])),
        "wget" => command.option(&["-O", "--output-document"]),
        _ => command.option(&["-OutFile", "-o", "-Out", "-outfile"]),
    };
    let remote_name = || {
        let own = name == "wget" && file.is_none() || name == "curl" && short_flag(command, CURL_VALUED, 'O');
        let url = command.arguments().iter().map(|word| word.text.as_str()).find(|word| word.contains("://"))?;
        own.then(|| url.split(['?', '#']).next().unwrap_or_default().to_owned())
    };
    let file = file.map(str::to_owned).or_else(|| command.file.clone()).or_else(remote_name)?;
    let base = base(&file);
    (!base.is_empty() && base != "-" && !base.starts_with('$')).then(|| base.to_owned())
}

fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// The address that a command fetches, without query and user; `None` for the machine itself and for what cannot change
/// under its name.
fn address(text: &str, command: &Command) -> Option<String> {
    let words = command.arguments().iter().map(|word| word.text.as_str());
    let shown = text.get(command.part.clone()).unwrap_or_default();
    let url = words.clone().find(|word| word.contains("://")).or_else(|| {
        // `curl get.example.com`: a host without scheme.
        let host =
            |word: &&str| !word.starts_with('-') && word.contains('.') && !word.ends_with(".sh") && !word.contains(' ');
        words.clone().find(host)
    });
    let Some(url) = url else {
        let name = command.name();
        return (!shown.is_empty()).then(|| format!("{name} of an address in a variable"));
    };
    let clean = clean_url(url);
    let fixed = clean.split('/').any(|part| part.len() == 40 && part.bytes().all(|b| b.is_ascii_hexdigit()));
    (!fixed && !is_loopback(host(&clean)) && !clean.starts_with("file:")).then_some(clean)
}

/// An address without user, query and what follows.
fn clean_url(url: &str) -> String {
    let start = url.find("://").map(|at| {
        let before = url.get(..at).unwrap_or_default();
        before
            .char_indices()
            .rev()
            .take_while(|(_, c)| c.is_ascii_alphanumeric())
            .last()
            .map_or(before.len(), |(at, _)| at)
    });
    let url = url.get(start.unwrap_or_default()..).unwrap_or_default();
    let url = url.split(|c: char| c == '?' || c == '#' || c == '\'' || c == '"' || c.is_whitespace()).next();
    let url = url.unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(authority, path)| (authority, Some(path)));
    let host = authority.rsplit('@').next().unwrap_or_default();
    match path {
        Some(path) => format!("{scheme}://{host}/{path}"),
        None => format!("{scheme}://{host}"),
    }
}

/// The address that the first download among commands fetches.
fn fetched<'c>(text: &str, mut commands: impl Iterator<Item = &'c Command>) -> Option<String> {
    address(text, commands.find(|command| DOWNLOADERS.contains(&command.name()))?)
}

/// The address of what a command runs although the network sent it. `downloads` are the files that the script fetched, with
/// their addresses.
pub fn source(
    text: &str,
    script: &Script,
    command: &Command,
    name: &str,
    downloads: &HashMap<String, String>,
) -> Option<String> {
    let shell = SHELLS.contains(&name);
    let language = LANGUAGES.contains(&name);
    if shell || language {
        let given = command.arguments().iter().find(|word| !matches!(word.text.as_str(), "-" | "/dev/stdin"));
        let reads_input = if shell {
            let line =
                |word: &Word| word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains('c');
            let takes =
                |word: &Word| word.text.starts_with('-') && word.text.contains('s') && !word.text.contains("--");
            let file = command.arguments().first().is_some_and(|word| !word.text.starts_with('-'))
                && !command.arguments().iter().any(takes)
                && given.is_some();
            !file && !command.arguments().iter().any(line)
        } else {
            given.is_none()
        };
        if reads_input && let Some(address) = fetched(text, script.sources(command)) {
            return Some(address);
        }
    }
    let takes_text = shell || language || matches!(name, "eval" | "source" | ".");
    if takes_text {
        let substituted = command.arguments().iter().filter(|word| word.substituted).take(8);
        for word in substituted {
            if let Some(address) = fetched(text, script.nested(word).iter()) {
                return Some(address);
            }
        }
    }
    if matches!(name, "iex" | "invoke-expression") {
        return near(text, command);
    }
    // A file that was fetched before.
    let file = if shell || language || matches!(name, "source" | ".") {
        command.arguments().iter().map(|word| word.text.as_str()).find(|word| !word.starts_with('-'))
    } else {
        let scripts = [".sh", ".bash", ".py", ".pl", ".rb", ".ps1"];
        Some(name).filter(|name| scripts.iter().any(|end| name.ends_with(end)))
    };
    downloads.get(base(file?)).cloned()
}

/// The address beside `iex` in the same line, when something there fetches it.
fn near(text: &str, command: &Command) -> Option<String> {
    let mut start = command.part.start.saturating_sub(MAX_NEAR);
    let mut end = (command.part.end + MAX_NEAR).min(text.len());
    while !text.is_char_boundary(start) {
        start += 1;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(start..command.part.start)?.rsplit('\n').next()?;
    let after = text.get(command.part.start..end)?.split('\n').next()?;
    let line = format!("{before}{after}");
    let lower = line.to_ascii_lowercase();
    let fetches = ["downloadstring", "irm ", "iwr ", "invoke-webrequest", "invoke-restmethod", "curl ", "wget "];
    if !fetches.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let url = lower.find("http")?;
    let url = line
        .get(url..)?
        .split(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | ')' | '|' | ';' | '}'))
        .next()?;
    let clean = clean_url(url);
    (!is_loopback(host(&clean))).then_some(clean)
}
