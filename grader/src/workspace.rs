//! A fresh copy of the framework's workspace for each submission, and the battery built in it.
//!
//! What all submissions share is built once, in `target/grading` of the framework itself. Each
//! copy gets that as a target folder of its own, large files as links, so that only the student's
//! crates and the battery binary are compiled. Cargo takes part in it by not naming a package of
//! a workspace by where the workspace lies.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::compile::{Built, Diagnosis};
use crate::error::{GradeError, Indented};
use crate::grading::BuildLimits;
use crate::intake::Sources;
use crate::resources::Watch;
use crate::sandbox::{Job, ProcessLimits, Reach, Sandbox};
use crate::worker::{Bounds, Ended, How, Limit, supervise};

/// The crates that are a student's.
pub(crate) const STUDENT_CRATES: [&str; 2] = ["raft", "kvraft"];
/// The profile that submissions are graded with.
const PROFILE: &str = "grade";
/// A file that is smaller is copied: cargo may write to it in place.
const LINKED_BYTES_MIN: u64 = 64 << 10;

/// The framework's own workspace, with everything built that submissions share.
#[derive(Debug)]
pub(crate) struct Framework {
    root: PathBuf,
    /// Files and folders that a copy consists of.
    pieces: Vec<PathBuf>,
    toolchain: Toolchain,
    /// The battery of the framework as it is, with the reference in it.
    pub(crate) battery: PathBuf,
}

#[derive(Debug)]
struct Toolchain {
    sysroot: PathBuf,
    cargo: PathBuf,
    cargo_home: PathBuf,
}

/// What was built of a submission.
#[derive(Debug)]
pub(crate) struct Battery {
    pub(crate) path: PathBuf,
    /// Of each student crate, the library.
    pub(crate) libraries: Vec<Library>,
    /// Where paths in the files that tell what was compiled start.
    pub(crate) root: PathBuf,
}

/// A compiled crate.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) krate: String,
    pub(crate) path: PathBuf,
}

/// Why there is no battery of a submission.
#[derive(Debug)]
pub(crate) enum NotBuilt {
    /// The compiler says why, or was stopped.
    DoesNotCompile(Diagnosis),
    /// Nothing is said of the submission.
    Infrastructure(String),
    Interrupted,
}

impl Framework {
    /// Finds the toolchain, and builds what submissions share.
    pub(crate) fn prepare(workspace: &Path) -> Result<Self, GradeError> {
        let root = fs::canonicalize(workspace).map_err(no_files)?;
        let toolchain = Toolchain::find(&root)?;
        let pieces = pieces(&root).map_err(no_files)?;
        let battery = build_shared(&root, &toolchain)?;
        Ok(Framework { root, pieces, toolchain, battery })
    }

    /// Whether the framework has this crate yet.
    pub(crate) fn has_crate(&self, name: &str) -> bool {
        self.root.join(name).join("Cargo.toml").exists()
    }

    /// The sources of the reference, as if they were a submission.
    pub(crate) fn reference(&self) -> io::Result<Sources> {
        let mut sources = Sources::default();
        for krate in STUDENT_CRATES.into_iter().filter(|krate| self.has_crate(krate)) {
            for file in files_below(&self.root.join(krate).join("src"))? {
                let name = file.strip_prefix(&self.root).unwrap_or(&file);
                let name = name.to_string_lossy().replace('\\', "/");
                sources.files.insert(name, fs::read_to_string(&file)?);
            }
        }
        Ok(sources)
    }

    /// The folder in which workspaces are made: on the same file system as what they share.
    pub(crate) fn shared_folder(&self) -> PathBuf {
        shared_folder(&self.root)
    }

    /// Where the crates of the workspace in `folder` are compiled to.
    pub(crate) fn libraries(&self, folder: &Path) -> PathBuf {
        folder.join("target").join(PROFILE).join("deps")
    }

