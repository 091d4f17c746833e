//! The flags of `./grade.sh replay`.

use std::path::PathBuf;

use clap::Args;
use lab_record::Clock;

use super::{BatteryArgs, EDITIONS};

/// Makes one run again, and says whether it went the same way.
///
/// Exit codes: 0 it went as expected, or passed where nothing was expected; 1 it did not pass; 2
/// inconclusive; 6 it did not reproduce: another build or platform.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The test, with or without its part
    #[arg(value_name = "TEST")]
    pub(crate) test: String,

    /// The seed of the run
    #[arg(long, value_name = "N")]
    pub(crate) seed: u64,

    /// The clock of the run; the real one does not repeat itself
    #[arg(long, value_name = "CLOCK", default_value = "virtual")]
    pub(crate) clock: Clock,

    /// The event hash that the run had: 16 hexadecimal digits
    #[arg(long, value_name = "HASH", value_parser = event_hash)]
    pub(crate) expect: Option<u64>,

    /// Take the expected event hash from the results of a stress run, or of a merge
    #[arg(long, value_name = "DIR", conflicts_with = "expect")]
    pub(crate) results: Option<PathBuf>,

    /// Write every event of the run to FILE; only under the virtual clock
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// The edition of the scenarios, see docs/battery.md [default: the one that is graded]
    #[arg(long, value_name = "NAME", value_parser = EDITIONS)]
    pub(crate) edition: Option<String>,

    #[command(flatten)]
    pub(crate) battery: BatteryArgs,
}

fn event_hash(text: &str) -> Result<u64, String> {
    let is_hash = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u64::from_str_radix(text, 16) {
        Ok(hash) if is_hash => Ok(hash),
        _ => Err("an event hash is 16 hexadecimal digits, as reports print it".to_owned()),
    }
}
