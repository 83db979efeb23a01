//! [`Sending`]: a run over the messages of a plan. Each message is in the journal before it can reach anybody.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

use super::Session;
use super::composer::{Composed, Composer};
use super::connection::{Fault, Outcome, Parcel, Route};
use super::deliveries::{Deliveries, DeliveryState, Entry, Event, Queued, message_path};
use super::message::name;
use super::plan::{Planned, Skipped, is_taken_back};
use crate::diagnostic::{Diagnostic, Place};
use crate::environment::Environment;
use crate::ledger::{self, Issuing, Ledger};
use crate::model::mail::{MailSettings, Mailbox};
use crate::staging::{self, hash};

/// Waits before the further attempts for messages that could not be delivered for the moment.
const WAITS: [Duration; 5] = {
    const fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(60 * minutes)
    }
    [minutes(1), minutes(2), minutes(4), minutes(8), minutes(15)]
};

/// How often, and after what time each, a run looks whether another has ended that issues or credits.
const LOOKS: u32 = 60;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Connections that fail one after the other before the run gives up.
const MOST_FAILURES: u32 = 5;

/// Status of a server that closes the connection because there is too much to do.
const BUSY: u16 = 421;

/// A run.
pub struct Sending<'a> {
    /// The workspace's root.
    pub root: &'a Path,
    /// Clock and waiting.
    pub environment: &'a Environment,
    /// The workspace's `[mail]`.
    pub mail: &'a MailSettings,
    /// The server.
    pub route: &'a Route,
    /// Makes the messages.
    pub composer: &'a Composer<'a>,
    /// The journal.
    pub deliveries: &'a mut Deliveries,
    /// Reports what became of each message.
    pub report: &'a dyn Fn(&Planned<'_>, DeliveryState, &str),
}

/// What a run has besides its settings.
struct Progress {
    session: Option<Session>,
    /// Connections that failed since the last answer.
    failures: u32,
    /// Least time between the beginnings of two messages.
    interval: Duration,
    /// Whether that is twice what the rate says.
    is_slow: bool,
    /// When the next message may begin.
    next: Option<Duration>,
}

impl Progress {
    /// Halves the rate, once for the run, when the server says that there is too much to do.
    fn slow_down(&mut self, fault: &Fault) {
        if fault.status == Some(BUSY) && !self.is_slow {
            self.is_slow = true;
            self.interval = self.interval.saturating_mul(2);
        }
    }
}

/// What to do with a message after an attempt.
enum Attempted {
    Over,
    Again,
    /// Credit notes have taken the invoice back since the plan was made.
    TakenBack,
    /// The server cannot be reached: with the last fault.
    Stop(Fault),
}

