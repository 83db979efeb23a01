//! Prints one HTML file the way invoices are printed: `cargo run --example print -- FILE.html OUT.pdf [FONT…]`.
//!
//! Images are read relative to the HTML file; fonts are tried before the built-in faces. Errors are printed as
//! `file:line:column: message`, and then no file is written.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::{env, fs};

use pages::layout::{Faces, Picture, lay_out};
use pages::pdf::{Metadata, write};

#[expect(clippy::print_stderr, reason = "an example talks to whoever runs it")]
fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [html, pdf, fonts @ ..] = arguments.as_slice() else {
        eprintln!("usage: print FILE.html OUT.pdf [FONT…]");
        return ExitCode::from(2);
    };
    match print(Path::new(html), Path::new(pdf), fonts) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn print(html: &Path, pdf: &Path, fonts: &[String]) -> Result<(), String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let source = String::from_utf8(read(html)?).map_err(|_| format!("{}: expected UTF-8", html.display()))?;
    let files = fonts.iter().map(|font| Ok((font.clone(), read(Path::new(font))?))).collect::<Result<_, String>>()?;
    let faces = Faces::with_files(files).map_err(|error| error.to_string())?;
    let folder = html.parent().unwrap_or(Path::new(""));
    let image = |src: &str| Picture::read(&read(&folder.join(src))?).map(Arc::new);
    let document = lay_out(&source, &faces, &image).map_err(|faults| {
        let told = faults.iter().map(|fault| {
            let hint = fault.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            format!("{}:{}:{}: {}{hint}", html.display(), fault.line, fault.column, fault.message)
        });
        told.collect::<Vec<_>>().join("\n")
    })?;
    if let [first, ..] = document.missing.as_slice() {
        return Err(format!("{}:{}:{}: no face has {:?}", html.display(), first.line, first.column, first.character));
    }
    let title = html.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let metadata = Metadata {
        program: "print".to_owned(),
        title,
        author: String::new(),
        subject: String::new(),
        language: "ja".to_owned(),
        // A document's date comes from its data, never from a clock; a bare HTML file has none.
        date: chrono::NaiveDate::default(),
        attachments: Vec::new(),
    };
    let bytes = write(&document, &faces, &metadata).map_err(|error| error.to_string())?;
    fs::write(pdf, bytes).map_err(|error| format!("{}: {error}", pdf.display()))
}
