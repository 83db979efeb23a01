//! The messages in `issued/MONTH.mail/`, compared with the journal, which has the hash of each. What no line is about was sent,
//! or may have been: lines of the journal were removed, and sending would deliver it again.

use std::path::Path;

use super::deliveries::{Deliveries, directory, message_path};
use super::message::name;
use crate::diagnostic::{Diagnostic, Place};
use crate::files;
use crate::ledger::journal::JournalKind;
use crate::model::period::BillingMonth;
use crate::staging::digest;

/// What is wrong with the messages of a month.
#[derive(Debug, Default)]
pub struct Wrong {
    /// Messages that no line of the journal is about.
    pub unknown: Vec<Diagnostic>,
    /// Messages that are not those of the journal.
    pub changed: Vec<Diagnostic>,
    /// Messages of the journal that are gone.
    pub gone: Vec<Diagnostic>,
}

const HINT: &str = "issued/ is never edited: put back what git or a backup has";

/// Compares the messages of a month with its journal.
pub fn compare(root: &Path, month: BillingMonth, deliveries: &Deliveries) -> Wrong {
    let mut wrong = Wrong::default();
    let known: Vec<(String, bool, &str)> = deliveries
        .messages()
        .map(|one| {
            let path = message_path(month, &name(&one.queued.number), one.queued.resend);
            (path, one.is_begun, one.queued.message_sha256.as_str())
        })
        .collect();
    for (path, is_begun, sha256) in &known {
        let error = |message: &str| Diagnostic::error(message).at(Place::file(path)).with_hint(HINT);
        match digest(&root.join(path)) {
            Ok((_, found)) if found == *sha256 => {}
            Ok(_) => wrong.changed.push(error("the message is not the one that was sent")),
            Err(_) if *is_begun => wrong.gone.push(error("the message that was sent is gone")),
            Err(_) => {}
        }
    }
    let directory = directory(month);
    let names = files::names(&root.join(&directory)).unwrap_or_default();
    let names = names.iter().filter_map(|name| name.to_str()).filter(|name| !name.starts_with('.'));
    for path in names.map(|name| format!("{directory}/{name}")) {
        if !known.iter().any(|(known, ..)| *known == path) {
            wrong.unknown.push(unknown(month, &path));
        }
    }
    wrong
}

fn unknown(month: BillingMonth, path: &str) -> Diagnostic {
    let journal = JournalKind::Sent.path(month);
    let message = format!("this message may have been sent, and no line of {journal} is about it: lines were removed");
    Diagnostic::error(message)
        .at(Place::file(path))
        .with_hint(format!("put {journal} back as git or a backup has it; until then nothing of the month is sent"))
}
