//! Reports characters that no font has: as an error in the workspace's own texts, as a warning in a provider's, which
//! the user cannot change.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::documents::{DocumentWriter, MadeDocuments};
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::customer::Customer;
use crate::model::invoice::Invoice;
use crate::model::settings::Settings;
use crate::model::warning::WarningCode;
use crate::render;
use crate::workspace::place_of_text;
use pages::layout::Missing;

/// A character of a provider's text that one invoice prints as 〓.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    character: char,
    /// The fields it occurs in, such as `item name`.
    fields: BTreeSet<Cow<'static, str>>,
    times: usize,
}

/// Maximum number of customers that a warning names.
const CUSTOMERS_NAMED: usize = 5;

/// Origin of a text of an invoice.
enum Source {
    Bill(&'static str),
    Workspace,
    /// A word that any template may use or leave out.
    Label,
}

/// Sorts the characters that an invoice's PDF lacks: those of providers' texts are returned, those of the workspace's
/// are errors.
pub(super) fn sort(writer: &DocumentWriter<'_>, invoice: &Invoice, missing: &[Missing]) -> Result<Vec<Lost>, Problems> {
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let fields = fields(writer, invoice);
    let mut lost = Vec::new();
    let mut problems = Problems::default();
    for missing in missing {
        let holds = |text: &str| text.contains(missing.character);
        // A mark joined to its letter gives a character that no text contains; then the whole text is compared.
        let known = fields.iter().any(|field| holds(&field.text));
        let all = || fields.iter().filter(|field| if known { holds(&field.text) } else { field.text == missing.text });
        let named: BTreeSet<&'static str> = all()
            .filter_map(|field| match field.source {
                Source::Bill(name) => Some(name),
                _ => None,
            })
            .collect();
        let own = all().find(|field| matches!(field.source, Source::Workspace));
        let label = || all().find(|field| matches!(field.source, Source::Label));
        match own.or_else(|| if named.is_empty() { label() } else { None }) {
            Some(field) => problems.push(mistake(writer, invoice, missing, Some(field))),
            None if named.is_empty() => problems.push(mistake(writer, invoice, missing, None)),
            None => lost.push(Lost {
                character: missing.character,
                fields: named.into_iter().map(Cow::Borrowed).collect(),
                times: missing.times,
            }),
        }
    }
    problems.check()?;
    Ok(lost)
}

/// A text that the template sees.
struct Field {
    /// Its path, such as `customer.name`.
    path: String,
    text: String,
    source: Source,
}

/// All texts of an invoice's view; empty if it cannot be made, which was reported when the page was made.
fn fields(writer: &DocumentWriter<'_>, invoice: &Invoice) -> Vec<Field> {
    let customer = &writer.settings.customers[invoice.customer];
    let labels = writer.assets.templates.labels(customer.invoice.language, invoice.kind);
    let view = render::view(writer.bill, writer.settings, invoice, labels, &|_| String::new(), writer.told);
    let value = view.ok().and_then(|view| serde_json::to_value(&view).ok());
    let sections = invoice.items.iter().filter_map(|item| item.section.as_ref());
    let of_bill: BTreeSet<&str> =
        sections.filter(|section| section.is_named_by_value()).map(|section| section.name.as_str()).collect();
    let mut fields = Vec::new();
    for (key, value) in value.iter().filter_map(Value::as_object).flatten() {
        texts(value, key.clone(), &mut |path, text, row| {
            let source = match path.ends_with(".division") && of_bill.contains(text) {
                true => Source::Bill("group"),
                false => source(&path, row),
            };
            fields.push(Field { path, text: text.to_owned(), source });
        });
    }
    fields
}

/// All texts of a value, with their paths and the objects that directly contain them.
fn texts(value: &Value, path: String, found: &mut dyn FnMut(String, &str, Option<&Value>)) {
    within(value, path, None, found);
}

fn within(value: &Value, path: String, holder: Option<&Value>, found: &mut dyn FnMut(String, &str, Option<&Value>)) {
    match value {
        Value::String(text) => found(path, text, holder),
        Value::Array(values) => {
            for (index, inner) in values.iter().enumerate() {
                within(inner, format!("{path}[{index}]"), Some(value), found);
            }
        }
        Value::Object(fields) => {
            for (name, inner) in fields {
                within(inner, format!("{path}.{name}"), Some(value), found);
            }
        }
        _ => {}
    }
}

/// The origin of a field of the view; `row` is the object that contains it.
fn source(path: &str, row: Option<&Value>) -> Source {
    let top = path.split(['.', '[']).next().unwrap_or_default();
    let last = path.rsplit('.').next().unwrap_or_default();
    let text = |key: &str| row.and_then(|row| row.get(key)).and_then(Value::as_str);
    let last = match last {
        // The provider's own, where no [[item]] gives another.
        "label" if text("label") == text("name") => "name",
        last => last,
    };
    match (top, last) {
        ("labels", _) => Source::Label,
        ("charges" | "discounts", "name") if text("source") != Some("") => Source::Bill("item name"),
        ("appendix", "name") if path.contains(".table[") => Source::Bill("resource name"),
        ("appendix", "name") => Source::Bill("item name"),
        ("appendix", "resource") => Source::Bill("resource"),
        ("appendix", "resource_name") => Source::Bill("resource name"),
        ("appendix", "heading") if text("resource") == Some("") => Source::Bill("group"),
        // Made of id and name, or a label.
        ("appendix" | "contents", "heading") => Source::Label,
        // The item's, which the invoice's row has too.
        ("appendix", "label") if path.contains(".columns[") => Source::Label,
        ("chart", _) => Source::Bill("item name"),
        ("story", _) if path.starts_with("story.groups") => Source::Bill("group"),
        ("story", _) if path.starts_with("story.resources") => Source::Bill("resource"),
        ("story", _) => Source::Bill("item name"),
        _ => Source::Workspace,
    }
}

/// The error for a character of the workspace's own text, or of a template.
fn mistake(writer: &DocumentWriter<'_>, invoice: &Invoice, missing: &Missing, field: Option<&Field>) -> Diagnostic {
    let character = missing.character;
    let code = u32::from(character);
    let customer = &writer.settings.customers[invoice.customer];
    let design = &customer.invoice.template.name;
    let hint = "write it otherwise, or add a font that has it: [fonts] files = [\"assets/….ttf\"] in invoicer.toml";
    let error = |rest: String| {
        Diagnostic::error(format!("no font has the character {character:?} (U+{code:04X}){rest}")).with_hint(hint)
    };
    let in_files = |text: &str| {
        let own = |path: &String| *path == customer.path;
        let (mut first, rest): (Vec<_>, Vec<_>) = writer.files.concat().into_iter().partition(|(path, _)| own(path));
        // Other customers' files are not used for this invoice.
        first.extend(rest.into_iter().filter(|(path, _)| !path.starts_with("customers/")));
        first.extend(writer.assets.templates.files.iter().cloned());
        place_of_text(&first, text, character)
    };
    match field {
        Some(field) => match in_files(&field.text) {
            Some(place) => error(format!(", which stands in {}", field.path)).at(place),
            None => error(format!(", which stands in {} of the invoice of \"{}\"", field.path, customer.id))
                .at(Place::file(&customer.path))
                .with_note(format!("in the text {:?}", missing.text)),
        },
        None => {
            let place = writer.assets.templates.find(design, character.encode_utf8(&mut [0; 4]));
            error(String::new()).at(place.unwrap_or_else(|| Place {
                column: Some(missing.column),
                ..Place::line(format!("{}.html (rendered)", invoice.file_name), missing.line)
            }))
        }
    }
}

/// One warning per lost character, unless all the customers concerned ignore it.
pub(super) fn warnings<'a>(
    settings: &Settings,
    made: impl IntoIterator<Item = (&'a Invoice, &'a MadeDocuments)>,
) -> Vec<Diagnostic> {
    let mut by_character: BTreeMap<char, Vec<(&Customer, &Lost)>> = BTreeMap::new();
    for (invoice, made) in made {
        let customer = &settings.customers[invoice.customer];
        if !customer.warnings.ignore.contains(&WarningCode::MissingGlyph) {
            made.lost.iter().for_each(|lost| by_character.entry(lost.character).or_default().push((customer, lost)));
        }
    }
    by_character.into_iter().map(|(character, lost)| warning(character, &lost)).collect()
}

