//! [`Composer::plan`]: which messages a run sends, and which not. Everything is checked for all of them before the first is sent.

use chrono::{DateTime, Utc};

use super::composer::{Composed, Composer};
use super::deliveries::{Deliveries, Delivery, DeliveryState, Queued};
use super::message;
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::ledger::{Document, Ledger, Stored};
use crate::model::format::Format;
use crate::model::invoice::DocumentKind;
use crate::model::mail::{CustomerMail, Mailbox, merged};
use crate::model::period::BillingMonth;
use crate::model::settings::PatternField;
use crate::staging::hash;

/// What to send.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The month.
    pub month: BillingMonth,
    /// Only documents of these customers; of all where empty.
    pub customers: &'a [String],
    /// Only documents of these numbers; all where empty.
    pub numbers: &'a [String],
    /// One document that is sent once more, and why.
    pub resend: Option<(&'a str, &'a str)>,
    /// Where test copies go instead of to the customers.
    pub test: Option<&'a Mailbox>,
}

/// A message of the plan.
#[derive(Clone, Debug)]
pub struct Planned<'l> {
    /// The record of its document.
    pub stored: &'l Stored,
    /// The document.
    pub document: &'l Document,
    /// Recipients that the header names; all of them where it was sent.
    pub to: Vec<Mailbox>,
    /// Recipients of copies that the header names.
    pub cc: Vec<Mailbox>,
    /// Recipients that no header names.
    pub bcc: Vec<Mailbox>,
    /// Envelope sender.
    pub sender: Mailbox,
    /// Subject.
    pub subject: String,
    /// Names of the attached files.
    pub files: Vec<String>,
    /// Bytes of the message; 0 where it is neither sent nor was.
    pub size: u64,
    /// What became of its latest delivery.
    pub state: Option<DeliveryState>,
    /// Why this run does not send it; none where it does.
    pub skipped: Option<Skipped>,
    /// Which delivery this would be.
    pub resend: u32,
    /// Why it is sent again.
    pub reason: Option<String>,
    /// Number of the test copy.
    pub test: Option<u32>,
    /// Its Message-ID.
    pub message_id: String,
}

/// Why a run does not send a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// It was sent.
    Sent,
    /// The server refused it.
    Refused,
    /// It may have been delivered.
    Unknown,
    /// An invoice that credit notes have taken back.
    Credited,
}

impl Planned<'_> {
    /// SHA-256 of the document.
    pub fn sha256(&self) -> &str {
        sha256(self.document)
    }

    /// A message that was queued: as the journal has it, whatever the workspace says now.
    fn with_queued(self, queued: &Queued) -> Self {
        Planned {
            to: queued.to.iter().filter_map(|address| Mailbox::parse(address).ok()).collect(),
            cc: Vec::new(),
            bcc: Vec::new(),
            sender: Mailbox::parse(&queued.from).unwrap_or(self.sender),
            subject: queued.subject.clone(),
            files: queued.files.clone(),
            size: queued.size,
            message_id: queued.message_id.clone(),
            ..self
        }
    }

    /// Everybody the message goes to.
    pub fn recipients(&self) -> Vec<Mailbox> {
        merged(self.to.iter().chain(&self.cc).chain(&self.bcc))
    }
}

/// SHA-256 of a document: that of its PDF, or of the first of its files where it has none.
fn sha256(document: &Document) -> &str {
    let output = document.output(Format::Pdf).or(document.outputs.first());
    output.map_or("", |output| output.sha256.as_str())
}

/// Whether nothing is left of an invoice.
pub(super) fn is_taken_back(ledger: &Ledger, document: &Document) -> Result<bool, Diagnostic> {
    if document.kind != DocumentKind::Invoice || ledger.credits_of(&document.number).next().is_none() {
        return Ok(false);
    }
    let left = ledger.left_of(document).of(format_args!("what is left of {}", document.number))?;
    Ok(left.is_zero())
}

