//! Files of a git directory, opened only when they are files. A pipe or device of such a name would be waited for without
//! end, and a file that is larger than git would make it would fill the memory.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Opens a file and tells how long it is; links are followed, as git follows them.
///
/// # Errors
/// What the system says, or that it is no regular file.
pub fn open(path: &Path) -> io::Result<(File, u64)> {
    let no_file = || io::Error::other("it is no regular file");
    // Opening a pipe waits until somebody writes to it, so what it is has to be known before.
    if !std::fs::metadata(path)?.is_file() {
        return Err(no_file());
    }
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if meta.is_file() { Ok((file, meta.len())) } else { Err(no_file()) }
}

/// The bytes of a file that has no more than `most` of them.
///
/// # Errors
/// What the system says, that it is no regular file, or that it is longer.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, length) = open(path)?;
    if length > most {
        return Err(io::Error::other(format!("it is larger than any such file should be ({length} bytes)")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    // No further than it says: what the system makes up while it is read has no length and may have no end.
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A path as git writes it into a file: any bytes where paths are bytes, else UTF-8.
pub fn path_of(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_files_of_the_right_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        assert!(read(&path, 3).unwrap_err().to_string().contains("larger"));
        assert!(read(dir.path(), 4).unwrap_err().to_string().contains("no regular file"));
        assert_eq!(read(&dir.path().join("b"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_pipes_are_not_waited_for() {
        assert!(read(Path::new("/dev/zero"), 4).unwrap_err().to_string().contains("no regular file"));
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        assert!(read(&link, 4).is_err());
    }
}
