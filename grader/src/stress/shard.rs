//! Which share of the runs this process makes, said by a flag or by the variables of a job array.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use crate::error::StressError;

/// One share of the runs. The runs of all shares together do not depend on how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// From 0.
    pub(crate) index: u64,
    pub(crate) count: u64,
}

impl Shard {
    pub(crate) const ALL: Shard = Shard { index: 0, count: 1 };

    /// Whether the run of this number, from 0, belongs to it.
    pub(crate) fn takes(self, number: u64) -> bool {
        number % self.count == self.index
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(index, count)| {
            Some((index.parse::<u64>().ok()?, count.parse::<u64>().ok()?))
        });
        match numbers {
            Some((index, count)) if (1..=count).contains(&index) => {
                Ok(Shard { index: index - 1, count })
            }
            _ => Err("a share is `1/8` to `8/8`".to_owned()),
        }
    }
}

/// Where a job array or a CI service says which of how many jobs this is.
struct Variables {
    name: &'static str,
    index: &'static str,
    /// The lowest index: a number, or a variable.
    first: First,
    /// A variable with the distance from one index to the next, if it can be another than 1.
    step: Option<&'static str>,
    count: Option<&'static str>,
}

enum First {
    Is(u64),
    In(&'static str),
}

const KNOWN: [Variables; 7] = [
    Variables {
        name: "Slurm array",
        index: "SLURM_ARRAY_TASK_ID",
        first: First::In("SLURM_ARRAY_TASK_MIN"),
        step: Some("SLURM_ARRAY_TASK_STEP"),
        count: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    Variables {
        name: "Kubernetes indexed job",
        index: "JOB_COMPLETION_INDEX",
        first: First::Is(0),
        step: None,
        count: None,
    },
    Variables {
        name: "AWS Batch array",
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: First::Is(0),
        step: None,
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
    },
    Variables {
        name: "GitLab CI",
        index: "CI_NODE_INDEX",
        first: First::Is(1),
        step: None,
        count: Some("CI_NODE_TOTAL"),
    },
    Variables {
        name: "CircleCI",
        index: "CIRCLE_NODE_INDEX",
        first: First::Is(0),
        step: None,
        count: Some("CIRCLE_NODE_TOTAL"),
    },
    Variables {
        name: "Buildkite",
        index: "BUILDKITE_PARALLEL_JOB",
        first: First::Is(0),
        step: None,
        count: Some("BUILDKITE_PARALLEL_JOB_COUNT"),
    },
    Variables {
        name: "Azure Pipelines",
        index: "SYSTEM_JOBPOSITIONINPHASE",
        first: First::Is(1),
        step: None,
        count: Some("SYSTEM_TOTALJOBSINPHASE"),
    },
];

/// A share, and who said so if it was not a flag.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) shard: Shard,
    pub(crate) source: Option<String>,
}

/// The share that flags and variables ask for; all of it when they say nothing.
pub(crate) fn find(
    shard: Option<Shard>,
    shards: Option<NonZeroU64>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Found, StressError> {
    if let Some(shard) = shard {
        return Ok(Found { shard, source: None });
    }
    let known = KNOWN.iter().find(|known| variable(known.index).is_some());
    match (known, shards) {
        (Some(known), shards) => from_variables(known, shards, variable),
        (None, None) => Ok(Found { shard: Shard::ALL, source: None }),
        (None, Some(shards)) => Err(StressError::NoIndex { shards: shards.get() }),
    }
}

fn from_variables(
    known: &Variables,
    shards: Option<NonZeroU64>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Found, StressError> {
    let wrong = |why: String| StressError::Variables { name: known.name, why };
    let number = |name: &str| match variable(name) {
        None => Err(wrong(format!("{name} is not set"))),
        Some(text) => {
            text.parse::<u64>().map_err(|_| wrong(format!("{name} is `{text}`, not a number")))
        }
    };
    let index = number(known.index)?;
    let first = match known.first {
        First::Is(first) => first,
        First::In(name) => number(name)?,
    };
    // Some versions leave the step out when it is 1.
    let step = match known.step.filter(|step| variable(step).is_some()) {
        Some(step) => number(step)?.max(1),
        None => 1,
    };
    let count = match (shards, known.count) {
        (Some(shards), _) => shards.get(),
        (None, Some(count)) => number(count)?,
        (None, None) => {
            return Err(wrong(format!("{} is {index}, and nothing says of how many", known.index)));
        }
    };
    let from_zero = index.checked_sub(first).map(|index| index / step);
    match from_zero {
        Some(from_zero) if from_zero < count => Ok(Found {
            shard: Shard { index: from_zero, count },
            source: Some(format!("{}, {} {index}", known.name, known.index)),
        }),
        _ => Err(wrong(format!("{} is {index}, the first is {first}, of {count}", known.index))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)], shards: Option<u64>) -> Result<Found, StressError> {
        find(None, shards.and_then(NonZeroU64::new), |asked| {
            let of_name = variables.iter().find(|(name, _)| *name == asked);
            of_name.map(|(_, value)| (*value).to_owned())
        })
    }

    #[track_caller]
    fn assert_shard(variables: &[(&str, &str)], shards: Option<u64>, shard: &str, source: &str) {
        let found = found(variables, shards).expect("variables that fit");
        assert_eq!(found.shard.to_string(), shard);
        assert_eq!(found.source.as_deref(), Some(source), "who said so is shown");
    }

    #[test]
    fn a_flag_is_one_of_how_many() {
        assert_eq!("3/8".parse(), Ok(Shard { index: 2, count: 8 }));
        for wrong in ["0/8", "9/8", "3", "a/b", "3/", "-1/2", "1/0"] {
            assert!(wrong.parse::<Shard>().is_err(), "`{wrong}` is no share");
        }
    }

    #[test]
    fn shards_together_are_all_there_is_whatever_their_number() {
        for count in [1, 2, 7, 64] {
            for number in 0..200 {
                let takers =
                    (0..count).filter(|index| Shard { index: *index, count }.takes(number));
                assert_eq!(takers.count(), 1, "run {number} of {count} shares");
            }
        }
    }

    #[test]
    fn variables_of_arrays_and_ci_are_read() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        assert_shard(&slurm, None, "4/4", "Slurm array, SLURM_ARRAY_TASK_ID 7");
        let kubernetes = [("JOB_COMPLETION_INDEX", "0")];
        assert_shard(&kubernetes, Some(5), "1/5", "Kubernetes indexed job, JOB_COMPLETION_INDEX 0");
        let gitlab = [("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "3")];
        assert_shard(&gitlab, None, "1/3", "GitLab CI, CI_NODE_INDEX 1");
        let circle = [("CIRCLE_NODE_INDEX", "2"), ("CIRCLE_NODE_TOTAL", "3")];
        assert_shard(&circle, None, "3/3", "CircleCI, CIRCLE_NODE_INDEX 2");
        assert_eq!(found(&[], None).expect("nothing said").shard, Shard::ALL);
    }

    #[test]
    fn variables_that_do_not_fit_are_named() {
        let said = |variables: &[(&str, &str)], shards| {
            found(variables, shards).expect_err("they do not fit").to_string()
        };
        let of = said(&[("JOB_COMPLETION_INDEX", "3")], None);
        assert!(of.contains("JOB_COMPLETION_INDEX is 3, and nothing says of how many"), "{of}");
        let beyond = said(&[("CI_NODE_INDEX", "4"), ("CI_NODE_TOTAL", "3")], None);
        assert!(beyond.contains("CI_NODE_INDEX is 4, the first is 1, of 3"), "{beyond}");
        let text = said(&[("CIRCLE_NODE_INDEX", "x"), ("CIRCLE_NODE_TOTAL", "3")], None);
        assert!(text.contains("CIRCLE_NODE_INDEX is `x`, not a number"), "{text}");
        let unset = said(&[("SLURM_ARRAY_TASK_ID", "3")], None);
        assert!(unset.contains("SLURM_ARRAY_TASK_MIN is not set"), "{unset}");
        let nobody = said(&[], Some(4));
        assert!(nobody.contains("no variable says which of the 4 shares"), "{nobody}");
    }
}
