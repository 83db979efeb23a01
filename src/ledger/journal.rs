//! [`Journal`]: what was done with a month's documents, as a file that is only ever appended to.
//!
//! Each line is a JSON object whose `previous` is the SHA-256 of the line before with its line feed, as lower-case hex
//! (`head -n 1 FILE | sha256sum`), and null in the first. No line can be changed, removed or inserted without a trace,
//! except at the end.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::DIRECTORY;
use super::chain::HINT;
use crate::diagnostic::{Diagnostic, Place, cannot, json_fault};
use crate::files;
use crate::model::period::BillingMonth;
use crate::staging::{self, hash};

/// What a journal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalKind {
    /// Deliveries by mail.
    Sent,
    /// Exports to the books.
    Exported,
}

impl JournalKind {
    /// All kinds.
    pub const ALL: [JournalKind; 2] = [JournalKind::Sent, JournalKind::Exported];

    /// The month's file, relative to the workspace's root.
    pub fn path(self, month: BillingMonth) -> String {
        let name = match self {
            JournalKind::Sent => "sent",
            JournalKind::Exported => "exported",
        };
        format!("{DIRECTORY}/{month}.{name}.jsonl")
    }

    /// Whether an interrupted run can leave the beginning of a line: it appends, where others write the file anew.
    fn is_appended(self) -> bool {
        self == JournalKind::Sent
    }
}

/// A journal with lines of type `T`, which must have no field named `previous`.
#[derive(Clone, Debug)]
pub struct Journal<T> {
    path: PathBuf,
    shown: String,
    entries: Vec<T>,
    head: Option<String>,
    /// Bytes of the whole lines. Whatever follows is the beginning of a line that was never relied on.
    length: u64,
    /// Whether the last line lacks its line feed.
    is_open: bool,
}

/// A line as it is written.
#[derive(Serialize)]
struct LineOut<'a, T> {
    previous: Option<&'a str>,
    #[serde(flatten)]
    entry: &'a T,
}

/// A line as it is read.
#[derive(Deserialize)]
struct LineIn<T> {
    previous: Option<String>,
    #[serde(flatten)]
    entry: T,
}

impl<T> Journal<T> {
    /// The lines, in the order in which they were written.
    pub fn entries(&self) -> &[T] {
        &self.entries
    }

    /// SHA-256 of the last line; none for a journal without lines. It vouches for all lines before it.
    pub fn head(&self) -> Option<&str> {
        self.head.as_deref()
    }
}

impl<T: DeserializeOwned> Journal<T> {
    /// Reads a month's journal; one that does not exist has no lines. The beginning of a last line that an interrupted
    /// run left is ignored, and the next [`append`](Journal::append) cuts it off.
    ///
    /// # Errors
    /// When it cannot be read, when a line is not what this program writes, and when the chain is broken.
    pub fn read(root: &Path, kind: JournalKind, month: BillingMonth) -> Result<Journal<T>, Diagnostic> {
        let shown = kind.path(month);
        let path = root.join(&shown);
        let bytes = match files::read(&path, files::DATA) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            unread => unread.with_context(|| cannot("read the file", &shown))?,
        };
        let mut journal = Journal { path, shown, entries: Vec::new(), head: None, length: 0, is_open: false };
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            journal.add(index, line, kind.is_appended())?;
        }
        Ok(journal)
    }

    /// Adds a line of the file; where lines are appended, the last one may be cut off.
    fn add(&mut self, index: usize, line: &[u8], is_appended: bool) -> Result<(), Diagnostic> {
        let place = Place::line(&self.shown, u32::try_from(index + 1).unwrap_or(u32::MAX));
        let (text, is_open) = line.strip_suffix(b"\n").map_or((line, true), |text| (text, false));
        let read: LineIn<T> = match serde_json::from_slice(text) {
            Ok(read) => read,
            // Only the last line can lack its line feed: a run was interrupted while it wrote it.
            Err(_) if is_open && is_appended => return Ok(()),
            Err(error) => {
                let message = format!("this is not a line of the journal: {}", json_fault(&error));
                return Err(Diagnostic::error(message).at(place).with_hint(HINT));
            }
        };
        if read.previous != self.head {
            let message = match index {
                0 => "this is not the first line of the journal: lines before it were removed".to_owned(),
                _ => format!("a line of the journal was changed, removed or inserted before line {}", index + 1),
            };
            return Err(Diagnostic::error(message).at(place).with_hint(HINT));
        }
        self.entries.push(read.entry);
        self.head = Some(hash(&[text, b"\n"].concat()));
        self.length += line.len() as u64;
        self.is_open = is_open;
        Ok(())
    }
}

