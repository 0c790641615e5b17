//! Words that people write where a password goes.

/// What people write where a password goes: the word itself with a prefix or a number (`mypass`, `password1`, `dbpwd`),
/// `foo`, or a letter or two.
pub(super) fn is_stock(password: &str) -> bool {
    let plain: String = password.chars().take(64).map(unleet).collect();
    let mut pieces = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|p| !p.is_empty()).peekable();
    pieces.peek().is_some() && pieces.all(is_stock_word)
}

/// The letter that a digit or mark is written for: `p@$$w0rd`.
fn unleet(c: char) -> char {
    match c {
        '@' => 'a',
        '$' => 's',
        '0' => 'o',
        other => other.to_ascii_lowercase(),
    }
}

fn is_stock_word(piece: &str) -> bool {
    let word = piece.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = piece.len() - word.len();
    let alphabetic = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    let said = ["pass", "passw", "pwd", "secret", "passwort", "contrasena"].iter().any(|w| word.contains(w));
    let toys = [
        "foo", "bar", "baz", "qux", "foobar", "test", "wrong", "abc", "xyz", "default", "demo", "option", "word",
        "user", "value",
    ];
    let toy = toys.contains(&word);
    // The password of the examples in MongoDB's manual (<https://www.mongodb.com/docs/manual/reference/connection-string/>).
    piece == "d1fficultpassword"
        || alphabetic && digits <= 4 && (said && word.len() <= 24 || toy)
        || piece.len() <= 3 && piece.bytes().all(|b| b.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::is_stock;

    #[test]
    fn stock_words_are_known_in_their_disguises() {
        for word in [
            "mypass",
            "password1",
            "p@$$w0rd",
            "foo",
            "bar=bar",
            "pass:word",
            "db-secret",
            "x",
            "D1fficultP@ssw0rd",
            "VALUE",
        ] {
            assert!(is_stock(word), "{word}");
        }
        for word in ["hunter2", "aybabtu", "k3J9fQ0a", "correct horse", "1234567", ""] {
            assert!(!is_stock(word), "{word}");
        }
    }
}
