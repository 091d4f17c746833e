//! The flags, as typed. Their checks, beyond what a type says, are in `plan` and in the module
//! of each command.
//!
//! Grading is what is done when no command is named; every other command has its own file here.

mod grade;
mod handout;
mod merge;
mod mutants;
mod replay;
mod stress;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use grade::{ClockChoice, GradeArgs};
pub(crate) use handout::HandoutArgs;
pub(crate) use merge::MergeArgs;
pub(crate) use mutants::{MutantsArgs, Until};
pub(crate) use replay::ReplayArgs;
pub(crate) use stress::StressArgs;

/// The battery's editions other than the graded one, which the grader knows by name only.
const EDITIONS: [&str; 2] = ["classic-ending", "2025"];

/// Grades the working tree, or a folder of submissions: builds the battery, runs each test in
/// processes of its own, and prints a score table.
#[derive(Debug, Parser)]
#[command(
    name = "grade.sh",
    bin_name = "./grade.sh",
    version,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) grade: GradeArgs,
}

/// What else can be done than to grade.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Stress(StressArgs),
    Merge(MergeArgs),
    Mutants(MutantsArgs),
    Replay(ReplayArgs),
    Handout(HandoutArgs),
}

/// What every command that runs a battery can be told.
#[derive(Debug, Args)]
pub(crate) struct BatteryArgs {
    /// Points, weights and limits, in place of tests/grading.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) grading: Option<PathBuf>,

    /// Run this battery, and build none
    #[arg(long, value_name = "FILE")]
    pub(crate) battery: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

/// Where the project is.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// The folder of the workspace; grade.sh gives it, as a variable, so that it stands before
    /// no command
    #[arg(long, value_name = "DIR", hide = true, default_value = ".", env = "LAB_WORKSPACE")]
    pub(crate) workspace: PathBuf,
}

const AFTER_HELP: &str = "\
Exit codes:
  0          every run passed
  1          a run failed, or was aborted
  2          no run failed, but some stayed inconclusive
  3          usage or configuration: an unknown flag, part or test, wrong points
  4          nothing was selected
  5          the code does not compile; of many submissions, none does
  6          a replay did not reproduce: another build or platform
  120..124   infrastructure, worth another try: 120 no toolchain, or the grader does not
             build; 121 the battery cannot be built or listed; 122 no process can be
             started; 123 results cannot be written; 124 the framework itself went wrong
  130        interrupted; the table so far was printed";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// Pages with commands that somebody will copy. A hand-out has the first three.
    const PAGES: [&str; 6] = [
        "README.md",
        "docs/student-guide.md",
        "docs/stress.md",
        "docs/instructor-guide.md",
        "docs/mutants.md",
        "handout/README.md",
    ];

    /// The commands of a page's blocks: what stands on a line up to two blanks, `#` or `:::`.
    fn commands(page: &str) -> Vec<Vec<String>> {
        let blocks = page.split("```").skip(1).step_by(2);
        let text: Vec<&str> =
            blocks.flat_map(|block| block.split("\\\n")).map(str::trim_start).collect();
        let text = text.join(" ");
        let grader = text.lines().filter_map(|line| Some(line.split_once("./grade.sh ")?.1));
        let grader = grader.map(|rest| {
            let end = ["  ", "#", ":::"].iter().filter_map(|mark| rest.find(mark)).min();
            rest[..end.unwrap_or(rest.len())].replace("{}", "1")
        });
        grader.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_in_the_pages_is_one() {
        let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let pages = if project.join("handout").exists() { &PAGES[..] } else { &PAGES[..3] };
        for name in pages {
            let page = std::fs::read_to_string(project.join(name)).expect("a page of the project");
            let commands = commands(&page);
            assert!(!commands.is_empty(), "{name} shows no command");
            for command in commands {
                let words = ["grade.sh".to_owned()].into_iter().chain(command.clone());
                if let Err(error) = Cli::try_parse_from(words) {
                    panic!("{name}: ./grade.sh {}\n{error}", command.join(" "));
                }
            }
        }
    }
}
