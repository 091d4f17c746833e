//! The report for programs; `docs/results.md` says what each field means.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

/// Writes the report to `path`, as a whole or not at all.
pub(crate) fn write(report: &impl Serialize, path: &Path) -> io::Result<()> {
    let mut bytes = serde_json::to_vec_pretty(report)?;
    bytes.push(b'\n');
    write_whole(path, &bytes)
}

/// Writes a file as a whole or not at all: whoever looks sees the old one or the new one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(".results").tempfile_in(folder)?;
    file.write_all(bytes)?;
    crate::sandbox::set_mode(file.path(), 0o644)?;
    file.persist(path)?;
    Ok(())
}
