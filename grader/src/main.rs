//! The grader behind `./grade.sh`.

fn main() -> std::process::ExitCode {
    grader::main()
}
