//! One run made again, and whether it went the same way.

use std::path::Path;

use lab_record::Clock;

use crate::battery::Battery;
use crate::cli::ReplayArgs;
use crate::error::{GradeError, Indented, SelectionError, StressError};
use crate::exit_code;
use crate::grading::Grading;
use crate::plan::Run;
use crate::print;
use crate::report::model::{RunReport, hash_text};
use crate::report::terminal::paint;
use crate::sandbox::Sandbox;
use crate::selection::select;
use crate::stress::alone::run_alone;
use crate::stress::results::{self, Common};
use crate::stress::tally::Kind;
use crate::stress::version;
use crate::verdict::Verdict;

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
    let mut expected = Expected { hash: args.expect.map(hash_text), kind: None, of: None };
    if let Some(results) = &args.results {
        expected = from_results(results, &run)?;
    }
    let battery =
        Battery::open(&args.battery, &grading, Sandbox::PLAIN)?.of_edition(args.edition.clone());
    let common = Common::of(battery.path(), args.clock, args.edition.clone())?;
    let Some(made) = run_alone(&run, &battery.workshop()) else {
        return Ok(exit_code::INTERRUPTED);
    };
    let (mut text, code) = told(&made.report, &expected, &common);
    if let Some(file) = &args.trace {
        let of_run = made.trace.as_deref();
        text.push_str(&format!("trace   {}\n", copy_trace(of_run, file, args.clock)?));
    }
    print::out(text);
    Ok(code)
}

/// What the run is to be compared with.
struct Expected {
    hash: Option<String>,
    /// A process that died has no hash; that it dies again is all that can be asked.
    kind: Option<Kind>,
    /// Of which battery, if that is known.
    of: Option<Common>,
}

fn from_results(path: &Path, run: &Run) -> Result<Expected, StressError> {
    let (head, tally) = results::read(path)?;
    let known = tally.find(&run.test, run.seed).ok_or_else(|| StressError::NotRead {
        path: path.to_owned(),
        why: format!("there is no run of {} with seed {} that did not pass", run.test, run.seed),
    })?;
    Ok(Expected { hash: known.event_hash.clone(), kind: Some(known.kind), of: Some(head.of) })
}

fn copy_trace(trace: Option<&Path>, file: &Path, clock: Clock) -> Result<String, GradeError> {
    match trace {
        Some(trace) => match std::fs::copy(trace, file) {
            Ok(byte_count) => Ok(format!("{}, {byte_count} bytes", file.display())),
            Err(source) => Err(GradeError::NoResults { path: file.to_owned(), source }),
        },
        None if clock == Clock::Real => Ok("none under the real clock".to_owned()),
        None => Ok("none: the process ended before it could be written".to_owned()),
    }
}

/// What is said of the run, and the exit code.
fn told(result: &RunReport, expected: &Expected, common: &Common) -> (String, u8) {
    let hash = result.event_hash.as_deref();
    let of_run = format!("event hash {}, {}", hash.unwrap_or("none"), version(common));
    let is_other_hash = expected.hash.is_some() && expected.hash.as_deref() != hash;
    let is_other_end = expected
        .kind
        .is_some_and(|kind| kind != Kind::Unconfirmed && Some(kind) != Kind::of(result.verdict));
    if is_other_hash || is_other_end {
        return (not_reproduced(result, expected, &of_run), exit_code::NOT_REPRODUCED);
    }
    let same = match (&expected.hash, expected.kind, result.clock) {
        (Some(_), ..) => "\nsame    as expected: every event of the run is the same",
        (None, Some(_), _) => "\nsame    as expected: it ended so before",
        (None, None, Clock::Virtual) => {
            "\nsame    not known: say what it was with --expect or --results"
        }
        (None, None, Clock::Real) => "\nsame    not known: the real clock does not repeat itself",
    };
    let headline = match result.verdict {
        Verdict::Pass => format!("{} passed\n", result.test),
        verdict => format!("{}\n", paint(verdict, &result.text)),
    };
    let text = format!("{headline}version {of_run}{same}\n");
    (text, exit_code::of_verdict(result.verdict))
}

/// Whether it passed is left out on purpose: it would be read as an answer.
fn not_reproduced(result: &RunReport, expected: &Expected, of_run: &str) -> String {
    let why = match result.clock {
        Clock::Virtual => "another build or platform",
        Clock::Real => "the real clock does not repeat itself",
    };
    let mut facts = match (&expected.hash, expected.kind) {
        (Some(hash), _) => format!("expected event hash {hash}"),
        (None, kind) => format!("expected: {}", kind.map_or("?", Kind::name)),
    };
    if let Some(of) = &expected.of {
        facts.push_str(&format!(", {}", version(of)));
    }
    format!(
        "{} did not reproduce: {why}\n  {} clock, seed {}\n  {facts}\n  this run {of_run}\n\
         run     the same command with the build that the report is of\n\
         means   nothing is said of the run that was to be seen again\n",
        result.test, result.clock, result.seed,
    )
}
