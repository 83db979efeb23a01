//! Codes of lists that others keep: units, countries, types of attached files.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::findings::Findings;
use crate::export::jp_pint::element::Element;
use crate::model::plain::beginning;

static UNITS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| words(include_str!("codes/units.txt")));

static COUNTRIES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| words(include_str!("codes/countries.txt")));

/// Types of attached files (MIMEMediaType of EN 16931 and PINT).
const ATTACHMENTS: [&str; 7] = [
    "application/pdf",
    "application/xml",
    "image/jpeg",
    "image/png",
    "text/csv",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
];

/// The codes of a list, without its comments.
fn words(list: &'static str) -> BTreeSet<&'static str> {
    list.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
}

/// Checks the codes of an element and of everything inside.
pub(super) fn check(element: &Element, findings: &mut Findings<'_>) {
    let text = element.text.trim();
    if element.name == "cbc:IdentificationCode" && !text.is_empty() && !COUNTRIES.contains(text) {
        let message = format!("expected a country of ISO 3166-1 such as JP, found {:?}", beginning(text));
        findings.add(element, message);
    }
    if element.name == "cbc:EmbeddedDocumentBinaryObject" {
        check_attachment(element, findings);
    }
    if let Some(unit) = element.attribute("unitCode").filter(|unit| !unit.is_empty() && !UNITS.contains(unit)) {
        let message = format!("expected a unit of UN/ECE Recommendation 20 such as C62, found {:?}", beginning(unit));
        findings.add(element, message);
    }
    element.children.iter().for_each(|child| check(child, findings));
}

fn check_attachment(element: &Element, findings: &mut Findings<'_>) {
    match element.attribute("mimeCode") {
        None => findings.add(element, "an attached file without mimeCode"),
        Some(kind) if !ATTACHMENTS.contains(&kind) => {
            let hint = "receivers take PDF, CSV, XML, PNG, JPEG, and spreadsheets of Excel and OpenDocument";
            let message = format!("an attached file of the type {:?}, which JP PINT does not have", beginning(kind));
            findings.add_with_hint(element, message, hint);
        }
        Some(_) => {}
    }
    if element.attribute("filename").is_none_or(|name| name.trim().is_empty()) {
        findings.add(element, "an attached file without filename");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::peppol::UNIT_CODES;

    #[test]
    fn lists_are_whole() {
        // 249 countries of ISO 3166-1 and the two of EN 16931.
        assert_eq!((COUNTRIES.len(), UNITS.len()), (251, 2162));
        assert!(["JP", "US", "XI"].iter().all(|code| COUNTRIES.contains(code)) && !COUNTRIES.contains("XX"));
        assert!(UNIT_CODES.iter().all(|code| UNITS.contains(code)));
    }
}