impl<'a> Composer<'a> {
    /// The messages of a month, in the order in which their documents were issued.
    ///
    /// # Errors
    /// Everything that stands against sending them: customers without an address, files that are not those issued, mistakes
    /// in templates, messages that are too large.
    pub fn plan(
        &mut self,
        request: Request<'_>,
        deliveries: &Deliveries,
        now: DateTime<Utc>,
    ) -> Result<Vec<Planned<'a>>, Problems> {
        let selected = self.select(request)?;
        let mut problems = Problems::default();
        let mut planned: Vec<Planned<'a>> = Vec::new();
        let mut without_address: Vec<&Document> = Vec::new();
        for (stored, document) in selected {
            match self.planned(request, deliveries, (stored, document)) {
                Ok(one) => {
                    if one.skipped.is_none() && one.to.is_empty() {
                        without_address.push(document);
                    }
                    planned.push(one);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !without_address.is_empty() {
            problems.push(self.no_address(&without_address));
        }
        let mut same: Vec<Repeated> = Vec::new();
        for one in planned.iter_mut().filter(|one| one.skipped.is_none() && !one.to.is_empty()) {
            match self.prepare(one.stored, one.document).and_then(|()| Ok(self.dated(one, deliveries, now)?)) {
                Ok(Composed { bytes, subject, files }) => {
                    one.size = bytes.len() as u64;
                    (one.subject, one.files) = (subject, files);
                    problems.extend(self.too_large(one));
                }
                Err(found) => found.into_iter().for_each(|problem| count(&mut same, problem, &one.document.number)),
            }
        }
        problems.extend(same.into_iter().map(Repeated::told));
        problems.check()?;
        Ok(planned)
    }

    /// A message with its date. What a server has had is taken up as it was; where something about it has changed since, it is
    /// another message, with a number of its own.
    fn dated(
        &self,
        one: &mut Planned<'_>,
        deliveries: &Deliveries,
        now: DateTime<Utc>,
    ) -> Result<Composed, Diagnostic> {
        let begun = deliveries.find(&one.message_id).filter(|known| known.is_begun && one.test.is_none());
        if let Some(known) = begun {
            let composed = self.message(one, known.date, false)?;
            if hash(&composed.bytes) == known.queued.message_sha256 {
                return Ok(composed);
            }
            one.resend = one.resend.saturating_add(1);
            one.message_id = self.message_id(one.document, &format!("r{}", one.resend));
        }
        self.message(one, now, false)
    }

    fn message_id(&self, document: &Document, delivery: &str) -> String {
        message::message_id(&document.number, document.version, delivery, sha256(document), &self.mail.from)
    }

    /// The documents that the request is about.
    fn select(&self, request: Request<'_>) -> Result<Vec<(&'a Stored, &'a Document)>, Problems> {
        let mut problems = Problems::default();
        let asked = request.numbers.iter().map(String::as_str).chain(request.resend.map(|(number, _)| number));
        for number in asked {
            match self.ledger.expect(number) {
                Ok((stored, _)) if stored.record.month == request.month => {}
                Ok((stored, _)) => {
                    let message = format!("{number} is of {}, not of {}", stored.record.month, request.month);
                    let hint = format!("invoicer send {} --number {number}", stored.record.month);
                    problems.push(Diagnostic::error(message).with_hint(hint));
                }
                Err(problem) => problems.push(problem),
            }
        }
        problems.check()?;
        let is_wanted = |document: &Document| match request.resend {
            Some((number, _)) => document.number == number,
            None => {
                (request.customers.is_empty() || request.customers.contains(&document.customer))
                    && (request.numbers.is_empty() || request.numbers.contains(&document.number))
            }
        };
        let all = self.ledger.of_month(request.month);
        let all = all.flat_map(|stored| stored.record.documents.iter().map(move |document| (stored, document)));
        Ok(all.filter(|(_, document)| is_wanted(document)).collect())
    }

    fn planned(
        &self,
        request: Request<'_>,
        deliveries: &Deliveries,
        (stored, document): (&'a Stored, &'a Document),
    ) -> Result<Planned<'a>, Diagnostic> {
        let number = document.number.as_str();
        let latest = deliveries.latest(number);
        let test = request.test.map(|_| deliveries.tests(number).saturating_add(1));
        let (resend, reason) = match (request.resend, latest) {
            (Some((_, reason)), latest) => (next_resend(number, latest)?, Some(reason.to_owned())),
            (None, Some(latest)) => (latest.queued.resend, latest.queued.reason.clone()),
            (None, None) => (0, None),
        };
        let customer = self.settings.customer(&document.customer);
        let (to, cc, bcc) = match (request.test, customer.map(|customer| &customer.mail)) {
            (Some(test), _) => (vec![test.clone()], Vec::new(), Vec::new()),
            (None, Some(mail)) => addressees(mail, deliveries.may_be_known(number)),
            (None, None) => (Vec::new(), Vec::new(), Vec::new()),
        };
        let skipped = match request.test {
            Some(_) => None,
            None => self.skipped(request, latest, document)?,
        };
        let delivery = test.map_or_else(|| format!("r{resend}"), |test| format!("t{test}"));
        let planned = Planned {
            stored,
            document,
            to,
            cc,
            bcc,
            sender: self.sender(request.month, document)?,
            subject: String::new(),
            files: Vec::new(),
            size: 0,
            state: latest.map(|delivery| delivery.state),
            skipped,
            resend,
            reason,
            test,
            message_id: self.message_id(document, &delivery),
        };
        Ok(match (&planned.skipped, latest) {
            (Some(Skipped::Sent | Skipped::Refused | Skipped::Unknown), Some(known)) => {
                planned.with_queued(&known.queued)
            }
            _ => planned,
        })
    }

    fn skipped(
        &self,
        request: Request<'_>,
        latest: Option<&Delivery>,
        document: &Document,
    ) -> Result<Option<Skipped>, Diagnostic> {
        let is_resent = request.resend.is_some();
        Ok(match latest.map(|delivery| delivery.state) {
            Some(DeliveryState::Sent) if !is_resent => Some(Skipped::Sent),
            Some(DeliveryState::Refused) if !is_resent => Some(Skipped::Refused),
            Some(DeliveryState::Unknown) if !is_resent => Some(Skipped::Unknown),
            _ if is_resent || request.numbers.contains(&document.number) => None,
            _ => is_taken_back(self.ledger, document)?.then_some(Skipped::Credited),
        })
    }

    /// The envelope sender.
    fn sender(&self, month: BillingMonth, document: &Document) -> Result<Mailbox, Diagnostic> {
        let Some(bounce) = &self.mail.bounce else {
            return Ok(self.mail.from.clone());
        };
        let address = bounce.fill(|field| match field {
            PatternField::Number => message::name(&document.number),
            PatternField::Customer => message::name(&document.customer),
            _ => month.to_string(),
        });
        Mailbox::parse(&address).map_err(|_| {
            let message = format!("`bounce` gives no address for {}: {address}", document.number);
            Diagnostic::error(message)
                .at(&self.mail.definition)
                .with_hint("an address has at most 64 characters before the @")
        })
    }

    fn no_address(&self, documents: &[&Document]) -> Diagnostic {
        let mut ids: Vec<&str> = documents.iter().map(|document| document.customer.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let message = format!("customers without an address to send to: {}", ids.join(", "));
        let path = |id: &str| {
            self.settings.customer(id).map_or_else(|| format!("customers/{id}.toml"), |customer| customer.path.clone())
        };
        let diagnostic = Diagnostic::error(message).at(Place::file(path(ids[0])));
        let others =
            ids[1..].iter().fold(diagnostic, |diagnostic, id| diagnostic.with_note(format!("see {}", path(id))));
        others.with_hint("add [mail] with to = [\"keiri@acme.example\"], or name the others with --customer")
    }

    fn too_large(&self, planned: &Planned<'_>) -> Option<Diagnostic> {
        let most = self.mail.max_size;
        let message =
            format!("the message with {} has {} bytes, max-size allows {most}", planned.document.number, planned.size);
        let hint = "attach fewer files, or raise `max-size` in [mail] if the customer's server takes more";
        (planned.size > most).then(|| Diagnostic::error(message).at(&self.mail.definition).with_hint(hint))
    }
}

/// A problem of one or more messages, such as a mistake in their template.
struct Repeated {
    problem: Diagnostic,
    /// Number of the first document.
    number: String,
    /// How many more there are.
    more: usize,
}

/// Adds a problem to those of other messages.
fn count(all: &mut Vec<Repeated>, problem: Diagnostic, number: &str) {
    let is_same =
        |known: &&mut Repeated| (&known.problem.message, &known.problem.place) == (&problem.message, &problem.place);
    match all.iter_mut().find(is_same) {
        Some(known) => known.more += 1,
        None => all.push(Repeated { problem, number: number.to_owned(), more: 0 }),
    }
}

impl Repeated {
    fn told(self) -> Diagnostic {
        let Repeated { problem, number, more } = self;
        match more {
            0 if problem.message.contains(&number) => problem,
            0 => problem.with_note(format!("in the message with {number}")),
            1 => problem.with_note(format!("in the message with {number} and in 1 more")),
            more => problem.with_note(format!("in the message with {number} and in {more} more")),
        }
    }
}

/// To, copies, and hidden copies of a customer, nobody twice. Who gets hidden copies gets the first delivery alone.
fn addressees(mail: &CustomerMail, is_known: bool) -> (Vec<Mailbox>, Vec<Mailbox>, Vec<Mailbox>) {
    let without = |all: &[Mailbox], before: &[Mailbox]| -> Vec<Mailbox> {
        merged(all).into_iter().filter(|one| !before.iter().any(|known| known.is_same(one))).collect()
    };
    let to = merged(&mail.to);
    let cc = without(&mail.cc, &to);
    let bcc = if is_known { Vec::new() } else { without(&mail.bcc, &[to.as_slice(), &cc].concat()) };
    (to, cc, bcc)
}

/// Number of the delivery that the user asked for.
fn next_resend(number: &str, latest: Option<&Delivery>) -> Result<u32, Diagnostic> {
    match latest {
        Some(latest) if !matches!(latest.state, DeliveryState::Queued | DeliveryState::Failed) => {
            Ok(latest.queued.resend.saturating_add(1))
        }
        _ => {
            let diagnostic = Diagnostic::error(format!("{number} was not sent yet, so it cannot be sent again"));
            Err(diagnostic.with_hint(format!("send it without --resend: --number {number} --yes")))
        }
    }
}
