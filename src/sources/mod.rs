//! Providers' bytes in, a [`Bill`] out: every row kept, with the file and line it came from.

mod files;
mod kore;
mod overlap;
mod problems;
mod sakura;
mod soracom;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Place, cause};
use crate::model::charge::{Bill, BillFile, BillSource};
use crate::model::period::BillingMonth;
use crate::model::settings::{Settings, SourceKind, SourceSettings};

/// Reads all sources' bills of a month.
///
/// # Errors
/// A source without any file, files that cannot be read, every kind of row that is not understood.
pub fn read(root: &Path, settings: &Settings, month: BillingMonth) -> Result<Bill, Vec<Diagnostic>> {
    let mut bill = Bill::new(month);
    let mut problems = Vec::new();
    for source in &settings.sources {
        if let Err(found) = read_source(root, source, &mut bill) {
            problems.extend(found);
        }
    }
    if problems.is_empty() { Ok(bill) } else { Err(problems) }
}

fn read_source(root: &Path, source: &SourceSettings, bill: &mut Bill) -> Result<(), Vec<Diagnostic>> {
    let index = u16::try_from(bill.sources.len()).map_err(|_| vec![Diagnostic::error("more than 65535 sources")])?;
    bill.sources.push(BillSource {
        name: source.name.clone(),
        kind: source.kind,
        currency: source.currency,
        stated_tax: None,
        stated_total: None,
    });
    match source.kind {
        SourceKind::SoracomCsv | SourceKind::SakuraCsv => {}
        SourceKind::KoreApi => return kore::read(bill, index, root, source),
        _ => return Err(vec![not_available(source)]),
    }
    let paths = files::of_source(root, source, bill.month).map_err(|diagnostic| vec![diagnostic])?;
    let mut problems = Vec::new();
    for path in paths {
        let canonical = |path: &str| root.join(path).canonicalize().ok();
        if let Some(other) = bill.files.iter().find(|file| canonical(&file.path) == canonical(&path)) {
            let first = &bill.sources[usize::from(other.source)].name;
            problems.push(overlap::file_of_two_sources(&path, first, &source.name));
            continue;
        }
        let file = u16::try_from(bill.files.len()).map_err(|_| vec![Diagnostic::error("more than 65535 files")])?;
        bill.files.push(BillFile { path: path.clone(), source: index, length: 0 });
        let read = match source.kind {
            SourceKind::SakuraCsv => sakura::read_file(bill, index, file, root),
            _ => soracom::read_file(bill, index, file, root, source),
        };
        if let Err(found) = read {
            problems.extend(found);
        }
    }
    if problems.is_empty() {
        problems.extend(overlap::of_files(root, bill, index));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// SHA-256 of each file of a bill, as lower-case hex.
///
/// # Errors
/// Files that cannot be read again, or are no longer what was read.
pub fn hashes(root: &Path, bill: &Bill) -> Result<Vec<String>, Vec<Diagnostic>> {
    let hash = |file: &BillFile| {
        let place = || Place::file(&file.path);
        let opened = std::fs::File::open(root.join(&file.path));
        let hashed = opened.and_then(|mut opened| -> std::io::Result<(u64, Sha256)> {
            let mut hash = Sha256::new();
            let (mut length, mut buffer) = (0, vec![0; 1 << 16]);
            loop {
                match opened.read(&mut buffer)? {
                    0 => return Ok((length, hash)),
                    count => {
                        hash.update(&buffer[..count]);
                        length += count as u64;
                    }
                }
            }
        });
        match hashed {
            Ok((length, hash)) if length == file.length => {
                Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
            }
            Ok(_) => Err(Diagnostic::could_not_run("the file changed while it was read")
                .at(place())
                .with_hint("run the command again")),
            Err(error) => {
                Err(Diagnostic::could_not_run(format!("cannot read the file: {}", cause(&error))).at(place()))
            }
        }
    };
    let hashes: Vec<Result<String, Diagnostic>> = bill.files.iter().map(hash).collect();
    let problems: Vec<Diagnostic> = hashes.iter().filter_map(|result| result.as_ref().err().cloned()).collect();
    if problems.is_empty() { Ok(hashes.into_iter().flatten().collect()) } else { Err(problems) }
}

/// The text of a row of a bill, on one line, to be shown below a message about it; rows of an answer in JSON are the
/// records of its list, or the lines of the CSV in it. None when the file cannot be read or has no such row.
pub fn row_text(path: &Path, row: u32) -> Option<String> {
    if path.extension().is_some_and(|extension| extension == "json") {
        let text = std::fs::read_to_string(path).ok()?;
        return sakura::line(&text, row).or_else(|| kore::record(&text, row));
    }
    let mut reader = BufReader::new(std::fs::File::open(path).ok()?);
    let mut bytes = Vec::new();
    for _ in 0..row {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).ok()? == 0 {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    Some(text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']).to_owned())
}

fn not_available(source: &SourceSettings) -> Diagnostic {
    let kind = source.kind.name();
    Diagnostic::error(format!("the source \"{}\" is of kind \"{kind}\", which is not available yet", source.name))
        .at(Place::line(&source.definition.path, source.definition.line))
        .with_hint(match source.kind {
            SourceKind::SoracomApi => {
                "use kind = \"soracom-csv\" with a file saved from the console, or remove the source"
            }
            SourceKind::SakuraApi => {
                "use kind = \"sakura-csv\" with a file saved from the control panel, or remove the source"
            }
            _ => "remove the source for now; it is not read by this version",
        })
}
