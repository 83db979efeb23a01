//! Reads `[mail]` of `invoicer.toml` and of a customer's file.

use super::toml_reader::{Section, Value};
use super::values;
use super::wording;
use crate::diagnostic::Diagnostic;
use crate::model::definition::Definition;
use crate::model::mail::{Attached, CustomerMail, Encryption, Login, MailServer, MailSettings, Mailbox};
use crate::model::settings::{Pattern, PatternField};
use crate::model::wording::Wording;

/// Placeholders of the subject line.
const SUBJECT_FIELDS: [&str; 11] = [
    "number",
    "month",
    "month-name",
    "year",
    "yy",
    "mm",
    "fiscal-year",
    "customer",
    "customer-name",
    "issue-date",
    "total",
];

/// Placeholders of the envelope sender.
const BOUNCE_FIELDS: [&str; 3] = ["number", "customer", "month"];

/// Most bytes of a message where `max-size` is absent: what many servers take.
const USUAL_SIZE: u64 = 10_000_000;

/// Most messages a minute where `rate-per-minute` is absent.
const USUAL_RATE: u32 = 60;

/// What both files can say; absent keys come from the other layer.
#[derive(Clone, Debug, Default)]
pub(super) struct MailLayer {
    to: Option<Vec<Mailbox>>,
    cc: Option<Vec<Mailbox>>,
    bcc: Option<Vec<Mailbox>>,
    subject: Option<Wording<Pattern>>,
    attach: Option<Vec<Attached>>,
    body: Option<(String, Definition)>,
}

impl MailLayer {
    /// Reads the keys of both files.
    fn read(section: &Section<'_, '_>) -> MailLayer {
        MailLayer {
            to: None,
            cc: None,
            bcc: section.list("bcc", mailbox),
            subject: section.read("subject", subject),
            attach: section.read("attach", attached),
            body: section.read("body", body),
        }
    }

    /// Reads a customer's section.
    pub(super) fn of_customer(section: Option<Section<'_, '_>>) -> MailLayer {
        let Some(section) = section else {
            return MailLayer::default();
        };
        let (to, cc) = (section.list("to", mailbox), section.list("cc", mailbox));
        let layer = MailLayer { to, cc, ..MailLayer::read(&section) };
        section.finish();
        layer
    }

    /// This layer's keys, then those of `below`, then the defaults.
    pub(super) fn over(self, below: &MailLayer) -> CustomerMail {
        let below = below.clone();
        CustomerMail {
            to: self.to.or(below.to).unwrap_or_default(),
            cc: self.cc.or(below.cc).unwrap_or_default(),
            bcc: self.bcc.or(below.bcc).unwrap_or_default(),
            subject: self.subject.or(below.subject),
            attach: self.attach.or(below.attach).unwrap_or_else(|| vec![Attached::Pdf]),
            body: self.body.or(below.body),
        }
    }
}

/// `[mail]` of the workspace.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkspaceMail {
    /// Its own keys; none where there is no section, or no good sender.
    pub(super) settings: Option<MailSettings>,
    /// What customers can have otherwise.
    pub(super) layer: MailLayer,
}

/// Reads the workspace's section.
pub(super) fn read(section: Option<Section<'_, '_>>) -> WorkspaceMail {
    let Some(section) = section else {
        return WorkspaceMail::default();
    };
    let from = section.require("from", "\"請求担当 <billing@example.jp>\"", mailbox);
    let server = section.read("smtp", server);
    let username = section.read("username", Value::text);
    let login = section.read("auth", |value| value.one_of(&Login::NAMES));
    // A plain connection is to this machine, and no password ever goes through it: a user name there is for nothing.
    let is_encrypted = server.as_ref().is_none_or(|server| server.encryption != Encryption::None);
    let login = login.unwrap_or(if username.is_some() && is_encrypted { Login::Password } else { Login::None });
    check_login(&section, server.as_ref(), username.as_deref(), login);
    let settings = (
        section.read("reply-to", mailbox),
        section.read("bounce", bounce),
        section.read("ca", |value| Ok((value.text()?, value.definition()))),
        section.read("max-size", size).unwrap_or(USUAL_SIZE),
        section.read("rate-per-minute", rate).unwrap_or(USUAL_RATE),
    );
    let layer = MailLayer::read(&section);
    let definition = section.definition();
    section.finish();
    let (reply_to, bounce, ca, max_size, rate_per_minute) = settings;
    let settings = from.map(|from| MailSettings {
        from,
        reply_to,
        bounce,
        server,
        username,
        login,
        ca,
        max_size,
        rate_per_minute,
        definition,
    });
    WorkspaceMail { settings, layer }
}

