//! [`Lookup`]: finds issued documents by number, and what corrects them. A ledger has a hundred thousand documents, and
//! commands ask about each of them.

use rustc_hash::FxHashMap;

use super::Stored;

/// Index of a record, and of a document in it.
pub(super) type DocumentPlace = (usize, usize);

/// The places of documents.
#[derive(Clone, Debug, Default)]
pub(super) struct Lookup {
    by_number: FxHashMap<String, DocumentPlace>,
    /// By the number of what they correct, in the order of the records.
    corrections: FxHashMap<String, Vec<DocumentPlace>>,
}

impl Lookup {
    /// The places of the documents of some records.
    pub(super) fn of(records: &[Stored]) -> Lookup {
        let mut lookup = Lookup::default();
        for (record, stored) in records.iter().enumerate() {
            for (index, document) in stored.record.documents.iter().enumerate() {
                let place = (record, index);
                // Of two documents of one number, which is a fault of the ledger, the first counts.
                lookup.by_number.entry(document.number.clone()).or_insert(place);
                if let Some(original) = &document.original {
                    lookup.corrections.entry(original.number.clone()).or_default().push(place);
                }
            }
        }
        lookup
    }

    /// The document with that number.
    pub(super) fn find(&self, number: &str) -> Option<DocumentPlace> {
        self.by_number.get(number).copied()
    }

    /// The documents that correct the one with that number, in the order of the records.
    pub(super) fn corrections(&self, number: &str) -> &[DocumentPlace] {
        self.corrections.get(number).map_or(&[], Vec::as_slice)
    }
}
