//! Messages for errors of the system and of parsers.

use super::render::cut;

/// Message on why a file cannot be read or written.
pub fn cause(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        ErrorKind::NotADirectory => "a part of its path is a file, not a directory".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::StorageFull => "no space left on the device".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        ErrorKind::CrossesDevices => "it is on another file system".to_owned(),
        _ => error.to_string(),
    }
}

/// Message on why JSON is not as expected, cut to a reasonable length whatever the file holds.
pub fn json_fault(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(why) if why.len() > LONGEST_FAULT => format!("{}{place}", cut(why, LONGEST_FAULT)),
        _ => cut(&text, 2 * LONGEST_FAULT).into_owned(),
    }
}

/// Maximum characters shown of an error in JSON, which includes text from the file.
const LONGEST_FAULT: usize = 200;