impl<T: Serialize> Journal<T> {
    /// Appends a line. When this returns, the line survives a power failure. The caller holds a lock, so that no other
    /// run appends at the same time.
    ///
    /// # Errors
    /// When it cannot be written; the journal is then as before.
    pub fn append(&mut self, entry: T) -> Result<(), Diagnostic> {
        let line = line(self.head.as_deref(), &entry)?;
        let written = if self.is_open { [b"\n", line.as_slice()].concat() } else { line.clone() };
        staging::append(&self.path, &self.shown, self.length, &written)?;
        self.length += written.len() as u64;
        self.is_open = false;
        self.head = Some(hash(&line));
        self.entries.push(entry);
        Ok(())
    }
}

impl<T: Serialize> Journal<T> {
    /// Adds lines, all of them or none: the journal is written anew beside itself and put into its place. When this
    /// returns, they survive a power failure. The caller holds a lock, so that no other run adds at the same time.
    ///
    /// # Errors
    /// When it cannot be written; the journal is then as before.
    pub fn extend(&mut self, entries: Vec<T>) -> Result<(), Diagnostic> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut bytes = match files::read(&self.path, files::DATA) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            unread => unread.with_context(|| cannot("read the file", &self.shown))?,
        };
        // What follows the whole lines is the beginning of one that was never relied on.
        bytes.truncate(usize::try_from(self.length).unwrap_or(usize::MAX));
        if self.is_open {
            bytes.push(b'\n');
        }
        let mut head = self.head.clone();
        for entry in &entries {
            let line = self::line(head.as_deref(), entry)?;
            head = Some(hash(&line));
            bytes.extend(line);
        }
        staging::replace(&self.path, &self.shown, &bytes)?;
        self.length = bytes.len() as u64;
        self.is_open = false;
        self.head = head;
        self.entries.extend(entries);
        Ok(())
    }
}

/// A line with its line feed.
fn line<T: Serialize>(previous: Option<&str>, entry: &T) -> Result<Vec<u8>, Diagnostic> {
    let mut line = serde_json::to_vec(&LineOut { previous, entry }).context("cannot write JSON")?;
    line.push(b'\n');
    Ok(line)
}

