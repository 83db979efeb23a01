//! Reads `invoicer.toml` as settings.

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::Arc;

use url::Url;

use super::accounting_section;
use super::focus_section::{self, SharedKeys};
use super::invoice_section::{InvoiceLayer, PricingLayer};
use super::invoice_totals;
use super::issue_section;
use super::issuer_section;
use super::item_section;
use super::mail_section::{self, WorkspaceMail};
use super::mapping_section;
use super::peppol_section;
use super::section_tables;
use super::tax_section::TaxLayer;
use super::toml_reader::{Section, TomlFile, Value};
use super::values;
use super::warning_section::WarningLayer;
use super::wording::{line, line_or_none};
use crate::diagnostic::Diagnostic;
use crate::model::accounting::Accounting;
use crate::model::allocation::{AllocationSettings, KeepRule, MonthOnly, Ratio, ShareBasis, ShareRule};
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::definition::Definition;
use crate::model::endpoint;
use crate::model::focus::FocusSettings;
use crate::model::format::Format;
use crate::model::item_table::ItemTable;
use crate::model::matcher::{Matcher, normalized};
use crate::model::peppol::JpPintSettings;
use crate::model::period::{BillingMonth, Validity};
use crate::model::section::SectionTable;
use crate::model::settings::{FxRate, Issuer, SourceKind, SourceSettings, TaxRule};
use crate::model::tax_table::TaxTable;

/// The settings of `invoicer.toml`, before the customers are read.
pub(super) struct WorkspaceFile {
    pub(super) issuer: Issuer,
    pub(super) invoice: InvoiceLayer,
    pub(super) pricing: PricingLayer,
    pub(super) tax: TaxLayer,
    pub(super) taxes: TaxTable,
    pub(super) tax_rules: Vec<TaxRule>,
    pub(super) allocation: AllocationSettings,
    pub(super) fx: Vec<FxRate>,
    pub(super) sources: Vec<SourceSettings>,
    /// Whether the sources have no errors.
    pub(super) sources_are_good: bool,
    pub(super) fonts: Vec<String>,
    pub(super) items: Vec<ItemTable>,
    pub(super) sections: Vec<SectionTable>,
    pub(super) warnings: WarningLayer,
    pub(super) mail: WorkspaceMail,
    pub(super) jp_pint: JpPintSettings,
    pub(super) kept_formats: (Vec<Format>, Option<Definition>),
    pub(super) accounting: Accounting,
}

/// Reads the file; errors are collected in `file`.
pub(super) fn read(file: &TomlFile<'_>) -> WorkspaceFile {
    let table = file.parse();
    let root = Section::root(file, &table);
    let issuer = root.section("issuer", "[issuer]");
    if issuer.is_none() && root.get("issuer").is_none() {
        root.tell(
            Diagnostic::error("missing section [issuer]")
                .with_hint("add [issuer] with name = \"…\": the company that sends the invoices"),
        );
    }
    let (tax, taxes, tax_rules) = TaxLayer::of_workspace(root.section("tax", "[tax]"));
    let invoice = InvoiceLayer::of_workspace(root.section("invoice", "[invoice]"));
    let currency = InvoiceLayer::default().over(&invoice).currency;
    let known = file.count();
    let mut sources = sources(&root);
    let sources_are_good = file.count() == known;
    invoice_totals::read(&root, &mut sources);
    let settings = WorkspaceFile {
        sources_are_good,
        sources,
        issuer: issuer.map(|section| issuer_section::read(&section, currency, taxes.regime)).unwrap_or_default(),
        invoice,
        pricing: PricingLayer::read(root.section("pricing", "[pricing]"), currency),
        tax,
        taxes,
        tax_rules,
        allocation: allocation(root.section("allocation", "[allocation]")),
        fx: rates(&root),
        fonts: fonts(root.section("fonts", "[fonts]")),
        items: item_section::read(&root),
        sections: section_tables::read(&root),
        warnings: WarningLayer::read(root.section("warnings", "[warnings]")),
        mail: mail_section::read(root.section("mail", "[mail]")),
        jp_pint: peppol_section::jp_pint(&root),
        kept_formats: issue_section::kept_formats(root.section("issue", "[issue]")),
        accounting: accounting_section::of_workspace(root.section("accounting", "[accounting]")),
    };
    root.finish();
    settings
}

