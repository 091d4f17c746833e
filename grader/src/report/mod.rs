//! What is told of a grading: one model, and one format a file.
//!
//! | module | what it holds |
//! |---|---|
//! | `model` | all there is to tell, scored |
//! | `progress` | what is told while runs are made |
//! | `terminal` | tables and failures, for people |
//! | `class` | the same of many submissions, a line each |
//! | `student` | a report for the author of one |
//! | `json`, `csv`, `junit` | the same for programs |
//! | `gradescope`, `autolab` | the same for where submissions come from |

pub(crate) mod autolab;
pub(crate) mod class;
pub(crate) mod csv;
pub(crate) mod gradescope;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod model;
pub(crate) mod progress;
pub(crate) mod student;
pub(crate) mod terminal;

use crate::score::Tally;
use model::TestReport;

/// At most two decimals, and none that say nothing.
pub(crate) fn number(points: f64) -> String {
    let text = format!("{points:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `9/10`: passed, of those that count.
pub(crate) fn tally(Tally { passed, counted, left_out }: Tally) -> String {
    match (counted, left_out) {
        (0, 0) => "-".to_owned(),
        (_, 0) => format!("{passed}/{counted}"),
        (0, _) => format!("{left_out} undecided"),
        _ => format!("{passed}/{counted}, {left_out} undecided"),
    }
}

/// Of both clocks together.
pub(crate) fn tallies(test: &TestReport) -> String {
    tally(Tally::sum([test.virtual_clock, test.real_clock].into_iter()))
}
