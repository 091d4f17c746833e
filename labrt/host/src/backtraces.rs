//! Backtraces as a student wants them: their own frames, with file and line.

use backtrace::Symbol;

/// The frames of the calling thread that belong to neither std nor the framework, innermost first.
pub(crate) fn capture() -> String {
    let mut lines = String::new();
    backtrace::trace(|frame| {
        backtrace::resolve_frame(frame, |symbol| {
            if let Some(line) = line_of(symbol) {
                if !lines.is_empty() {
                    lines.push('\n');
                }
                lines.push_str(&line);
            }
        });
        true
    });
    lines
}

/// The frame as a line, unless it is of no interest to who wrote the lab code.
fn line_of(symbol: &Symbol) -> Option<String> {
    let file = symbol.filename()?.to_string_lossy().replace('\\', "/");
    let foreign = [
        "/rustc/",
        "/.cargo/registry/",
        "/library/std/",
        "/library/core/",
        "/labrt/host/src/",
        "/labrt/src/",
    ];
    if foreign.iter().any(|part| file.contains(part)) {
        return None;
    }
    let name = symbol.name().map_or("?".to_owned(), |name| format!("{name:#}"));
    Some(format!("{name} at {file}:{}", symbol.lineno().unwrap_or(0)))
}
