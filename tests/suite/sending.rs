//! `send`: every issued invoice once, exactly the issued bytes, whatever the server does and whenever the run is killed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine;
use invoicer::environment::Environment;
use invoicer::ledger::{self, Ledger};
use invoicer::mail::Session;
use invoicer::mail::composer::{AttachedBytes, Composer};
use invoicer::mail::connection::{Fault, Limits, Outcome, Parcel, Route};
use invoicer::mail::deliveries::{Deliveries, DeliveryState};
use invoicer::mail::plan::{Planned, Request};
use invoicer::mail::sending::Sending;
use invoicer::model::format::Format;
use invoicer::model::mail::{Encryption, Login, MailServer, Mailbox};
use invoicer::model::period::BillingMonth;
use invoicer::model::settings::Settings;
use invoicer::workspace;
use serde_json::Value;

use crate::common::{Run, Sandbox, copy_tree};
use crate::http_client;
use crate::issuing::{self, good};
use crate::smtp_server::{Act, Server};

const MAIL: &str = r#"
[mail]
from = "請求担当 <billing@example.jp>"
bcc = ["archive@example.jp"]
rate-per-minute = 60000
"#;

/// Two invoices of July, issued: 393 yen to acme, 197 to bravo.
fn issued() -> Sandbox {
    let sandbox = issuing::workspace();
    for (id, to) in [("acme", "経理部 <keiri@acme.example>"), ("bravo", "ap@bravo.example")] {
        let path = format!("customers/{id}.toml");
        let text = String::from_utf8(sandbox.read(&path)).unwrap();
        let language = if id == "bravo" { "[invoice]\nlanguage = \"en\"\n" } else { "" };
        sandbox.write(&path, format!("{text}{language}[mail]\nto = [\"{to}\"]\n"));
    }
    good(sandbox.run(&["build", "202207", "--quiet"]));
    good(sandbox.run(&["issue", "202207", "--quiet"]));
    mail(&sandbox, "smtp://127.0.0.1:1");
    sandbox
}

/// Adds or replaces `[mail]` of the workspace.
fn mail(sandbox: &Sandbox, smtp: &str) {
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let text = text.split("\n[mail]").next().unwrap();
    sandbox.write("invoicer.toml", format!("{text}{MAIL}smtp = \"{smtp}\"\n"));
}

/// [`issued`], with a server.
fn issued_for(server: &Server) -> Sandbox {
    let sandbox = issued();
    mail(&sandbox, &server.url());
    sandbox
}

/// The lines of July's journal.
fn journal(sandbox: &Sandbox) -> Vec<Value> {
    let path = sandbox.path().join("issued/202207.sent.jsonl");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn events(sandbox: &Sandbox) -> Vec<String> {
    journal(sandbox).iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect()
}

const ACME: &str = "INV-202207-0001";
const BRAVO: &str = "INV-202207-0002";

#[test]
fn the_plan_sends_nothing_and_yes_sends_everything_once() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    let before = sandbox.files();
    let plan = good(sandbox.run(&["send", "202207"]));
    for part in
        [ACME, BRAVO, "経理部 <keiri@acme.example>", "2022年7月 ご請求書", "Invoice INV-202207-0002", "to send", ".pdf"]
    {
        assert!(plan.stdout.contains(part), "{part}: {}", plan.stdout);
    }
    assert!(plan.stderr.contains("2 messages to send; with --yes they are sent"), "{}", plan.stderr);
    assert_eq!((sandbox.files(), server.connections()), (before, 0));

    let sent = good(sandbox.run(&["send", "202207", "--yes"]));
    assert_eq!(sent.stdout.matches("sent").count(), 2, "{}", sent.stdout);
    assert_eq!(events(&sandbox), ["queued", "sending", "sent", "queued", "sending", "sent"]);
    let received = server.received();
    assert_eq!(received.len(), 2);
    let (acme, bravo) = (&received[0], &received[1]);
    assert_eq!(
        (acme.from.as_str(), &acme.to),
        ("billing@example.jp", &["keiri@acme.example", "archive@example.jp"].map(str::to_owned).to_vec())
    );
    assert_eq!(bravo.to, ["ap@bravo.example", "archive@example.jp"]);
    for (message, number) in [(acme, ACME), (bravo, BRAVO)] {
        // What is kept is what was sent, to the byte.
        assert_eq!(message.bytes, sandbox.read(&format!("issued/202207.mail/{number}.r0.eml")), "{number}");
        assert!(message.bytes.is_ascii() && !message.text().to_lowercase().contains("archive@"), "{}", message.text());
        assert_eq!(message.header("X-Invoice-Number"), number);
        let pdf = sandbox
            .read(&format!("issued/202207/documents/{}/{number}.pdf", if number == ACME { "acme" } else { "bravo" }));
        assert!(attachment(&message.text()) == pdf, "{number}");
        assert_eq!(message.header("X-Invoice-Sha256"), invoicer::staging::hash(&pdf));
        let id = format!("<{number}.v1.r0.{}@example.jp>", &invoicer::staging::hash(&pdf)[..16]);
        assert_eq!(message.header("Message-ID"), id);
    }
    let queued = &journal(&sandbox)[0];
    assert_eq!(queued["message_sha256"], invoicer::staging::hash(&acme.bytes));
    assert_eq!(queued["to"].as_array().unwrap().len(), 2);
    assert_eq!(journal(&sandbox)[2]["reply"], "250 2.0.0 Ok: queued as 4711");

    let again = good(sandbox.run(&["send", "202207", "--yes"]));
    assert_eq!(server.received().len(), 2, "{}", again.stdout);
    let listed: Value = serde_json::from_str(&good(sandbox.run(&["list", "--json"])).stdout).unwrap();
    assert_eq!([&listed[0]["sent"], &listed[1]["sent"]], ["sent", "sent"]);
    let status = good(sandbox.run(&["status", "202207", "--offline"]));
    assert!(status.stdout.contains("2/2"), "{}", status.stdout);
}

/// What was sent is told as it was sent, whatever the customer's file says now.
#[test]
fn a_sent_document_is_told_by_the_journal() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    good(sandbox.run(&["send", "202207", "--yes", "--customer", "acme"]));
    with_mail(&sandbox, "attach = [\"csv\"]");
    let text = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", text.replace("keiri@acme", "new@acme") + "subject = \"other\"\n");
    for arguments in [&["send", "202207", "--json"][..], &["send", "202207", "--json", "--yes", "--customer", "acme"]] {
        let rows: Value = serde_json::from_str(&good(sandbox.run(arguments)).stdout).unwrap();
        let row = &rows[0];
        assert_eq!(row["to"], serde_json::json!(["keiri@acme.example", "archive@example.jp"]));
        assert_eq!(row["files"], serde_json::json!([format!("{ACME}.pdf")]));
        assert!(row["subject"].as_str().unwrap().starts_with("2022年7月 ご請求書"), "{row}");
        assert_eq!(row["size"], server.received()[0].bytes.len());
        assert_eq!((&row["state"], &row["sends"]), (&"sent".into(), &false.into()));
    }
    let plan = good(sandbox.run(&["send", "202207"])).stdout;
    assert!(plan.contains("keiri@acme.example") && !plan.contains("new@acme"), "{plan}");
}

