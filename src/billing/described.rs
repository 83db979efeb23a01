//! [`describe`]: a charge in messages.

use crate::model::charge::{Bill, Charge, EMPTY, NameId, Subject};
use crate::model::plain::beginning;

/// Maximum number of tags shown of a charge.
const SHOWN_TAGS: usize = 8;

/// Describes a charge by what rules can match.
pub(super) fn describe(bill: &Bill, charge: &Charge) -> String {
    let subject = bill.subject(charge);
    let name = |id| beginning(bill.names.get(id));
    let mut parts = vec![format!("item {:?}", name(charge.item))];
    if subject.resource != EMPTY {
        parts.push(format!("resource {:?}", name(subject.resource)));
    }
    if let Some(account) = account(bill, subject) {
        parts.push(format!("account {:?}", name(account)));
    }
    let is_tag = subject.tags.iter().any(|(tag, _)| bill.names.get(*tag) == "name");
    if subject.resource_name != EMPTY && !is_tag {
        parts.push(format!("name {:?}", name(subject.resource_name)));
    }
    let tag = |(tag, value): &(NameId, NameId)| format!("{}={:?}", name(*tag), name(*value));
    let mut tags: Vec<String> = subject.tags.iter().take(SHOWN_TAGS).map(tag).collect();
    if subject.tags.len() > SHOWN_TAGS {
        tags.push("…".to_owned());
    }
    if !tags.is_empty() {
        parts.push(format!("tags: {}", tags.join(", ")));
    }
    for group in &subject.groups {
        parts.push(format!("group {:?}", name(*group)));
    }
    parts.join(", ")
}

/// The account of a subject where accounts are what customers have: clouds keep the resources of each in accounts of its own,
/// other providers bill all of them to one.
pub(super) fn account(bill: &Bill, subject: &Subject) -> Option<NameId> {
    let has_accounts = bill.sources[usize::from(subject.source)].kind.is_focus();
    Some(subject.account).filter(|account| has_accounts && *account != EMPTY)
}