fn warning(character: char, lost: &[(&Customer, &Lost)]) -> Diagnostic {
    let fields: BTreeSet<&str> = lost.iter().flat_map(|(_, one)| one.fields.iter().map(Cow::as_ref)).collect();
    let fields = fields.into_iter().collect::<Vec<&str>>().join(", ");
    let times: usize = lost.iter().map(|(_, one)| one.times).sum();
    let customers: BTreeSet<&str> = lost.iter().map(|(customer, _)| customer.id.as_str()).collect();
    let code = format!("U+{:04X}", u32::from(character));
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let message = format!(
        "no font has the character {character:?} ({code}) of the bills: 〓 stands in its place {} in {} ({fields})",
        plural(times, "time"),
        plural(lost.len(), "invoice"),
    );
    let facts = format!("{character} ({code}): {fields} × {times}");
    let warning = Diagnostic::finding(WarningCode::MissingGlyph, message, facts);
    let hint = "add a font that has it: [fonts] files = [\"assets/….ttf\"] in invoicer.toml";
    let mut ids = customers.iter().take(CUSTOMERS_NAMED).copied().collect::<Vec<&str>>().join(", ");
    if customers.len() > CUSTOMERS_NAMED {
        ids.push_str(&format!(" and {} more", customers.len() - CUSTOMERS_NAMED));
    }
    match lost {
        [(customer, _)] => warning.concerning(&customer.id),
        _ => warning,
    }
    .with_note_and_facts(format!("printed for {ids}"), ids)
    .with_hint(hint)
}
