//! What each process group uses: memory and CPU time, looked up in `/proc`, for all runs at once.
//!
//! Not by `RLIMIT_AS`: it counts addresses, and the stacks of a virtual run are large and mostly
//! untouched. Where there is no `/proc`, nothing is seen, and only time and output are limited.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
}

impl Usage {
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn memory_bytes_max(&self) -> u64 {
        self.memory_bytes_max.load(Ordering::Relaxed)
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

    /// What the group of this number uses, from now on until [`Watch::forget`].
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
        while !self.is_over.load(Ordering::Relaxed) {
            let began = Instant::now();
            if !self.groups().is_empty() {
                self.look_once(&units);
            }
            std::thread::park_timeout(PAUSE_MIN.max(began.elapsed() * PAUSE_PER_LOOK));
        }
    }

    fn look_once(&self, units: &Units) {
        let mut seen: HashMap<u32, (u64, u64)> = HashMap::new();
        for stat in processes() {
            let Some(process) = Process::parse(&stat) else { continue };
            let sum = seen.entry(process.group).or_default();
            sum.0 += process.resident_pages * units.page_bytes;
            sum.1 += process.cpu_ticks * 1000 / units.ticks_per_second;
        }
        for (group, usage) in self.groups().iter() {
            let Some((memory_bytes, cpu_ms)) = seen.get(group) else { continue };
            usage.memory_bytes.store(*memory_bytes, Ordering::Relaxed);
            usage.memory_bytes_max.fetch_max(*memory_bytes, Ordering::Relaxed);
            usage.cpu_ms.store(*cpu_ms, Ordering::Relaxed);
        }
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

/// `/proc/*/stat` of every process there is.
fn processes() -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit))
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok())
}

#[derive(Debug, PartialEq, Eq)]
struct Process {
    group: u32,
    /// Its own and those of its ended children.
    cpu_ticks: u64,
    resident_pages: u64,
}

impl Process {
    /// The name, second field, stands in brackets and may hold anything, brackets included.
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Process {
            group: fields.get(2)?.parse().ok()?,
            cpu_ticks: (11..15).map(number).sum::<Option<u64>>()?,
            resident_pages: number(21)?,
        })
    }
}

/// How long the threads of a process have been ready to run and did not get a core, together.
/// `None` where the system does not say.
pub(crate) fn waited_for_a_core(process: u32) -> Option<Duration> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let waits = tasks.flatten().filter_map(|task| {
        let schedstat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        schedstat.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    waits.map(Duration::from_nanos).reduce(|sum, wait| sum + wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let stat = "77 (a) b (c) S 1 42 42 0 -1 0 1 2 3 4 10 20 3 4 20 0 5 0 99 1000000 123 18 0";
        let process = Process { group: 42, cpu_ticks: 37, resident_pages: 123 };
        assert_eq!(Process::parse(stat), Some(process), "fields counted from the last bracket");
        assert_eq!(Process::parse("77 (broken"), None, "no bracket, no fields");
    }
}
