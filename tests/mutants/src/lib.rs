//! The catalogue of classic mistakes, and of correct designs, as small changes of the reference.
//!
//! * `../*.toml`, one file a group of rules: for each way to break a rule, the [`Mutant`]s that do
//!   it, or the reason why there is none.
//! * `../../variants/*.toml`: correct Rafts that differ from the reference in mechanism.
//!
//! A change names a file, a text that occurs in it exactly once, and what stands there instead. One
//! that does not fit the reference any more is an error, so the catalogue cannot rot unnoticed.
//!
//! | module | what it holds |
//! |---|---|
//! | `catalogue` | what the files say; reading and checking them |
//! | `change` | applying changes to the sources |
//! | `unasserted` | taking the reference's own assertions out, so that only the battery judges |
//! | `guide` | the catalogue as a page for students |
//!
//! What is not here: building and running a mutant (`grader`), and any knowledge of the battery's
//! tests beyond their names.

mod catalogue;
mod change;
mod guide;
mod unasserted;

pub use catalogue::{Break, Catalogue, CatalogueError, Exemption, Mutant, Variant, rule_of};
pub use change::{Change, ChangeError, apply};
pub use guide::{RuleText, guide};
pub use unasserted::without_assertions;
