//! Reads a directory with `invoicer.toml` and `customers/*.toml` into checked [`Settings`], or reports every mistake at
//! once.

mod accounting_section;
mod adjustments;
mod assignment_files;
mod attachments;
mod coded_account;
mod column_text;
mod customer_file;
mod customer_files;
mod customer_ids;
mod day_values;
mod first_tables;
mod focus_section;
mod invoice_section;
mod invoice_totals;
mod issue_section;
mod issuer_section;
mod item_match;
mod item_section;
mod mail_section;
mod mapping_section;
mod peppol_section;
mod pricing_file;
mod section_tables;
mod tax_section;
mod text_file;
mod text_place;
mod toml_reader;
mod values;
mod warning_section;
mod wording;
mod workspace_file;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::diagnostic::{Diagnostic, Place, Problems, cannot};
use crate::model::allocation::Ratio;
use crate::model::customer::Customer;
use crate::model::period::BillingMonth;
use crate::model::settings::{DocumentForm, Pattern, PatternField, Settings, SourceSettings};
pub use adjustments::{
    changed_entries, check as check_adjustments, files_of as adjustment_files, ids_in as adjustment_ids_in,
    ids_of_all as adjustment_ids, months as adjustment_months,
};
pub use assignment_files::{changed_rows, is_table};
pub use attachments::check_attachments;
pub use customer_ids::known_customers;
pub use focus_section::{keep_columns, tag_columns};
use invoice_section::PricingLayer;
pub use pricing_file::with_prices_of;
use text_file::read_text;
pub use text_place::place_of_text;
use toml_reader::TomlFile;

/// A workspace as read from disk.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The directory of `invoicer.toml`.
    pub root: PathBuf,
    /// Its checked settings.
    pub settings: Settings,
    /// Its TOML files and tables of assignments, relative to the root, with their bytes; for the manifest.
    pub files: Vec<(String, Vec<u8>)>,
    /// The files of the months' adjustments, likewise.
    pub adjustment_files: Vec<(String, Vec<u8>)>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
    /// `[pricing]` of each file, before the layers are combined.
    pricing: PricingLayers,
}

/// `[pricing]` of `invoicer.toml` and of each customer's file.
#[derive(Clone, Debug)]
struct PricingLayers {
    base: PricingLayer,
    /// In the order of [`Settings::customers`].
    customers: Vec<PricingLayer>,
}

/// Finds the nearest directory with `invoicer.toml`, from `start` upward.
///
/// # Errors
/// When `start` does not exist, or no directory has the file.
pub fn find_root(start: &Path) -> Result<PathBuf, Diagnostic> {
    if !start.is_dir() {
        // Searching upward from a missing directory would end in some other workspace.
        let diagnostic = Diagnostic::error(format!("there is no directory {}", start.display()));
        return Err(diagnostic.with_hint("-C names the directory of a workspace"));
    }
    let is_root = |directory: &&Path| directory.join("invoicer.toml").is_file();
    if is_root(&start) {
        return Ok(start.to_path_buf());
    }
    // By its text alone, `a/..` is above `a/../b`.
    let full = start.canonicalize().with_context(|| cannot("find the directory", start.display().to_string()))?;
    let root = full.ancestors().find(is_root);
    root.map(Path::to_path_buf).ok_or_else(|| {
        let message = format!("no invoicer.toml in {} or any directory above it", start.display());
        Diagnostic::error(message)
            .with_hint("go to a workspace, name one with -C DIR, or make one with `invoicer init DIR`")
    })
}

/// Reads and checks a workspace, without what single months have.
///
/// # Errors
/// Every mistake in every file, each with its place.
pub fn load(root: &Path) -> Result<Workspace, Problems> {
    load_for(root, &[])
}

/// Reads and checks a workspace with the adjustments of some months.
///
/// # Errors
/// Every mistake in every file, each with its place.
pub fn load_for(root: &Path, months: &[BillingMonth]) -> Result<Workspace, Problems> {
    read(root, months, false)
}

/// Reads the copy of the rules that is kept with a record of a month. Control characters in printed texts, which earlier
/// versions took, are not refused there: what was issued stays as it is.
///
/// # Errors
/// Every other mistake in every file, each with its place.
pub fn load_kept(directory: &Path, month: BillingMonth) -> Result<Workspace, Problems> {
    read(directory, &[month], true)
}

