//! `invoicer send`: sends a month's issued documents by mail, each once.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::check_known;
use crate::cli;
use crate::diagnostic::{Diagnostic, Place, Problems, Stop, cannot};
use crate::environment::Environment;
use crate::export::jp_pint::{EInvoice, Source};
use crate::files;
use crate::ledger::{self, Document, Ledger, Stored};
use crate::mail::composer::{AttachedBytes, Composer};
use crate::mail::connection::{Limits, Route};
use crate::mail::deliveries::{Deliveries, DeliveryState};
use crate::mail::kept::{self, Wrong};
use crate::mail::message;
use crate::mail::plan::{Planned, Request, Skipped};
use crate::mail::roots::root_certificates;
use crate::mail::sending::Sending;
use crate::model::format::Format;
use crate::model::invoice::DocumentKind;
use crate::model::mail::{Attached, Login, MailSettings, Mailbox};
use crate::model::peppol::Attachment;
use crate::model::settings::Settings;
use crate::month::evidence;
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::staging::{self, Lock};
use crate::workspace;

pub(super) fn run(
    root: &Path,
    current: &Path,
    arguments: &cli::Send,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let settings = workspace::load(root)?.settings;
    let mail = settings.mail.as_ref().ok_or_else(no_mail)?;
    let ledger = Ledger::open(root)?;
    let month = arguments.month;
    if ledger.of_month(month).next().is_none() {
        let hint = format!("`invoicer issue {month}` gives the documents their numbers; drafts are never sent");
        return Err(Diagnostic::error(format!("{month} is not issued")).with_hint(hint).into());
    }
    evidence::check_lock(root, &ledger, month)?;
    let ids: BTreeSet<&str> = ledger.documents().map(|(_, document)| document.customer.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    arguments.customers.iter().try_for_each(|id| check_known(id, &ids))?;
    let ca = root_certificates(root, mail)?;
    let route = if arguments.yes { Some(route(mail, ca, environment)?) } else { None };
    let _lock = if arguments.yes { Some(lock(root)?) } else { None };
    if !arguments.yes {
        note_running(root, printer);
    }
    let mut deliveries = Deliveries::read(root, month)?;
    let Wrong { unknown, changed, .. } = kept::compare(root, month, &deliveries);
    Problems::from([unknown, changed].concat()).check()?;
    if let Some(directory) = &arguments.eml {
        check_drafts(root, &files::place(current, directory))?;
    }
    if arguments.yes {
        deliveries.settle((environment.now)())?;
    }
    let request = Request {
        month,
        customers: &arguments.customers,
        numbers: &arguments.numbers,
        resend: arguments.resend.as_deref().zip(arguments.reason.as_deref()),
        test: arguments.test.as_ref(),
    };
    let file =
        |of: (&Stored, &Document), kind, as_issued: &Settings| issued_file(root, of, kind, (as_issued, &settings));
    let mut composer = Composer::new((root, &ledger, &settings), mail, &file);
    printer.doing("making the messages");
    let mut planned = composer.plan(request, &deliveries, (environment.now)())?;
    if let Some(directory) = &arguments.eml {
        return Ok(write_drafts(
            &files::place(current, directory),
            directory,
            &planned,
            &composer,
            environment,
            printer,
        )?);
    }
    let Some(route) = route else {
        print(&planned, &deliveries, arguments, printer)?;
        let count = planned.iter().filter(|one| one.skipped.is_none()).count();
        printer.status(&match count {
            1 => "1 message to send; with --yes it is sent".to_owned(),
            count => format!("{count} messages to send; with --yes they are sent"),
        });
        return Ok(());
    };
    printer.doing("sending messages");
    let report = |one: &Planned<'_>, state, reply: &str| printer.status(&told(&one.document.number, state, reply));
    let sending = Sending {
        root,
        environment,
        mail,
        route: &route,
        composer: &composer,
        deliveries: &mut deliveries,
        report: &report,
    };
    let sent = match planned.iter().any(|one| one.skipped.is_none()) {
        true => sending.run(&mut planned),
        false => Ok(()),
    };
    printer.idle();
    print(&planned, &deliveries, arguments, printer)?;
    sent?;
    Ok(undelivered(&planned, &deliveries, arguments)?)
}

fn no_mail() -> Diagnostic {
    Diagnostic::error("no [mail] in invoicer.toml: nobody is named who sends")
        .at(Place::file("invoicer.toml"))
        .with_hint("add [mail] with from = \"請求担当 <billing@example.jp>\" and smtp = \"smtp+starttls://mail.example.jp:587\"")
}

/// The server and the secret with which to log in.
fn route(mail: &MailSettings, ca: Option<Vec<u8>>, environment: &Environment) -> Result<Route, Diagnostic> {
    let Some(server) = mail.server.clone() else {
        let diagnostic = Diagnostic::error("missing key `smtp` in [mail]").at(&mail.definition);
        return Err(diagnostic.with_hint("add smtp = \"smtp+starttls://mail.example.jp:587\""));
    };
    let secret = match mail.login.variable() {
        None => None,
        Some(name) => Some(environment.variable(name).cloned().ok_or_else(|| {
            let message = match mail.login {
                Login::OAuth2 => format!("there is no token for the mail server: {name} is not set"),
                Login::Password | Login::None => {
                    format!("there is no password for the mail server: {name} is not set")
                }
            };
            Diagnostic::could_not_run(message)
                .at(&mail.definition)
                .with_hint("set the environment variable; it stands in no file and no argument")
        })?),
    };
    secret.iter().for_each(|secret| environment.secrets.conceal(secret));
    let username = mail.username.clone().unwrap_or_default();
    let limits = Limits::default();
    Ok(Route { server, login: mail.login, username, secret, ca, limits })
}

/// File that a run locks while it sends, in [`ledger::DIRECTORY`].
const LOCK: &str = ".send.lock";

/// Note for whoever looks on while another run sends: the journal has no answer yet for the message on its way.
pub(super) fn note_running(root: &Path, printer: &Printer) {
    let path = format!("{}/{LOCK}", ledger::DIRECTORY);
    if staging::is_locked(&root.join(&path)) {
        let note = Diagnostic::note("another run sends messages just now: what is on its way is shown as unknown");
        printer.diagnostics(&[note.at(Place::file(path))]);
    }
}

/// Admits one run that sends.
fn lock(root: &Path) -> Result<Lock, Diagnostic> {
    let path = root.join(ledger::DIRECTORY).join(LOCK);
    match Lock::take(path, "another run sends invoices") {
        Ok(lock) => {
            let cannot = || cannot("write the directory", ledger::DIRECTORY);
            lock.map_err(|error| anyhow::Error::from(error).context(cannot()).into())
        }
        // Not an error of the machine: both runs would send the same messages.
        Err(busy) => Err(Diagnostic { stop: Stop::Refused, ..busy }),
    }
}

/// A file of a document as it was issued, with its name.
fn issued_file(
    root: &Path,
    of: (&Stored, &Document),
    kind: Attached,
    (as_issued, now): (&Settings, &Settings),
) -> Result<AttachedBytes, Diagnostic> {
    let name = format!("{}.{}", of.1.file_name(), kind.extension());
    let format = match kind {
        Attached::Pdf => Format::Pdf,
        Attached::Csv => Format::Csv,
        Attached::Html => Format::Html,
        Attached::Xml => return Ok(AttachedBytes { bytes: e_invoice(root, of, &name, (as_issued, now))?, name }),
    };
    Ok(AttachedBytes { bytes: ledger::kept(root, of.0, of.1, format)?, name })
}

/// A document as JP PINT.
fn e_invoice(
    root: &Path,
    (stored, document): (&Stored, &Document),
    name: &str,
    (as_issued, now): (&Settings, &Settings),
) -> Result<Vec<u8>, Diagnostic> {
    let json = ledger::kept(root, stored, document, Format::Json)?;
    let csv = match now.jp_pint.attach.contains(&Attachment::Csv) {
        true => Some((format!("{}.csv", document.file_name()), ledger::kept(root, stored, document, Format::Csv)?)),
        false => None,
    };
    let csv = csv.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let made = EInvoice::of(&Source { json: &json, csv, as_issued, now, path: name });
    made.map(|made| made.bytes).map_err(|problems| {
        let note = format!("{} cannot be made as xml, which `attach` in [mail] names", document.number);
        let mut problems = problems.into_iter();
        let first = problems.next().unwrap_or_else(|| Diagnostic::error(note.clone()));
        problems.fold(first.with_note(note), |first, other| first.with_note(other.message))
    })
}

fn told(number: &str, state: DeliveryState, reply: &str) -> String {
    match state {
        DeliveryState::Sent => format!("{number} was sent: {reply}"),
        DeliveryState::Refused => format!("{number} was refused: {reply}"),
        DeliveryState::Unknown => format!("{number} may have been delivered: {reply}"),
        DeliveryState::Failed | DeliveryState::Queued => format!("{number} was not sent for now: {reply}"),
    }
}

/// A message of the plan, as JSON.
#[derive(Serialize)]
struct Row<'a> {
    number: &'a str,
    kind: DocumentKind,
    customer: &'a str,
    to: Vec<String>,
    cc: Vec<String>,
    bcc: Vec<String>,
    sender: String,
    subject: &'a str,
    files: &'a [String],
    size: u64,
    message_id: &'a str,
    resend: u32,
    state: Option<DeliveryState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<&'a str>,
    sends: bool,
}

