//! Reads the texts of a workspace.

use std::path::Path;

use anyhow::Context;

use crate::diagnostic::{Diagnostic, Place, cannot};
use crate::files;

/// Reads a text file of the workspace.
pub(super) fn read_text(root: &Path, path: &str) -> Result<String, Diagnostic> {
    let bytes = files::read(&root.join(path), files::TEXT).with_context(|| cannot("read the file", path))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        let place = Place::line(path, u32::try_from(line).unwrap_or(u32::MAX));
        Diagnostic::error("the file is not UTF-8")
            .at(place)
            .with_hint("save it as UTF-8 (in some editors: \"UTF-8 without BOM\")")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