/// The bytes of the only attachment.
fn attachment(text: &str) -> Vec<u8> {
    let part = text.rsplit_once("Content-Disposition: attachment").unwrap().1;
    let body = part.split_once("\r\n\r\n").unwrap().1;
    let body = body.split_once("\r\n--").unwrap().0.replace("\r\n", "");
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}

/// The text part.
fn letter(text: &str) -> String {
    let part = text.split_once("Content-Type: text/plain").unwrap().1;
    let body = part.split_once("\r\n\r\n").unwrap().1.split_once("\r\n--").unwrap().0.replace("\r\n", "");
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(body).unwrap()).unwrap()
}

#[test]
fn the_letter_states_what_the_record_has() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    good(sandbox.run(&["credit", ACME, "--reason", "outage", "--line", "1=100", "--date", "2022-09-05"]));
    good(sandbox.run(&["send", "202207", "--yes"]));
    let letters: Vec<String> = server.received().iter().map(|message| letter(&message.text())).collect();
    let record = sandbox.json("issued/202207.json");
    assert_eq!([&record["documents"][0]["total"], &record["documents"][1]["total"]], ["393", "197"]);
    for (letter, parts) in letters.iter().zip([
        &[
            "アクメ株式会社 御中\r\n",
            "請求書番号: INV-202207-0001\r\n",
            "対象月: 2022年7月\r\n",
            "ご請求金額: ¥393\r\n",
            "お支払期限: 2022年8月31日\r\n",
        ][..],
        &[
            "Bravo Ltd.\r\n",
            "Invoice number: INV-202207-0002\r\n",
            "Month: July 2022\r\n",
            "Amount due: ¥197\r\n",
            "Payment due: 31 August 2022\r\n",
        ],
        &["返還請求書番号: CN-INV-202207-0001\r\n", "ご返還金額: ¥110\r\n", "理由: outage\r\n"],
    ]) {
        for part in parts {
            assert!(letter.contains(part), "{part}: {letter}");
        }
        assert!(!letter.contains("\r\n\r\n\r\n") && !letter.contains("御請求書"), "{letter}");
    }
    assert_eq!(letters.len(), 3);
}

/// 御中 is for an organisation and 様 for a person: one of them per addressee, as on the invoice. The letter has the names of
/// the customer's file as it was issued.
#[test]
fn a_letter_addresses_one_person_or_organisation() {
    for (keys, expected) in [
        ("", "アクメ株式会社 御中\r\n\r\n"),
        ("department = \"経理部\"\n", "アクメ株式会社\r\n経理部 御中\r\n\r\n"),
        ("department = \"経理部\"\ncontact = \"山田 太郎\"\n", "アクメ株式会社\r\n経理部 山田 太郎 様\r\n\r\n"),
    ] {
        let server = Server::good();
        let sandbox = issued_for(&server);
        let file = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
        std::fs::remove_dir_all(sandbox.path().join("issued")).unwrap();
        sandbox.write("customers/acme.toml", format!("{keys}{file}"));
        good(sandbox.run(&["build", "202207"]));
        good(sandbox.run(&["issue", "202207"]));
        good(sandbox.run(&["send", "202207", "--yes", "--customer", "acme"]));
        let letter = letter(&server.received()[0].text());
        assert!(letter.starts_with(expected), "{letter}");
    }
}

fn server_of(server: &Server) -> MailServer {
    MailServer { encryption: Encryption::None, host: "127.0.0.1".to_owned(), port: server.address().port() }
}

/// A route on which silence is noticed soon, yet not by a busy machine.
fn route(server: MailServer) -> Route {
    let limits =
        Limits { connect: Duration::from_secs(20), answer: Duration::from_secs(2), outcome: Duration::from_secs(2) };
    Route { server, login: Login::None, username: String::new(), secret: None, ca: None, limits }
}

/// What becomes of a message at a server that does that at that step.
fn outcome(verb: &'static str, done: Act, bytes: &[u8]) -> (Outcome, bool, bool) {
    let server = Server::start(move |asked| if asked.verb == verb { done } else { Act::Usual });
    let session = Session::open(&route(server_of(&server))).unwrap();
    let (from, to) = (Mailbox::parse("a@b.example").unwrap(), ["c@d.example", "e@f.example"]);
    let to = to.map(|text| Mailbox::parse(text).unwrap());
    let mut is_sending = false;
    let mut before = || {
        is_sending = true;
        Ok(())
    };
    let (outcome, session) = session.deliver(Parcel { from: &from, to: &to, bytes }, &mut before).unwrap();
    (outcome, is_sending, session.is_some())
}