    /// A digest of everything that a grading depends on beside the submission.
    pub(crate) fn digest(&self) -> io::Result<String> {
        let mut all = Vec::new();
        for piece in &self.pieces {
            let from = self.root.join(piece);
            let files = if from.is_dir() { files_below(&from)? } else { vec![from] };
            for file in files {
                all.push((file.to_string_lossy().into_owned(), fs::read(&file)?));
            }
        }
        Ok(crate::seeds::digest(all.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))))
    }

    /// Makes a workspace in `folder` with `sources` in it.
    ///
    /// A crate that the submission does not have stays the reference's, so that the battery can
    /// be linked; whoever asks for this must not run a test of it.
    pub(crate) fn copy_to(&self, folder: &Path, sources: &Sources) -> io::Result<()> {
        for piece in &self.pieces {
            copy(&self.root.join(piece), &folder.join(piece))?;
        }
        for krate in STUDENT_CRATES.into_iter().filter(|krate| sources.has_crate(krate)) {
            match fs::remove_dir_all(folder.join(krate).join("src")) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for (name, text) in &sources.files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(path, text)?;
        }
        seed_target(&shared_folder(&self.root).join(PROFILE), &folder.join("target").join(PROFILE))
    }

    /// Builds the battery of the workspace in `folder`, in `sandbox`, and offline.
    pub(crate) fn build(
        &self,
        folder: &Path,
        sandbox: Sandbox,
        watch: &Watch,
        limits: &BuildLimits,
    ) -> Result<Battery, NotBuilt> {
        let infrastructure = |error: io::Error| NotBuilt::Infrastructure(error.to_string());
        let temporary = folder.join("target").join("tmp");
        fs::create_dir_all(&temporary).map_err(infrastructure)?;
        let job = self.toolchain.job(folder, &temporary, limits);
        let bounds = Bounds {
            wall: Duration::from_secs(limits.wall_s.into()),
            cpu: Duration::from_secs(limits.cpu_s.into()),
            memory_bytes: u64::from(limits.memory_mib) << 20,
            output_bytes: u64::from(limits.output_mib) << 20,
            record_bytes: usize::try_from(u64::from(limits.output_mib) << 20).unwrap_or(1 << 24),
            ends_with_record: false,
        };
        let ended = supervise(&job, sandbox, watch, &bounds).map_err(infrastructure)?;
        self.judge(folder, &ended)
    }

    fn judge(&self, folder: &Path, ended: &Ended) -> Result<Battery, NotBuilt> {
        let mut built = Built::default();
        String::from_utf8_lossy(&ended.record).lines().for_each(|line| built.hear(line));
        if let How::Interrupted = ended.how {
            return Err(NotBuilt::Interrupted);
        }
        let succeeded = matches!(&ended.how, How::ByItself(status) if status.success());
        match built.binary.take() {
            Some(path) if succeeded => Ok(Battery {
                path,
                libraries: built.libraries(&STUDENT_CRATES),
                root: folder.to_owned(),
            }),
            _ if is_the_machines(&built, ended) => {
                Err(NotBuilt::Infrastructure(Diagnosis::new(built, ended).short))
            }
            _ => Err(NotBuilt::DoesNotCompile(Diagnosis::new(built, ended))),
        }
    }
}

/// Whether it was not the sources for which nothing was built. Sources that do not compile get
/// errors; those that take for ever use up their CPU time long before the wall limit.
fn is_the_machines(built: &Built, ended: &Ended) -> bool {
    match &ended.how {
        How::AtLimit(limit) => matches!(limit, Limit::Wall { .. }),
        _ => !built.has_errors(),
    }
}

fn no_files(source: io::Error) -> GradeError {
    GradeError::Framework { what: "its files cannot be read", said: Indented(source.to_string()) }
}

fn shared_folder(root: &Path) -> PathBuf {
    root.join("target").join("grading")
}

fn build_shared(root: &Path, toolchain: &Toolchain) -> Result<PathBuf, GradeError> {
    let mut cargo = Command::new(&toolchain.cargo);
    cargo
        .current_dir(root)
        .args(BUILD)
        .args(["--target-dir", &shared_folder(root).to_string_lossy()])
        .stdin(Stdio::null());
    // What only this shell says would make everything look out of date to the copies.
    let of_cargo = |name: &str| {
        (name.starts_with("CARGO") && name != "CARGO_HOME")
            || name.starts_with("RUSTC")
            || name == "RUSTFLAGS"
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(of_cargo) {
            cargo.env_remove(name);
        }
    }
    crate::compile::run(cargo)
}

const BUILD: [&str; 10] = [
    "build",
    "--locked",
    "--profile",
    PROFILE,
    "-p",
    "lab-tests",
    "--test",
    "battery",
    "--message-format",
    "json",
];

