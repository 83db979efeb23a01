//! What `[mail]` says: who sends invoices to whom, through which server. Also [`Mailbox`], an address as the wire has it.

use std::fmt;

use url::{Host, Url};

use super::definition::Definition;
use super::endpoint::is_this_machine;
use super::pattern::Pattern;
use super::wording::Wording;

/// An e-mail address, with the name that is shown for it where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The name.
    pub name: Option<String>,
    local: String,
    domain: String,
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFault {
    /// It has no form of an address.
    Form,
    /// A line break or other control character, which would begin a header of its own.
    Control(char),
    /// The part before the `@` is not ASCII: servers without SMTPUTF8 refuse it.
    LocalPart,
}

/// Most bytes of the part before the `@` and of the whole domain (RFC 5321, 4.5.3.1).
const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 253;

impl Mailbox {
    /// Reads `keiri@acme.example`, `経理部 <keiri@acme.example>` or `"A, B" <keiri@acme.example>`. A domain in other
    /// characters than ASCII becomes its A-label (IDNA).
    ///
    /// # Errors
    /// Why it is no address.
    pub fn parse(text: &str) -> Result<Mailbox, AddressFault> {
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            return Err(AddressFault::Control(control));
        }
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name.trim(), rest.trim_end().strip_suffix('>').ok_or(AddressFault::Form)?),
            None => ("", text),
        };
        let (local, domain) = address.rsplit_once('@').ok_or(AddressFault::Form)?;
        if !local.is_ascii() {
            return Err(AddressFault::LocalPart);
        }
        let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
        if local.is_empty()
            || local.len() > LONGEST_LOCAL
            || !local.bytes().all(is_atom)
            || local.starts_with('.')
            || local.ends_with('.')
        {
            return Err(AddressFault::Form);
        }
        let domain = ascii_domain(domain).ok_or(AddressFault::Form)?;
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Mailbox { name, local: local.to_owned(), domain })
    }

    /// The address without the name.
    pub fn address(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// What is before the `@`.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain, in ASCII.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether both are the same address, whatever their names.
    pub fn is_same(&self, other: &Mailbox) -> bool {
        (&self.local, &self.domain) == (&other.local, &other.domain)
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address()),
            None => f.write_str(&self.address()),
        }
    }
}

/// A domain of at least two labels in ASCII; none where it is not one.
fn ascii_domain(domain: &str) -> Option<String> {
    // The parser would decode percent signs.
    let is_plain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if !domain.chars().all(is_plain) {
        return None;
    }
    let Ok(Host::Domain(ascii)) = Host::parse(domain) else { return None };
    let is_label = |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    let is_domain = ascii.contains('.') && ascii.len() <= LONGEST_DOMAIN && ascii.split('.').all(is_label);
    is_domain.then_some(ascii)
}

/// The mailboxes without those whose address an earlier one has.
pub fn merged<'m>(mailboxes: impl IntoIterator<Item = &'m Mailbox>) -> Vec<Mailbox> {
    let mut merged: Vec<Mailbox> = Vec::new();
    for mailbox in mailboxes {
        if !merged.iter().any(|known| known.is_same(mailbox)) {
            merged.push(mailbox.clone());
        }
    }
    merged
}

/// How a connection to a server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all: for servers on this machine only.
    None,
    /// From the command STARTTLS on, without which the server is refused.
    StartTls,
    /// From the beginning.
    Tls,
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    /// Encryption of the connection.
    pub encryption: Encryption,
    /// Host name or IP address, the latter without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl MailServer {
    /// Reads `smtps://HOST`, `smtp+starttls://HOST` or `smtp://HOST`, each with a port where it is not the usual one.
    ///
    /// # Errors
    /// What is wrong with it, and the way out.
    pub fn parse(text: &str) -> Result<MailServer, (String, &'static str)> {
        const FORM: &str = "write smtps://mail.example.jp or smtp+starttls://mail.example.jp:587";
        let schemes = [
            ("smtps", Encryption::Tls, 465),
            ("smtp+starttls", Encryption::StartTls, 587),
            ("smtp", Encryption::None, 25),
        ];
        let expected =
            || (format!("expected a URL that begins with smtps://, smtp+starttls:// or smtp://, found {text:?}"), FORM);
        let (scheme, _) = text.split_once("://").ok_or_else(expected)?;
        let (_, encryption, port) = schemes.into_iter().find(|(name, ..)| *name == scheme).ok_or_else(expected)?;
        let url = Url::parse(text).map_err(|_| expected())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(expected)?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err((format!("expected a host and a port after {scheme}://, found {text:?}"), FORM));
        }
        if encryption == Encryption::None && !is_this_machine(&url) {
            let hint = "write smtps:// or smtp+starttls://; smtp:// is for a server on this machine";
            return Err((format!("mail would go to {host} unencrypted"), hint));
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(MailServer { encryption, host, port: url.port().unwrap_or(port) })
    }
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// How to log in at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// Not at all.
    None,
    /// With a password: AUTH PLAIN or, where the server does not offer or take it, LOGIN.
    Password,
    /// With an access token: AUTH XOAUTH2.
    OAuth2,
}

impl Login {
    /// The names in TOML.
    pub const NAMES: [(&'static str, Login); 3] =
        [("password", Login::Password), ("oauth2", Login::OAuth2), ("none", Login::None)];

    /// The environment variable with the secret.
    pub fn variable(self) -> Option<&'static str> {
        match self {
            Login::None => None,
            Login::Password => Some("INVOICER_SMTP_PASSWORD"),
            Login::OAuth2 => Some("INVOICER_SMTP_TOKEN"),
        }
    }
}

/// A kind of file that goes with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attached {
    /// The document as it is printed.
    Pdf,
    /// Its rows.
    Csv,
    /// The document for a browser.
    Html,
    /// The document as JP PINT.
    Xml,
}

