//! Who descends from whom, as `/proc` tells it.

use std::collections::{HashMap, HashSet};

/// A process as `/proc/*/stat` shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) process: u32,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    /// Its own and those of its ended children.
    pub(crate) cpu_ticks: u64,
    pub(crate) threads: u64,
    pub(crate) resident_pages: u64,
}

impl Stat {
    /// The name, second field, stands in brackets and may hold anything, brackets included.
    pub(crate) fn parse(stat: &str) -> Option<Self> {
        let (process, _) = stat.split_once(' ')?;
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Stat {
            process: process.parse().ok()?,
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            cpu_ticks: (11..15).map(number).sum::<Option<u64>>()?,
            threads: number(17)?,
            resident_pages: number(21)?,
        })
    }
}

/// Every process there is.
pub(crate) fn processes() -> Vec<Stat> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit))
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok())
        .filter_map(|stat| Stat::parse(&stat))
        .collect()
}

/// Of each root, whose numbers are given, itself, its group, and all that descend from either.
pub(crate) fn families(
    processes: &[Stat],
    roots: impl Iterator<Item = u32>,
) -> HashMap<u32, HashSet<u32>> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for stat in processes {
        children.entry(stat.parent).or_default().push(stat.process);
    }
    roots
        .map(|root| {
            let of_group = processes.iter().filter(|stat| stat.group == root);
            let mut open: Vec<u32> = of_group.map(|stat| stat.process).chain([root]).collect();
            let mut family = HashSet::new();
            while let Some(process) = open.pop() {
                if family.insert(process) {
                    open.extend(children.get(&process).into_iter().flatten());
                }
            }
            (root, family)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let text = "77 (a) b (c) S 1 42 42 0 -1 0 1 2 3 4 10 20 3 4 20 0 5 0 99 1000000 123 18 0";
        let stat = Stat {
            process: 77,
            parent: 1,
            group: 42,
            cpu_ticks: 37,
            threads: 5,
            resident_pages: 123,
        };
        assert_eq!(Stat::parse(text), Some(stat), "fields counted from the last bracket");
        assert_eq!(Stat::parse("77 (broken"), None, "no bracket, no fields");
    }

    #[test]
    fn a_family_holds_who_left_the_group_and_no_neighbour() {
        let stat = |process, parent, group| Stat {
            process,
            parent,
            group,
            cpu_ticks: 0,
            threads: 1,
            resident_pages: 0,
        };
        let all =
            [stat(10, 1, 10), stat(11, 10, 10), stat(12, 11, 12), stat(20, 1, 20), stat(13, 1, 10)];
        let families = families(&all, [10].into_iter());
        assert_eq!(families[&10], HashSet::from([10, 11, 12, 13]), "20 is somebody else");
    }
}
