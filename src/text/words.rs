//! Names taken apart into words.

/// The words of a name, in lower case: split at everything that is no letter or digit, where case rises
/// (`clientSecret`), where an abbreviation ends (`APIKey`) and between letters and digits.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word = String::new();
    let mut last: Option<char> = None;
    let mut letters = name.chars().peekable();
    while let Some(c) = letters.next() {
        if !c.is_ascii_alphanumeric() {
            push(&mut all, &mut word);
            last = None;
            continue;
        }
        let next_is_lower = letters.peek().is_some_and(char::is_ascii_lowercase);
        let breaks = match last {
            Some(l) if l.is_ascii_lowercase() && c.is_ascii_uppercase() => true,
            Some(l) if l.is_ascii_uppercase() && c.is_ascii_uppercase() => next_is_lower,
            Some(l) => l.is_ascii_digit() != c.is_ascii_digit(),
            None => false,
        };
        if breaks {
            push(&mut all, &mut word);
        }
        word.push(c.to_ascii_lowercase());
        last = Some(c);
    }
    push(&mut all, &mut word);
    all
}

fn push(all: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        all.push(std::mem::take(word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_style_come_apart() {
        for (name, want) in [
            ("clientSecret", "client secret"),
            ("AWS_SECRET_ACCESS_KEY", "aws secret access key"),
            ("APIKey", "api key"),
            ("spring.datasource.password2", "spring datasource password 2"),
            ("x-api-key", "x api key"),
            ("MyHTTPToken", "my http token"),
            ("", ""),
        ] {
            assert_eq!(words(name).join(" "), want, "{name}");
        }
    }
}