impl Attached {
    /// The names in TOML, which are the extensions.
    pub const NAMES: [(&'static str, Attached); 4] =
        [("pdf", Attached::Pdf), ("csv", Attached::Csv), ("html", Attached::Html), ("xml", Attached::Xml)];

    /// The name in TOML, and the file's extension.
    pub fn extension(self) -> &'static str {
        Attached::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// `[mail]` of the workspace, apart from what customers can have otherwise.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Sender.
    pub from: Mailbox,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<Mailbox>,
    /// Envelope sender, to which servers return what cannot be delivered; the sender's address without it.
    pub bounce: Option<Pattern>,
    /// Server.
    pub server: Option<MailServer>,
    /// User name at the server.
    pub username: Option<String>,
    /// How to log in there.
    pub login: Login,
    /// File of a further root certificate, relative to the workspace's root, and where it is named.
    pub ca: Option<(String, Definition)>,
    /// Most bytes of a message.
    pub max_size: u64,
    /// Most messages a minute.
    pub rate_per_minute: u32,
    /// Where it is written.
    pub definition: Definition,
}

/// `[mail]` of a customer, over that of the workspace.
#[derive(Clone, Debug, Default)]
pub struct CustomerMail {
    /// Recipients.
    pub to: Vec<Mailbox>,
    /// Recipients of copies.
    pub cc: Vec<Mailbox>,
    /// Recipients of copies whom no header names.
    pub bcc: Vec<Mailbox>,
    /// Subject of messages with invoices; the built-in one without it.
    pub subject: Option<Wording<Pattern>>,
    /// Files that go with a message.
    pub attach: Vec<Attached>,
    /// Template of the text, a file in `templates/`, and where it is named; without it `templates/mail.txt`, or the
    /// built-in one.
    pub body: Option<(String, Definition)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_ascii_on_the_wire() {
        for (text, name, address) in [
            ("keiri@acme.example", None, "keiri@acme.example"),
            ("経理部 <keiri@Acme.Example>", Some("経理部"), "keiri@acme.example"),
            ("\"Acme, Ltd.\" <a+b@acme.example>", Some("Acme, Ltd."), "a+b@acme.example"),
            // By Python: "日本語.jp".encode("idna").
            ("info@日本語.jp", None, "info@xn--wgv71a119e.jp"),
            ("a..b@docomo.example", None, "a..b@docomo.example"),
        ] {
            let mailbox = Mailbox::parse(text).unwrap();
            assert_eq!((mailbox.name.as_deref(), mailbox.address().as_str()), (name, address), "{text}");
        }
        for text in [
            "",
            "a",
            "a@",
            "@b.jp",
            "a@b",
            "a@b..jp",
            "a@-b.jp",
            "a b@c.jp",
            "a@b c.jp",
            ".a@b.jp",
            "a.@b.jp",
            "a@1.2.3.4",
            "a@%41.jp",
            "<a@b.jp",
            "a@b.jp>",
            "A <a@b.jp> B",
            "a,b@c.jp",
            "a@b_c.jp",
        ] {
            assert_eq!(Mailbox::parse(text), Err(AddressFault::Form), "{text}");
        }
        assert_eq!(Mailbox::parse(&format!("{}@b.jp", "a".repeat(65))), Err(AddressFault::Form));
        assert_eq!(Mailbox::parse("請求@acme.example"), Err(AddressFault::LocalPart));
        assert_eq!(Mailbox::parse("A\r\nBcc: x@y.jp <a@b.jp>"), Err(AddressFault::Control('\r')));
    }

    #[test]
    fn one_address_gets_one_message() {
        let all = ["A <a@b.jp>", "c@b.jp", "a@B.JP", "A@b.jp"].map(|text| Mailbox::parse(text).unwrap());
        let merged: Vec<String> = merged(&all).iter().map(Mailbox::to_string).collect();
        // The part before the @ is the receiving server's to compare.
        assert_eq!(merged, ["A <a@b.jp>", "c@b.jp", "A@b.jp"]);
    }

    #[test]
    fn servers_are_encrypted_unless_they_are_here() {
        for (text, encryption, host, port) in [
            ("smtps://mail.example.jp", Encryption::Tls, "mail.example.jp", 465),
            ("smtp+starttls://mail.example.jp:2587", Encryption::StartTls, "mail.example.jp", 2587),
            ("smtp+starttls://mail.example.jp/", Encryption::StartTls, "mail.example.jp", 587),
            ("smtp://127.0.0.1:2525", Encryption::None, "127.0.0.1", 2525),
            ("smtp://[::1]", Encryption::None, "::1", 25),
            ("smtp://localhost", Encryption::None, "localhost", 25),
        ] {
            let expected = MailServer { encryption, host: host.to_owned(), port };
            assert_eq!(MailServer::parse(text), Ok(expected), "{text}");
        }
        for text in [
            "mail.example.jp",
            "http://mail.example.jp",
            "smtp://mail.example.jp",
            "smtp://127.0.0.1.example.jp",
            "smtps://",
            "smtps://mail.example.jp/x",
            "smtps://mail.example.jp?x",
            "smtps://mail.example.jp:70000",
        ] {
            assert!(MailServer::parse(text).is_err(), "{text}");
        }
    }
}
