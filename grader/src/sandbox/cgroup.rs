//! Groups of the kernel, cgroups of version 1 or 2, that hold all processes of a job together to
//! its memory and its tasks. Neither can be exceeded, be it for a moment.
//!
//! They are made below the group that the grader itself is in. That takes root, or a group that
//! was handed to the grader's user: `systemd-run --user --scope -p Delegate=yes ./grade.sh ...`.
//! Where there are none, memory is looked at from outside, and tasks are limited by user.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where processes are listed by group, and how the groups are mounted.
const OWN_GROUPS: &str = "/proc/self/cgroup";
const MOUNTS: &str = "/proc/self/mountinfo";

/// How long the last process of a group may take to be gone from it.
const EMPTY_WITHIN: Duration = Duration::from_secs(2);

/// Where groups for jobs can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cgroups {
    version: Version,
    /// The grader's own groups: one of version 2, or those of memory and of tasks.
    own: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// The groups of one job, removed when this is dropped.
#[derive(Debug)]
pub(crate) struct JobGroup {
    version: Version,
    folders: Vec<PathBuf>,
}

impl Cgroups {
    /// Finds them, and makes a group to see whether that works.
    ///
    /// # Errors
    ///
    /// Why there can be none.
    pub(crate) fn find() -> io::Result<Self> {
        let (own, mounts) = (fs::read_to_string(OWN_GROUPS)?, fs::read_to_string(MOUNTS)?);
        let found = Self::of(&own, &mounts)
            .ok_or_else(|| io::Error::other("no cgroups for memory and for tasks are mounted"))?;
        if found.version == Version::Two {
            found.hand_down()?;
        }
        found.group(1 << 30, 100).map(drop)?;
        Ok(found)
    }

    /// As the two files tell it.
    fn of(own: &str, mounts: &str) -> Option<Self> {
        // `4:memory:/path`, or `0::/path` of version 2.
        let of = |wanted: &str| {
            own.lines().find_map(|line| {
                let mut fields = line.splitn(3, ':').skip(1);
                let (controllers, path) = (fields.next()?, fields.next()?);
                controllers.split(',').any(|name| name == wanted).then_some(path)
            })
        };
        let one = ["memory", "pids"].map(|name| folder(mounts, "cgroup", Some(name), of(name)?));
        if let [Some(memory), Some(tasks)] = one {
            return Some(Self { version: Version::One, own: vec![memory, tasks] });
        }
        let two = folder(mounts, "cgroup2", None, of("")?)?;
        Some(Self { version: Version::Two, own: vec![two] })
    }

    /// Lets the groups below have memory and tasks of their own. A group of version 2 that does
    /// so can have no processes itself, so the grader goes into one below, if it is alone.
    fn hand_down(&self) -> io::Result<()> {
        let [own] = self.own.as_slice() else { return Ok(()) };
        let control = own.join("cgroup.subtree_control");
        let has_both = |text: &str| {
            ["memory", "pids"].iter().all(|name| text.split_whitespace().any(|it| it == *name))
        };
        if has_both(&fs::read_to_string(&control)?) {
            return Ok(());
        }
        if fs::write(&control, "+memory +pids").is_ok() {
            return Ok(());
        }
        let inside = fs::read_to_string(own.join("cgroup.procs"))?;
        if inside.lines().any(|process| process != std::process::id().to_string()) {
            return Err(io::Error::other("the grader shares its cgroup with other processes"));
        }
        let leaf = own.join("grader");
        fs::create_dir_all(&leaf)?;
        fs::write(leaf.join("cgroup.procs"), "0")?;
        fs::write(&control, "+memory +pids")
    }

