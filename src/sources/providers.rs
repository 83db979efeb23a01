//! The provider of each kind of source. A new kind needs a module that implements one of the traits of
//! [`provider`](super::provider), and an arm in [`of`].

use super::provider::Provider;
use super::{focus, kore, mapped, sakura, soracom};
use crate::model::settings::SourceKind;

/// The provider of a kind of source.
pub(super) fn of(kind: SourceKind) -> Provider {
    match kind {
        SourceKind::SoracomCsv => Provider::Saved(&soracom::SavedCsv),
        SourceKind::SoracomApi => Provider::Fetched(&soracom::Fetched),
        SourceKind::SakuraCsv => Provider::Saved(&sakura::SavedCsv),
        SourceKind::SakuraApi => Provider::Fetched(&sakura::Fetched),
        SourceKind::KoreApi => Provider::Fetched(&kore::Fetched),
        SourceKind::FocusCsv => Provider::Saved(&focus::SavedCsv),
        SourceKind::TableCsv => Provider::Saved(&mapped::SavedCsv),
    }
}

/// A row of a JSON file of any source, on one line.
pub(super) fn row_of_json(text: &str, row: u32) -> Option<String> {
    SourceKind::NAMES.iter().find_map(|(_, kind)| match of(*kind) {
        Provider::Saved(saved) => saved.row_of_json(text, row),
        Provider::Fetched(fetched) => fetched.row_of_json(text, row),
    })
}
