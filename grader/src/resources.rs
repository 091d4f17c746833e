//! What each run uses: memory and CPU time of a process, its group and all who descend from them,
//! looked up in `/proc`, for all runs at once.
//!
//! Not by `RLIMIT_AS`: it counts addresses, and the stacks of a virtual run are large and mostly
//! untouched. Where there is no `/proc`, nothing is seen, and only time and output are limited.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use crate::sandbox::{families, processes};

/// The shortest time between two looks.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// Looking takes at most one part in this many of one core.
const PAUSE_PER_LOOK: u32 = 20;

/// What a group was last seen to use.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    memory_bytes: AtomicU64,
    memory_bytes_max: AtomicU64,
    cpu_ms: AtomicU64,
    tasks_max: AtomicU64,
    processes_max: AtomicU64,
}

/// What a group has used in all, as far as it was seen: a short run is over between two looks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) memory_bytes_max: u64,
    pub(crate) cpu: Duration,
    /// Processes and threads at once.
    pub(crate) tasks_max: u64,
    /// Processes at once that were there for two looks, beside those that a run has anyway.
    pub(crate) processes_beside_max: u64,
}

impl Usage {
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes.load(Ordering::Relaxed)
    }

    /// All of it, of a group that needs `processes` for itself.
    pub(crate) fn in_all(&self, processes: u64) -> Used {
        Used {
            memory_bytes_max: self.memory_bytes_max.load(Ordering::Relaxed),
            cpu: self.cpu(),
            tasks_max: self.tasks_max.load(Ordering::Relaxed),
            processes_beside_max: self
                .processes_max
                .load(Ordering::Relaxed)
                .saturating_sub(processes),
        }
    }

    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_millis(self.cpu_ms.load(Ordering::Relaxed))
    }
}

/// Looks at all watched groups until it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    shared: Arc<Shared>,
    looking: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    groups: Mutex<HashMap<u32, Arc<Usage>>>,
    is_over: AtomicBool,
}

impl Watch {
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        let looking =
            cfg!(target_os = "linux").then(|| std::thread::spawn(move || of_thread.look()));
        Watch { shared, looking }
    }

    /// What the process of this number, and its group, use, from now on until [`Watch::forget`].
    pub(crate) fn watch(&self, group: u32) -> Arc<Usage> {
        let usage = Arc::new(Usage::default());
        self.shared.groups().insert(group, usage.clone());
        usage
    }

    pub(crate) fn forget(&self, group: u32) {
        self.shared.groups().remove(&group);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(looking) = self.looking.take() {
            looking.thread().unpark();
            let _ = looking.join();
        }
    }
}

impl Shared {
    fn groups(&self) -> std::sync::MutexGuard<'_, HashMap<u32, Arc<Usage>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) {
        let units = Units::of_this_machine();
        let mut seen_before = HashSet::new();
        while !self.is_over.load(Ordering::Relaxed) {
            let began = Instant::now();
            if !self.groups().is_empty() {
                seen_before = self.look_once(&units, &seen_before);
            }
            std::thread::park_timeout(PAUSE_MIN.max(began.elapsed() * PAUSE_PER_LOOK));
        }
    }

    /// Returns the processes there are. Only what was there before counts as a process of its own:
    /// one that is about to become something else, or is refused that, looks like two.
    #[cfg(target_os = "linux")]
    fn look_once(&self, units: &Units, seen_before: &HashSet<u32>) -> HashSet<u32> {
        let all = processes();
        let groups = self.groups();
        let families = families(&all, groups.keys().copied());
        for (group, usage) in groups.iter() {
            let Some(family) = families.get(group) else { continue };
            let members = || all.iter().filter(|stat| family.contains(&stat.process));
            let pages: u64 = members().map(|stat| stat.resident_pages).sum();
            let ticks: u64 = members().map(|stat| stat.cpu_ticks).sum();
            let memory_bytes = pages * units.page_bytes;
            usage.memory_bytes.store(memory_bytes, Ordering::Relaxed);
            usage.memory_bytes_max.fetch_max(memory_bytes, Ordering::Relaxed);
            // A process that nobody waited for takes its time with it.
            usage.cpu_ms.fetch_max(ticks * 1000 / units.ticks_per_second, Ordering::Relaxed);
            let tasks: u64 = members().map(|stat| stat.threads).sum();
            usage.tasks_max.fetch_max(tasks, Ordering::Relaxed);
            let stayed = members().filter(|stat| seen_before.contains(&stat.process)).count();
            usage.processes_max.fetch_max(stayed as u64, Ordering::Relaxed);
        }
        all.iter().map(|stat| stat.process).collect()
    }

    #[cfg(not(target_os = "linux"))]
    fn look_once(&self, _units: &Units, _seen_before: &HashSet<u32>) -> HashSet<u32> {
        HashSet::new()
    }
}

struct Units {
    page_bytes: u64,
    ticks_per_second: u64,
}

impl Units {
    #[cfg(unix)]
    fn of_this_machine() -> Self {
        Units {
            page_bytes: rustix::param::page_size() as u64,
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1),
        }
    }

    #[cfg(not(unix))]
    fn of_this_machine() -> Self {
        Units { page_bytes: 4096, ticks_per_second: 100 }
    }
}

/// How long one of the threads of a process, and of all who descend from it, was ready to run and
/// did not get a core: the longest. `None` where the system does not say.
#[cfg(target_os = "linux")]
pub(crate) fn waited_for_a_core(process: u32) -> Option<Duration> {
    let family = families(&processes(), [process].into_iter()).remove(&process)?;
    let tasks = family
        .iter()
        .filter_map(|process| std::fs::read_dir(format!("/proc/{process}/task")).ok())
        .flatten()
        .flatten();
    let waits = tasks.filter_map(|task| {
        let schedstat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        schedstat.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    waits.map(Duration::from_nanos).max()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn waited_for_a_core(_process: u32) -> Option<Duration> {
    None
}