/// The table of what happens and what it means.
#[test]
fn each_fault_has_its_outcome() {
    let message = b"Subject: x\r\n\r\n.dot\r\n".as_slice();
    let status = |outcome: &Outcome| match outcome {
        Outcome::Refused(fault) | Outcome::Failed(fault) | Outcome::Unknown(fault) => fault.status,
        Outcome::Sent(_) => None,
    };
    for step in ["MAIL", "RCPT", "DATA", "BODY"] {
        let (refused, is_sending, goes_on) = outcome(step, Act::Say("550 5.1.1 no such user"), message);
        assert!(
            matches!(&refused, Outcome::Refused(fault) if fault.reply.contains("550 5.1.1 no such user")),
            "{step}: {refused:?}"
        );
        // Before the body nothing is on its way, and the connection is good for the next message.
        assert_eq!((status(&refused), is_sending, goes_on), (Some(550), step == "BODY", true), "{step}");
        let (failed, is_sending, goes_on) = outcome(step, Act::Say("451 4.3.0 later"), message);
        assert!(matches!(failed, Outcome::Failed(_)), "{step}: {failed:?}");
        assert_eq!((status(&failed), is_sending, goes_on), (Some(451), step == "BODY", true), "{step}");
        let (failed, _, goes_on) = outcome(step, Act::SayAndClose("421 4.7.0 too busy"), message);
        assert!(matches!(failed, Outcome::Failed(_)), "{step}: {failed:?}");
        assert_eq!((status(&failed), goes_on), (Some(421), false), "{step}");
    }
    for step in ["MAIL", "RCPT", "DATA"] {
        for done in [Act::Close, Act::Silent, Act::Cut("25"), Act::Say("354 go ahead")] {
            if step == "DATA" && matches!(done, Act::Say(_)) {
                continue;
            }
            let (failed, is_sending, goes_on) = outcome(step, done, message);
            assert!(matches!(failed, Outcome::Failed(_)), "{step} {done:?}: {failed:?}");
            assert_eq!((status(&failed), is_sending, goes_on), (None, false, false), "{step} {done:?}");
        }
    }
    // Accepted with the wrong words: no request for the message is none.
    let (failed, is_sending, _) = outcome("DATA", Act::Say("250 Ok"), message);
    assert!(matches!(failed, Outcome::Failed(_)) && !is_sending, "{failed:?}");
    for done in [
        Act::Close,
        Act::Silent,
        Act::Cut("250 2.0"),
        Act::Cut("451-4.3.0 fir"),
        Act::Say("354 go ahead"),
        Act::Say("what"),
    ] {
        let (unknown, is_sending, goes_on) = outcome("BODY", done, message);
        assert!(matches!(unknown, Outcome::Unknown(_)), "{done:?}: {unknown:?}");
        assert_eq!((status(&unknown), is_sending, goes_on), (None, true, false), "{done:?}");
    }
    // More than the system's buffers hold: the connection is lost before the last byte is written.
    let large = b"x".repeat(70).into_iter().chain(*b"\r\n").collect::<Vec<u8>>().repeat(1 << 20);
    let (failed, is_sending, goes_on) = outcome("DATA", Act::CloseInBody, &large);
    assert!(matches!(failed, Outcome::Failed(_)), "{failed:?}");
    assert_eq!((status(&failed), is_sending, goes_on), (None, true, false));
    let (sent, ..) = outcome("NOOP", Act::Usual, message);
    assert_eq!(sent, Outcome::Sent("250 2.0.0 Ok: queued as 4711".to_owned()));
}

/// As in a container that has nothing but the program: no connection is made, and the way out is named.
#[test]
fn a_system_without_root_certificates_sends_nothing() {
    let sandbox = issued();
    mail(&sandbox, "smtps://127.0.0.1:1");
    let run = sandbox.run_with(&["send", "202207", "--yes"], &[("SSL_CERT_FILE", "/nonexistent/roots.pem")]);
    let line = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let line = line.lines().position(|line| line == "[mail]").unwrap() + 1;
    assert_eq!(run.code, 2, "{}", run.stderr);
    let message = "error: cannot send through 127.0.0.1:1: this system has no root certificates\n";
    assert!(run.stderr.contains(message), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("--> invoicer.toml:{line}\n")), "{}", run.stderr);
    let hint =
        "hint: install the system's root certificates (Debian: ca-certificates), or set SSL_CERT_FILE to a PEM file";
    assert!(run.stderr.contains(hint), "{}", run.stderr);
    assert_eq!(journal(&sandbox), [] as [Value; 0]);
}

#[test]
fn a_connection_that_cannot_be_used_is_refused() {
    let server = Server::good();
    let starttls = MailServer { encryption: Encryption::StartTls, ..server_of(&server) };
    let secret = Some(invoicer::environment::Secret::new("hunter2hunter2"));
    let with_password = Route { login: Login::Password, username: "billing".to_owned(), secret, ..route(starttls) };
    let fault = Session::open(&with_password).err().unwrap();
    assert_eq!(fault, Fault { status: None, reply: "the server does not offer STARTTLS".to_owned(), hint: None });
    // Not even through a plain connection that was asked for.
    let plain = Route { server: server_of(&server), ..with_password };
    assert_eq!(Session::open(&plain).err().unwrap().reply, "the connection is not encrypted");
    assert!(server.asked().iter().all(|asked| !asked.starts_with("AUTH")), "{:?}", server.asked());
    // Nobody speaks TLS here.
    let tls = MailServer { encryption: Encryption::Tls, ..server_of(&server) };
    assert!(Session::open(&route(tls)).is_err());
    let busy = Server::start(|asked| if asked.verb == "CONNECT" { Act::SayAndClose("421 later") } else { Act::Usual });
    assert_eq!(Session::open(&route(server_of(&busy))).err().unwrap().status, Some(421));
}

thread_local! {
    static CLOCK: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static WAITS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    /// What others do during the next waits, the last first.
    static MEANWHILE: RefCell<Vec<Box<dyn FnOnce()>>> = const { RefCell::new(Vec::new()) };
}

/// An environment whose clock goes on only by waiting.
fn environment() -> Environment {
    Environment {
        elapsed: || CLOCK.get(),
        wait: |time| {
            CLOCK.set(CLOCK.get() + time);
            WAITS.with(|waits| waits.borrow_mut().push(u64::try_from(time.as_millis()).unwrap()));
            let others = MEANWHILE.with(|others| others.borrow_mut().pop());
            others.into_iter().for_each(|others| others());
        },
        ..http_client::environment(&[]).0
    }
}

/// Milliseconds waited since the last call.
fn waits() -> Vec<u64> {
    WAITS.take()
}

/// Runs `send 202207 --yes` in this process, where waiting takes no time; what was reported, and the error.
fn send(sandbox: &Sandbox) -> (Vec<(String, DeliveryState)>, Option<String>) {
    let (root, month): (&Path, BillingMonth) = (sandbox.path(), "202207".parse().unwrap());
    let environment = environment();
    let settings = workspace::load(root).unwrap().settings;
    let mail = settings.mail.as_ref().unwrap();
    let ledger = Ledger::open(root).unwrap();
    let mut deliveries = Deliveries::read(root, month).unwrap();
    let file = |(stored, document): (&ledger::Stored, &ledger::Document), _, _: &Settings| {
        let bytes = ledger::kept(root, stored, document, Format::Pdf)?;
        Ok(AttachedBytes { bytes, name: "invoice.pdf".to_owned() })
    };
    let mut composer = Composer::new((root, &ledger, &settings), mail, &file);
    let request = Request { month, customers: &[], numbers: &[], resend: None, test: None };
    let mut planned = composer.plan(request, &deliveries, (environment.now)()).unwrap();
    let reports = RefCell::new(Vec::new());
    let report = |one: &Planned<'_>, state, _: &str| reports.borrow_mut().push((one.document.number.clone(), state));
    let route = route(mail.server.clone().unwrap());
    let sending = Sending {
        root,
        environment: &environment,
        mail,
        route: &route,
        composer: &composer,
        deliveries: &mut deliveries,
        report: &report,
    };
    let result = sending.run(&mut planned);
    (reports.into_inner(), result.err().map(|problem| problem.render(false)))
}

