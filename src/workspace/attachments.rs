//! Whether what `[issue] keep` leaves is enough for the messages of `[mail]`.

use crate::diagnostic::{Diagnostic, Problems};
use crate::model::format::Format;
use crate::model::mail::Attached;
use crate::model::peppol::Attachment;
use crate::model::settings::Settings;

/// Maximum number of customers named.
const SHOWN: usize = 5;

/// Checks that the kinds of documents are kept that messages need. Once a month is issued it is too late: only what was
/// kept is sent.
///
/// # Errors
/// Each kind that some customer's `attach` needs and `keep` leaves out, at the place of `keep`.
pub fn check_attachments(settings: &Settings) -> Result<(), Problems> {
    let (Some(keep), Some(_)) = (&settings.keep_definition, &settings.mail) else {
        return Ok(());
    };
    let left_out = Format::ALL.into_iter().filter(|format| !settings.kept_formats.contains(format));
    let problem = |format: Format| {
        let needs = |attached: &Attached| needed(*attached, settings).contains(&format);
        let customers =
            settings.customers.iter().filter(|it| !it.mail.to.is_empty() && it.mail.attach.iter().any(needs));
        let ids: Vec<&str> = customers.map(|customer| customer.id.as_str()).collect();
        let name = format.extension();
        let problem =
            Diagnostic::error(format!("`keep` leaves out \"{name}\", which messages need: `attach` in [mail]"));
        let shown = ids.iter().take(SHOWN).map(|id| format!("\"{id}\"")).collect::<Vec<String>>().join(", ");
        let shown = match ids.len().checked_sub(SHOWN) {
            None | Some(0) => format!("for {shown}"),
            Some(more) => format!("for {shown} and {more} more"),
        };
        let problem = problem.at(keep).with_note(shown);
        (!ids.is_empty())
            .then(|| problem.with_hint("keep it, or attach something else: only what `issue` has kept can be sent"))
    };
    left_out.filter_map(problem).collect::<Problems>().check()
}

/// The kinds of documents that an attachment is, or is made of.
fn needed(attached: Attached, settings: &Settings) -> &'static [Format] {
    match attached {
        Attached::Pdf => &[Format::Pdf],
        Attached::Csv => &[Format::Csv],
        Attached::Html => &[Format::Html],
        Attached::Xml if settings.jp_pint.attach.contains(&Attachment::Csv) => &[Format::Json, Format::Csv],
        Attached::Xml => &[Format::Json],
    }
}