    /// A new group, whose processes may together use so much memory and be so many.
    pub(crate) fn group(&self, memory_bytes: u64, tasks: u64) -> io::Result<JobGroup> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lab-{}-{number}", std::process::id());
        let mut group = JobGroup { version: self.version, folders: Vec::new() };
        for own in &self.own {
            let folder = own.join(&name);
            fs::create_dir(&folder)?;
            group.folders.push(folder);
        }
        group.limit(memory_bytes, tasks)?;
        Ok(group)
    }

    /// As reports name it.
    pub(crate) fn name(&self) -> &'static str {
        match self.version {
            Version::One => "cgroup v1",
            Version::Two => "cgroup v2",
        }
    }
}

impl JobGroup {
    fn limit(&self, memory_bytes: u64, tasks: u64) -> io::Result<()> {
        let (memory, swap, swap_bytes) = match self.version {
            // With swap, of which there is none then.
            Version::One => ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", memory_bytes),
            Version::Two => ("memory.max", "memory.swap.max", 0),
        };
        fs::write(self.of_memory().join(memory), memory_bytes.to_string())?;
        let _ = fs::write(self.of_memory().join(swap), swap_bytes.to_string()); // not everywhere
        let of_tasks = self.folders.last().map(PathBuf::as_path).unwrap_or(Path::new(""));
        fs::write(of_tasks.join("pids.max"), tasks.to_string())
    }

    fn of_memory(&self) -> &Path {
        self.folders.first().map(PathBuf::as_path).unwrap_or(Path::new(""))
    }

    /// A process that writes `0` to each of these is in the group, and so is all it starts.
    pub(crate) fn doors(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|folder| folder.join("cgroup.procs")).collect()
    }

    /// Whether the kernel has ended a process of the group because its memory was used up.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        let file = match self.version {
            Version::One => "memory.oom_control",
            Version::Two => "memory.events",
        };
        let text = fs::read_to_string(self.of_memory().join(file)).unwrap_or_default();
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok());
        count.is_some_and(|count: u64| 0 < count)
    }

    /// The most memory that its processes had together, as the limit counts it: a page that
    /// several of them share counts once. `None` where the kernel does not say (version 2 before
    /// Linux 5.19).
    pub(crate) fn memory_bytes_max(&self) -> Option<u64> {
        let file = match self.version {
            Version::One => "memory.max_usage_in_bytes",
            Version::Two => "memory.peak",
        };
        fs::read_to_string(self.of_memory().join(file)).ok()?.trim().parse().ok()
    }
}