fn reported(all: &[(&str, DeliveryState)]) -> Vec<(String, DeliveryState)> {
    all.iter().map(|(number, state)| ((*number).to_owned(), *state)).collect()
}

#[test]
fn what_fails_for_the_moment_is_tried_five_times_more() {
    use DeliveryState::{Failed, Sent};
    // Refuses what is from acme's message until the third time; bravo's passes at once.
    let server = Server::start(|asked| match asked.verb.as_str() {
        "RCPT" if asked.rest.contains("acme") && asked.times < 4 => Act::Say("451 4.2.1 later"),
        _ => Act::Usual,
    });
    let sandbox = issued_for(&server);
    let (reports, error) = send(&sandbox);
    // The first RCPT is acme's (0), then bravo's two (1, 2), then acme's (3), (4).
    assert_eq!(reports, reported(&[(ACME, Failed), (BRAVO, Sent), (ACME, Failed), (ACME, Sent)]));
    assert_eq!(error, None);
    // A millisecond between messages at a rate of 60,000, and a minute and two.
    assert_eq!(waits(), [1, 60_000, 120_000]);
    assert_eq!(server.received().len(), 2);

    let server = Server::start(|asked| match asked.verb.as_str() {
        "BODY" => Act::Say("452 4.3.1 disk full"),
        _ => Act::Usual,
    });
    let sandbox = issued_for(&server);
    let (reports, error) = send(&sandbox);
    assert_eq!((reports.len(), error), (12, None));
    let minutes: Vec<u64> = waits().into_iter().filter(|wait| *wait > 1).map(|wait| wait / 60_000).collect();
    assert_eq!(minutes, [1, 2, 4, 8, 15]);
    let before = journal(&sandbox);
    assert_eq!(before.iter().filter(|line| line["event"] == "queued").count(), 2);
    // The next run takes it up where it was left, with the same Message-ID and date.
    let server = Server::good();
    mail(&sandbox, &server.url());
    let (reports, _) = send(&sandbox);
    assert_eq!(reports, reported(&[(ACME, Sent), (BRAVO, Sent)]));
    assert_eq!(server.received()[0].header("Message-ID"), before[0]["message_id"].as_str().unwrap());
    assert_eq!(journal(&sandbox).iter().filter(|line| line["event"] == "queued").count(), 2);
}

#[test]
fn a_busy_server_halves_the_rate() {
    let server = Server::start(|asked| match (asked.verb.as_str(), asked.times) {
        ("MAIL", 0) => Act::SayAndClose("421 4.7.0 too many"),
        _ => Act::Usual,
    });
    let sandbox = issued_for(&server);
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text.replace("= 60000", "= 60"));
    let (reports, _) = send(&sandbox);
    use DeliveryState::{Failed, Sent};
    assert_eq!(reports, reported(&[(ACME, Failed), (BRAVO, Sent), (ACME, Sent)]));
    // One second had passed at the old rate before it was known; two from then on, within the minute before the next attempt.
    assert_eq!(waits(), [1000, 60_000]);
    let slow = Server::start(|asked| match (asked.verb.as_str(), asked.times) {
        ("CONNECT", 0) => Act::SayAndClose("421 4.7.0 too many"),
        ("MAIL", 0) => Act::SayAndClose("421 4.7.0 too many"),
        _ => Act::Usual,
    });
    let sandbox = issued_for(&slow);
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text.replace("= 60000", "= 1"));
    let (reports, error) = send(&sandbox);
    assert_eq!((reports, error), (reported(&[(ACME, Failed), (BRAVO, Sent), (ACME, Sent)]), None));
    // Halved by the first 421, and not again by the second: two minutes to the next message, then one before the next
    // attempt and the second of its two minutes.
    assert_eq!(waits(), [120_000, 60_000, 60_000]);
}

#[test]
fn a_server_that_is_not_there_stops_the_run() {
    let sandbox = issued();
    let before = sandbox.files();
    let run = sandbox.run(&["send", "202207", "--yes"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("cannot send through 127.0.0.1:1"), "{}", run.stderr);
    assert_eq!(sandbox.files(), before);
    // There at first, and then closing every connection: five in a row are enough.
    let server = Server::start(|asked| match (asked.verb.as_str(), asked.times) {
        ("MAIL", _) => Act::Close,
        _ => Act::Usual,
    });
    let sandbox = issued_for(&server);
    let (reports, error) = send(&sandbox);
    assert_eq!(reports.len(), 5);
    assert!(error.unwrap().contains("cannot send through 127.0.0.1:"));
    assert_eq!(server.connections(), 5);
}

#[test]
fn one_refused_recipient_stops_its_message_alone() {
    let server = Server::start(|asked| match asked.verb.as_str() {
        // acme's message has two; the second is refused, after the first was accepted.
        "RCPT" if asked.times == 1 => Act::Say("550 5.1.1 no such user"),
        _ => Act::Usual,
    });
    let sandbox = issued_for(&server);
    let run = sandbox.run(&["send", "202207", "--yes"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("1 of 2 messages was not delivered"), "{}", run.stderr);
    assert!(
        run.stderr.contains("INV-202207-0001: refused archive@example.jp: 550 5.1.1 no such user"),
        "{}",
        run.stderr
    );
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].to, ["ap@bravo.example", "archive@example.jp"]);
    assert!(server.asked().contains(&"RSET".to_owned()), "{:?}", server.asked());
    // Refused is final: a further run does not ask again, and still says so.
    let run = sandbox.run(&["send", "202207", "--yes"]);
    assert_eq!((run.code, server.received().len()), (1, 1), "{}", run.stderr);
    let listed: Value = serde_json::from_str(&good(sandbox.run(&["list", "--json"])).stdout).unwrap();
    assert_eq!([&listed[0]["sent"], &listed[1]["sent"]], ["refused", "sent"]);
}

