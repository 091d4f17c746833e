//! From a submission's sources to a battery binary that may be run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::compile::Diagnosis;
use crate::grading::BuildLimits;
use crate::intake::Sources;
use crate::resources::Watch;
use crate::sandbox::{Sandbox, set_mode};
use crate::statics::StaticKind;
use crate::workspace::{Battery, Framework, NotBuilt};
use crate::{foreign, statics};

/// What came of building a submission.
#[derive(Debug)]
pub(crate) enum BuildResult {
    /// The binary, where runs can reach it.
    Battery(PathBuf),
    DoesNotCompile(Diagnosis),
    /// It compiles, and is not to be run.
    Refused(String),
    /// Nothing is said of the submission.
    NotBuilt(String),
    Interrupted,
}

/// How often a build is tried that says nothing of the submission.
const TRIES_MAX: u32 = 3;

/// What builds share.
pub(crate) struct Builder<'a> {
    pub(crate) framework: &'a Framework,
    pub(crate) sandbox: Sandbox,
    pub(crate) watch: &'a Watch,
    pub(crate) limits: BuildLimits,
}

impl Builder<'_> {
    /// Builds `sources`, looks at what was compiled, and puts the binary to `home`.
    pub(crate) fn build(&self, sources: &Sources, home: &Path) -> BuildResult {
        let mut last = BuildResult::Interrupted;
        for _ in 0..TRIES_MAX {
            last = self.build_once(sources, home);
            if !matches!(last, BuildResult::NotBuilt(_)) {
                break;
            }
        }
        last
    }

    fn build_once(&self, sources: &Sources, home: &Path) -> BuildResult {
        let not_built = |error: std::io::Error| BuildResult::NotBuilt(error.to_string());
        let shared = self.framework.shared_folder();
        let folder = match tempfile::Builder::new().prefix("submission-").tempdir_in(shared) {
            Ok(folder) => folder,
            Err(error) => return not_built(error),
        };
        if let Err(error) = self.framework.copy_to(folder.path(), sources) {
            return not_built(error);
        }
        let battery =
            match self.framework.build(folder.path(), self.sandbox, self.watch, &self.limits) {
                Ok(battery) => battery,
                Err(NotBuilt::DoesNotCompile(why)) => {
                    let folder = folder.path();
                    let libraries = self.framework.libraries(folder);
                    return match quotes(&why.crates, sources, folder, &libraries) {
                        Err(error) => not_built(error),
                        Ok(quotes) if !quotes.is_empty() => BuildResult::Refused(quotes),
                        Ok(_) => BuildResult::DoesNotCompile(why),
                    };
                }
                Err(NotBuilt::Infrastructure(why)) => return BuildResult::NotBuilt(why),
                Err(NotBuilt::Interrupted) => return BuildResult::Interrupted,
            };
        match objections(&battery, sources) {
            Err(error) => return not_built(error),
            Ok(objections) if !objections.is_empty() => return BuildResult::Refused(objections),
            Ok(_) => {}
        }
        match move_binary(&battery.path, home) {
            Ok(path) => BuildResult::Battery(path),
            Err(error) => not_built(error),
        }
    }
}

/// Why the binary is not to be run; empty if nothing speaks against it.
fn objections(battery: &Battery, sources: &Sources) -> std::io::Result<String> {
    let mut lines = Vec::new();
    let of_submission = |krate: &str| sources.has_crate(krate);
    for library in battery.libraries.iter().filter(|library| of_submission(&library.krate)) {
        for file in foreign::find(library, &battery.root)? {
            lines.push(not_own(&library.krate, &file));
        }
        for found in statics::find(&library.path)? {
            let kind = match found.kind {
                StaticKind::Shared => "mutable static",
                StaticKind::ThreadLocal => "thread-local static",
            };
            let (name, bytes) = (found.name, found.byte_count);
            lines.push(format!("{} has a {kind}: {name} ({bytes} bytes)", library.krate));
        }
    }
    if lines.iter().any(|line| line.contains("static: ")) {
        lines.push(
            "all servers of a test share it, and with it what only messages may tell them: keep \
             the state in the server's own struct"
                .to_owned(),
        );
    }
    Ok(lines.join("\n"))
}

/// What must keep the compiler's words on `crates`, which do not compile, from their author: they
/// may quote files that are not theirs, such as the reference's.
fn quotes(
    crates: &BTreeSet<String>,
    sources: &Sources,
    root: &Path,
    libraries: &Path,
) -> std::io::Result<String> {
    let mut lines = Vec::new();
    for krate in crates.iter().map(String::as_str).filter(|krate| sources.has_crate(krate)) {
        match foreign::find_midway(krate, libraries, root)? {
            Some(files) => lines.extend(files.iter().map(|file| not_own(krate, file))),
            None => lines.extend(
                sources
                    .files
                    .iter()
                    .filter(|(name, text)| name.starts_with(krate) && foreign::may_read_files(text))
                    .map(|(name, _)| {
                        format!(
                            "it does not compile, and `{name}` may read other files: what the \
                             compiler says is kept back, since it may quote them"
                        )
                    }),
            ),
        }
    }
    Ok(lines.join("\n"))
}

fn not_own(krate: &str, file: &Path) -> String {
    format!("{krate} is compiled from `{}`, which is not among its own sources", file.display())
}

fn move_binary(from: &Path, home: &Path) -> std::io::Result<PathBuf> {
    fs::create_dir_all(home)?;
    set_mode(home, 0o755)?;
    let to = home.join("battery");
    fs::copy(from, &to)?;
    set_mode(&to, 0o755)?;
    Ok(to)
}
