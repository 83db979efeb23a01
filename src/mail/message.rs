//! The bytes of a message: a text part and the attached files, all in base64, ASCII with lines of at most 76 characters.
//!
//! The same parts give the same bytes: date, Message-ID and boundary come from the caller, never from the clock or from
//! random numbers, with which the library would fill them in.

use chrono::{DateTime, Utc};
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{Cc, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, To};
use lettre::message::{Attachment, Mailbox as LetterBox, Mailboxes, Message, MultiPart, SinglePart};

use crate::diagnostic::Diagnostic;
use crate::model::mail::{Attached, Mailbox};
use crate::staging::hash;

/// What a message is made of.
pub struct MessageParts<'a> {
    /// Sender.
    pub from: &'a Mailbox,
    /// Where answers go.
    pub reply_to: Option<&'a Mailbox>,
    /// Recipients that the header names.
    pub to: &'a [Mailbox],
    /// Recipients of copies that the header names.
    pub cc: &'a [Mailbox],
    /// Subject.
    pub subject: &'a str,
    /// Date.
    pub date: DateTime<Utc>,
    /// Message-ID with its angle brackets.
    pub message_id: &'a str,
    /// Number of the document.
    pub number: &'a str,
    /// SHA-256 of the document.
    pub sha256: &'a str,
    /// The text, with line feeds.
    pub text: String,
    /// The attached files.
    pub files: Vec<AttachedFile>,
    /// Whether a mail program should open it as a draft.
    pub is_draft: bool,
}

/// A file that goes with a message.
pub struct AttachedFile {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Attached,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Most bytes of a number in a Message-ID: a line of a header has at most 998.
const LONGEST_NAME: usize = 200;

/// A number in the characters that a Message-ID, an address and a file can have; others are written as `=E3`. Two numbers
/// never have the same name.
pub fn name(number: &str) -> String {
    let mut name = String::new();
    for byte in number.bytes() {
        match byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') {
            true => name.push(char::from(byte)),
            false => name += &format!("={byte:02X}"),
        }
    }
    if name.len() <= LONGEST_NAME {
        return name;
    }
    // `_` is in no other name.
    let kept: String = name.chars().take(LONGEST_NAME - 17).collect();
    format!("{kept}_{}", &hash(number.as_bytes())[..16])
}

/// Message-ID of a delivery: `r0` is the first, `t1` a test copy. It follows from the document alone, so that a message which
/// arrives twice can be recognized.
pub fn message_id(number: &str, version: u32, delivery: &str, sha256: &str, from: &Mailbox) -> String {
    let sha256: String = sha256.chars().take(16).collect();
    format!("<{}.v{version}.{delivery}.{sha256}@{}>", name(number), from.domain())
}

/// The bytes of a message.
///
/// # Errors
/// When the library refuses a part, which were checked when they were read.
pub fn message(parts: MessageParts<'_>) -> Result<Vec<u8>, Diagnostic> {
    let refused = |what: &str| {
        let message = format!("the message with {} cannot be written: {what}", parts.number);
        Diagnostic::could_not_run(message).with_hint("check [mail] and the name of the customer")
    };
    let text =
        SinglePart::builder().header(ContentType::TEXT_PLAIN).header(ContentTransferEncoding::Base64).body(parts.text);
    // Not by any content: in base64, no line begins with hyphens.
    let boundary = format!("invoicer-{}", &hash(parts.message_id.as_bytes())[..40]);
    let mut body = MultiPart::mixed().boundary(boundary).singlepart(text);
    for file in parts.files {
        let kind = ContentType::parse(media_type(file.kind)).map_err(|error| refused(&error.to_string()))?;
        body = body.singlepart(attachment(&file.name, kind, file.bytes));
    }
    let header = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
    let subject: String = parts.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let envelope = Envelope::new(Some(address(parts.from)), parts.to.iter().map(address).collect());
    let envelope = envelope.map_err(|error| refused(&error.to_string()))?;
    let mut builder = Message::builder()
        .date(parts.date.into())
        .from(letter_box(parts.from))
        .subject(subject)
        .message_id(Some(parts.message_id.to_owned()));
    builder = parts.reply_to.into_iter().fold(builder, |builder, reply_to| builder.reply_to(letter_box(reply_to)));
    // Headers at once and an envelope of our own: the library would read addresses back, and refuses some that servers take.
    builder = builder.header(To::from(letter_boxes(parts.to))).envelope(envelope);
    if !parts.cc.is_empty() {
        builder = builder.header(Cc::from(letter_boxes(parts.cc)));
    }
    builder = builder
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Invoice-Number", parts.number))
        .raw_header(header("X-Invoice-Sha256", parts.sha256));
    if parts.is_draft {
        builder = builder.raw_header(header("X-Unsent", "1"));
    }
    let message = builder.multipart(body).map_err(|error| refused(&error.to_string()))?;
    Ok(folded(&message.formatted()))
}

