//! [`Deliveries`]: what became of a month's messages, as its journal `issued/MONTH.sent.jsonl` has it.
//!
//! A message is `queued`, with everything that identifies it; then `sending`, written after the server has asked for the
//! message and before the first byte of it; then what became of it. A run that was killed before `sending` has delivered
//! nothing, and the next run begins again. One that was killed after it may have delivered the message: it is `unknown`, and
//! only the user can have it sent again. The message is kept in `issued/MONTH.mail/` just before that line: one that is kept
//! and was not asked for is `unknown` too, since the end of the journal may be gone.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use super::message::name;
use crate::diagnostic::Diagnostic;
use crate::ledger::journal::{Journal, JournalKind};
use crate::ledger::{DIRECTORY, Document};
use crate::model::period::BillingMonth;

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was written.
    pub time: DateTime<Utc>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happens to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// It is to be sent.
    Queued(Queued),
    /// The server asked for it.
    Sending {
        /// Its Message-ID.
        message_id: String,
    },
    /// The server accepted it.
    Sent {
        /// Its Message-ID.
        message_id: String,
        /// What the server said.
        reply: String,
    },
    /// The server refused it for good.
    Refused {
        /// Its Message-ID.
        message_id: String,
        /// What the server said.
        reply: String,
    },
    /// It was not delivered, and another attempt may help.
    Failed {
        /// Its Message-ID.
        message_id: String,
        /// Why.
        reply: String,
    },
    /// Nobody can tell whether it was delivered.
    Unknown {
        /// Its Message-ID.
        message_id: String,
        /// Why.
        reply: String,
    },
}

/// A message that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Its Message-ID, which names it in the lines after this.
    pub message_id: String,
    /// Number of the document.
    pub number: String,
    /// Version of the document.
    pub version: u32,
    /// 0 for the first delivery, and one more for each that the user asked for, or that is made of something else after the
    /// server has had the message.
    pub resend: u32,
    /// Why it is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Number of the test copy; none for what goes to the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<u32>,
    /// SHA-256 of the document.
    pub sha256: String,
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Subject.
    #[serde(default)]
    pub subject: String,
    /// Names of the attached files.
    #[serde(default)]
    pub files: Vec<String>,
    /// Bytes of the message.
    #[serde(default)]
    pub size: u64,
    /// SHA-256 of the message.
    pub message_sha256: String,
}

/// What became of a message so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// It is to be sent, and no server has it.
    Queued,
    /// It was not delivered, and the next run tries again.
    Failed,
    /// The server accepted it.
    Sent,
    /// The server refused it.
    Refused,
    /// It may have been delivered.
    Unknown,
}

impl DeliveryState {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            DeliveryState::Queued => "queued",
            DeliveryState::Failed => "failed",
            DeliveryState::Sent => "sent",
            DeliveryState::Refused => "refused",
            DeliveryState::Unknown => "unknown",
        }
    }
}

/// A message with its state.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The message.
    pub queued: Queued,
    /// When it was queued, which is its date.
    pub date: DateTime<Utc>,
    /// Its state.
    pub state: DeliveryState,
    /// What the server said, or why it failed.
    pub reply: String,
    /// Whether a server has asked for it, now or before. It is kept then, and never written again with other bytes.
    pub is_begun: bool,
    /// Whether the last line about it is that the server asked for it: the run was killed after that.
    is_interrupted: bool,
}

/// A month's messages.
#[derive(Debug)]
pub struct Deliveries {
    journal: Journal<Entry>,
    /// The messages of each document by its number.
    all: BTreeMap<String, Vec<Delivery>>,
    /// The number of each message's document by its Message-ID.
    numbers: BTreeMap<String, String>,
}

