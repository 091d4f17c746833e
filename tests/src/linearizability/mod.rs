//! Is what the clients saw explained by one service that did one operation at a time?
//!
//! A history is **linearizable** if every operation can be given one moment between its call and
//! its return, so that a single copy of the service, doing them in that order, answers what each
//! client was answered. An operation that never returned may take effect at any moment after its
//! call, or never.
//!
//! Start here: [`Recorder`] writes down what clients do, [`check`] judges the [`History`].
//!
//! ```
//! use std::time::Duration;
//! use lab_tests::linearizability::{Budget, History, KvInput, KvModel, Operation, Verdict, check};
//!
//! let at = Duration::from_millis;
//! let mut history = History::new();
//! history.push(Operation {
//!     client: 0,
//!     call: at(10),
//!     returned: Some(at(20)),
//!     input: KvInput::put("x", "1"),
//!     output: None,
//! });
//! history.push(Operation {
//!     client: 1,
//!     call: at(30),
//!     returned: Some(at(40)),
//!     input: KvInput::get("x"),
//!     output: Some(String::new()), // the put had returned: a stale read
//! });
//! let Verdict::NotLinearizable(evidence) = check(&KvModel, &history, Budget::default()) else {
//!     panic!("a stale read was accepted");
//! };
//! assert_eq!(evidence.key, "x");
//! println!("{evidence}");
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `history`, `recorder` | operations with their times; how they are written down |
//! | `model`, `kv`, `register` | what a service does, told as a state and a step; two of them |
//! | `verdict` | the three answers, the budget, what a check cost |
//! | `rounds` | one search a key, in rounds of growing length |
//! | `search`, `events`, `visited` | the search of one key; its list of events; its memory |
//! | `evidence` | why not: for a student to read, and for a picture |
//!
//! How it works, with the papers, and what the budget means: `docs/design/linearizability.md`.

mod events;
mod evidence;
mod history;
mod kv;
mod model;
mod recorder;
mod register;
mod rounds;
mod search;
mod verdict;
mod visited;

pub use evidence::{Evidence, EvidenceOperation};
pub use history::{History, Operation};
pub use kv::{KvInput, KvModel, KvState, KvStep};
pub use model::Model;
pub use recorder::{CallId, Recorder};
pub use register::{RegisterInput, RegisterModel, RegisterOutput};
pub use rounds::{check, check_measured};
pub use verdict::{Budget, Effort, GaveUp, UnfinishedKey, Verdict};