fn allocation(section: Option<Section<'_, '_>>) -> AllocationSettings {
    let Some(section) = section else {
        return AllocationSettings {
            month_only: MonthOnly::Days,
            keep_unassigned: false,
            shares: Vec::new(),
            keeps: Vec::new(),
        };
    };
    let keep = section.read("unassigned", |value| value.one_of(&[("error", false), ("keep", true)]));
    let month_only = section.read("month-only", |value| value.one_of(&MonthOnly::NAMES));
    let settings = AllocationSettings {
        month_only: month_only.unwrap_or(MonthOnly::Days),
        keep_unassigned: keep.unwrap_or(false),
        shares: section.sections("share", "[[allocation.share]]").iter().filter_map(share_rule).collect(),
        keeps: section.sections("keep", "[[allocation.keep]]").iter().filter_map(keep_rule).collect(),
    };
    section.finish();
    settings
}

/// Reads the `match` of an allocation rule, which must have at least one key.
fn allocation_match(section: &Section<'_, '_>, example: &str, rule: &str) -> Option<Matcher> {
    section.require("match", example, |value| {
        let keys = value.section("match")?;
        let matcher = values::matcher(&keys);
        if keys.finish() && !keys.has_any(&values::MATCH_KEYS) {
            return Err(Diagnostic::error(format!("a {rule} rule that matches every charge"))
                .with_hint("write match = { item = \"*\" } if that is meant"));
        }
        Ok(matcher)
    })
}

fn keep_rule(section: &Section<'_, '_>) -> Option<KeepRule> {
    let matcher = allocation_match(section, "{ resource-name = \"own-*\" }", "keep");
    section.finish();
    Some(KeepRule { matcher: matcher?, definition: section.definition() })
}

fn share_rule(section: &Section<'_, '_>) -> Option<ShareRule> {
    let matcher = allocation_match(section, "{ item = \"freeTier*\" }", "share");
    let by = section.read("by", |value| value.one_of(&ShareBasis::NAMES));
    let of = section.read("of", |value| {
        let keys = value.section("of")?;
        let matcher = values::matcher(&keys);
        keys.finish();
        Ok(matcher)
    });
    let weights = section.section("weights", "weights").map(|weights| {
        // Customers' ids are in NFC, however the file system writes their files' names.
        let weight = |(customer, value): (String, Value<'_, '_>)| {
            Some((normalized(&customer).into_owned(), value.told(values::positive(&value))?))
        };
        weights.entries().into_iter().filter_map(weight).collect::<BTreeMap<String, Amount>>()
    });
    let (has_by, has_weights) = (section.get("by").is_some(), section.get("weights").is_some());
    section.finish();
    if has_by == has_weights {
        let found = if has_by { "both" } else { "neither" };
        let diagnostic =
            Diagnostic::error(format!("expected either `by` or `weights` in [[allocation.share]], found {found}"));
        section.tell(diagnostic.with_hint(
            "by = \"amount\" | \"quantity\" | \"resources\" | \"resource-days\" | \"even\", or weights = { acme = 2, bravo = 1 }",
        ));
        return None;
    }
    if let (true, Some(of)) = (has_weights, section.get("of")) {
        let diagnostic = Diagnostic::error("`of` narrows what `by` measures; with `weights` nothing is measured");
        of.told::<()>(Err(diagnostic.with_hint("remove `of`, or write by = … instead of weights")));
    }
    if let (Some(weights), Some(value)) = (&weights, section.get("weights"))
        && !weights.is_empty()
        && weights.values().all(|weight| weight.is_zero())
    {
        let diagnostic = Diagnostic::error("the weights add up to zero");
        value.told::<()>(Err(diagnostic.with_hint("give at least one customer a weight above zero")));
    }
    let ratio = match weights {
        Some(weights) => Ratio::Weights(weights),
        None => Ratio::Measured { by: by?, of: of.map(Box::new) },
    };
    Some(ShareRule { matcher: matcher?, ratio, definition: section.definition() })
}

