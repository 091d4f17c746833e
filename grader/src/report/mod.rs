//! What is told of a grading: one model, and one format a file.
//!
//! | module | what it holds |
//! |---|---|
//! | `model` | all there is to tell, scored |
//! | `progress` | what is told while runs are made |
//! | `terminal` | tables and failures, for people |
//! | `json` | the same for programs |

pub(crate) mod json;
pub(crate) mod model;
pub(crate) mod progress;
pub(crate) mod terminal;
