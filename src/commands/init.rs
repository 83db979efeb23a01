//! `invoicer init`: a workspace that builds at once.

use std::fs;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Place, cause};
use crate::printer::Printer;

/// The workspace of `examples/starter`, by path.
const FILES: [(&str, &str); 5] = [
    ("invoicer.toml", include_str!("../../examples/starter/invoicer.toml")),
    ("customers/aozora.toml", include_str!("../../examples/starter/customers/aozora.toml")),
    ("customers/komugi.toml", include_str!("../../examples/starter/customers/komugi.toml")),
    ("billing/202208/soracom.csv", include_str!("../../examples/starter/billing/202208/soracom.csv")),
    (".gitignore", "# written by `invoicer build`, safe to delete\nout/\n"),
];

/// Writes the workspace to `target`, seen from `start`.
pub(super) fn run(start: &Path, target: &Path, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let directory = start.join(target);
    let shown =
        |path: &str| if target == Path::new(".") { path.to_owned() } else { target.join(path).display().to_string() };
    let taken = FILES.iter().find(|(path, _)| directory.join(path).exists());
    if let Some((path, _)) = taken {
        let diagnostic = Diagnostic::error("the file is there already; nothing was overwritten");
        let diagnostic = diagnostic.at(Place::file(shown(path)));
        return Err(vec![diagnostic.with_hint("name an empty directory: invoicer init DIR")]);
    }
    for (path, text) in FILES {
        let full = directory.join(path);
        let write = || {
            if let Some(parent) = full.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&full, text)
        };
        write().map_err(|error| {
            vec![
                Diagnostic::could_not_run(format!("cannot write the file: {}", cause(&error)))
                    .at(Place::file(shown(path))),
            ]
        })?;
        printer.result(&shown(path));
    }
    let enter = if target == Path::new(".") { String::new() } else { format!("cd {} && ", target.display()) };
    printer.status(&format!("next: {enter}invoicer build 202208"));
    Ok(())
}
