//! One run made again, and whether it went the same way.

use crate::battery::Battery;
use crate::cli::ReplayArgs;
use crate::error::{GradeError, Indented, SelectionError};
use crate::grading::Grading;
use crate::plan::Run;
use crate::report::model::RunReport;
use crate::report::terminal::paint;
use crate::selection::select;
use crate::verdict::Verdict;
use crate::{exit_code, schedule};

/// Makes the run that the flags name, prints what it says, and compares its event hash with the
/// expected one.
pub(crate) fn replay(args: &ReplayArgs) -> Result<u8, GradeError> {
    let grading = Grading::of(&args.battery)?;
    let tests = select(std::slice::from_ref(&args.test), &grading)?;
    let [test] = tests.as_slice() else {
        let known = Indented(format!("it names {} tests: {}", tests.len(), tests.join(", ")));
        return Err(SelectionError::NotOneTest { asked: args.test.clone(), known }.into());
    };
    let run = Run { test: test.clone(), clock: args.clock, seed: args.seed };
    let battery = Battery::open(&args.battery, &grading)?;
    let Some(result) = schedule::run_one(&run, 1, &battery.workshop()) else {
        return Ok(exit_code::INTERRUPTED);
    };
    let (text, code) = told(&result, args.expect);
    // A closed pipe is the reader's choice, and takes nothing from the exit code.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
    Ok(code)
}

/// What is said of the run, and the exit code.
fn told(result: &RunReport, expected: Option<u64>) -> (String, u8) {
    let hash = result.event_hash.as_deref().unwrap_or("?");
    let version = env!("CARGO_PKG_VERSION");
    let of_run = format!("framework {version}, event hash {hash}");
    if let Some(expected) = expected.map(|hash| format!("{hash:016x}"))
        && expected != hash
    {
        // Whether it passed is left out on purpose: it would be read as an answer.
        let text = format!(
            "{} did not reproduce: another build or platform\n  \
             {} clock, seed {}\n  expected event hash {expected}\n  this run is {of_run}\n\
             run     the same command with the build that the report is of\n\
             means   nothing is said of the run that was to be seen again\n",
            result.test, result.clock, result.seed,
        );
        return (text, exit_code::NOT_REPRODUCED);
    }
    let same = if expected.is_some() { ", as expected" } else { "" };
    let headline = match result.verdict {
        Verdict::Pass => format!("{} passed\n", result.test),
        verdict => format!("{}\n", paint(verdict, &result.text)),
    };
    let text = format!("{headline}same    {of_run}{same}\n");
    (text, exit_code::of_verdict(result.verdict))
}
