//! From the command line to the exit code: which command, and what becomes of its errors.

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::error::GradeError;
use crate::print::remark;
use crate::{exit_code, grade, handout, interrupt, mutants, replay, stress};

/// Everything `main` does.
pub(crate) fn run() -> u8 {
    if let Some(code) = mutants::recorder::stand_in() {
        return code;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            let is_mistake = answer.use_stderr();
            let _ = answer.print(); // nobody is left to be told
            return if is_mistake { exit_code::USAGE } else { exit_code::ALL_PASSED };
        }
    };
    interrupt::watch();
    match obey(cli) {
        Ok(code) => code,
        Err(_) if interrupt::interrupted() => {
            remark!("interrupted before any test was run");
            exit_code::INTERRUPTED
        }
        Err(error) => {
            remark!("{error}");
            exit_code::of_error(&error)
        }
    }
}

fn obey(cli: Cli) -> Result<u8, GradeError> {
    match cli.command {
        None => grade::grade(&cli.grade),
        Some(Command::Stress(args)) => stress::stress(&args),
        Some(Command::Merge(args)) => stress::merge::merge(&args),
        Some(Command::Mutants(args)) => mutants::run(&args),
        Some(Command::Handout(args)) => handout::handout(&args),
        Some(Command::Replay(args)) => replay::replay(&args),
    }
}