/// Checks that a user name and a login go together, and that no secret would travel in the clear.
fn check_login(section: &Section<'_, '_>, server: Option<&MailServer>, username: Option<&str>, login: Login) {
    let at = |key: &'static str, message: &str, hint: &str| {
        if let Some(value) = section.get(key) {
            value.told::<()>(Err(Diagnostic::error(message).with_hint(hint)));
        }
    };
    match (login, username) {
        (Login::None, Some(_)) if section.has_any(&["auth"]) => {
            at("auth", "a user name for a server at which nobody logs in", "remove `auth`, or `username`");
        }
        (Login::None, _) => {}
        (Login::Password | Login::OAuth2, None) => {
            at("auth", "expected `username` beside `auth`", "add username = \"billing\", or remove `auth`");
        }
        (Login::Password | Login::OAuth2, Some(_)) => {
            if server.is_some_and(|server| server.encryption == Encryption::None) {
                let hint = "write smtps:// or smtp+starttls://, or remove `auth`";
                at("smtp", "the password would go to the server unencrypted", hint);
            }
        }
    }
}

/// Reads one address.
fn mailbox(value: &Value<'_, '_>) -> Result<Mailbox, Diagnostic> {
    values::mailbox(value)
}

fn server(value: &Value<'_, '_>) -> Result<MailServer, Diagnostic> {
    let url = value.text()?;
    if url.split_once("://").is_some_and(|(_, rest)| rest.contains('@')) {
        let diagnostic = Diagnostic::error("a user name or password in the smtp URL");
        return Err(diagnostic.with_hint("write username = …; the password comes from INVOICER_SMTP_PASSWORD"));
    }
    MailServer::parse(&url).map_err(|(message, hint)| Diagnostic::error(message).with_hint(hint))
}

fn subject(value: &Value<'_, '_>) -> Result<Wording<Pattern>, Diagnostic> {
    wording::each(value, |value| values::pattern(value, &SUBJECT_FIELDS))
}

/// An address with placeholders, which is an address whatever stands in their places.
fn bounce(value: &Value<'_, '_>) -> Result<Pattern, Diagnostic> {
    let pattern = values::pattern(value, &BOUNCE_FIELDS)?;
    let is_plain = |text: &str| Mailbox::parse(text).is_ok_and(|mailbox| mailbox.name.is_none());
    match is_plain(&pattern.fill(|_: PatternField| "x".to_owned())) {
        true => Ok(pattern),
        false => Err(value.expected("an e-mail address such as \"bounces+{number}@example.jp\"")),
    }
}

fn attached(value: &Value<'_, '_>) -> Result<Vec<Attached>, Diagnostic> {
    let mut kinds = Vec::new();
    for entry in value.array()? {
        let Some(kind) = entry.told(entry.one_of(&Attached::NAMES)) else {
            continue;
        };
        match kinds.contains(&kind) {
            true => drop(entry.told::<()>(Err(
                Diagnostic::error(format!("`attach` names {} twice", entry.source())).with_hint("keep one of them"),
            ))),
            false => kinds.push(kind),
        }
    }
    Ok(kinds)
}

/// A file of `templates/`, where all templates are.
fn body(value: &Value<'_, '_>) -> Result<(String, Definition), Diagnostic> {
    let path = value.text()?;
    let name = path.strip_prefix("templates/").filter(|name| crate::model::plain::is_name(name));
    match name.is_some_and(|name| name.ends_with(".txt") && !name.starts_with('.')) {
        true => Ok((path, value.definition())),
        false => Err(value.expected("a text file in templates/ such as \"templates/mail.txt\"")),
    }
}

/// `"10 MB"`, `"512 KiB"` or a number of bytes.
fn size(value: &Value<'_, '_>) -> Result<u64, Diagnostic> {
    const UNITS: [(&str, u64); 6] =
        [("KiB", 1 << 10), ("MiB", 1 << 20), ("kB", 1000), ("KB", 1000), ("MB", 1_000_000), ("", 1)];
    let text = match value.is_text() {
        true => value.text()?,
        false => value.integer()?.to_string(),
    };
    let parsed = UNITS.into_iter().find_map(|(unit, factor)| {
        let number = text.strip_suffix(unit)?.trim_end();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u64>().ok().filter(|number| is_number && *number > 0)?.checked_mul(factor)
    });
    parsed.ok_or_else(|| value.expected("a size such as \"10 MB\""))
}

fn rate(value: &Value<'_, '_>) -> Result<u32, Diagnostic> {
    let rate = value.integer()?;
    u32::try_from(rate).ok().filter(|rate| *rate > 0).ok_or_else(|| value.expected("a positive integer"))
}
