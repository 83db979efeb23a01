//! The settings of a workspace: the issuer, how invoices look, how charges are allocated, where bills come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use super::accounting::Accounting;
use super::adjustment::{Adjustment, DocumentNotes, MonthAdjustments};
use super::allocation::AllocationSettings;
use super::amount::Amount;
use super::assignments::Assignments;
use super::column_text::columns_of;
use super::currency::Currency;
use super::customer::Customer;
use super::definition::Definition;
use super::focus::FocusSettings;
use super::format::Format;
pub use super::issuer::Issuer;
use super::item_table::{self, ItemTable};
pub use super::language::Language;
use super::mail::MailSettings;
use super::mapping::Mapping;
use super::matcher::{Glob, Matcher};
use super::numbering::Numbering;
pub use super::pattern::{Pattern, PatternField, PatternPart};
use super::peppol::JpPintSettings;
use super::period::{BillingMonth, Validity};
use super::rounding::Rounding;
use super::schedule::{DateRule, DueRule, OnHoliday};
use super::section::{SectionTable, SectionTables};
use super::tax::TaxCategory;
use super::tax_table::TaxTable;
use super::warning::WarningSettings;
use super::wording::Wording;

/// How much of the month's charges the HTML and PDF show; JSON and CSV hold all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailLevel {
    /// Every row of the provider.
    Rows,
    /// A line per resource and day, with a column for each of the items used most.
    Daily,
    /// A line per resource and item.
    Resource,
    /// A line per resource, with a column for each of the items used most.
    Summary,
    /// No appendix.
    None,
}

/// The most resources whose rows are all shown where `details` is not set: more are a summary.
const RESOURCES_IN_ROWS: usize = 20;

impl DetailLevel {
    /// What is shown of that many resources where `details` is not set.
    pub fn usual(resources: usize) -> DetailLevel {
        if resources > RESOURCES_IN_ROWS { DetailLevel::Summary } else { DetailLevel::Rows }
    }
}

/// What groups the resources of a summary, or divides an invoice into sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// Nothing.
    None,
    /// Their groups at the provider.
    Group,
    /// A tag, by its name in NFC.
    Tag(String),
}

/// What `build` does with a subtotal below zero before rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BelowZero {
    /// Refuse the month.
    Refuse,
    /// Make no document; the next month takes the rest of each tax category.
    Carry,
}

/// `[invoice]`: how an invoice looks and is named.
#[derive(Clone, Debug)]
pub struct InvoiceSettings {
    /// Currency of the invoice.
    pub currency: Currency,
    /// Language of the invoice.
    pub language: Language,
    /// Pattern of invoice numbers.
    pub number: Pattern,
    /// How running numbers count, the same for all customers.
    pub numbering: Numbering,
    /// Date of issue.
    pub issue_date: DateRule,
    /// Date by which payment is due.
    pub due_date: DueRule,
    /// How a due date on a bank holiday is moved.
    pub due_on_holiday: OnHoliday,
    /// Pattern of file names.
    pub file_name: Pattern,
    /// The design.
    pub template: TemplateChoice,
    /// How much of the month's charges is shown; [`DetailLevel::usual`] where it is not set.
    pub details: Option<DetailLevel>,
    /// What groups the resources of a summary.
    pub group_by: Grouping,
    /// What divides invoices into sections.
    pub sections: Grouping,
    /// Whether resources are listed that have nothing but charges of zero.
    pub show_zero: bool,
    /// What `build` does with a subtotal below zero.
    pub below_zero: BelowZero,
    /// Whether no document is made whose total is 0.
    pub skip_zero: bool,
    /// Whether invoices tell what changed since the last one.
    pub story: bool,
    /// Sentences at the foot of the first page.
    pub notes: Vec<String>,
    /// The envelope whose window shows the addressee.
    pub envelope: Envelope,
    /// The envelope's window.
    pub window: EnvelopeWindow,
    /// How the money of a credit note returns.
    pub refund_note: Option<Wording>,
    /// Subjects of the customer's file, then those of the workspace's.
    pub subjects: Vec<Subjects>,
}

impl InvoiceSettings {
    /// The month's subject; none where the words of the templates give it.
    pub fn subject(&self, month: BillingMonth) -> Option<&Wording<Pattern>> {
        self.subjects.iter().find_map(|file| file.months.get(&month).or(file.usual.as_ref()))
    }
}