impl Deliveries {
    /// Reads a month's journal.
    ///
    /// # Errors
    /// As [`Journal::read`].
    pub fn read(root: &Path, month: BillingMonth) -> Result<Deliveries, Diagnostic> {
        let journal = Journal::read(root, JournalKind::Sent, month)?;
        let mut deliveries = Deliveries { all: BTreeMap::new(), numbers: BTreeMap::new(), journal };
        for entry in deliveries.journal.entries().to_vec() {
            deliveries.take(&entry);
        }
        deliveries.doubt(root, month);
        Ok(deliveries)
    }

    /// Marks messages that are kept although no line says that a server asked for them.
    fn doubt(&mut self, root: &Path, month: BillingMonth) {
        let is_kept = |queued: &Queued| {
            let path = message_path(month, &name(&queued.number), queued.resend);
            queued.test.is_none() && root.join(path).symlink_metadata().is_ok()
        };
        let waiting = |one: &Delivery| matches!(one.state, DeliveryState::Queued | DeliveryState::Failed);
        for one in self.all.values_mut().flatten() {
            if waiting(one) && !one.is_begun && is_kept(&one.queued) {
                one.state = DeliveryState::Unknown;
                INTERRUPTED.clone_into(&mut one.reply);
                one.is_interrupted = true;
            }
        }
    }

    /// Takes a line into account.
    fn take(&mut self, entry: &Entry) {
        let (id, state, reply) = match &entry.event {
            Event::Queued(queued) => {
                let of_document = self.all.entry(queued.number.clone()).or_default();
                let is_begun =
                    of_document.iter().any(|known| known.queued.message_id == queued.message_id && known.is_begun);
                // A message that was queued before and has changed since takes the place of that one.
                of_document.retain(|known| known.queued.message_id != queued.message_id);
                let (state, reply) = (DeliveryState::Queued, String::new());
                self.numbers.insert(queued.message_id.clone(), queued.number.clone());
                let queued = queued.clone();
                of_document.push(Delivery { queued, date: entry.time, state, reply, is_begun, is_interrupted: false });
                return;
            }
            Event::Sending { message_id } => (message_id, DeliveryState::Unknown, INTERRUPTED),
            Event::Sent { message_id, reply } => (message_id, DeliveryState::Sent, reply.as_str()),
            Event::Refused { message_id, reply } => (message_id, DeliveryState::Refused, reply.as_str()),
            Event::Failed { message_id, reply } => (message_id, DeliveryState::Failed, reply.as_str()),
            Event::Unknown { message_id, reply } => (message_id, DeliveryState::Unknown, reply.as_str()),
        };
        let of_document = self.numbers.get(id).and_then(|number| self.all.get_mut(number));
        let known = of_document.into_iter().flatten().find(|known| known.queued.message_id == *id);
        if let Some(known) = known {
            known.state = state;
            reply.clone_into(&mut known.reply);
            known.is_interrupted = matches!(entry.event, Event::Sending { .. });
            known.is_begun |= known.is_interrupted;
        }
    }

