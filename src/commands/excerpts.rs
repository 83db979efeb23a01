//! Shows, below a diagnostic's place, the line it speaks of.

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::sources;

/// Reads the lines that places name, where they are not known yet.
pub(super) fn fill(root: &Path, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    for place in diagnostics.iter_mut().filter_map(|diagnostic| diagnostic.place.as_mut()) {
        if let (Some(line), None) = (place.line, &place.excerpt) {
            place.excerpt = sources::row_text(&root.join(&place.path), line);
        }
    }
    diagnostics
}