/// The subjects (件名) that one file gives its invoices.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    /// `subject`
    pub usual: Option<Wording<Pattern>>,
    /// `subjects`: those of single months.
    pub months: BTreeMap<BillingMonth, Wording<Pattern>>,
}

/// An envelope with a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// 長形3号, for A4 folded in three.
    Naga3,
    /// 角形2号, for A4 as it is.
    Kaku2,
    /// No window: the design as it is meant.
    None,
}

impl Envelope {
    /// The names in TOML.
    pub const NAMES: [(&'static str, Envelope); 3] =
        [("naga3", Envelope::Naga3), ("kaku2", Envelope::Kaku2), ("none", Envelope::None)];

    /// The name in TOML.
    pub fn name(self) -> &'static str {
        Envelope::NAMES.iter().find(|(_, envelope)| *envelope == self).map_or("", |(name, _)| name)
    }
}

/// The window of an envelope as it lies on the first page, in millimetres from the paper's left and top edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvelopeWindow {
    /// From the paper's left edge.
    pub left: i64,
    /// From the paper's top edge.
    pub top: i64,
    /// From side to side.
    pub width: i64,
    /// From top to bottom.
    pub height: i64,
}

impl EnvelopeWindow {
    /// The window of 長形3号 envelopes as sold.
    pub const USUAL: EnvelopeWindow = EnvelopeWindow { left: 22, top: 22, width: 90, height: 45 };
}

/// The design of an invoice, by the name of its template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateChoice {
    /// The template's file name without `.html`.
    pub name: String,
    /// Where it is chosen; the path is empty for the default.
    pub definition: Definition,
}

/// `[[tax.rule]]`: the category of what it matches.
#[derive(Clone, Debug)]
pub struct TaxRule {
    /// The customers it is for, by their ids; all where absent.
    pub customer: Option<Glob>,
    /// The charges it is about.
    pub matcher: Matcher,
    /// Whether it has a key that matches charges. Without one it is the status of its customers as a whole and applies
    /// to their fees and adjustments too.
    pub names_charges: bool,
    /// Their category.
    pub category: TaxCategory,
    /// Where it is written.
    pub definition: Definition,
}

impl TaxRule {
    /// Whether it is for the customer with that id.
    pub fn is_for(&self, customer: &str) -> bool {
        self.customer.as_ref().is_none_or(|ids| ids.matches(customer))
    }
}

/// `[[fx]]`: a month's exchange rate.
#[derive(Clone, Debug)]
pub struct FxRate {
    /// The month of supply.
    pub month: BillingMonth,
    /// Currency converted from.
    pub from: Currency,
    /// Currency converted to.
    pub to: Currency,
    /// Units of `to` for one unit of `from`.
    pub rate: Amount,
    /// Where the rate comes from.
    pub note: Option<String>,
    /// Where it is written.
    pub definition: Definition,
}

/// Kind of a source's bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// SORACOM's detailed billing CSV.
    SoracomCsv,
    /// SORACOM's API.
    SoracomApi,
    /// SAKURA Cloud's bill detail CSV.
    SakuraCsv,
    /// SAKURA Cloud's API.
    SakuraApi,
    /// KORE's Super SIM API.
    KoreApi,
    /// FOCUS, in which most clouds export their bills.
    FocusCsv,
    /// Any provider's table, by a mapping of its columns.
    TableCsv,
}

/// Properties of a kind, known before any bill is read.
struct KindFacts {
    name: &'static str,
    is_csv: bool,
    has_product_ids: bool,
    /// None where every workspace states it.
    currency: Option<Currency>,
    /// ServiceCategory of FOCUS.
    service_category: &'static str,
}