/// Most characters of a line (RFC 5322 2.1.1 recommends 78, RFC 2047 2 has 76 where names are encoded).
const LONGEST_LINE: usize = 76;

/// A message whose header is folded at spaces: the library folds encoded words, but leaves a list of addresses on one line. A
/// word that is longer, such as a Message-ID or a hash, stays whole behind the name of its field.
fn folded(message: &[u8]) -> Vec<u8> {
    let end = memchr::memmem::find(message, b"\r\n\r\n").unwrap_or(message.len());
    let (header, rest) = message.split_at(end);
    let mut out = Vec::with_capacity(message.len() + 64);
    for (index, line) in header.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.push(b'\n');
        }
        let mut line = line;
        while line.trim_ascii_end().len() > LONGEST_LINE {
            // The first character of a continued line is the space that it was folded at.
            let is_before_word = |at: &usize| line.get(at + 1).is_some_and(|next| !next.is_ascii_whitespace());
            // Some readers take what a line begins with behind a name that stands alone for a part of the value.
            let is_behind_name = |at: &usize| *at > 0 && line[at - 1] != b':';
            let spaces = memchr::memchr_iter(b' ', line).filter(is_behind_name).filter(is_before_word);
            let fits = spaces.clone().take_while(|at| *at <= LONGEST_LINE).last();
            let Some(at) = fits.or_else(|| spaces.clone().next()) else { break };
            out.extend(&line[..at]);
            out.extend(b"\r\n");
            line = &line[at..];
        }
        out.extend(line);
    }
    out.extend(rest);
    out
}

/// A file as a part in base64, whatever it holds.
fn attachment(name: &str, kind: ContentType, bytes: Vec<u8>) -> SinglePart {
    let encoded = lettre::message::Body::new_with_encoding(bytes, ContentTransferEncoding::Base64);
    // Base64 takes all bytes; the library refuses only what other encodings cannot have.
    let encoded = encoded.unwrap_or_else(lettre::message::Body::new);
    Attachment::new(name.to_owned()).body(encoded, kind)
}

fn media_type(kind: Attached) -> &'static str {
    match kind {
        Attached::Pdf => "application/pdf",
        Attached::Csv => "text/csv; charset=utf-8",
        Attached::Html => "text/html; charset=utf-8",
        Attached::Xml => "application/xml",
    }
}

fn letter_boxes(mailboxes: &[Mailbox]) -> Mailboxes {
    mailboxes.iter().map(letter_box).collect()
}

fn letter_box(mailbox: &Mailbox) -> LetterBox {
    LetterBox::new(mailbox.name.clone(), address(mailbox))
}

