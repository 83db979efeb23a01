//! [`root_certificates`] that the workspace adds to those of the system.

use std::path::Path;

#[cfg(not(feature = "mail"))]
use super::absent::certificates;
#[cfg(feature = "mail")]
use super::wire::certificates;
use crate::diagnostic::{Diagnostic, cause};
use crate::files;
use crate::model::mail::MailSettings;

/// The file of `ca`, a root certificate besides those of the system.
///
/// # Errors
/// When it cannot be read, or has no certificate.
pub fn root_certificates(root: &Path, mail: &MailSettings) -> Result<Option<Vec<u8>>, Diagnostic> {
    let Some((path, definition)) = &mail.ca else {
        return Ok(None);
    };
    let wrong = |why: &str| {
        let message = format!("cannot use the file that [mail] ca names: {why}");
        Diagnostic::error(message).at(definition).with_hint("it is the server's root certificate as PEM")
    };
    let bytes = files::read(&root.join(path), files::TEXT).map_err(|error| wrong(&cause(&error)))?;
    match certificates(&bytes) {
        Ok(certificates) if certificates.is_empty() => Err(wrong("it has no certificate")),
        Ok(_) => Ok(Some(bytes)),
        Err(_) => Err(wrong("a certificate in it cannot be decoded")),
    }
}