impl Drop for JobGroup {
    fn drop(&mut self) {
        for folder in &self.folders {
            let by = std::time::Instant::now() + EMPTY_WITHIN;
            // Busy as long as the last process is on its way out. What stays is empty, and small.
            while let Err(error) = fs::remove_dir(folder)
                && error.kind() == io::ErrorKind::ResourceBusy
                && std::time::Instant::now() < by
            {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// The folder of the group `path` in the hierarchy that is mounted as `kind`, with `controller`
/// among its options.
fn folder(mounts: &str, kind: &str, controller: Option<&str>, path: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        // `ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS ... - KIND SOURCE OPTIONS`
        let (of_mount, of_kind) = line.split_once(" - ")?;
        let mut of_kind = of_kind.split_whitespace();
        let is_kind = of_kind.next() == Some(kind);
        let options = of_kind.nth(1).unwrap_or_default();
        let has = |name: &str| options.split(',').any(|option| option == name);
        let mut of_mount = of_mount.split_whitespace().skip(3);
        let (root, place) = (of_mount.next()?, of_mount.next()?);
        let below = path.strip_prefix(if root == "/" { "" } else { root })?;
        (is_kind && controller.is_none_or(has))
            .then(|| PathBuf::from(place).join(below.trim_start_matches('/')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hierarchies_of_version_1_are_found_by_their_controllers() {
        let own = "9:name=systemd:/\n8:pids:/\n4:memory:/jobs/7\n3:cpu,cpuacct:/x\n0::/\n";
        let mounts = "\
            31 25 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
            32 31 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
            35 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
            36 31 0:31 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
            37 31 0:32 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
        let own_groups = ["/sys/fs/cgroup/memory/jobs/7", "/sys/fs/cgroup/pids/"];
        let found = Cgroups::of(own, mounts).expect("both are there");
        assert_eq!(found.version, Version::One, "the unified one has no controllers then");
        assert_eq!(found.own, own_groups.map(PathBuf::from));
    }

    #[test]
    fn the_one_hierarchy_of_version_2_is_found_below_the_root_of_its_mount() {
        let own = "0::/user.slice/run-1.scope\n";
        let mounts = |root: &str| format!("30 24 0:26 {root} /sys/fs/cgroup rw - cgroup2 x rw\n");
        let found = Cgroups::of(own, &mounts("/")).expect("it is there");
        assert_eq!(found.version, Version::Two);
        assert_eq!(found.own, [PathBuf::from("/sys/fs/cgroup/user.slice/run-1.scope")]);
        let found = Cgroups::of(own, &mounts("/user.slice")).expect("it is below");
        assert_eq!(found.own, [PathBuf::from("/sys/fs/cgroup/run-1.scope")]);
        assert_eq!(Cgroups::of(own, &mounts("/other")), None, "not in reach from here");
        assert_eq!(Cgroups::of(own, ""), None, "nothing is mounted");
    }

    /// The kernel's files, as far as this module writes them, in a folder that is none of its.
    fn fake(version: Version) -> (tempfile::TempDir, JobGroup) {
        let folder = tempfile::tempdir().expect("a folder");
        let own = vec![folder.path().to_owned()];
        let group = Cgroups { version, own }.group(3 << 20, 50).expect("a group");
        (folder, group)
    }

    #[test]
    fn each_version_has_its_files() {
        for (version, memory) in
            [(Version::One, "memory.limit_in_bytes"), (Version::Two, "memory.max")]
        {
            let (_folder, group) = fake(version);
            let read = |file| fs::read_to_string(group.of_memory().join(file)).expect("written");
            assert_eq!(read(memory), "3145728", "{version:?}");
            assert_eq!(read("pids.max"), "50", "{version:?}");
            assert!(group.doors()[0].ends_with("cgroup.procs"), "{version:?}");
            fs::remove_dir_all(group.of_memory()).expect("files that are none of the kernel's");
        }
    }

    #[test]
    fn processes_that_the_kernel_ended_are_counted() {
        for (version, file) in
            [(Version::One, "memory.oom_control"), (Version::Two, "memory.events")]
        {
            let (_folder, group) = fake(version);
            assert!(!group.ran_out_of_memory(), "{version:?}: nothing is told");
            let write = |text| fs::write(group.of_memory().join(file), text).expect("a file");
            write("oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
            assert!(!group.ran_out_of_memory(), "{version:?}: nobody");
            write("low 0\noom 3\noom_kill 1\n");
            assert!(group.ran_out_of_memory(), "{version:?}: one");
            fs::remove_dir_all(group.of_memory()).expect("files that are none of the kernel's");
        }
    }

    #[test]
    fn the_most_memory_is_what_the_kernel_counted() {
        for (version, file) in
            [(Version::One, "memory.max_usage_in_bytes"), (Version::Two, "memory.peak")]
        {
            let (_folder, group) = fake(version);
            assert_eq!(group.memory_bytes_max(), None, "{version:?}: it does not say");
            fs::write(group.of_memory().join(file), "2097152\n").expect("a file");
            assert_eq!(group.memory_bytes_max(), Some(2 << 20), "{version:?}");
            fs::remove_dir_all(group.of_memory()).expect("files that are none of the kernel's");
        }
    }

    #[test]
    fn version_2_is_handed_down_if_the_grader_is_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |file: &str, text: &str| {
            fs::write(folder.path().join(file), text).expect("a file");
        };
        let own = vec![folder.path().to_owned()];
        let two = Cgroups { version: Version::Two, own };
        write("cgroup.subtree_control", "cpu memory pids");
        two.hand_down().expect("they are handed down already");
        assert!(!folder.path().join("grader").exists(), "the grader stays where it is");
    }
}