impl SourceKind {
    /// The names in TOML.
    pub const NAMES: [(&'static str, SourceKind); 7] = [
        SourceKind::SoracomCsv.named(),
        SourceKind::SoracomApi.named(),
        SourceKind::SakuraCsv.named(),
        SourceKind::SakuraApi.named(),
        SourceKind::KoreApi.named(),
        SourceKind::FocusCsv.named(),
        SourceKind::TableCsv.named(),
    ];

    const fn facts(self) -> KindFacts {
        let (name, is_csv, has_product_ids, currency) = match self {
            SourceKind::SoracomCsv => ("soracom-csv", true, false, Some(Currency::JPY)),
            SourceKind::SoracomApi => ("soracom-api", false, false, Some(Currency::JPY)),
            SourceKind::SakuraCsv => ("sakura-csv", true, true, Some(Currency::JPY)),
            SourceKind::SakuraApi => ("sakura-api", false, true, Some(Currency::JPY)),
            // KORE bills in US dollars unless an account was agreed otherwise.
            SourceKind::KoreApi => ("kore-api", false, false, Some(Currency::USD)),
            SourceKind::FocusCsv => ("focus-csv", true, true, None),
            SourceKind::TableCsv => ("table-csv", true, false, None),
        };
        let service_category = match self {
            SourceKind::SoracomCsv | SourceKind::SoracomApi | SourceKind::KoreApi => "Internet of Things",
            // Of all kinds of services; no document says which.
            SourceKind::SakuraCsv | SourceKind::SakuraApi | SourceKind::FocusCsv | SourceKind::TableCsv => "Other",
        };
        KindFacts { name, is_csv, has_product_ids, currency, service_category }
    }

    const fn named(self) -> (&'static str, SourceKind) {
        (self.name(), self)
    }

    /// The name in TOML.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// Whether the bill consists of files the user saved.
    pub fn is_csv(self) -> bool {
        self.facts().is_csv
    }

    /// What is built in of its items: those whose meaning the provider documents.
    pub fn items(self) -> &'static [ItemTable] {
        match self {
            SourceKind::SoracomCsv | SourceKind::SoracomApi => item_table::soracom(),
            _ => &[],
        }
    }

    /// The category of its services in FOCUS.
    pub fn service_category(self) -> &'static str {
        self.facts().service_category
    }

    /// Whether products have an id besides the name, which rules can match too.
    pub fn has_product_ids(self) -> bool {
        self.facts().has_product_ids
    }

    /// The currency of its costs, unless the workspace sets another; none where the workspace must.
    pub fn usual_currency(self) -> Option<Currency> {
        self.facts().currency
    }

    /// Whether its bills are in FOCUS.
    pub fn is_focus(self) -> bool {
        self == SourceKind::FocusCsv
    }

    /// Whether its bills are tables of which the workspace [maps](super::mapping::Mapping) the columns.
    pub fn is_mapped(self) -> bool {
        self == SourceKind::TableCsv
    }

    /// Whether its bills may change after the end of the month without saying so: the user says whether they are final.
    pub fn is_final_on_request(self) -> bool {
        self.is_focus() || self.is_mapped()
    }
}

/// `[[source]]`: where a provider's bill comes from.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// Its name in this workspace.
    pub name: String,
    /// Name printed on invoices; its name where absent.
    pub title: Option<String>,
    /// Kind of bill.
    pub kind: SourceKind,
    /// Glob of its files, `{month}` standing for the month; for the `*-csv` kinds.
    pub path: Option<String>,
    /// Currency of its costs.
    pub currency: Currency,
    /// Name of the credentials to use; for the `*-api` kinds.
    pub profile: Option<String>,
    /// Base URL instead of the provider's; for the `*-api` kinds.
    pub endpoint: Option<Url>,
    /// Coverage, `jp` or `g`; for `soracom-api`.
    pub coverage: Option<String>,
    /// Names of further columns that hold groups, in NFC; for `soracom-csv`.
    pub group_columns: Vec<String>,
    /// Pattern of the files that say who has which of its resources, relative to the workspace's root.
    pub assignments: Option<String>,
    /// Priority of their rows among `[[match]]`es.
    pub assignments_priority: i64,
    /// The months in which the source exists; other months have none of its charges.
    pub validity: Validity,
    /// The provider's amount with tax by month, as the user read it off the provider's invoice; for the `*-csv` kinds,
    /// whose files do not state it.
    pub totals: BTreeMap<BillingMonth, Amount>,
    /// `[[invoice-total]]`: the amounts of the provider's invoices by month and id, with tax.
    pub invoice_totals: BTreeMap<BillingMonth, BTreeMap<String, Amount>>,
    /// Whether its bills no longer change, for kinds that [do not say so](SourceKind::is_final_on_request).
    pub is_final: bool,
    /// Which columns become charges; for `focus-csv`.
    pub focus: FocusSettings,
    /// Likewise; for `table-csv`, and none for other kinds.
    pub mapping: Option<Arc<Mapping>>,
    /// Where it is written.
    pub definition: Definition,
}

