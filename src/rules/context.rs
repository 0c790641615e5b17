//! Providers whose keys have no form of their own: a line each in `rules/contextual.yml`, with the words that name the provider
//! and the length and alphabet of its values. A value of that shape near such a word is reported under the provider's name.
//!
//! Nothing but serde and std may be used here: `build.rs` includes this file by path.

use super::schema::{ContextDef, IdentityDef, RuleDef, RuleFile};

/// A length and an alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Index into [`ALPHABETS`].
    pub alphabet: u8,
    /// Least length.
    pub from: u16,
    /// Greatest length.
    pub to: u16,
}

/// What a rule of this kind looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The words, in lower case.
    pub words: std::borrow::Cow<'static, [std::borrow::Cow<'static, str>]>,
    /// Whether they are everyday ones.
    pub common: bool,
    /// Shapes of values.
    pub values: std::borrow::Cow<'static, [Shape]>,
}

/// Names of alphabets, with the generator of examples that gives values of them.
pub const ALPHABETS: &[(&str, &str)] = &[
    ("hex", "hex"),
    ("HEX", "HEX"),
    ("anyhex", "hex"),
    ("alnum", "alnum"),
    ("lowernum", "lowernum"),
    ("uppernum", "uppernum"),
    ("digits", "digits"),
    ("b64", "b64"),
    ("b64url", "b64url"),
    ("b32", "b32"),
    ("token", "alnum"),
    ("uuid", "uuid"),
];

/// Longest value of a line.
pub const LONGEST: u16 = 400;

/// Reads `alphabet:length`.
///
/// # Errors
/// When it is none.
pub fn shape(text: &str) -> Result<Shape, String> {
    let (name, length) =
        if text == "uuid" { ("uuid", "36") } else { text.split_once(':').ok_or("wants alphabet:length")? };
    let alphabet = ALPHABETS.iter().position(|(n, _)| *n == name).ok_or_else(|| format!("`{name}` is no alphabet"))?;
    let (from, to) = length.split_once('-').unwrap_or((length, length));
    let number = |t: &str| t.parse::<u16>().map_err(|_| format!("`{t}` is no length"));
    let (from, to) = (number(from)?, number(to)?);
    if from < 10 || to > LONGEST || from > to {
        return Err(format!("`{text}`: lengths go from 10 to {LONGEST}"));
    }
    Ok(Shape { alphabet: alphabet as u8, from, to })
}

/// The rule that the line stands for.
///
/// # Errors
/// When a word or a shape cannot be used.
pub fn rule_of(def: &ContextDef) -> Result<(RuleFile, RuleDef), String> {
    if def.words.is_empty() || def.words.iter().any(|w| w.len() < 4 || w.bytes().any(|b| b.is_ascii_uppercase())) {
        return Err("wants words of at least four characters, in lower case".to_owned());
    }
    let shapes = def.values.iter().map(|v| shape(v)).collect::<Result<Vec<_>, _>>()?;
    let first = *shapes.first().ok_or("wants a shape")?;
    let generator = |length: u16| match ALPHABETS[usize::from(first.alphabet)].1 {
        "uuid" => "{uuid}".to_owned(),
        "digits" => format!("{{digits:{length}}}"),
        "b32" => format!("{{b32:{}}}7Q", length - 2),
        "b64" if length.is_multiple_of(4) => format!("{{b64:{}}}7Q==", length - 4),
        name => format!("{{{name}:{}}}{{digits:2}}", length - 2),
    };
    let word = def.words.iter().find(|w| w.len() >= 4).or(def.words.first()).cloned().unwrap_or_default();
    let upper = word.to_ascii_uppercase().replace(' ', "_");
    let lower = word.replace(' ', "_");
    let value = generator(first.from);
    let rule = RuleDef {
        id: format!("{}-key-near-name", def.id),
        name: format!("{} key", def.name),
        description: format!(
            "A value of the length and alphabet of {} keys stands beside the name of {}. Whoever holds such a key calls the \
             service as its owner.",
            def.name, def.name
        ),
        remediation: format!(
            "Revoke the key where {} manages its keys and issue another, one for each workload, which is read at run time \
             from a secret store.",
            def.name
        ),
        identity: IdentityDef { kind: def.kind.clone(), human: "maybe".to_owned() },
        severity: "high".to_owned(),
        confidence: "high".to_owned(),
        // Names of credentials lead to these rules: see the engine.
        keywords: Vec::new(),
        case_sensitive: false,
        pattern: None,
        matcher: Some("contextual".to_owned()),
        context: Some(def.clone()),
        min_entropy: 0.0,
        needs_digit: false,
        random: false,
        pair: None,
        severity_alone: None,
        confidence_alone: None,
        report: true,
        identifier: false,
        public: false,
        public_near: Vec::new(),
        encrypted: false,
        validate: None,
        paths: Vec::new(),
        since: None,
        references: vec![def.reference.clone()],
        examples: vec![format!("{upper}_API_KEY={value}"), format!("{lower}_access_token: \"{value}\"")],
        counterexamples: vec![format!("{upper}_API_KEY=${{{{{upper}_API_KEY}}}}")],
    };
    let file = RuleFile { provider: def.id.clone(), name: def.name.clone(), rules: Vec::new() };
    Ok((file, rule))
}