fn print<'p>(
    planned: &'p [Planned<'_>],
    deliveries: &'p Deliveries,
    arguments: &cli::Send,
    printer: &Printer,
) -> Result<(), Diagnostic> {
    let state = |one: &Planned<'_>| match one.test.is_some() || one.skipped.is_none() {
        true => deliveries.find(&one.message_id).map(|delivery| delivery.state),
        false => one.state,
    };
    let addresses = |all: &[Mailbox]| all.iter().map(Mailbox::to_string).collect::<Vec<String>>();
    if arguments.json {
        let row = |one: &'p Planned<'_>| {
            let Planned { document, to, cc, bcc, sender, subject, files, size, message_id, resend, .. } = one;
            let reply = deliveries.find(message_id).map(|delivery| delivery.reply.as_str());
            Row {
                number: &document.number,
                kind: document.kind,
                customer: &document.customer,
                to: addresses(to),
                cc: addresses(cc),
                bcc: addresses(bcc),
                sender: sender.address(),
                subject,
                files,
                size: *size,
                message_id,
                resend: *resend,
                state: state(one),
                reply: reply.filter(|reply| !reply.is_empty()),
                sends: one.skipped.is_none(),
            }
        };
        let rows: Vec<Row<'_>> = planned.iter().map(row).collect();
        printer.result_json(&out::to_json(&rows)?);
        return Ok(());
    }
    let header = ["number", "to", "cc", "subject", "files", "size", "state"];
    let mut lines = vec![printer.heading(header)];
    for one in planned {
        let size = if one.size == 0 { String::new() } else { format!("{} kB", one.size.div_ceil(1000)) };
        let word = match (&one.skipped, state(one)) {
            (Some(Skipped::Credited), _) => "taken back",
            (_, Some(state)) if arguments.yes || one.skipped.is_some() => state.name(),
            (_, Some(_)) => "to send again",
            (_, None) => "to send",
        };
        lines.push(vec![
            one.document.number.clone(),
            addresses(&one.to).join(", "),
            addresses(&one.cc).join(", "),
            one.subject.clone(),
            one.files.join(", "),
            size,
            printer.text(word).into_owned(),
        ]);
    }
    let left = Align::Left;
    for line in table(&lines, &[left, left, left, left, left, Align::Right, left]) {
        printer.result(line.trim_end());
    }
    Ok(())
}