fn rates(root: &Section<'_, '_>) -> Vec<FxRate> {
    let mut rates: Vec<FxRate> = Vec::new();
    for section in &root.sections("fx", "[[fx]]") {
        let Some(rate) = fx(section) else { continue };
        let FxRate { month, from, to, .. } = rate;
        if from == to {
            let diagnostic = Diagnostic::error(format!("an [[fx]] rate from {from} to {to}"));
            section.tell(diagnostic.with_hint("remove it: the same currency is not converted"));
        }
        if let Some(first) = rates.iter().find(|other| (other.month, other.from, other.to) == (month, from, to)) {
            let diagnostic = Diagnostic::error(format!("two [[fx]] rates from {from} to {to} for {month}"));
            let diagnostic = diagnostic.with_note(format!("the first is at line {}", first.definition.line));
            section.tell(diagnostic.with_hint("keep one of them"));
        }
        rates.push(rate);
    }
    rates
}

fn fx(section: &Section<'_, '_>) -> Option<FxRate> {
    let month = section.require("month", "\"202208\"", values::month);
    let from = section.require("from", "\"USD\"", values::code);
    let to = section.require("to", "\"JPY\"", values::code);
    let rate = section.require("rate", "\"138.70\"", values::rate);
    let note = section.read("note", line_or_none);
    section.finish();
    Some(FxRate { month: month?, from: from?, to: to?, rate: rate?, note, definition: section.definition() })
}

fn sources(root: &Section<'_, '_>) -> Vec<SourceSettings> {
    let sections = root.sections("source", "[[source]]");
    let mut sources: Vec<SourceSettings> = Vec::new();
    for section in &sections {
        let Some(source) = source(section) else {
            continue;
        };
        // Sources without a name, a separate error, never count as duplicates.
        let same = |first: &&SourceSettings| first.name == source.name && !source.name.is_empty();
        if let Some(first) = sources.iter().find(same) {
            let message = format!("two sources are named \"{}\"", source.name);
            let diagnostic = Diagnostic::error(message).with_hint("give each source a name of its own");
            section.tell(diagnostic.with_note(format!("the first is at line {}", first.definition.line)));
        }
        sources.push(source);
    }
    sources
}

fn source(section: &Section<'_, '_>) -> Option<SourceSettings> {
    let name = section.require("name", "\"soracom\"", source_name);
    let kind = section.require("kind", "\"soracom-csv\"", |value| value.one_of(&SourceKind::NAMES));
    let mut source = SourceSettings {
        name: name.unwrap_or_default(),
        title: section.read("title", line),
        kind: kind.unwrap_or(SourceKind::SoracomCsv),
        path: None,
        currency: Currency::JPY,
        profile: section.read("profile", Value::text),
        endpoint: section.read("endpoint", endpoint),
        coverage: section.read("coverage", |value| value.one_of(&[("jp", "jp"), ("g", "g")]).map(str::to_owned)),
        group_columns: section
            .list("group-columns", |value| value.text().map(|name| normalized(&name).into_owned()))
            .unwrap_or_default(),
        assignments: section.read("assignments", table_path),
        assignments_priority: section.read("assignments-priority", Value::integer).unwrap_or(1),
        validity: values::validity(section),
        totals: BTreeMap::new(),
        invoice_totals: BTreeMap::new(),
        is_final: false,
        focus: FocusSettings::default(),
        mapping: None,
        definition: section.definition(),
    };
    if let (Some(value), None) = (section.get("assignments-priority"), section.get("assignments")) {
        let diagnostic = Diagnostic::error("`assignments-priority` without `assignments`");
        value.told::<()>(Err(diagnostic.with_hint("add assignments = \"assignments/NAME*.csv\", or remove it")));
    }
    source.totals = totals(section, source.kind, source.validity);
    let SharedKeys { other_months, is_final } = focus_section::shared(section, source.kind);
    source.is_final = is_final;
    source.focus = focus_section::read(section, source.kind, other_months);
    source.path = match source.kind.is_csv() && kind.is_some() {
        true => section.require("path", "\"billing/{month}/soracom*.csv\"", source_path),
        false => section.read("path", source_path),
    };
    source.currency = match source.kind.usual_currency() {
        Some(usual) => section.read("currency", values::code).unwrap_or(usual),
        None => section.require("currency", "\"USD\"", values::code).unwrap_or(Currency::USD),
    };
    source.mapping = mapping_section::read(section, source.kind, (source.currency, other_months)).map(Arc::new);
    section.finish();
    Some(source)
}

