//! Changing the sources of the reference.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// One replacement in one file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The file, relative to the root of the workspace.
    pub file: String,
    /// What must occur in it exactly once.
    pub find: String,
    /// What stands there afterwards.
    pub replace: String,
}

/// Why changes cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The file is not there.
    #[error("`{file}` cannot be read: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text to replace is not there exactly once.
    #[error(
        "the text to replace occurs {count} times in `{file}`, and must occur once (hint: the \
         reference has changed; make the change fit it again):\n{find}"
    )]
    NotOnce {
        /// The file.
        file: String,
        /// What was looked for.
        find: String,
        /// How often it was found.
        count: usize,
    },
    /// Nothing is different afterwards.
    #[error("a change of `{file}` replaces a text by itself:\n{find}")]
    Idle {
        /// The file.
        file: String,
        /// The text.
        find: String,
    },
}

/// Makes `changes`, one after the other, in the sources of the workspace at `root`; gives the new
/// text of each file that is touched, and writes nothing.
///
/// # Errors
/// If a change does not fit.
pub fn apply(changes: &[Change], root: &Path) -> Result<BTreeMap<String, String>, ChangeError> {
    let mut texts = BTreeMap::<String, String>::new();
    for Change { file, find, replace } in changes {
        if !texts.contains_key(file) {
            let text = fs::read_to_string(root.join(file))
                .map_err(|source| ChangeError::Unreadable { file: file.clone(), source })?;
            texts.insert(file.clone(), text);
        }
        let text = &texts[file];
        let count = text.matches(find.as_str()).count();
        if count != 1 {
            return Err(ChangeError::NotOnce { file: file.clone(), find: find.clone(), count });
        }
        if find == replace {
            return Err(ChangeError::Idle { file: file.clone(), find: find.clone() });
        }
        let changed = text.replacen(find, replace, 1);
        texts.insert(file.clone(), changed);
    }
    Ok(texts)
}
