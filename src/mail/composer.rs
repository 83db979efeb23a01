//! [`Composer`]: makes the message of an issued document from its files, the rules it was made by, and a template.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::message::{self, AttachedFile, MessageParts};
use super::plan::Planned;
use super::rules::{IssuedRules, record_of};
use crate::diagnostic::{Diagnostic, Place, Problems, cannot, cause};
use crate::files;
use crate::ledger::{Document, Ledger, Stored};
use crate::model::customer::Customer;
use crate::model::mail::{Attached, MailSettings};
use crate::model::settings::Settings;
use crate::render::{Letter, LetterFacts, letter, letter_subject};

/// Reads a file of a document as it was issued, or makes it by the settings it was issued by.
pub type ReadFile<'a> = dyn Fn((&Stored, &Document), Attached, &Settings) -> Result<AttachedBytes, Diagnostic> + 'a;

/// Makes messages of issued documents.
pub struct Composer<'a> {
    root: &'a Path,
    pub(super) ledger: &'a Ledger,
    pub(super) settings: &'a Settings,
    pub(super) mail: &'a MailSettings,
    file: &'a ReadFile<'a>,
    /// The rules of each record by its name.
    rules: BTreeMap<String, IssuedRules>,
    /// The templates of messages by their paths.
    letters: BTreeMap<Option<String>, Letter>,
}

/// A message.
pub struct Composed {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its subject.
    pub subject: String,
    /// The names of its files.
    pub files: Vec<String>,
}

/// A file of a document as it was issued.
pub struct AttachedBytes {
    /// The content.
    pub bytes: Vec<u8>,
    /// Its name.
    pub name: String,
}

/// Path of the workspace's own template of messages, where no key names another.
const LETTER: &str = "templates/mail.txt";

impl<'a> Composer<'a> {
    /// A composer for issued documents. `file` reads a document's file as it was issued.
    pub fn new(
        (root, ledger, settings): (&'a Path, &'a Ledger, &'a Settings),
        mail: &'a MailSettings,
        file: &'a ReadFile<'a>,
    ) -> Composer<'a> {
        Composer { root, ledger, settings, mail, file, rules: BTreeMap::new(), letters: BTreeMap::new() }
    }

    /// Reads the rules and the template that a message needs.
    pub(super) fn prepare(&mut self, stored: &Stored, document: &Document) -> Result<(), Problems> {
        let record = record_of(self.ledger, stored, document);
        if let Entry::Vacant(new) = self.rules.entry(record.name.clone()) {
            new.insert(IssuedRules::read(self.root, record)?);
        }
        let body = self.customer(document)?.mail.body.as_ref();
        let path = body.map(|(path, _)| path.clone());
        if !self.letters.contains_key(&path) {
            let letter = self.letter(body.map(|(path, definition)| (path.as_str(), Place::from(definition))))?;
            self.letters.insert(path, letter);
        }
        Ok(())
    }

    /// Reads a template: the one that a key names, the workspace's own of the usual name, or the built-in one.
    fn letter(&self, named: Option<(&str, Place)>) -> Result<Letter, Problems> {
        let path = named.as_ref().map_or(LETTER, |(path, _)| path);
        let bytes = match (files::read(&self.root.join(path), files::TEXT), named) {
            (Ok(bytes), _) => bytes,
            (Err(error), None) if error.kind() == std::io::ErrorKind::NotFound => return Letter::load(None),
            (Err(error), Some((_, place))) => {
                let message = format!("cannot read the file that [mail] body names: {}", cause(&error));
                return Err(Diagnostic::error(message).at(place).with_hint("write it, or remove `body`").into());
            }
            (Err(error), None) => {
                let error: Diagnostic = anyhow::Error::from(error).context(cannot("read the file", path)).into();
                return Err(error.into());
            }
        };
        let text = String::from_utf8(bytes).map_err(|_| {
            Diagnostic::error("the template is not UTF-8").at(Place::file(path)).with_hint("save it as UTF-8")
        })?;
        Letter::load(Some((path.trim_start_matches("templates/"), text.trim_start_matches('\u{feff}'))))
    }

    /// The customer of a document, as it is now.
    fn customer(&self, document: &Document) -> Result<&'a Customer, Diagnostic> {
        self.settings.customer(&document.customer).ok_or_else(|| {
            let message =
                format!("there is no customer \"{}\" any more to send {} to", document.customer, document.number);
            Diagnostic::error(message).with_hint("put its file back, or name the others with --customer")
        })
    }

    /// A message with that date. The plan has read what it needs.
    ///
    /// # Errors
    /// A file that is not the one issued, a mistake in the template.
    pub fn message(&self, planned: &Planned<'_>, date: DateTime<Utc>, is_draft: bool) -> Result<Composed, Diagnostic> {
        let document = planned.document;
        let record = record_of(self.ledger, planned.stored, document);
        let customer = self.customer(document)?;
        let body = customer.mail.body.as_ref().map(|(path, _)| path.clone());
        let (Some(rules), Some(template)) = (self.rules.get(&record.name), self.letters.get(&body)) else {
            return Err(Diagnostic::could_not_run(format!("the message with {} was not planned", document.number)));
        };
        let issued = rules.customer(record, document)?;
        let attached = |kind: &Attached| -> Result<AttachedFile, Diagnostic> {
            let AttachedBytes { bytes, name } = (self.file)((planned.stored, document), *kind, &rules.settings)?;
            Ok(AttachedFile { name, kind: *kind, bytes })
        };
        let files = customer.mail.attach.iter().map(attached).collect::<Result<Vec<AttachedFile>, Diagnostic>>()?;
        let names = files.iter().map(|file| file.name.clone()).collect::<Vec<String>>();
        let facts = LetterFacts {
            kind: document.kind,
            number: &document.number,
            month: planned.stored.record.month,
            issue_date: document.issue_date,
            due_date: document.due_date,
            total: document.total,
            currency: document.currency,
            order_number: document.order_number.as_deref(),
            original: document.original.as_ref(),
        };
        let words = rules.templates.labels(issued.invoice.language, document.kind);
        let text = template.text(&letter(facts, (&rules.settings, issued), words, &names))?;
        let subject = letter_subject(customer.mail.subject.as_ref(), facts, issued);
        let subject = if planned.test.is_some() { format!("[TEST] {subject}") } else { subject };
        let bytes = message::message(MessageParts {
            from: &self.mail.from,
            reply_to: self.mail.reply_to.as_ref(),
            to: &planned.to,
            cc: &planned.cc,
            subject: &subject,
            date,
            message_id: &planned.message_id,
            number: &document.number,
            sha256: planned.sha256(),
            text,
            files,
            is_draft,
        })?;
        Ok(Composed { bytes, subject, files: names })
    }
}
