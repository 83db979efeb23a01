//! Adds to each diagnostic the line that its place refers to, and prints warnings.

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::month::warnings::grouped;
use crate::printer::Printer;
use crate::sources;

/// Reads the lines that places refer to, where they are not known yet.
pub(super) fn fill<D: IntoIterator<Item = Diagnostic> + FromIterator<Diagnostic>>(root: &Path, diagnostics: D) -> D {
    let fill = |mut diagnostic: Diagnostic| {
        if let Some(place) = &mut diagnostic.place
            && let (Some(line), None) = (place.line, &place.excerpt)
        {
            place.excerpt = sources::row_text(&root.join(&place.path), line);
        }
        diagnostic
    };
    diagnostics.into_iter().map(fill).collect()
}

/// Prints a month's warnings, grouped where there are many of a kind; with `-v` one by one.
pub(super) fn print_warnings(root: &Path, warnings: &[Diagnostic], printer: &Printer) {
    let shown = if printer.verbose { warnings.to_vec() } else { grouped(warnings) };
    printer.diagnostics(&fill(root, shown));
}