fn read(root: &Path, months: &[BillingMonth], is_kept: bool) -> Result<Workspace, Problems> {
    let text = read_text(root, "invoicer.toml")?;
    let file = TomlFile::new("invoicer.toml", &text).kept(is_kept);
    let base = workspace_file::read(&file);
    let mut broken = file.is_broken();
    let mut problems = file.into_problems();
    let mut files = vec![("invoicer.toml".to_owned(), text.clone().into_bytes())];

    let mut customers: Vec<Customer> = Vec::new();
    let mut layers: Vec<PricingLayer> = Vec::new();
    for (id, path) in customer_files::find(root, &mut problems) {
        let text = match read_text(root, &path) {
            Ok(text) => text,
            Err(diagnostic) => {
                problems.push(diagnostic);
                continue;
            }
        };
        let file = TomlFile::new(&path, &text).kept(is_kept);
        let (customer, pricing) = customer_file::read(&id, &file, &base);
        broken |= file.is_broken();
        problems.extend(file.into_problems().into_iter().map(|problem| problem.concerning(&id)));
        customers.push(customer);
        layers.push(pricing);
        files.push((path, text.into_bytes()));
    }
    let (assignments, tables) = match base.sources_are_good {
        true => assignment_files::read(root, &base.sources, &customers, &mut problems),
        false => Default::default(),
    };
    files.extend(tables);
    let parties = adjustments::Parties { customers: &customers, taxes: &base.taxes };
    let adjustments = adjustments::read(root, (months, is_kept), parties, &mut problems);
    let default_invoice = invoice_section::InvoiceLayer::default().over(&base.invoice);
    let mut settings = Settings {
        issuer: base.issuer,
        taxes: base.taxes,
        tax_rules: base.tax_rules,
        allocation: base.allocation,
        fx: base.fx,
        sources: base.sources,
        language: default_invoice.language,
        template: default_invoice.template,
        fonts: base.fonts,
        warnings: warning_section::WarningLayer::default().over(&base.warnings),
        mail: base.mail.settings,
        jp_pint: base.jp_pint,
        kept_formats: base.kept_formats.0,
        keep_definition: base.kept_formats.1,
        accounting: base.accounting,
        currency: default_invoice.currency,
        items: base.items,
        sections: base.sections,
        document_form: DocumentForm::default(),
        assignments: Arc::new(assignments),
        customers,
        adjustments: adjustments.months,
    };
    let columns = tag_columns(&settings);
    keep_columns(&mut settings.sources, &columns);
    if !broken {
        check_across_files(&settings, &default_invoice.number, &text, &mut problems);
    }
    let (errors, warnings): (Vec<Diagnostic>, Vec<Diagnostic>) = problems.into_iter().partition(Diagnostic::is_error);
    Problems::from(errors).check()?;
    let pricing = PricingLayers { base: base.pricing, customers: layers };
    Ok(Workspace { root: root.to_path_buf(), settings, files, adjustment_files: adjustments.files, warnings, pricing })
}

/// The sources of a workspace with mistakes elsewhere, so that their bills can be checked all the same. Empty where the
/// mistakes may concern the sources.
pub fn good_sources(root: &Path) -> Vec<SourceSettings> {
    let Ok(text) = read_text(root, "invoicer.toml") else {
        return Vec::new();
    };
    let file = TomlFile::new("invoicer.toml", &text);
    let base = workspace_file::read(&file);
    if base.sources_are_good && !file.is_broken() { base.sources } else { Vec::new() }
}

/// Checks what needs all files.
fn check_across_files(settings: &Settings, default: &Pattern, text: &str, problems: &mut Vec<Diagnostic>) {
    let ids: Vec<&str> = settings.customers.iter().map(|customer| customer.id.as_str()).collect();
    let line = |line: u32| text.lines().nth(line as usize - 1).unwrap_or_default().to_owned();
    for rule in &settings.allocation.shares {
        let Ratio::Weights(weights) = &rule.ratio else {
            continue;
        };
        for id in weights.keys().filter(|id| !ids.contains(&id.as_str())) {
            let place = Place::from(&rule.definition).with_excerpt(line(rule.definition.line));
            let diagnostic =
                Diagnostic::error(format!("weights name the customer \"{id}\", but there is no customers/{id}.toml"));
            problems.push(diagnostic.at(place).with_hint(known_customers(id, &ids)));
        }
    }
    for account in &settings.issuer.banks {
        for id in account.customers.iter().filter(|id| !ids.contains(&id.as_str())) {
            let place = Place::from(&account.definition).with_excerpt(line(account.definition.line));
            let message = format!("an account is for the customer \"{id}\", but there is no customers/{id}.toml");
            problems.push(Diagnostic::error(message).at(place).with_hint(known_customers(id, &ids)));
        }
    }
    check_numbers(settings, default, problems);
}

/// Reports customers whose invoices would have the same number.
fn check_numbers(settings: &Settings, default: &Pattern, problems: &mut Vec<Diagnostic>) {
    let distinct = |field| matches!(field, PatternField::Customer | PatternField::Sequence(_));
    let mut same: Vec<&Customer> = Vec::new();
    for customer in settings.customers.iter().filter(|customer| !customer.invoice.number.has(distinct)) {
        if let Some(first) = same.iter().find(|first| first.invoice.number == customer.invoice.number) {
            let message =
                format!("the invoices of \"{}\" and \"{}\" would have the same number", first.id, customer.id);
            let path = if customer.invoice.number == *default { "invoicer.toml" } else { customer.path.as_str() };
            let diagnostic = Diagnostic::error(message).at(Place::file(path));
            problems.push(diagnostic.with_hint("put {customer} or {seq} into [invoice] number"));
            return;
        }
        same.push(customer);
    }
}