/// Refuses directories whose files belong to the program, or are evidence.
fn check_drafts(root: &Path, directory: &Path) -> Result<(), Diagnostic> {
    let (root, directory) = (resolved(root), resolved(directory));
    match ["issued", "out", "billing"].into_iter().find(|own| directory.starts_with(root.join(own))) {
        None => Ok(()),
        Some(own) => {
            let diagnostic = Diagnostic::error(format!("drafts cannot be in {own}/, which has files of another kind"));
            Err(diagnostic.with_hint("name another directory, for example --eml drafts"))
        }
    }
}

/// A path without links, as far as it is there, and without `..`.
fn resolved(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut resolved, part| {
        match part {
            Component::ParentDir => drop(resolved.pop()),
            part => resolved.push(part),
        }
        resolved.canonicalize().unwrap_or(resolved)
    })
}

/// Writes the messages as files that a mail program opens as drafts.
fn write_drafts(
    directory: &Path,
    shown: &Path,
    planned: &[Planned<'_>],
    composer: &Composer<'_>,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Diagnostic> {
    for one in planned.iter().filter(|one| one.skipped.is_none()) {
        let message = composer.message(one, (environment.now)(), true)?;
        let name = format!("{}.r{}.eml", message::name(&one.document.number), one.resend);
        let path = shown.join(&name).display().to_string();
        staging::replace(&directory.join(&name), &path, &message.bytes)?;
        printer.result(&path);
    }
    Ok(())
}

/// Error for the messages that did not arrive, or may not have.
fn undelivered(planned: &[Planned<'_>], deliveries: &Deliveries, arguments: &cli::Send) -> Result<(), Diagnostic> {
    let missing = |one: &&Planned<'_>| {
        let state = deliveries.find(&one.message_id).map(|delivery| delivery.state);
        one.skipped != Some(Skipped::Credited) && state != Some(DeliveryState::Sent)
    };
    let missing: Vec<&Planned<'_>> = planned.iter().filter(missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = match (missing.len(), planned.len()) {
        (1, 1) => "1 message was not delivered, or may not have been".to_owned(),
        (1, all) => format!("1 of {all} messages was not delivered, or may not have been"),
        (missing, all) => format!("{missing} of {all} messages were not delivered, or may not have been"),
    };
    let note = |diagnostic: Diagnostic, one: &&Planned<'_>| {
        let delivery = deliveries.find(&one.message_id);
        let (state, reply) =
            delivery.map_or(("queued", ""), |delivery| (delivery.state.name(), delivery.reply.as_str()));
        diagnostic.with_note(format!("{}: {state} {reply}", one.document.number).trim_end().to_owned())
    };
    let month = arguments.month;
    let hint = format!(
        "what failed is sent by the next run; after a refusal or where nobody knows, ask the customer, then \
         `invoicer send {month} --yes --resend NUMBER --reason …`"
    );
    Err(missing.iter().fold(Diagnostic::error(message), note).with_hint(hint))
}
