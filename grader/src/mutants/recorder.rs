//! How cargo compiles the code under test, written down once.
//!
//! Cargo is told to call this program in place of rustc for the crates of the workspace
//! (`RUSTC_WORKSPACE_WRAPPER`). It writes the arguments of the few crates that a mutant needs
//! again into a folder, and lets rustc do its work.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::print::remark;

/// Names the folder. If it is set, this process is a recorder and nothing else.
pub(crate) const VARIABLE: &str = "LAB_RECORD_RUSTC";

/// One call of rustc.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) rustc: String,
    pub(crate) arguments: Vec<String>,
    /// What cargo set for it.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) folder: PathBuf,
}

/// If this process was started as a recorder: does its work, and gives the exit code.
pub(crate) fn stand_in() -> Option<u8> {
    let folder = std::env::var_os(VARIABLE)?;
    let mut arguments = std::env::args_os().skip(1);
    let rustc = arguments.next()?;
    let arguments: Vec<OsString> = arguments.collect();
    if let Err(error) = record(Path::new(&folder), &rustc, &arguments) {
        remark!("the call of rustc cannot be written down: {error}");
        return Some(1);
    }
    match Command::new(&rustc).args(&arguments).env_remove(VARIABLE).status() {
        Ok(status) => Some(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            remark!("{} cannot be started: {error}", rustc.to_string_lossy());
            Some(1)
        }
    }
}

fn record(folder: &Path, rustc: &OsString, arguments: &[OsString]) -> std::io::Result<()> {
    let text = |text: &OsString| text.to_string_lossy().into_owned();
    let arguments: Vec<String> = arguments.iter().map(text).collect();
    let Some(name) = crate_name(&arguments) else { return Ok(()) };
    let environment =
        std::env::vars().filter(|(name, _)| name.starts_with("CARGO") || name == "OUT_DIR");
    let recorded = Recorded {
        rustc: text(rustc),
        environment: environment.collect(),
        folder: std::env::current_dir()?,
        arguments: arguments.clone(),
    };
    std::fs::create_dir_all(folder)?;
    let json = serde_json::to_vec_pretty(&recorded).map_err(std::io::Error::other)?;
    std::fs::write(folder.join(format!("{name}.json")), json)
}

fn crate_name(arguments: &[String]) -> Option<&str> {
    let at = arguments.iter().position(|argument| argument == "--crate-name")?;
    arguments.get(at + 1).map(String::as_str)
}
