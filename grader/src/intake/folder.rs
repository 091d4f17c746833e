//! A submission that is a folder.

use std::fs::{self, FileType};
use std::path::Path;

use super::{Kind, Refusal, Taking};

const DEPTH_MAX: usize = 32;

/// Hands every entry below `folder` to `taking`, and reads those it wants. Follows no link.
pub(super) fn walk(folder: &Path, taking: &mut Taking) -> Result<(), Refusal> {
    walk_below(folder, "", 0, taking)
}

fn walk_below(
    folder: &Path,
    names: &str,
    depth: usize,
    taking: &mut Taking,
) -> Result<(), Refusal> {
    if DEPTH_MAX < depth {
        return Err(Refusal::TooDeep { limit: DEPTH_MAX });
    }
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let file_name = entry.file_name();
        let Some(file_name) = file_name.to_str() else {
            return Err(Refusal::Name(format!("{names}{}", file_name.to_string_lossy())));
        };
        let name = format!("{names}{file_name}");
        let kind = kind(entry.file_type()?);
        match taking.entry(&name, kind)? {
            None => {}
            Some(_) if kind == Kind::Folder => {
                walk_below(&entry.path(), &format!("{name}/"), depth + 1, taking)?;
            }
            Some(path) => taking.read(path, fs::File::open(entry.path())?)?,
        }
    }
    Ok(())
}

fn kind(kind: FileType) -> Kind {
    if kind.is_symlink() {
        Kind::Link
    } else if kind.is_dir() {
        Kind::Folder
    } else if kind.is_file() {
        Kind::File
    } else {
        Kind::Special
    }
}