#[test]
fn what_nobody_knows_is_sent_again_only_by_hand() {
    let server = Server::start(|asked| match (asked.verb.as_str(), asked.times) {
        ("BODY", 0) => Act::Close,
        _ => Act::Usual,
    });
    let sandbox = issued_for(&server);
    let run = sandbox.run(&["send", "202207", "--yes"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("INV-202207-0001: unknown"), "{}", run.stderr);
    for _ in 0..2 {
        assert_eq!(sandbox.run(&["send", "202207", "--yes"]).code, 1);
        assert_eq!(server.received().len(), 1);
    }
    let early = sandbox.run(&["send", "202207", "--yes", "--resend", ACME]);
    assert_eq!(early.code, 64, "a reason is missing: {}", early.stderr);
    let resend = ["send", "202207", "--yes", "--resend", ACME, "--reason", "lost on the way"];
    good(sandbox.run(&resend));
    let received = server.received();
    assert_eq!(received.len(), 2);
    // The archive may have the first one already.
    assert_eq!(received[1].to, ["keiri@acme.example"]);
    assert!(received[1].header("Message-ID").contains(".v1.r1."), "{}", received[1].header("Message-ID"));
    let line = journal(&sandbox).into_iter().find(|line| line["resend"] == 1).unwrap();
    assert_eq!(line["reason"], "lost on the way");
    assert!(sandbox.path().join(format!("issued/202207.mail/{ACME}.r1.eml")).is_file());
    good(sandbox.run(&["send", "202207", "--yes"]));
    assert_eq!(server.received().len(), 2);
    let unsent = issued_for(&server);
    let run = unsent.run(&resend);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("was not sent yet"), "{}", run.stderr);
}

#[test]
fn an_invoice_that_was_taken_back_is_sent_only_by_name() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    good(sandbox.run(&["credit", ACME, "--reason", "wrong", "--reissue", "--date", "2022-09-05"]));
    let run = good(sandbox.run(&["send", "202207", "--yes"]));
    assert!(run.stdout.contains("taken back"), "{}", run.stdout);
    let numbers = |server: &Server| -> Vec<String> {
        server.received().iter().map(|message| message.header("X-Invoice-Number")).collect()
    };
    assert_eq!(numbers(&server)[..2], [BRAVO.to_owned(), format!("CN-{ACME}")]);
    assert_eq!(numbers(&server).len(), 3);
    good(sandbox.run(&["send", "202207", "--yes", "--number", ACME]));
    assert_eq!(numbers(&server)[3], ACME);
}

/// A run takes as long as the rate has it. What is credited in that time is not sent, and what is being credited is waited for.
#[test]
fn an_invoice_that_is_taken_back_during_the_run_is_not_sent() {
    use DeliveryState::Sent;
    let server = Server::good();
    let sandbox = Rc::new(issued_for(&server));
    let others = Rc::clone(&sandbox);
    MEANWHILE.with(|meanwhile| {
        meanwhile.borrow_mut().push(Box::new(move || {
            good(others.run(&["credit", BRAVO, "--reason", "wrong", "--date", "2022-09-05"]));
        }));
    });
    assert_eq!(send(&sandbox), (reported(&[(ACME, Sent)]), None));
    assert_eq!((waits(), server.received().len()), (vec![1], 1));
    assert!(!journal(&sandbox).iter().any(|line| line["number"] == BRAVO));
    let run = good(sandbox.run(&["send", "202207", "--yes"]));
    assert!(run.stdout.contains("taken back"), "{}", run.stdout);
    assert_eq!(server.received()[1].header("X-Invoice-Number"), format!("CN-{BRAVO}"));

    let server = Server::good();
    let sandbox = issued_for(&server);
    let held = Rc::new(RefCell::new(None));
    let (taken, root) = (Rc::clone(&held), sandbox.path().to_path_buf());
    MEANWHILE.with(|meanwhile| {
        let mut meanwhile = meanwhile.borrow_mut();
        meanwhile.push(Box::new(move || drop(held.take())));
        meanwhile.push(Box::new(move || *taken.borrow_mut() = Some(ledger::lock(&root).unwrap())));
    });
    assert_eq!(send(&sandbox), (reported(&[(ACME, Sent), (BRAVO, Sent)]), None));
    assert_eq!(waits(), [1, 1000]);
}

#[test]
fn test_copies_go_to_one_address_and_do_not_count() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    let test = ["send", "202207", "--to", "me@example.jp", "--yes", "--customer", "acme"];
    good(sandbox.run(&test));
    good(sandbox.run(&test));
    let received = server.received();
    assert_eq!(received.len(), 2);
    for (message, number) in received.iter().zip(["t1", "t2"]) {
        assert_eq!(message.to, ["me@example.jp"]);
        assert_eq!(message.header("To"), "me@example.jp");
        assert!(message.header("Subject").starts_with("[TEST] "), "{}", message.header("Subject"));
        assert!(message.header("Message-ID").contains(&format!(".v1.{number}.")), "{}", message.header("Message-ID"));
    }
    assert!(!sandbox.path().join("issued/202207.mail").exists());
    good(sandbox.run(&["send", "202207", "--yes"]));
    assert_eq!(server.received().len(), 4);
}

#[test]
fn drafts_are_written_and_nothing_is_sent() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    let run = good(sandbox.run(&["send", "202207", "--eml", "drafts"]));
    assert_eq!(run.stdout, format!("drafts/{ACME}.r0.eml\ndrafts/{BRAVO}.r0.eml\n"));
    let draft = String::from_utf8(sandbox.read(&format!("drafts/{ACME}.r0.eml"))).unwrap();
    assert!(draft.contains("X-Unsent: 1\r\n"), "{draft}");
    assert_eq!((server.connections(), events(&sandbox).len()), (0, 0));
    assert!(!sandbox.path().join("issued/202207.sent.jsonl").exists());
    for directory in ["issued", "issued/202207/documents/acme", "out/x", "billing", "new/../issued/202207.mail"] {
        let run = sandbox.run(&["send", "202207", "--eml", directory]);
        assert!(run.code == 1 && run.stderr.contains("drafts cannot be in "), "{directory}: {}", run.stderr);
    }
    assert!(!sandbox.path().join("issued/202207.mail").exists() && !sandbox.path().join("new").exists());
}

#[test]
fn nothing_is_sent_when_one_file_is_not_the_one_issued() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    let path = "issued/202207/documents/bravo/INV-202207-0002.pdf";
    let mut pdf = sandbox.read(path);
    *pdf.last_mut().unwrap() ^= 1;
    sandbox.write(path, pdf);
    let run = sandbox.run(&["send", "202207", "--yes"]);
    assert_eq!((run.code, server.connections(), events(&sandbox).len()), (1, 0, 0), "{}", run.stderr);
    assert!(run.stderr.contains("was changed since it was issued") && run.stderr.contains(path), "{}", run.stderr);
    std::fs::remove_file(sandbox.path().join(path)).unwrap();
    let run = sandbox.run(&["send", "202207", "--yes"]);
    assert!(run.code == 1 && run.stderr.contains("the kept document is gone"), "{}", run.stderr);
}