impl SourceSettings {
    /// Whether bills of the source may still change, as far as the settings say.
    pub fn is_open(&self) -> bool {
        self.kind.is_final_on_request() && !self.is_final
    }

    /// The column that quantities are read from; none where it is always the same.
    pub fn quantity_column(&self) -> Option<String> {
        match self.kind {
            SourceKind::FocusCsv => Some(self.focus.quantity.columns().0.to_owned()),
            SourceKind::TableCsv => {
                let columns = self.mapping.as_ref()?.columns.quantity.as_ref()?;
                Some(columns_of(columns).collect::<Vec<&str>>().join(" "))
            }
            SourceKind::SoracomCsv
            | SourceKind::SoracomApi
            | SourceKind::SakuraCsv
            | SourceKind::SakuraApi
            | SourceKind::KoreApi => None,
        }
    }
}

/// How documents show what they hold: what was issued is made again as it was. Each form shows what those before it show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentForm {
    /// Items have the provider's names, quantities and units only, as in records before format 3.
    Plain,
    /// Items have labels, as in records of format 3.
    Labelled,
    /// The code of a foreign currency is printed, and quantities and prices so that a reader can check them, as in records
    /// of format 4.
    Coded,
    /// A fee below zero stands with the discounts, and the data of a credit note say what its pages print: quantities above
    /// zero and the invoice's lines.
    #[default]
    Adjusted,
}

impl DocumentForm {
    /// Whether items have labels.
    pub fn has_labels(self) -> bool {
        self >= DocumentForm::Labelled
    }

    /// Whether the code of a foreign currency is printed.
    pub fn has_currency_code(self) -> bool {
        self >= DocumentForm::Coded
    }

    /// Whether shares are printed as fractions, and prices only where they multiply out.
    pub fn has_checkable_figures(self) -> bool {
        self >= DocumentForm::Coded
    }

    /// Whether a fee below zero is a discount.
    pub fn has_fees_among_discounts(self) -> bool {
        self >= DocumentForm::Adjusted
    }

    /// Whether the JSON of a credit note has its quantities as pages print them, and its CSV the invoice's lines.
    pub fn has_printed_returns(self) -> bool {
        self >= DocumentForm::Adjusted
    }
}

/// All checked settings of a workspace.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The company that bills.
    pub issuer: Issuer,
    /// `[tax] regime` and `[[tax.rate]]`
    pub taxes: TaxTable,
    /// `[[tax.rule]]`: the first match wins, then the customer's own category.
    pub tax_rules: Vec<TaxRule>,
    /// `[allocation]`
    pub allocation: AllocationSettings,
    /// `[[fx]]`
    pub fx: Vec<FxRate>,
    /// `[[source]]`
    pub sources: Vec<SourceSettings>,
    /// Language of files for the issuer alone.
    pub language: Language,
    /// Template of customers that choose none.
    pub template: TemplateChoice,
    /// Font files, relative to the workspace's root.
    pub fonts: Vec<String>,
    /// `[warnings]` that concern no single customer.
    pub warnings: WarningSettings,
    /// `[mail]`, apart from what customers can have otherwise.
    pub mail: Option<MailSettings>,
    /// `[jp-pint]`
    pub jp_pint: JpPintSettings,
    /// `[issue] keep`: the kinds of documents that are kept when they are issued.
    pub kept_formats: Vec<Format>,
    /// Where `keep` is written.
    pub keep_definition: Option<Definition>,
    /// `[accounting]`
    pub accounting: Accounting,
    /// Currency of conservation figures when sources differ.
    pub currency: Currency,
    /// `[[item]]`, for all customers.
    pub items: Vec<ItemTable>,
    /// `[[section]]`, for all customers.
    pub sections: Vec<SectionTable>,
    /// How documents show what they hold.
    pub document_form: DocumentForm,
    /// Who has which resource, by tables.
    pub assignments: Arc<Assignments>,
    /// The end customers, in the order of their ids.
    pub customers: Vec<Customer>,
    /// What single months alone have, of the months that were asked for.
    pub adjustments: BTreeMap<BillingMonth, MonthAdjustments>,
}