    /// Writes a line; when this returns, it survives a power failure.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, entry: Entry) -> Result<(), Diagnostic> {
        self.take(&entry);
        self.journal.append(entry)
    }

    /// Marks the messages that a killed run may have delivered as unknown.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn settle(&mut self, now: DateTime<Utc>) -> Result<(), Diagnostic> {
        let interrupted = self.all.values().flatten().filter(|delivery| delivery.is_interrupted);
        let ids: Vec<String> = interrupted.map(|delivery| delivery.queued.message_id.clone()).collect();
        ids.into_iter().try_for_each(|message_id| {
            let event = Event::Unknown { message_id, reply: INTERRUPTED.to_owned() };
            self.write(Entry { time: now.trunc_subsecs(0), event })
        })
    }

    /// All messages but test copies.
    pub fn messages(&self) -> impl Iterator<Item = &Delivery> {
        self.all.values().flatten().filter(|delivery| delivery.queued.test.is_none())
    }

    /// The messages of a document, test copies too.
    fn of(&self, number: &str) -> &[Delivery] {
        self.all.get(number).map_or(&[], Vec::as_slice)
    }

    /// The latest delivery of a document, test copies aside.
    pub fn latest(&self, number: &str) -> Option<&Delivery> {
        let deliveries = self.of(number).iter().filter(|delivery| delivery.queued.test.is_none());
        deliveries.max_by_key(|delivery| delivery.queued.resend)
    }

    /// Whether somebody has, or may have, a document already.
    pub fn may_be_known(&self, number: &str) -> bool {
        let reached = |delivery: &Delivery| matches!(delivery.state, DeliveryState::Sent | DeliveryState::Unknown);
        self.of(number).iter().any(|delivery| delivery.queued.test.is_none() && reached(delivery))
    }

    /// The message with that Message-ID.
    pub fn find(&self, message_id: &str) -> Option<&Delivery> {
        let mut of_document = self.of(self.numbers.get(message_id)?).iter();
        of_document.find(|delivery| delivery.queued.message_id == message_id)
    }

    /// The number of test copies of a document so far.
    pub fn tests(&self, number: &str) -> u32 {
        self.of(number).iter().filter_map(|delivery| delivery.queued.test).max().unwrap_or(0)
    }

    /// Counts of documents by the state of their latest delivery.
    pub fn counts<'n>(&self, documents: impl IntoIterator<Item = &'n Document>) -> Counts {
        let mut counts = Counts::default();
        for document in documents {
            match self.latest(&document.number).map(|delivery| delivery.state) {
                Some(DeliveryState::Sent) => counts.sent += 1,
                Some(DeliveryState::Refused) => counts.refused += 1,
                Some(DeliveryState::Unknown) => counts.unknown += 1,
                Some(DeliveryState::Queued | DeliveryState::Failed) | None => counts.waiting += 1,
            }
        }
        counts
    }
}

/// Numbers of documents by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Accepted by the server.
    pub sent: usize,
    /// Refused by it.
    pub refused: usize,
    /// Perhaps delivered.
    pub unknown: usize,
    /// Not sent yet.
    pub waiting: usize,
}

/// Why a message is unknown after its run was killed.
const INTERRUPTED: &str = "the run ended while the message was being sent";

/// Path of a message as it was sent, relative to the workspace's root. `name` is the document's number as
/// [`message::name`](super::message::name) writes it.
pub fn message_path(month: BillingMonth, name: &str, resend: u32) -> String {
    format!("{}/{name}.r{resend}.eml", directory(month))
}

/// Directory of a month's messages, relative to the workspace's root.
pub fn directory(month: BillingMonth) -> String {
    format!("{DIRECTORY}/{month}.mail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_flat_json() {
        let queued = Queued {
            message_id: "<INV-1.v1.r0.0123456789abcdef@example.jp>".to_owned(),
            number: "INV-1".to_owned(),
            version: 1,
            resend: 0,
            reason: None,
            test: None,
            sha256: "00".to_owned(),
            from: "billing@example.jp".to_owned(),
            to: vec!["keiri@acme.example".to_owned()],
            subject: "Invoice".to_owned(),
            files: vec!["INV-1.pdf".to_owned()],
            size: 1234,
            message_sha256: "11".to_owned(),
        };
        let time = DateTime::from_timestamp(1_662_800_000, 0).unwrap();
        let entry = Entry { time, event: Event::Queued(queued) };
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(
            text,
            "{\"time\":\"2022-09-10T08:53:20Z\",\"event\":\"queued\",\
             \"message_id\":\"<INV-1.v1.r0.0123456789abcdef@example.jp>\",\"number\":\"INV-1\",\"version\":1,\"resend\":0,\
             \"sha256\":\"00\",\"from\":\"billing@example.jp\",\"to\":[\"keiri@acme.example\"],\"subject\":\"Invoice\",\
             \"files\":[\"INV-1.pdf\"],\"size\":1234,\"message_sha256\":\"11\"}"
        );
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    }
}