/// An address for the library. It was checked when it was read; the library's own check is stricter than servers are.
pub(super) fn address(mailbox: &Mailbox) -> Address {
    Address::new_dangerous(mailbox.local(), mailbox.domain())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    fn parts<'a>(from: &'a Mailbox, to: &'a [Mailbox], number: &'a str, id: &'a str) -> MessageParts<'a> {
        MessageParts {
            from,
            reply_to: None,
            to,
            cc: &[],
            subject: "2022年8月 ご請求書 (INV-1)",
            date: DateTime::from_timestamp(1_662_800_000, 0).unwrap(),
            message_id: id,
            number,
            sha256: "00",
            text: "アクメ株式会社 御中\n.\n..\n".to_owned(),
            files: vec![AttachedFile {
                name: "請求書 8月.pdf".to_owned(),
                kind: Attached::Pdf,
                bytes: b"%PDF-1.7\r\n.\r\n\xff".repeat(40),
            }],
            is_draft: false,
        }
    }

    #[test]
    fn a_message_is_ascii_with_short_lines_and_always_the_same() {
        let from = mailbox("請求担当 <billing@example.jp>");
        let to = [mailbox("\"Acme, Ltd.\" <keiri@acme.example>"), mailbox("経理部長 <a..b@docomo.example>")];
        let id = message_id("INV-1", 1, "r0", &"0123456789abcdef".repeat(4), &from);
        let bytes = message(parts(&from, &to, "INV-1", &id)).unwrap();
        assert_eq!(bytes, message(parts(&from, &to, "INV-1", &id)).unwrap());
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.is_ascii());
        for line in text.split("\r\n") {
            assert!(line.len() <= 76 && !line.contains(['\r', '\n']) && !line.starts_with('.'), "{line:?}");
        }
        assert!(text.ends_with("--\r\n"));
        let unfolded = text.replace("\r\n ", " ");
        for header in [
            "Date: Sat, 10 Sep 2022 08:53:20 +0000",
            "Message-ID: <INV-1.v1.r0.0123456789abcdef@example.jp>",
            // base64 of 請求担当 by Python.
            "From: =?utf-8?b?6KuL5rGC5ouF5b2T?= <billing@example.jp>",
            "Auto-Submitted: auto-generated",
            "X-Invoice-Number: INV-1",
            "X-Invoice-Sha256: 00",
            "MIME-Version: 1.0",
        ] {
            assert!(unfolded.contains(&format!("{header}\r\n")), "{header}: {unfolded}");
        }
        assert!(unfolded.contains("filename*0*=utf-8''%E8%AB%8B"), "{unfolded}");
        assert_eq!(text.matches("Content-Transfer-Encoding: base64").count(), 2, "{text}");
        // Neither encoded words in parameters nor a hidden recipient.
        assert!(!unfolded.contains("name=\"=?") && !unfolded.to_lowercase().contains("\r\nbcc"), "{unfolded}");
        let ascii = AttachedFile { name: "INV-1.csv".to_owned(), kind: Attached::Csv, bytes: b"a,b\n".to_vec() };
        let draft = MessageParts { files: vec![ascii], is_draft: true, ..parts(&from, &to, "INV-1", &id) };
        let text = String::from_utf8(message(draft).unwrap()).unwrap();
        assert!(text.contains("X-Unsent: 1\r\n") && text.contains("filename=\"INV-1.csv\""), "{text}");
    }

    /// 60 recipients, plain and with names, are on lines of at most 76 characters, and the same once unfolded.
    #[test]
    fn lists_of_recipients_are_folded() {
        let from = mailbox("billing@example.jp");
        let plain: Vec<Mailbox> = (0..60).map(|n| mailbox(&format!("accounts-payable-{n}@customer.example"))).collect();
        let named: Vec<Mailbox> = (0..60)
            .map(|n| mailbox(&format!("株式会社アクメ 東日本支社 経理部 第{n}経理課 <keiri-{n}@acme.example>")))
            .collect();
        let sha256 = "0123456789abcdef".repeat(4);
        let parts = MessageParts { cc: &named, sha256: &sha256, ..parts(&from, &plain, "INV-1", "<x@example.jp>") };
        let text = String::from_utf8(message(parts).unwrap()).unwrap();
        let header = text.split("\r\n\r\n").next().unwrap();
        for line in header.split("\r\n") {
            let longest = if line.starts_with("X-Invoice-Sha256: ") { 18 + 64 } else { 76 };
            assert!(line.len() <= longest && !line.trim().is_empty() && !line.ends_with(':'), "{line:?}");
        }
        let unfolded = header.replace("\r\n ", " ");
        let addresses: Vec<String> = plain.iter().map(Mailbox::address).collect();
        assert!(unfolded.contains(&format!("To: {}\r\n", addresses.join(", "))), "{unfolded}");
        assert!(unfolded.contains(&format!("X-Invoice-Sha256: {sha256}\r\n")), "{unfolded}");
        let folded = unfolded.matches("@acme.example>").count();
        assert_eq!(folded, 60, "{unfolded}");
    }

    #[test]
    fn names_are_distinct_and_of_few_characters() {
        assert_eq!(name("INV-202208.1"), "INV-202208.1");
        assert_eq!(name("請/1=_"), "=E8=AB=8B=2F1=3D=5F");
        let long = [format!("{}a", "請".repeat(300)), format!("{}b", "請".repeat(300))].map(|number| name(&number));
        assert!(long[0] != long[1] && long.iter().all(|name| name.len() <= LONGEST_NAME), "{long:?}");
        let from = mailbox("billing@日本語.jp");
        let id = message_id("INV/1", 2, "t3", "0123456789abcdef0123", &from);
        assert_eq!(id, "<INV=2F1.v2.t3.0123456789abcdef@xn--wgv71a119e.jp>");
    }

    #[test]
    fn a_long_message_id_is_one_word() {
        let (from, to) = (mailbox("billing@example.jp"), [mailbox("keiri@acme.example")]);
        let number = "請求書/2022年8月".repeat(4);
        let id = message_id(&number, 1, "r0", &"0123456789abcdef".repeat(4), &from);
        let text = String::from_utf8(message(parts(&from, &to, &number, &id)).unwrap()).unwrap();
        assert!(id.len() > 200 && text.lines().all(|line| line.len() < 998), "{text}");
        let unfolded = text.replace("\r\n ", " ");
        assert!(unfolded.contains(&format!("Message-ID: {id}\r\n")), "{unfolded}");
    }

    #[test]
    fn nothing_in_a_header_begins_another() {
        let from = mailbox("billing@example.jp");
        let to = [mailbox("keiri@acme.example")];
        let injected = "x\r\nBcc: evil@example.com";
        let parts = MessageParts { subject: injected, ..parts(&from, &to, injected, "<x@example.jp>") };
        let text = String::from_utf8(message(parts).unwrap()).unwrap();
        assert!(!text.contains("\nBcc"), "{text}");
    }
}
