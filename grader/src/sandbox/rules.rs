//! Which files landlock leaves to a job; and that it leaves no others.

use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, Scope, path_beneath_rules,
};

use super::Reach;

/// The newest rules that this grader knows. An older kernel applies those it knows of them.
const NEWEST: ABI = ABI::V6;

/// Takes every file but those of `reach` from this process and all that it will start; TCP, and
/// signals to processes outside, too where the kernel can.
pub(crate) fn restrict(reach: &Reach) -> io::Result<()> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let applied = apply(&[
        (&reach.read, read),
        (&reach.execute, read | AccessFs::Execute),
        (&reach.write, read | AccessFs::from_write(NEWEST)),
        (&[PathBuf::from("/dev/null")], read | AccessFs::WriteFile),
    ]);
    match applied.map_err(io::Error::other)? {
        RulesetStatus::NotEnforced => Err(io::Error::other("the kernel has no landlock")),
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
    }
}

fn apply(
    rules: &[(&[PathBuf], BitFlags<AccessFs>)],
) -> Result<RulesetStatus, landlock::RulesetError> {
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::BindTcp | AccessNet::ConnectTcp)?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?
        .create()?;
    for (paths, access) in rules {
        ruleset = ruleset.add_rules(path_beneath_rules(*paths, *access))?;
    }
    Ok(ruleset.restrict_self()?.ruleset)
}

/// Where a dynamically linked program finds its libraries.
pub(crate) fn libraries() -> Vec<PathBuf> {
    let folders = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store"];
    let files = ["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/dev/urandom"];
    folders.iter().chain(&files).map(PathBuf::from).collect()
}

/// The programs that load them, the only ones beside a job's own that it may execute.
pub(crate) fn loaders() -> Vec<PathBuf> {
    let is_loader = |path: &Path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("ld-"))
    };
    let folders = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"].map(Path::new);
    let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    files
        .filter_map(|file| file.ok().map(|file| file.path()))
        .filter(|path| is_loader(path))
        .collect()
}