impl Settings {
    /// The sources that exist in a month, in the order of `invoicer.toml`.
    pub fn sources_of(&self, month: BillingMonth) -> impl Iterator<Item = &SourceSettings> {
        self.sources.iter().filter(move |source| source.validity.covers(month))
    }

    /// The tables that name the sections of a customer's invoices; none where they have no sections.
    pub fn section_tables<'a>(&'a self, customer: &'a Customer) -> Option<SectionTables<'a>> {
        let tables = || SectionTables::new(&customer.sections, &self.sections, customer.invoice.language);
        customer.has_sections().then(tables)
    }

    /// A customer's adjustments of a month.
    pub fn adjustments_of(&self, month: BillingMonth, customer: &Customer) -> &[Adjustment] {
        self.adjustments.get(&month).map_or(&[], |of| of.of_customer(&customer.id))
    }

    /// What a customer's documents hold in a month alone.
    pub fn document_notes(&self, month: BillingMonth, customer: &Customer) -> Option<&DocumentNotes> {
        self.adjustments.get(&month)?.customers.get(&customer.id)
    }

    /// The number of a customer's order for a month: the month's own, or that of the customer's file.
    pub fn order_number<'a>(&'a self, month: BillingMonth, customer: &'a Customer) -> Option<&'a str> {
        let own = self.document_notes(month, customer).and_then(|notes| notes.order_number.as_deref());
        let usual = || customer.order_numbers.iter().find(|order| order.validity.covers(month));
        own.or_else(|| usual().map(|order| order.number.as_str()))
    }

    /// The customer with that id.
    pub fn customer(&self, id: &str) -> Option<&Customer> {
        let found = self.customers.binary_search_by(|customer| customer.id.as_str().cmp(id));
        found.ok().map(|index| &self.customers[index])
    }

    /// The source with that name.
    pub fn source(&self, name: &str) -> Option<&SourceSettings> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// Name that invoices print for the source with that name.
    pub fn title_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.source(name).and_then(|source| source.title.as_deref()).unwrap_or(name)
    }

    /// Whether a rule names only sources that do not exist in the month, so that it can match nothing.
    pub fn is_of_absent_source(&self, matcher: &Matcher, month: BillingMonth) -> bool {
        self.is_absent(matcher.source.as_ref(), month)
    }

    /// Whether a pattern of sources fits only such that do not exist in the month.
    pub fn is_absent(&self, source: Option<&Glob>, month: BillingMonth) -> bool {
        let Some(glob) = source else {
            return false;
        };
        let mut named = self.sources.iter().filter(|source| glob.matches(&source.name)).peekable();
        // A name that no source has at all is a mistake, not a matter of time.
        named.peek().is_some() && named.all(|source| !source.validity.covers(month))
    }

    /// Rounding of tax on a customer's documents, and where it is set; `customer` is an index in
    /// [`Settings::customers`].
    pub fn tax_rounding(&self, customer: usize) -> (Rounding, &Definition) {
        let tax = &self.customers[customer].tax;
        (tax.rounding, &tax.rounding_definition)
    }

    /// The month's rate from one currency to another; 1 when they are the same.
    pub fn fx_rate(&self, month: BillingMonth, from: Currency, to: Currency) -> Option<Amount> {
        if from == to {
            return Some(Amount::whole(1));
        }
        self.fx_entry(month, from, to).map(|fx| fx.rate)
    }

    /// [`fx_rate`](Self::fx_rate) of a priced month, which has every rate: pricing refuses a month that lacks one.
    pub fn known_rate(&self, month: BillingMonth, from: Currency, to: Currency) -> Amount {
        self.fx_rate(month, from, to).expect("a month that lacks a rate is refused when it is priced")
    }

    /// The month's `[[fx]]` entry from one currency to another.
    pub fn fx_entry(&self, month: BillingMonth, from: Currency, to: Currency) -> Option<&FxRate> {
        self.fx.iter().find(|fx| (fx.month, fx.from, fx.to) == (month, from, to))
    }
}
