//! Names taken apart into words.

/// The words of a name, one behind the other in one text.
#[derive(Debug, Clone, Default)]
pub struct Words {
    text: String,
    /// Where each word ends.
    ends: Vec<usize>,
}

impl Words {
    /// The words of a name, in lower case: split at everything that is no letter or digit, where case rises
    /// (`clientSecret`), where an abbreviation ends (`APIKey`) and between letters and digits.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let mut all = Self { text: String::with_capacity(name.len()), ends: Vec::with_capacity(8) };
        let mut last: Option<u8> = None;
        let mut bytes = name.bytes().peekable();
        while let Some(b) = bytes.next() {
            if !b.is_ascii_alphanumeric() {
                all.end();
                last = None;
                continue;
            }
            let next_is_lower = bytes.peek().is_some_and(u8::is_ascii_lowercase);
            let breaks = match last {
                Some(l) if l.is_ascii_lowercase() && b.is_ascii_uppercase() => true,
                Some(l) if l.is_ascii_uppercase() && b.is_ascii_uppercase() => next_is_lower,
                Some(l) => l.is_ascii_digit() != b.is_ascii_digit(),
                None => false,
            };
            if breaks {
                all.end();
            }
            all.text.push(b.to_ascii_lowercase().into());
            last = Some(b);
        }
        all.end();
        all
    }

    /// Ends the word that was begun.
    fn end(&mut self) {
        if self.text.len() > self.ends.last().copied().unwrap_or(0) {
            self.ends.push(self.text.len());
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Each of them.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> {
        let start = |i: usize| i.checked_sub(1).and_then(|i| self.ends.get(i)).copied().unwrap_or(0);
        self.ends.iter().enumerate().map(move |(i, end)| self.text.get(start(i)..*end).unwrap_or_default())
    }
}

/// The words of a name as texts of their own: see [`Words::of`].
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    Words::of(name).iter().map(str::to_owned).collect()
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
            assert_eq!(Words::of(name).len(), want.split_whitespace().count());
            assert_eq!(Words::of(name).is_empty(), want.is_empty());
        }
    }
}
