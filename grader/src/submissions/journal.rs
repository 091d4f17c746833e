//! Results so far, a line each, so that an interrupted grading goes on where it ended.
//!
//! The first line says what the results depend on. Where that has changed, they are of no use,
//! and the journal begins anew.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::report::json::write_whole;
use crate::report::model::RunReport;

/// The version of the journal. Raised whenever a line changes its meaning.
const FORMAT: u32 = 1;

#[derive(PartialEq, Serialize, Deserialize)]
struct Head {
    format: u32,
    depends_on: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    test: String,
    run: RunReport,
}

/// The journal of one submission, open for more.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
}

impl Journal {
    /// Opens the journal at `path`, and reads the results that stand in it.
    pub(crate) fn open(path: &Path, depends_on: &str) -> io::Result<(Self, Vec<RunReport>)> {
        let head = Head { format: FORMAT, depends_on: depends_on.to_owned() };
        let earlier = read(path, &head).unwrap_or_default();
        // Written anew, so that a line that broke off does not spoil the next.
        let mut text = json_line(&head)?;
        for run in &earlier {
            text.push_str(&json_line(&Line { test: run.test.clone(), run: run.clone() })?);
        }
        write_whole(path, text.as_bytes())?;
        let file = File::options().append(true).open(path)?;
        Ok((Journal { file }, earlier))
    }

    /// Adds a result. A repeated run stands after its earlier attempt.
    pub(crate) fn add(&mut self, run: &RunReport) -> io::Result<()> {
        let line = json_line(&Line { test: run.test.clone(), run: run.clone() })?;
        self.file.write_all(line.as_bytes())
    }
}

/// `None` where there is no journal, or one of something else.
fn read(path: &Path, head: &Head) -> Option<Vec<RunReport>> {
    let mut lines = BufReader::new(File::open(path).ok()?).lines();
    let found: Head = serde_json::from_str(&lines.next()?.ok()?).ok()?;
    if found != *head {
        return None;
    }
    let results = lines.map_while(|line| {
        let Line { test, mut run } = serde_json::from_str(&line.ok()?).ok()?;
        run.test = test;
        Some(run)
    });
    Some(results.collect())
}

fn json_line(value: &impl Serialize) -> io::Result<String> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    Ok(line)
}