/// Every message that was sent is kept. One without its line in the journal would be delivered again.
#[test]
fn a_lost_or_shortened_journal_sends_nothing_again() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    good(sandbox.run(&["send", "202207", "--yes"]));
    let path = "issued/202207.sent.jsonl";
    let journal = String::from_utf8(sandbox.read(path)).unwrap();
    let message = sandbox.read(&format!("issued/202207.mail/{BRAVO}.r0.eml"));
    // Without the lines of bravo, and without any.
    for lines in [3, 0] {
        sandbox.write(path, journal.split_inclusive('\n').take(lines).collect::<String>());
        if lines == 0 {
            std::fs::remove_file(sandbox.path().join(path)).unwrap();
        }
        for arguments in [&["send", "202207"][..], &["send", "202207", "--yes"], &["send", "202207", "--eml", "drafts"]]
        {
            let run = sandbox.run(arguments);
            assert_eq!((run.code, server.received().len()), (1, 2), "{}", run.stderr);
            for part in [
                "may have been sent, and no line of issued/202207.sent.jsonl is about it",
                "issued/202207.mail/INV-202207-0002.r0.eml",
                "put issued/202207.sent.jsonl back as git or a backup has it",
            ] {
                assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
            }
        }
    }
    assert_eq!(message, sandbox.read(&format!("issued/202207.mail/{BRAVO}.r0.eml")));
    // With bravo's first line alone: it is not known to be waiting, for the message is kept when the server asks for it.
    sandbox.write(path, journal.split_inclusive('\n').take(4).collect::<String>());
    let run = sandbox.run(&["send", "202207", "--yes"]);
    assert_eq!((run.code, server.received().len()), (1, 2), "{}", run.stderr);
    assert!(run.stderr.contains("INV-202207-0002: unknown"), "{}", run.stderr);
}

/// What a server has had keeps its name, bytes and date; what is made of something else gets the next name.
#[test]
fn a_failed_message_is_never_written_over() {
    let server = Server::start(|asked| if asked.verb == "BODY" { Act::Say("452 4.3.1 full") } else { Act::Usual });
    let sandbox = issued_for(&server);
    send(&sandbox);
    let (first, kept) = (format!("issued/202207.mail/{ACME}.r0.eml"), format!("issued/202207.mail/{BRAVO}.r0.eml"));
    let before = [sandbox.read(&first), sandbox.read(&kept)];
    let server = Server::good();
    mail(&sandbox, &server.url());
    let text = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", text.replace("keiri@acme", "new@acme"));
    send(&sandbox);
    assert!([sandbox.read(&first), sandbox.read(&kept)] == before);
    let received = server.received();
    assert_eq!(received[0].to, ["new@acme.example", "archive@example.jp"]);
    assert!(received[0].bytes == sandbox.read(&format!("issued/202207.mail/{ACME}.r1.eml")));
    assert!(received[0].header("Message-ID").contains(".v1.r1."), "{}", received[0].header("Message-ID"));
    assert!(received[1].bytes == before[1]);
    good(sandbox.run(&["verify", "202207", "--as-issued"]));
}

/// A letter has the figures of the record and the account of the kept rules, so that these are checked like the files.
#[test]
fn nothing_is_sent_when_the_record_the_list_or_the_rules_were_changed() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    for (path, from, to, expected) in [
        ("issued/202207.json", "\"total\": \"393\"", "\"total\": \"1\"", "issued/index.csv"),
        ("issued/index.csv", ",393,", ",1,", "issued/index.csv"),
        ("issued/202207/workspace/customers/acme.toml", "アクメ", "アケミ", "the copy was changed that was kept"),
    ] {
        let bytes = sandbox.read(path);
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(from), "{path}: {text}");
        sandbox.write(path, text.replacen(from, to, 1));
        for arguments in [&["send", "202207"][..], &["send", "202207", "--yes"], &["send", "202207", "--eml", "drafts"]]
        {
            let run = sandbox.run(arguments);
            assert_eq!((run.code, server.connections()), (1, 0), "{path}: {}", run.stderr);
            assert!(run.stderr.contains(expected), "{path}: {}", run.stderr);
        }
        let index = sandbox.run(&["list", "--export-index"]);
        assert_eq!(index.code, i32::from(!path.contains("workspace")), "{path}: {}", index.stderr);
        sandbox.write(path, bytes);
    }
    good(sandbox.run(&["send", "202207", "--yes"]));
}

#[test]
fn a_message_that_the_server_does_not_take_is_refused_with_both_sizes() {
    let server = Server::start(|asked| match asked.verb.as_str() {
        "EHLO" => Act::Say("250-test\r\n250 SIZE 1000"),
        _ => Act::Usual,
    });
    let sandbox = issued_for(&server);
    let run = sandbox.run(&["send", "202207", "--yes"]);
    assert_eq!((run.code, server.received().len()), (1, 0), "{}", run.stderr);
    assert!(run.stderr.contains(" bytes, the server takes at most 1000"), "{}", run.stderr);
    assert!(!server.asked().iter().any(|asked| asked.starts_with("MAIL")), "{:?}", server.asked());
}

/// Puts lines at the end of `[mail]` of the workspace.
fn with_mail(sandbox: &Sandbox, lines: &str) {
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", format!("{text}{lines}\n"));
}

