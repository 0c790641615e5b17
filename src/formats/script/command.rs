//! A command of a shell script: its words without their quotes, what is piped into it, and whether its output is seen.

use std::ops::Range;

/// How many steps of a pipeline are followed back.
const MAX_PIPE: usize = 16;

/// One word.
#[derive(Debug, Default)]
pub struct Word {
    /// As the command gets it: without quotes, variables as they are written, substitutions left out.
    pub text: String,
    /// Its bytes in the script.
    pub part: Range<usize>,
    /// Where a `$` stands that the shell replaces.
    pub expands: Vec<usize>,
    /// The commands of its substitutions, by place in [`Script::commands`].
    pub nested: Range<usize>,
    /// True when it begins with a substitution: `$(…)`, `<(…)`.
    pub substituted: bool,
}

/// One command.
#[derive(Debug, Default)]
pub struct Command {
    /// Its words, the assignments before it included and redirections left out.
    pub words: Vec<Word>,
    /// Its bytes in the script.
    pub part: Range<usize>,
    /// The command whose output it reads.
    pub from: Option<usize>,
    /// True when its output goes to a file, a pipe or into another command's words, so to no log.
    pub captured: bool,
    /// The file that its output goes to.
    pub file: Option<String>,
    /// Place of the word that names what runs, by [`main_word`].
    pub main: usize,
    /// What runs, by [`program`].
    pub program: String,
}

impl Command {
    /// What runs, without directories and `.exe`, in lower case; empty when nothing does.
    pub fn name(&self) -> &str {
        &self.program
    }

    /// The words behind the name.
    pub fn arguments(&self) -> &[Word] {
        self.words.get(self.main + 1..).unwrap_or_default()
    }

    /// The arguments that are no options, in order. What belongs to an option that takes a value in a word of its own is
    /// among them.
    pub fn operands(&self) -> impl Iterator<Item = &str> {
        self.arguments().iter().map(|word| word.text.as_str()).filter(|text| !text.starts_with('-'))
    }

    /// True when the first operands are these.
    pub fn says(&self, words: &[&str]) -> bool {
        let mut operands = self.operands();
        words.iter().all(|word| operands.next() == Some(*word))
    }

    /// The value of an option: of `--name=value`, or the word behind `--name`.
    pub fn option(&self, names: &[&str]) -> Option<&str> {
        let arguments = self.arguments();
        arguments.iter().enumerate().find_map(|(at, word)| {
            if names.contains(&word.text.as_str()) {
                return arguments.get(at + 1).map(|next| next.text.as_str());
            }
            let (name, value) = word.text.split_once('=')?;
            names.contains(&name).then_some(value)
        })
    }

    /// True when one of these options is given, with or without a value.
    pub fn has(&self, names: &[&str]) -> bool {
        let is =
            |text: &str| names.contains(&text) || text.split_once('=').is_some_and(|(name, _)| names.contains(&name));
        self.arguments().iter().any(|word| is(&word.text))
    }
}

/// A script's commands.
#[derive(Debug, Default)]
pub struct Script {
    /// In the order in which they end: what is substituted stands before the command that takes it in.
    pub commands: Vec<Command>,
}

impl Script {
    /// The commands that feed this one through pipes, the nearest first.
    pub fn sources(&self, command: &Command) -> impl Iterator<Item = &Command> {
        let first = command.from.and_then(|from| self.commands.get(from));
        std::iter::successors(first, |command| self.commands.get(command.from?)).take(MAX_PIPE)
    }

    /// The commands in a word's substitutions.
    pub fn nested(&self, word: &Word) -> &[Command] {
        self.commands.get(word.nested.clone()).unwrap_or_default()
    }
}

/// The program that a word names: without directories and `.exe`, in lower case.
pub fn program(word: &str) -> String {
    let mut base = word.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    if base.ends_with(".exe") || base.ends_with(".cmd") {
        base.truncate(base.len() - 4);
    }
    base
}

/// Whether a word sets a variable: `NAME=value`.
pub fn assignment(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (!name.is_empty() && name.bytes().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit()))
        .then_some((name, value))
}

const KEYWORDS: &[&str] = &[
    "if", "then", "else", "elif", "do", "while", "until", "!", "time", "{", "exec", "command", "builtin", "nohup", "-",
];

/// The place of the word that names what runs, behind keywords, assignments, `sudo` and the like.
pub fn main_word(words: &[Word]) -> usize {
    let text = |at: usize| words.get(at).map(|word| word.text.as_str());
    let mut at = 0;
    // Options of `sudo` and the like that take a value in a word of its own.
    let mut valued: &[&str] = &[];
    let mut prefixed = false;
    let mut operands = 0;
    while let Some(word) = text(at) {
        if prefixed && word.starts_with('-') {
            at += if valued.contains(&word) { 2 } else { 1 };
            continue;
        }
        if operands > 0 {
            operands -= 1;
            at += 1;
            continue;
        }
        let prefix = match word {
            "sudo" => Some((&["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-U", "-D", "-R"][..], 0)),
            "env" | "doas" => Some((&["-u", "-C", "-S"][..], 0)),
            "xargs" => Some((&["-I", "-n", "-P", "-L", "-d"][..], 0)),
            "timeout" => Some((&["-k", "-s"][..], 1)),
            "nice" | "ionice" => Some((&["-n", "-c"][..], 0)),
            "stdbuf" | "setsid" | "unbuffer" => Some((&[][..], 0)),
            "travis_retry" | "retry" => Some((&[][..], 0)),
            _ => None,
        };
        if let Some((options, count)) = prefix {
            // `env` and `sudo` alone run nothing else.
            if at + 1 == words.len() {
                break;
            }
            (valued, operands, prefixed) = (options, count, true);
        } else if !KEYWORDS.contains(&word) && assignment(word).is_none() {
            break;
        }
        at += 1;
    }
    at
}