impl Sending<'_> {
    /// Sends messages, with further attempts for those that the server could not take. Invoices that were taken back since the
    /// plan was made are skipped in it.
    ///
    /// # Errors
    /// When the server cannot be reached, or the journal cannot be written. The journal says how far the run got.
    pub fn run(mut self, planned: &mut [Planned<'_>]) -> Result<(), Diagnostic> {
        let interval = Duration::from_secs(60) / self.mail.rate_per_minute.max(1);
        let mut progress = Progress { session: None, failures: 0, interval, is_slow: false, next: None };
        // Nothing is queued for a server that is not there or refuses the login; one that is busy is asked again.
        match Session::open(self.route) {
            Ok(session) => progress.session = Some(session),
            Err(fault) if fault.status.is_some_and(|status| status < 500) => progress.slow_down(&fault),
            Err(fault) => return Err(self.unreachable(&fault)),
        }
        let mut pending: Vec<&mut Planned<'_>> = planned.iter_mut().filter(|one| one.skipped.is_none()).collect();
        for round in 0..=WAITS.len() {
            let mut again = Vec::new();
            for one in pending {
                match self.attempt(one, &mut progress)? {
                    Attempted::Over => {}
                    Attempted::Again => again.push(one),
                    Attempted::TakenBack => one.skipped = Some(Skipped::Credited),
                    Attempted::Stop(fault) => return Err(self.unreachable(&fault)),
                }
            }
            let (false, Some(wait)) = (again.is_empty(), WAITS.get(round)) else {
                break;
            };
            self.environment.tell(&format!("waiting {} s before the next attempt", wait.as_secs()));
            // The server would close a connection on which nothing happens.
            progress.session.take().into_iter().for_each(Session::close);
            (self.environment.wait)(*wait);
            pending = again;
        }
        progress.session.into_iter().for_each(Session::close);
        Ok(())
    }

    fn unreachable(&self, fault: &Fault) -> Diagnostic {
        let message = format!("cannot send through {}: {}", self.route.server, self.masked(&fault.reply));
        let usual = "check smtp, username and ca in [mail], the password and the network, and run the command again";
        let hint = fault.hint.unwrap_or(usual);
        Diagnostic::could_not_run(message).at(Place::from(&self.mail.definition)).with_hint(hint)
    }

    /// Server's words without secrets, which it knows.
    fn masked(&self, text: &str) -> String {
        self.environment.secrets.masked(text)
    }

    fn now(&self) -> DateTime<Utc> {
        (self.environment.now)().trunc_subsecs(0)
    }

    fn attempt(&mut self, planned: &Planned<'_>, progress: &mut Progress) -> Result<Attempted, Diagnostic> {
        self.pace(progress);
        let issuing = self.issuing()?;
        if self.is_taken_back_since(planned)? {
            self.environment.tell(&format!("{} was taken back meanwhile and is not sent", planned.document.number));
            return Ok(Attempted::TakenBack);
        }
        let bytes = self.queue(planned)?;
        drop(issuing);
        // A server closes a connection whenever it likes; that alone is no failure.
        let alive = progress.session.take().and_then(|mut session| session.is_alive().then_some(session));
        let session = alive.map_or_else(|| Session::open(self.route), Ok);
        let session = match session {
            Ok(session) => session,
            Err(fault) => return self.failed(planned, fault, progress),
        };
        if let Some(most) = session.size().filter(|most| bytes.len() as u64 > *most) {
            progress.session = Some(session);
            let reply = format!("the message has {} bytes, the server takes at most {most}", bytes.len());
            self.settle(planned, DeliveryState::Refused, &reply)?;
            return Ok(Attempted::Over);
        }
        let recipients = planned.recipients();
        let parcel = Parcel { from: &planned.sender, to: &recipients, bytes: &bytes };
        let message_id = planned.message_id.clone();
        let (deliveries, time, root) = (&mut *self.deliveries, self.environment.now, self.root);
        let mut before_body = || {
            keep(root, planned, &bytes)?;
            let time = time().trunc_subsecs(0);
            deliveries.write(Entry { time, event: Event::Sending { message_id: message_id.clone() } })
        };
        let (outcome, session) = session.deliver(parcel, &mut before_body)?;
        progress.session = session;
        match outcome {
            Outcome::Sent(reply) => {
                progress.failures = 0;
                self.settle(planned, DeliveryState::Sent, &reply)?;
                Ok(Attempted::Over)
            }
            Outcome::Refused(fault) => {
                progress.failures = 0;
                self.settle(planned, DeliveryState::Refused, &fault.reply)?;
                Ok(Attempted::Over)
            }
            Outcome::Failed(fault) => self.failed(planned, fault, progress),
            Outcome::Unknown(fault) => {
                self.settle(planned, DeliveryState::Unknown, &fault.reply)?;
                match count(&fault, progress) {
                    true => Ok(Attempted::Stop(fault)),
                    false => Ok(Attempted::Over),
                }
            }
        }
    }

    /// Keeps others from crediting an invoice while its message is queued; waits for those that do so just now.
    fn issuing(&self) -> Result<Issuing, Diagnostic> {
        for _ in 1..LOOKS {
            match ledger::try_lock(self.root)? {
                Ok(issuing) => return Ok(issuing),
                Err(_) => (self.environment.wait)(BETWEEN_LOOKS),
            }
        }
        ledger::lock(self.root)
    }

    /// Whether an invoice was taken back after the plan was made, by what the records say now.
    fn is_taken_back_since(&self, planned: &Planned<'_>) -> Result<bool, Diagnostic> {
        let before = self.composer.ledger;
        let Err(changed) = before.check_current(self.root, planned.stored.record.month) else {
            return Ok(false);
        };
        let (now, faults) = Ledger::read(self.root);
        // Records are added, never changed.
        if !faults.is_empty() || !before.records().iter().all(|stored| now.records().contains(stored)) {
            return Err(changed);
        }
        let is_new = planned.test.is_none() && !is_taken_back(before, planned.document)?;
        Ok(is_new && is_taken_back(&now, planned.document)?)
    }

    /// Waits until the next message may begin.
    fn pace(&self, progress: &mut Progress) {
        let now = (self.environment.elapsed)();
        let start = progress.next.map_or(now, |next| next.max(now));
        if start > now {
            (self.environment.wait)(start.saturating_sub(now));
        }
        progress.next = Some(start + progress.interval);
    }

    /// The bytes of a message that is in the journal as queued. What was queued by an earlier run keeps its date, as long as
    /// nothing else about it has changed.
    fn queue(&mut self, planned: &Planned<'_>) -> Result<Vec<u8>, Diagnostic> {
        let recipients: Vec<String> = planned.recipients().iter().map(Mailbox::address).collect();
        let known = self.deliveries.find(&planned.message_id);
        if let Some(known) = known {
            let bytes = self.composer.message(planned, known.date, false)?.bytes;
            let is_same = (&known.queued.from, &known.queued.to, &known.queued.message_sha256)
                == (&planned.sender.address(), &recipients, &hash(&bytes));
            if is_same {
                return Ok(bytes);
            }
        }
        let time = self.now();
        let Composed { bytes, subject, files } = self.composer.message(planned, time, false)?;
        let queued = Queued {
            message_id: planned.message_id.clone(),
            number: planned.document.number.clone(),
            version: planned.document.version,
            resend: planned.resend,
            reason: planned.reason.clone(),
            test: planned.test,
            sha256: planned.sha256().to_owned(),
            from: planned.sender.address(),
            to: recipients,
            subject,
            files,
            size: bytes.len() as u64,
            message_sha256: hash(&bytes),
        };
        self.deliveries.write(Entry { time, event: Event::Queued(queued) })?;
        Ok(bytes)
    }

    /// Writes what became of a message, and reports it.
    fn settle(&mut self, planned: &Planned<'_>, state: DeliveryState, reply: &str) -> Result<(), Diagnostic> {
        let (message_id, reply) = (planned.message_id.clone(), self.masked(reply));
        let shown = reply.clone();
        let event = match state {
            DeliveryState::Sent => Event::Sent { message_id, reply },
            DeliveryState::Refused => Event::Refused { message_id, reply },
            DeliveryState::Unknown => Event::Unknown { message_id, reply },
            DeliveryState::Failed | DeliveryState::Queued => Event::Failed { message_id, reply },
        };
        self.deliveries.write(Entry { time: self.now(), event })?;
        (self.report)(planned, state, &shown);
        Ok(())
    }

    fn failed(
        &mut self,
        planned: &Planned<'_>,
        fault: Fault,
        progress: &mut Progress,
    ) -> Result<Attempted, Diagnostic> {
        progress.slow_down(&fault);
        self.settle(planned, DeliveryState::Failed, &fault.reply)?;
        Ok(if count(&fault, progress) { Attempted::Stop(fault) } else { Attempted::Again })
    }
}

/// Counts a connection that failed; returns whether there were too many. A server that answers is there.
fn count(fault: &Fault, progress: &mut Progress) -> bool {
    progress.failures = if fault.status.is_some() { 0 } else { progress.failures + 1 };
    progress.failures >= MOST_FAILURES
}

/// Keeps a message as it is sent: one with an invoice is a record of a transaction (電子帳簿保存法7条). Test copies are none.
fn keep(root: &Path, planned: &Planned<'_>, bytes: &[u8]) -> Result<(), Diagnostic> {
    if planned.test.is_some() {
        return Ok(());
    }
    let path = message_path(planned.stored.record.month, &name(&planned.document.number), planned.resend);
    let full = root.join(&path);
    match staging::digest(&full) {
        // An earlier attempt has written it.
        Ok((_, sha256)) if sha256 == hash(bytes) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => staging::replace(&full, &path, bytes),
        _ => {
            let diagnostic = Diagnostic::error("another message is kept here, and none is ever written over");
            Err(diagnostic
                .at(Place::file(path))
                .with_hint("issued/ is never edited: put back what git or a backup has"))
        }
    }
}
