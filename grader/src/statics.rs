//! Statics in a submission's compiled crates: state that all servers of a process would share.
//!
//! Servers that share memory have no consensus to test, and what one run leaves there would meet
//! the next. So the compiled objects are looked at, not the source: whatever macro, generic
//! function or type a mutable or thread-local static hides in, it is bytes in a section that can
//! be written to. A static that is never used leaves none, and harms nobody.
//!
//! What needs no static is not found here: memory that is leaked and handed around. It takes a
//! place that two servers know to find it again, and that would be a static.

use std::fs;
use std::io;
use std::path::Path;

use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};

/// Found in a crate's objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Static {
    /// `raft::state::VOTES`, as far as the compiler tells.
    pub(crate) name: String,
    pub(crate) byte_count: u64,
    pub(crate) kind: StaticKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StaticKind {
    Shared,
    ThreadLocal,
}

/// Every mutable or thread-local static in the library at `path`.
///
/// # Errors
///
/// When it cannot be read, or holds something that is no object file: then nothing is known.
pub(crate) fn find(path: &Path) -> io::Result<Vec<Static>> {
    let bytes = fs::read(path)?;
    let archive = ArchiveFile::parse(bytes.as_slice()).map_err(io::Error::other)?;
    let mut found = Vec::new();
    for member in archive.members() {
        let member = member.map_err(io::Error::other)?;
        if member.name().ends_with(b".rmeta") {
            continue; // what the compiler knows of the crate; no code
        }
        let data = member.data(bytes.as_slice()).map_err(io::Error::other)?;
        let object = object::File::parse(data).map_err(io::Error::other)?;
        find_in(&object, &mut found);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn find_in(object: &object::File<'_>, found: &mut Vec<Static>) {
    for section in object.sections() {
        let kind = match section.kind() {
            SectionKind::Data | SectionKind::UninitializedData => StaticKind::Shared,
            SectionKind::Tls | SectionKind::UninitializedTls | SectionKind::TlsVariables => {
                StaticKind::ThreadLocal
            }
            _ => continue,
        };
        let section_name = section.name().unwrap_or_default();
        if section.size() == 0 || is_of_the_compiler(section_name) {
            continue;
        }
        let in_section = |symbol: &object::Symbol<'_, '_>| {
            symbol.section_index() == Some(section.index())
                && symbol.kind() != object::SymbolKind::Section
        };
        let names: Vec<&str> = object
            .symbols()
            .filter(in_section)
            .filter_map(|symbol| symbol.name().ok())
            .filter(|name| !name.is_empty())
            .collect();
        let name = match names.as_slice() {
            [] => section_name.to_owned(),
            names => names.iter().map(|name| readable(name)).collect::<Vec<_>>().join(", "),
        };
        found.push(Static { name, byte_count: section.size(), kind });
    }
}

/// Tables of pointers that are set once, when the program is loaded, and are read-only then.
fn is_of_the_compiler(section: &str) -> bool {
    section.starts_with(".data.rel.ro")
        || section.contains("DW.ref.rust_eh_personality")
        || section.starts_with("__const")
}

fn readable(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}