impl Toolchain {
    fn find(root: &Path) -> Result<Self, GradeError> {
        let said = Command::new("rustc")
            .args(["--print", "sysroot"])
            .current_dir(root)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|source| GradeError::NoToolchain { source })?;
        let sysroot = PathBuf::from(String::from_utf8_lossy(&said.stdout).trim());
        let of_sysroot = sysroot.join("bin").join(format!("cargo{}", std::env::consts::EXE_SUFFIX));
        let cargo = if of_sysroot.exists() {
            of_sysroot
        } else {
            std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()).into()
        };
        let home = std::env::home_dir().unwrap_or_default();
        let cargo_home = std::env::var_os("CARGO_HOME").map_or(home.join(".cargo"), PathBuf::from);
        Ok(Toolchain { sysroot, cargo, cargo_home })
    }

    /// Cargo itself as a job that builds the battery of the workspace in `folder`.
    fn job(&self, folder: &Path, temporary: &Path, limits: &BuildLimits) -> Job {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let programs = [self.sysroot.join("bin"), "/usr/local/bin".into(), "/usr/bin".into()];
        let path: Vec<String> = programs.iter().map(|path| text(path)).collect();
        let env = [
            ("PATH", format!("{}:/bin", path.join(":"))),
            ("HOME", text(temporary)),
            ("CARGO_HOME", text(&self.cargo_home)),
            ("CARGO_TARGET_DIR", text(&folder.join("target"))),
            ("CARGO_NET_OFFLINE", "true".to_owned()),
            ("CARGO_TERM_COLOR", "never".to_owned()),
            // Two cores a build at most; several are built at once.
            ("CARGO_BUILD_JOBS", "2".to_owned()),
            ("TMPDIR", text(temporary)),
        ];
        let system = ["/usr", "/bin", "/opt", "/nix/store"].map(PathBuf::from);
        Job {
            program: Some(self.cargo.clone()),
            args: BUILD.into_iter().chain(["--offline"]).map(str::to_owned).collect(),
            env: env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            folder: folder.to_owned(),
            input: String::new(),
            reach: Reach {
                read: ["registry", "git", "config.toml", "config"]
                    .map(|name| self.cargo_home.join(name))
                    .to_vec(),
                execute: system.into_iter().chain([self.sysroot.clone()]).collect(),
                write: vec![folder.join("target")],
            },
            limits: ProcessLimits {
                cpu_s: Some(u64::from(limits.cpu_s) + 10),
                file_bytes: Some(1 << 30),
                open_files: Some(4096),
                tasks: Some(4096),
                memory_bytes: Some(u64::from(limits.memory_mib) << 20),
            },
            own_user: false,
        }
    }
}

/// The root's own files, and the members of the workspace.
fn pieces(root: &Path) -> io::Result<Vec<PathBuf>> {
    #[derive(Deserialize)]
    struct Manifest {
        workspace: Workspace,
    }
    #[derive(Deserialize)]
    struct Workspace {
        members: Vec<String>,
    }
    let manifest: Manifest = toml::from_str(&fs::read_to_string(root.join("Cargo.toml"))?)
        .map_err(|error| io::Error::other(format!("Cargo.toml: {}", error.message())))?;
    let mut pieces: Vec<PathBuf> =
        ["Cargo.toml", "Cargo.lock"].into_iter().map(PathBuf::from).collect();
    for member in manifest.workspace.members {
        // A member inside another one comes with it.
        let top = member.split('/').next().unwrap_or(&member);
        if !pieces.iter().any(|piece| piece == Path::new(top)) {
            pieces.push(top.into());
        }
    }
    Ok(pieces)
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != "target" {
            files.extend(files_below(&entry.path())?);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// With the times of the originals, which is how cargo knows that nothing has changed.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        return copy_file(from, to);
    }
    for file in files_below(from)? {
        copy_file(&file, &to.join(file.strip_prefix(from).unwrap_or(&file)))?;
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
    fs::copy(from, to)?;
    let time = fs::metadata(from)?.modified()?;
    fs::File::options().write(true).open(to)?.set_modified(time)
}

/// A target folder that has everything but what depends on student code.
fn seed_target(shared: &Path, own: &Path) -> io::Result<()> {
    fs::create_dir_all(own)?;
    for entry in fs::read_dir(shared)? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        let (name, to) = (name.to_string_lossy(), own.join(&name));
        let is_of_students = STUDENT_CRATES.iter().any(|krate| {
            name.starts_with(&format!("{krate}-")) || name.starts_with(&format!("lib{krate}"))
        });
        if is_of_students || name.starts_with("battery-") || name == "incremental" {
            continue;
        }
        let about = entry.metadata()?;
        if about.is_dir() {
            seed_target(&path, &to)?;
        } else if about.len() < LINKED_BYTES_MIN || fs::hard_link(&path, &to).is_err() {
            copy_file(&path, &to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::resources::Used;
    use crate::worker::Output;

    use super::*;

    /// Whether the machine is to blame for a build in which the compiler has said `line`.
    fn is_to_blame(how: How, line: &str) -> bool {
        let mut built = Built::default();
        built.hear(line);
        let (output, wall, used) = (Output::default(), Duration::ZERO, Used::default());
        is_the_machines(&built, &Ended { how, record: Vec::new(), output, wall, used })
    }

    #[test]
    fn builds_that_others_have_slowed_or_ended_are_told_from_wrong_sources() {
        let failed = || How::ByItself(std::os::unix::process::ExitStatusExt::from_raw(101 << 8));
        let (limit, cpu) = (Duration::from_secs(300), Duration::from_secs(9));
        let wall = How::AtLimit(Limit::Wall { limit, cpu, waited_for_a_core: None });
        assert!(is_to_blame(wall, ""), "a build that does not come to run");
        assert!(is_to_blame(failed(), ""), "no error is named");
        let error = r#"{"reason":"compiler-message","package_id":"path+file:///lab/raft#0.1.0",
            "message":{"message":"mismatched types","level":"error","spans":[],"rendered":""}}"#;
        assert!(!is_to_blame(failed(), &error.replace('\n', "")), "an error is named");
        assert!(!is_to_blame(How::AtLimit(Limit::Cpu { limit }), ""), "a bomb for the compiler");
    }
}
