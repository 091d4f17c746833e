//! That each specimen of the corpus of hostile submissions still fits the reference that it changes.
//! The example `corpus` grades them.
#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "what was found of them is looked at in the example")]
#[path = "../examples/support/specimen.rs"]
mod specimen;

use std::path::Path;

use specimen::Specimen;

#[test]
fn every_specimen_still_fits_the_reference() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = tempfile::tempdir().expect("a folder");
    let all = Specimen::all(&root.join("grader/tests/hostile"));
    assert!(all.len() >= 42, "there are {}", all.len());
    let count = all.len();
    for specimen in all {
        specimen.write(&root, folder.path());
    }
    let written = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(written, count, "each is a submission of its own");
}
