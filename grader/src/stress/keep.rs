//! What is kept of a failing run: its text, what it printed, and its trace.

use std::fs;
use std::io;
use std::path::Path;

use super::alone::Alone;
use super::results::Common;

/// Writes what there is of a run to a folder below `results`, and says which.
pub(super) fn keep(
    results: &Path,
    alone: &Alone,
    text: &str,
    common: &Common,
) -> io::Result<String> {
    let report = &alone.report;
    let kept = format!("failures/{}-{}", report.test.replace("::", "-"), report.seed);
    let folder = results.join(&kept);
    fs::create_dir_all(&folder)?;
    let hash = report.event_hash.as_deref().unwrap_or("none");
    let mut log =
        format!("{text}\nversion framework {}, build {}", common.framework_version, common.build);
    log.push_str(&format!(", {}, event hash {hash}\n", common.platform));
    let (output, before) = (&alone.output, alone.output.byte_count);
    log.push_str(&format!("output  {before} bytes\n"));
    let mut log = log.into_bytes();
    log.extend_from_slice(&output.head);
    if (output.head.len() + output.tail.len()) as u64 != output.byte_count {
        log.extend_from_slice(b"\n[... the middle is left out ...]\n");
    }
    log.extend_from_slice(&output.tail);
    fs::write(folder.join("log.txt"), log)?;
    if let Some(trace) = &alone.trace {
        fs::copy(trace, folder.join("trace.txt"))?;
    }
    Ok(kept)
}

/// Copies what was kept of a run from one folder of results to another.
pub(super) fn copy(kept: &str, from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (from.join(kept), to.join(kept));
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