/// Reads `total = { "202208" = "237366" }`: the provider's amount with tax of each month.
fn totals(section: &Section<'_, '_>, kind: SourceKind, validity: Validity) -> BTreeMap<BillingMonth, Amount> {
    let Some(value) = section.get("total") else {
        return BTreeMap::new();
    };
    let months =
        value.section("total").map_err(|problem| problem.with_hint("write total = { \"202208\" = \"237366\" }"));
    let Some(months) = value.told(months) else {
        return BTreeMap::new();
    };
    if !kind.is_csv() {
        // With two figures for one month it would be unclear which one `reconcile` compares with.
        let diagnostic = Diagnostic::error(format!("total is for files; a source of kind {} states it", kind.name()));
        value.told::<()>(Err(diagnostic.with_hint("remove total; fetch keeps the provider's own figure")));
    }
    let mut totals = BTreeMap::new();
    for (key, value) in months.entries() {
        let month = key.parse::<BillingMonth>().map_err(|_| {
            Diagnostic::error(format!("expected a month such as \"202208\" before the amount, found {key:?}"))
                .with_hint("write total = { \"202208\" = \"237366\" }")
        });
        let (Some(month), Some(amount)) = (value.told(month), value.told(values::money(&value))) else {
            continue;
        };
        if !validity.covers(month) {
            let diagnostic = Diagnostic::error(format!("a total of {month}, in which the source does not exist"));
            value.told::<()>(Err(diagnostic.with_hint("remove it, or change from or until of this [[source]]")));
        }
        if totals.insert(month, amount).is_some() {
            let diagnostic = Diagnostic::error(format!("two totals of {month}"));
            value.told::<()>(Err(diagnostic.with_hint("keep one of them")));
        }
    }
    totals
}

/// Reads a source's name, which is also the name of the directory of its fetched bills.
fn source_name(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    let name = value.text()?;
    if name.starts_with('.') || name.contains(['/', '\\']) || name.chars().any(char::is_control) {
        let diagnostic = Diagnostic::error(format!("expected a name that can be a directory's, found {name:?}"));
        return Err(diagnostic
            .with_hint("its fetched bills lie in billing/MONTH/NAME/: leave out / and \\, and a dot before it"));
    }
    Ok(name)
}

fn endpoint(value: &Value<'_, '_>) -> Result<Url, Diagnostic> {
    let hint = "without endpoint the provider itself is asked; plain HTTP is for servers on this machine only";
    endpoint::parse(&value.text()?).map_err(|message| Diagnostic::error(message).with_hint(hint))
}

fn source_path(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    let path = value.text()?;
    if !path.contains("{month}") {
        let diagnostic = Diagnostic::error(format!("expected {{month}} in the path, found {path:?}"));
        return Err(diagnostic.with_hint("every month has its own files: \"billing/{month}/soracom*.csv\""));
    }
    Ok(path)
}

/// The path of tables of assignments, which `issue` keeps a copy of.
fn table_path(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    let path = value.text()?;
    if path.contains(['{', '}']) {
        let diagnostic = Diagnostic::error(format!("a placeholder in the path of a table of assignments: {path:?}"));
        return Err(diagnostic.with_hint("a table is for all months, with its days in the columns from and until"));
    }
    let is_inside = |component| matches!(component, Component::Normal(_) | Component::CurDir);
    if Path::new(&path).components().all(is_inside) {
        return Ok(path);
    }
    Err(Diagnostic::error(format!("the table of assignments lies outside the workspace: {path:?}"))
        .with_hint("write a path inside the workspace: \"assignments/soracom*.csv\""))
}

fn fonts(section: Option<Section<'_, '_>>) -> Vec<String> {
    let Some(section) = section else {
        return Vec::new();
    };
    let files = section.list("files", Value::text).unwrap_or_default();
    section.finish();
    files
}