#[test]
fn whatever_is_wrong_is_told_for_all_before_anything_is_sent() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    let refused = |prepare: &dyn Fn(&Sandbox), expected: &[&str]| {
        let copied = Sandbox::new();
        copy_tree(sandbox.path(), copied.path());
        prepare(&copied);
        let run = copied.run(&["send", "202207", "--yes"]);
        assert_eq!((run.code, server.connections()), (1, 0), "{expected:?}: {}", run.stderr);
        for part in expected {
            assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        }
    };
    let without = |id: &str, sandbox: &Sandbox| {
        let path = format!("customers/{id}.toml");
        let text = String::from_utf8(sandbox.read(&path)).unwrap();
        sandbox.write(&path, text.split("[mail]").next().unwrap());
    };
    refused(
        &|copied| ["acme", "bravo"].iter().for_each(|id| without(id, copied)),
        &["customers without an address to send to: acme, bravo", "customers/acme.toml", "see customers/bravo.toml"],
    );
    // A field that the document does not have, at its place.
    refused(
        &|copied| copied.write("templates/mail.txt", "{{ number }}\n{{ order_number }}\n"),
        &["template:", "templates/mail.txt:2:4", "order_number", "= in the message with INV-202207-0001 and in 1 more"],
    );
    // One mistake of one template is one error, whichever way it is found.
    for template in
        ["{{ number }}\n{{ order_number }}\n", "{{ number\n", "{% if kind == \"invoice\" %}{{ x }}{% endif %}"]
    {
        let copied = Sandbox::new();
        copy_tree(sandbox.path(), copied.path());
        copied.write("templates/mail.txt", template);
        let run = copied.run(&["send", "202207"]);
        assert_eq!((run.code, run.stderr.matches("error: ").count()), (1, 1), "{}", run.stderr);
        let one = copied.run(&["send", "202207", "--customer", "bravo"]);
        assert!(one.stderr.contains("= in the message with INV-202207-0002\n"), "{}", one.stderr);
    }
    refused(
        &|copied| {
            copied.write(
                "templates/mail.txt",
                "{% for a in range(end=100000) %}{% for b in range(end=100000) %}x{% endfor %}{% endfor %}",
            )
        },
        &["template: expected less work", "templates/mail.txt:1:"],
    );
    refused(
        &|copied| with_mail(copied, "body = \"templates/other.txt\""),
        &["cannot read the file that [mail] body names", "invoicer.toml:"],
    );
    refused(
        &|copied| with_mail(copied, "max-size = \"10 kB\""),
        &["INV-202207-0001 has ", "INV-202207-0002 has ", "max-size allows 10000"],
    );
    refused(
        &|copied| with_mail(copied, "attach = [\"xml\"]"),
        &[
            "has no address in the Peppol network",
            "INV-202207-0001 cannot be made as xml, which `attach` in [mail] names",
        ],
    );
    // The plan has it too, which needs no server.
    refused(&|copied| with_mail(copied, "ca = \"relay.pem\""), &["cannot use the file that [mail] ca names: "]);
    let copied = Sandbox::new();
    copy_tree(sandbox.path(), copied.path());
    with_mail(&copied, "ca = \"relay.pem\"");
    copied.write("relay.pem", "");
    let plan = copied.run(&["send", "202207"]);
    assert!(
        plan.code == 1 && plan.stderr.contains("ca names: it has no certificate\n  --> invoicer.toml:"),
        "{}",
        plan.stderr
    );
    let bounce = format!("bounce = \"{}{{number}}@example.jp\"", "b".repeat(60));
    refused(&|copied| with_mail(copied, &bounce), &["`bounce` gives no address for INV-202207-0001"]);
    let unknown = sandbox.run(&["send", "202207", "--number", "INV-202207-0003"]);
    assert!(unknown.code == 1 && unknown.stderr.contains("did you mean"), "{}", unknown.stderr);
    let unknown = sandbox.run(&["send", "202207", "--customer", "acmi"]);
    assert!(unknown.code == 1 && unknown.stderr.contains("did you mean \"acme\"?"), "{}", unknown.stderr);
}

#[test]
fn everybody_gets_one_message_and_the_settings_hold() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    with_mail(
        &sandbox,
        "reply-to = \"経理 <keiri@example.jp>\"\nbounce = \"bounces+{number}@example.jp\"\nattach = [\"csv\", \"pdf\"]",
    );
    let path = "customers/acme.toml";
    let text = String::from_utf8(sandbox.read(path)).unwrap();
    sandbox.write(
        path,
        format!(
            "{text}cc = [\"Keiri <keiri@acme.example>\", \"unyu@日本語.jp\"]\nbcc = [\"unyu@xn--wgv71a119e.jp\", \"kept@acme.example\"]\n\
             subject = \"{{customer-name}}: {{total}}\"\nbody = \"templates/acme.txt\"\n"
        ),
    );
    sandbox.write("templates/acme.txt", "{{ customer.name }} & {{ issuer.name }}: {{ files | join(sep=\", \") }}\n.\n");
    good(sandbox.run(&["send", "202207", "--yes", "--customer", "acme"]));
    let received = server.received();
    let [message] = received.as_slice() else { panic!("{} messages", received.len()) };
    assert_eq!(message.from, "bounces+INV-202207-0001@example.jp");
    assert_eq!(message.to, ["keiri@acme.example", "unyu@xn--wgv71a119e.jp", "kept@acme.example"]);
    assert_eq!(message.header("Cc"), "unyu@xn--wgv71a119e.jp");
    assert!(message.header("Reply-To").ends_with(" <keiri@example.jp>"), "{}", message.header("Reply-To"));
    // By Python: base64 of アクメ株式会社: 393
    assert!(message.header("Subject").contains("44Ki44Kv44Oh5qCq5byP5Lya56S+"), "{}", message.header("Subject"));
    let letter = letter(&message.text());
    assert_eq!(letter, "アクメ株式会社 & サンプル通信株式会社: INV-202207-0001.csv, INV-202207-0001.pdf\r\n.\r\n");
    assert_eq!(message.text().matches("Content-Disposition: attachment").count(), 2);
}

/// One is not told in the plural.
#[test]
fn counts_of_one_are_singular() {
    let server = Server::start(|asked| if asked.verb == "MAIL" { Act::Say("550 no") } else { Act::Usual });
    let sandbox = issued_for(&server);
    let plan = good(sandbox.run(&["send", "202207", "--customer", "acme"]));
    assert_eq!(plan.stderr, "1 message to send; with --yes it is sent\n");
    let run = sandbox.run(&["send", "202207", "--customer", "acme", "--yes"]);
    assert!(run.stderr.contains("error: 1 message was not delivered, or may not have been\n"), "{}", run.stderr);
}

#[test]
fn two_runs_do_not_send_at_once() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    let lock = std::fs::File::create(sandbox.path().join("issued/.send.lock")).unwrap();
    lock.lock().unwrap();
    let run = sandbox.run(&["send", "202207", "--yes"]);
    assert_eq!((run.code, server.connections()), (1, 0), "{}", run.stderr);
    assert!(run.stderr.contains("another run sends invoices"), "{}", run.stderr);
    // Looking is no sending. What is on its way has no answer yet.
    let note =
        "note: another run sends messages just now: what is on its way is shown as unknown\n--> issued/.send.lock\n";
    let looks = [&["send", "202207"][..], &["list"], &["status", "--offline"]];
    for arguments in looks {
        let run = good(sandbox.run(arguments));
        assert!(run.stderr.starts_with(note), "{arguments:?}: {}", run.stderr);
    }
    drop(lock);
    // The file of a run that was killed says nothing.
    for arguments in looks {
        let run = good(sandbox.run(arguments));
        assert!(!run.stderr.contains("another run"), "{arguments:?}: {}", run.stderr);
    }
    good(sandbox.run(&["send", "202207", "--yes"]));
}

