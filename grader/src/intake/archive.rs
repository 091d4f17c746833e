//! A submission that is an archive. It is read from front to end, and never unpacked.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use tar::EntryType;

use super::{Kind, Refusal, Taking};

/// What a compressed archive may grow to while it is read; sources that are taken count against
/// limits of their own.
const UNPACKED_BYTES_MAX: u64 = 256 << 20;

/// Reads a tar archive.
pub(super) fn untar(from: impl Read, taking: &mut Taking) -> Result<(), Refusal> {
    let is_too_long = Rc::new(Cell::new(false));
    let from = Bounded { from, left: UNPACKED_BYTES_MAX, is_too_long: is_too_long.clone() };
    untar_bounded(from, taking).map_err(|refusal| match refusal {
        Refusal::Unreadable(_) if is_too_long.get() => {
            Refusal::Bomb { limit_bytes: UNPACKED_BYTES_MAX }
        }
        other => other,
    })
}

fn untar_bounded(from: impl Read, taking: &mut Taking) -> Result<(), Refusal> {
    let mut archive = tar::Archive::new(from);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Directory => Kind::Folder,
            EntryType::Symlink | EntryType::Link => Kind::Link,
            EntryType::XGlobalHeader => continue, // what `git archive` puts in front
            _ => Kind::Special,
        };
        let name = entry.path_bytes().into_owned();
        let wanted = taking.entry(utf8(&name)?, kind)?;
        if let Some(path) = wanted.filter(|_| kind == Kind::File) {
            taking.read(path, &mut entry)?;
        }
    }
    Ok(())
}

/// Reads a zip archive.
pub(super) fn unzip(path: &Path, taking: &mut Taking) -> Result<(), Refusal> {
    let damaged = |error: zip::result::ZipError| Refusal::Unreadable(io::Error::other(error));
    let mut archive = zip::ZipArchive::new(File::open(path)?).map_err(damaged)?;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(damaged)?;
        let kind = match file.unix_mode().map(|mode| mode & 0o170_000) {
            Some(0o120_000) => Kind::Link,
            Some(0o040_000) => Kind::Folder,
            Some(0 | 0o100_000) | None if file.is_dir() => Kind::Folder,
            Some(0 | 0o100_000) | None => Kind::File,
            Some(_) => Kind::Special,
        };
        let name = file.name_raw().to_vec();
        let wanted = taking.entry(utf8(&name)?, kind)?;
        if let Some(path) = wanted.filter(|_| kind == Kind::File) {
            taking.read(path, &mut file)?;
        }
    }
    Ok(())
}

fn utf8(name: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(name).map_err(|_| Refusal::Name(String::from_utf8_lossy(name).into_owned()))
}

/// Ends with an error where more comes than is allowed.
struct Bounded<R> {
    from: R,
    left: u64,
    is_too_long: Rc<Cell<bool>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.is_too_long.set(true);
            return Err(io::Error::other("too long"));
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let byte_count = self.from.read(&mut into[..room])?;
        self.left -= byte_count as u64;
        Ok(byte_count)
    }
}