/// Checks the chain of a month's journal, whatever its lines are about, and returns its head.
///
/// # Errors
/// As [`Journal::read`].
pub fn check(root: &Path, kind: JournalKind, month: BillingMonth) -> Result<Option<String>, Diagnostic> {
    let journal: Journal<serde_json::Map<String, serde_json::Value>> = Journal::read(root, kind, month)?;
    Ok(journal.head)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Event {
        event: String,
    }

    /// A directory that is removed when the test ends.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Directory {
            let path = std::env::temp_dir().join(format!("invoicer-journal-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(path.join(DIRECTORY)).unwrap();
            Directory(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join(JournalKind::Sent.path(month()))
        }

        fn read(&self) -> Result<Journal<Event>, Diagnostic> {
            Journal::read(&self.0, JournalKind::Sent, month())
        }

        fn append(&self, event: &str) {
            self.read().unwrap().append(Event { event: event.to_owned() }).unwrap();
        }

        fn events(&self) -> Vec<String> {
            self.read().unwrap().entries().iter().map(|entry| entry.event.clone()).collect()
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn month() -> BillingMonth {
        "202208".parse().unwrap()
    }

    #[test]
    fn lines_are_chained_as_sha256sum_has_it() {
        let directory = Directory::new("chain");
        directory.append("queued");
        directory.append("sent");
        // printf '{"previous":null,"event":"queued"}\n' | sha256sum
        let first = "3e1ff69be48f5d5a0e2f59750691da6674e30b4dc02418e249734df4687e3c57";
        let expected =
            format!("{{\"previous\":null,\"event\":\"queued\"}}\n{{\"previous\":\"{first}\",\"event\":\"sent\"}}\n");
        assert_eq!(fs::read_to_string(directory.file()).unwrap(), expected);
        assert_eq!(check(&directory.0, JournalKind::Sent, month()).unwrap(), directory.read().unwrap().head);
        assert_eq!(check(&directory.0, JournalKind::Exported, month()).unwrap(), None);
    }

    #[test]
    fn a_torn_last_line_is_cut_only_if_it_does_not_parse() {
        let directory = Directory::new("torn");
        directory.append("queued");
        directory.append("sending");
        let whole = fs::read(directory.file()).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for length in 0..=whole.len() {
            fs::write(directory.file(), &whole[..length]).unwrap();
            // Without its line feed alone, a line is whole.
            let expected: &[&str] = match length {
                length if length + 1 >= whole.len() => &["queued", "sending"],
                length if length + 1 >= first => &["queued"],
                _ => &[],
            };
            assert_eq!(directory.events(), expected, "{length}");
            directory.append("next");
            assert_eq!(directory.events(), [expected, &["next"]].concat(), "{length}");
            check(&directory.0, JournalKind::Sent, month()).unwrap();
        }
    }

    #[test]
    fn lines_added_at_once_are_those_added_one_by_one() {
        let (one, all) = (Directory::new("one-by-one"), Directory::new("at-once"));
        ["queued", "sending", "sent"].into_iter().for_each(|event| one.append(event));
        all.append("queued");
        let first = fs::read(all.file()).unwrap();
        // Also after a line without its line feed, and after the beginning of one.
        for before in [first.clone(), first[..first.len() - 1].to_vec(), [&first[..], b"{\"previous\":"].concat()] {
            fs::write(all.file(), before).unwrap();
            let mut journal = all.read().unwrap();
            journal.extend(["sending", "sent"].map(|event| Event { event: event.to_owned() }).into()).unwrap();
            assert_eq!(fs::read(all.file()).unwrap(), fs::read(one.file()).unwrap());
            assert_eq!(journal.head(), one.read().unwrap().head());
            assert_eq!(all.events(), ["queued", "sending", "sent"]);
        }
    }

    #[test]
    fn a_changed_line_is_found() {
        let directory = Directory::new("changed");
        ["queued", "sending", "sent"].into_iter().for_each(|event| directory.append(event));
        let text = fs::read_to_string(directory.file()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let faults = [
            (text.replace("queued", "Queued"), 2, "before line 2"),
            (format!("{}\n{}\n", lines[0], lines[2]), 2, "before line 2"),
            (format!("{}\n{}\n", lines[1], lines[2]), 1, "lines before it were removed"),
            (format!("{}\n{}\n{}\n", lines[0], lines[0], lines[1]), 2, "before line 2"),
            (format!("{}\nx\n{}\n", lines[0], lines[1]), 2, "not a line of the journal"),
            (format!("{text}{{\"event\":1}}\n"), 4, "not a line of the journal"),
            (format!("{text}{{\"previous\":null,\"event\":\"sent\"}}"), 4, "before line 4"),
        ];
        for (text, line, message) in faults {
            fs::write(directory.file(), &text).unwrap();
            let fault = directory.read().unwrap_err();
            assert!(fault.message.contains(message), "{}: {text}", fault.message);
            assert_eq!(fault.place.unwrap().line, Some(line), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_a_journal_is_not_written_to() {
        let directory = Directory::new("link");
        let other = directory.0.join("other");
        fs::write(&other, "").unwrap();
        std::os::unix::fs::symlink(&other, directory.file()).unwrap();
        let mut journal = directory.read().unwrap();
        let fault = journal.append(Event { event: "queued".to_owned() }).unwrap_err();
        assert!(fault.message.contains("cannot write the file"), "{}", fault.message);
        assert_eq!(fs::read(&other).unwrap(), b"");
    }
}