#[test]
fn a_broken_journal_is_refused() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    good(sandbox.run(&["send", "202207", "--yes"]));
    let text = String::from_utf8(sandbox.read("issued/202207.sent.jsonl")).unwrap();
    sandbox.write("issued/202207.sent.jsonl", text.replacen("250 2.0.0 Ok", "250 2.0.0 OK", 1));
    for command in [&["send", "202207", "--yes"][..], &["list"], &["status", "--offline"]] {
        let run = sandbox.run(command);
        assert_eq!(run.code, 1, "{command:?}: {}", run.stderr);
        assert!(run.stderr.contains("issued/202207.sent.jsonl:4"), "{}", run.stderr);
    }
    // The beginning of a line that a killed run left is no fault.
    let torn = &text[..text.len() - 20];
    sandbox.write("issued/202207.sent.jsonl", torn);
    let run = sandbox.run(&["send", "202207", "--yes"]);
    assert!(run.code == 1 && run.stderr.contains("INV-202207-0002: unknown"), "{}", run.stderr);
    assert_eq!(server.received().len(), 2);
}

/// A run is killed at each of its steps in turn. What the server has is what the journal says, or less than it fears.
#[test]
fn a_kill_at_any_step_sends_nothing_twice_and_hides_nothing() {
    let prepared = issued();
    for point in 1.. {
        let server = Server::good();
        let sandbox = Sandbox::new();
        copy_tree(prepared.path(), sandbox.path());
        mail(&sandbox, &server.url());
        let killed = sandbox.run_with(&["send", "202207", "--yes"], &[("INVOICER_INTERRUPT_AT", &point.to_string())]);
        if killed.code == 0 {
            assert!(point > 30, "only {} points were passed", point - 1);
            return;
        }
        assert_eq!(killed.code, -1, "point {point}: {}", killed.stderr);
        let next = sandbox.run(&["send", "202207", "--yes"]);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for message in server.received() {
            *counts.entry(message.header("X-Invoice-Number")).or_default() += 1;
            let kept = format!("issued/202207.mail/{}.r0.eml", message.header("X-Invoice-Number"));
            assert!(message.bytes == sandbox.read(&kept), "point {point}: {kept}");
        }
        let unknown = |number: &str| next.stderr.contains(&format!("{number}: unknown"));
        for number in [ACME, BRAVO] {
            let count = counts.get(number).copied().unwrap_or(0);
            assert!(count == 1 || count == 0 && unknown(number), "point {point}: {number} {count}: {}", next.stderr);
        }
        let is_unknown = unknown(ACME) || unknown(BRAVO);
        assert_eq!(next.code, i32::from(is_unknown), "point {point}: {}", next.stderr);
        // Whatever is left is for the user to say.
        for number in [ACME, BRAVO].into_iter().filter(|number| unknown(number)) {
            good(sandbox.run(&["send", "202207", "--yes", "--resend", number, "--reason", "killed"]));
        }
        let done: Run = good(sandbox.run(&["send", "202207", "--yes"]));
        assert_eq!(done.stdout.matches(" sent").count(), 2, "point {point}: {}", done.stdout);
    }
}

/// An e-invoice is made of the document as it was issued; with the customer's address it goes with the message.
#[test]
fn an_e_invoice_is_attached_where_the_customer_has_an_address() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    with_mail(&sandbox, "attach = [\"xml\"]");
    let text = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", format!("{text}[peppol]\nid = \"0188:7000012050002\"\n"));
    good(sandbox.run(&["send", "202207", "--yes", "--customer", "acme"]));
    let text = server.received()[0].text();
    assert!(
        text.contains("filename=\"INV-202207-0001.xml\"") && text.contains("Content-Type: application/xml"),
        "{text}"
    );
    let xml = String::from_utf8(attachment(&text)).unwrap();
    for part in ["<cbc:ID>INV-202207-0001</cbc:ID>", "0188", "7000012050002", ">393</cbc:PayableAmount>"] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
}

/// What somebody on the way adds in the clear to the answer to STARTTLS would otherwise be read as the server's answers after
/// the encryption has begun (RFC 3207, 4.2).
#[test]
fn answers_from_before_the_encryption_are_refused() {
    let server = Server::start(|asked| match asked.verb.as_str() {
        "EHLO" => Act::Say("250-example\r\n250 STARTTLS"),
        "STARTTLS" => Act::Say("220 go ahead\r\n250-example\r\n250 AUTH PLAIN\r\n235 welcome\r\n250 queued"),
        _ => Act::Usual,
    });
    let starttls = MailServer { encryption: Encryption::StartTls, ..server_of(&server) };
    let fault = Session::open(&route(starttls)).err().unwrap();
    assert!(fault.reply.starts_with("unencrypted answers after the one to STARTTLS"), "{fault:?}");
    assert_eq!(server.asked().last().map(String::as_str), Some("STARTTLS"));
}

/// The contract's `[mail]`: a user name beside a plain server of this machine. No password goes through it, so none is asked for.
#[test]
fn a_user_name_is_not_used_without_encryption() {
    let server = Server::good();
    let sandbox = issued_for(&server);
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", settings.replace("[mail]\n", "[mail]\nusername = \"billing\"\n"));
    good(sandbox.run(&["send", "202207", "--yes"]));
    assert_eq!(server.received().len(), 2);
    assert!(server.asked().iter().all(|asked| !asked.starts_with("AUTH")), "{:?}", server.asked());
}

/// Delivers a message and gives what became of it.
fn delivered(server: &Server, bytes: &[u8]) -> Outcome {
    let session = Session::open(&route(server_of(server))).map_err(|fault| fault.reply).unwrap();
    let from = Mailbox::parse("billing@example.jp").unwrap();
    let to = [Mailbox::parse("keiri@acme.example").unwrap()];
    session.deliver(Parcel { from: &from, to: &to, bytes }, &mut || Ok(())).unwrap().0
}

/// RFC 5321, 4.2: the text of an answer may be missing, and the space with it.
#[test]
fn answers_without_a_text_are_understood() {
    let server = Server::start(|asked| match asked.verb.as_str() {
        "CONNECT" => Act::Say("220"),
        "MAIL" | "RCPT" | "BODY" => Act::Say("250"),
        _ => Act::Usual,
    });
    assert_eq!(delivered(&server, b"Subject: x\r\n\r\nx\r\n"), Outcome::Sent("250".to_owned()));
}

/// RFC 5321, 4.5.2: a dot that begins a line does not end the message, and arrives alone.
#[test]
fn lines_that_begin_with_dots_arrive_as_they_are() {
    let server = Server::good();
    let bytes = b"Subject: x\r\n\r\n.\r\n..a\r\nb.\r\n.c\r\n";
    assert!(matches!(delivered(&server, bytes), Outcome::Sent(_)));
    assert_eq!(String::from_utf8_lossy(&server.received()[0].bytes), String::from_utf8_lossy(bytes));
}
