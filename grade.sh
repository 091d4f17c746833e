#!/bin/sh
# Grades the working tree, or submissions: builds the grader, and hands over to it. `./grade.sh --help`
# says more.
root=$(cd "$(dirname "$0")" && pwd) || exit 120

if ! command -v cargo >/dev/null 2>&1; then
    cat >&2 <<'END'
error[toolchain]: cargo is not installed, or not on the PATH
run     curl https://sh.rustup.rs -sSf | sh        or see https://rustup.rs
means   no test was run; exit code 120
END
    exit 120
fi

if ! cargo build --release --quiet -p grader --manifest-path "$root/Cargo.toml"; then
    cat >&2 <<'END'
error[grader]: the grader itself does not build; what cargo says stands above
run     cargo build --release -p grader
means   no test was run, and nothing is said of the code under test; exit code 120
END
    exit 120
fi

export LAB_WORKSPACE="$root"
exec cargo run --release --quiet -p grader --manifest-path "$root/Cargo.toml" -- "$@"
