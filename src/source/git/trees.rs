//! Tree objects: `<mode> <name>\0<id>`, one entry behind the other
//! (<https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_tree_objects>).

/// An entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeEntry<'a> {
    /// Type and permissions, in octal digits.
    pub mode: &'a [u8],
    /// The name, one segment of a path.
    pub name: &'a [u8],
    /// The id.
    pub id: &'a [u8],
}

impl TreeEntry<'_> {
    /// A directory.
    #[must_use]
    pub fn is_tree(&self) -> bool {
        // One comparison tells nearly all entries apart: most are files.
        matches!(self.mode.first(), Some(b'4' | b'0')) && matches!(self.mode, b"40000" | b"040000")
    }

    /// A symbolic link.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.mode.get(1) == Some(&b'2') && self.mode == b"120000"
    }

    /// A commit of another repository: a submodule.
    #[must_use]
    pub fn is_commit(&self) -> bool {
        self.mode.get(1) == Some(&b'6') && self.mode == b"160000"
    }
}

/// The entries of a tree, up to where it is damaged.
pub fn entries(body: &[u8], hash_len: usize) -> impl Iterator<Item = TreeEntry<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (entry, next) = entry_at(body, at, hash_len)?;
        at = next;
        Some(entry)
    })
}

/// The entry that begins at a place, and where the next one begins.
pub fn entry_at(body: &[u8], at: usize, hash_len: usize) -> Option<(TreeEntry<'_>, usize)> {
    let rest = body.get(at..)?;
    let space = rest.iter().take(8).position(|b| *b == b' ')?;
    let zero = space + 1 + memchr::memchr(0, rest.get(space + 1..)?)?;
    let end = zero + 1 + hash_len;
    let id = rest.get(zero + 1..end)?;
    Some((TreeEntry { mode: &rest[..space], name: &rest[space + 1..zero], id }, at + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_up_to_the_damage() {
        let body = [&b"40000 dir\0"[..], &[7; 20], b"100644 a b\0", &[0; 20], b"160000 sub\0", &[9; 20]].concat();
        let all: Vec<TreeEntry<'_>> = entries(&body, 20).collect();
        assert_eq!(all.len(), 3);
        assert!(all[0].is_tree() && !all[1].is_tree() && all[2].is_commit());
        assert_eq!(all[1], TreeEntry { mode: b"100644", name: b"a b", id: &[0; 20] });
        for cut in 0..body.len() {
            assert!(entries(&body[..cut], 20).count() < 3, "{cut}");
        }
    }
}
