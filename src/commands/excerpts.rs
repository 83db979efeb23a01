//! Shows, below a diagnostic's place, the line it speaks of.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::diagnostic::Diagnostic;

/// Reads the lines that places name, where they are not known yet.
pub(super) fn fill(root: &Path, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    for place in diagnostics.iter_mut().filter_map(|diagnostic| diagnostic.place.as_mut()) {
        if let (Some(line), None) = (place.line, &place.excerpt) {
            place.excerpt = read_line(&root.join(&place.path), line);
        }
    }
    diagnostics
}

fn read_line(path: &Path, line: u32) -> Option<String> {
    let mut reader = BufReader::new(File::open(path).ok()?);
    let mut bytes = Vec::new();
    for _ in 0..line {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).ok()? == 0 {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    Some(text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']).to_owned())
}
