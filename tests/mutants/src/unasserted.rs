//! Taking the reference's own assertions out.
//!
//! The reference watches itself: a mistake in it often ends in an assertion, which says nothing of
//! the battery, for a student's program has none. So a mutant is built without them.

/// What stands before the modules of a crate, and shadows the macros of the same names: their
/// arguments are checked by the compiler, and nothing is done.
const SHADOWS: &str = "\
#[allow(unused_macros)]
macro_rules! assert { ($($tokens:tt)*) => { if false { ::core::assert!($($tokens)*); } }; }
#[allow(unused_macros)]
macro_rules! assert_eq { ($($tokens:tt)*) => { if false { ::core::assert_eq!($($tokens)*); } }; }
#[allow(unused_macros)]
macro_rules! assert_ne { ($($tokens:tt)*) => { if false { ::core::assert_ne!($($tokens)*); } }; }
#[allow(unused_macros)]
macro_rules! debug_assert { ($($tokens:tt)*) => { if false { ::core::assert!($($tokens)*); } }; }
";

/// The root file of a crate (`lib.rs`), changed so that no assertion of the crate is ever checked.
/// Built without `debug_assertions`, its invariants are not either.
///
/// ```
/// let root = "//! Docs.\n\nmod one;\nmod two;\n";
/// let changed = lab_mutants::without_assertions(root);
/// assert!(changed.starts_with("//! Docs.\n\n#[allow(unused_macros)]\nmacro_rules! assert "));
/// assert!(changed.ends_with("mod one;\nmod two;\n"));
/// ```
pub fn without_assertions(root: &str) -> String {
    let is_head = |line: &&str| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with("//!") || line.starts_with("#![")
    };
    let head: usize = root.split_inclusive('\n').take_while(is_head).map(str::len).sum();
    format!("{}{SHADOWS}\n{}", &root[..head], &root[head..])
}
