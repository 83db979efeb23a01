//! [`Accounting`]: how issued documents come into the books.

use std::collections::BTreeMap;

use super::definition::Definition;
use super::item_kind::ItemKind;
use super::matcher::Glob;
use super::pattern::{Pattern, PatternField, PatternPart};
use super::tax::{TaxCategory, TaxRate};

/// `[accounting]`.
#[derive(Clone, Debug)]
pub struct Accounting {
    /// The day on which an invoice is booked.
    pub date: PostingDate,
    /// Account of what customers owe.
    pub receivable: String,
    /// Account of sales that no rule matches.
    pub sales: String,
    /// The business partner (取引先).
    pub partner: Pattern,
    /// Sub-account (補助科目) of the receivable; empty for none.
    pub sub_account: Pattern,
    /// Department (部門) of sales; empty for none.
    pub department: String,
    /// Memo (摘要, 備考).
    pub memo: Pattern,
    /// What formats in yen do with other currencies.
    pub foreign: Foreign,
    /// Accounts of sales; the first match decides.
    pub rules: Vec<AccountRule>,
    /// Tax labels in the place of the built-in ones.
    pub labels: BTreeMap<(Program, TaxLabelKey), String>,
}

impl Default for Accounting {
    fn default() -> Accounting {
        let name = || Pattern(vec![PatternPart::Field(PatternField::CustomerName)]);
        Accounting {
            date: PostingDate::IssueDate,
            receivable: "売掛金".to_owned(),
            sales: "売上高".to_owned(),
            partner: name(),
            sub_account: name(),
            department: String::new(),
            memo: usual_memo(),
            foreign: Foreign::Error,
            rules: Vec::new(),
            labels: BTreeMap::new(),
        }
    }
}

/// `{month-name} {customer-name} {number}`
fn usual_memo() -> Pattern {
    let space = || PatternPart::Text(" ".to_owned());
    Pattern(vec![
        PatternPart::Field(PatternField::MonthName),
        space(),
        PatternPart::Field(PatternField::CustomerName),
        space(),
        PatternPart::Field(PatternField::Number),
    ])
}

/// `[accounting]` of a customer.
#[derive(Clone, Debug, Default)]
pub struct CustomerAccounting {
    /// Its code in the books, in the place of the file's own `code`.
    pub code: Option<String>,
    /// Its name in the books, in the place of the pattern.
    pub partner: Option<String>,
    /// Its sub-account, in the place of the pattern; empty for none.
    pub sub_account: Option<String>,
}

/// The day on which an invoice is booked (取引日, 発生日).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostingDate {
    /// Its date of issue.
    IssueDate,
    /// The last day of the month that it bills. A document that corrects another keeps its date of issue.
    MonthEnd,
}

impl PostingDate {
    /// The names in TOML.
    pub const NAMES: [(&'static str, PostingDate); 2] =
        [("issue-date", PostingDate::IssueDate), ("month-end", PostingDate::MonthEnd)];
}

/// What formats in yen do with a document in another currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// Refuse it.
    Error,
    /// Convert its total by the month's `[[fx]]`; its tax is stated in yen anyway, and sales are the rest.
    Convert,
}

impl Foreign {
    /// The names in TOML.
    pub const NAMES: [(&'static str, Foreign); 2] = [("error", Foreign::Error), ("convert", Foreign::Convert)];
}

/// `[[accounting.rule]]`: the account of the lines it matches.
#[derive(Clone, Debug)]
pub struct AccountRule {
    /// `customer`: its id.
    pub customer: Option<Glob>,
    /// `item`: the provider's name of the line, or that of the fee.
    pub item: Option<Glob>,
    /// `source`
    pub source: Option<Glob>,
    /// `kind`
    pub kind: Option<ItemKind>,
    /// `sales`: the account.
    pub sales: String,
    /// Where it is written.
    pub definition: Definition,
}

/// An accounting program whose tax labels are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// freee 会計
    Freee,
    /// マネーフォワード クラウド会計
    MoneyForward,
    /// 弥生会計, on the desktop and online
    Yayoi,
}

impl Program {
    /// The names in TOML and on the command line.
    pub const NAMES: [(&'static str, Program); 3] =
        [("freee", Program::Freee), ("moneyforward", Program::MoneyForward), ("yayoi", Program::Yayoi)];
}

/// What a tax label (税区分) of sales stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaxLabelKey {
    /// Category.
    pub category: TaxCategory,
    /// Rate; zero where no tax is due.
    pub rate: TaxRate,
    /// Whether a credit note gives it back (売上返還).
    pub returned: bool,
}

impl TaxLabelKey {
    /// The names in TOML.
    pub const NAMES: [(&'static str, TaxLabelKey); 14] = [
        ("standard-10", sold(TaxCategory::Standard, 10)),
        ("standard-8", sold(TaxCategory::Standard, 8)),
        ("standard-5", sold(TaxCategory::Standard, 5)),
        ("reduced-8", sold(TaxCategory::Reduced, 8)),
        ("exempt", sold(TaxCategory::Exempt, 0)),
        ("non-taxable", sold(TaxCategory::NonTaxable, 0)),
        ("out-of-scope", sold(TaxCategory::OutOfScope, 0)),
        ("return-standard-10", returned(TaxCategory::Standard, 10)),
        ("return-standard-8", returned(TaxCategory::Standard, 8)),
        ("return-standard-5", returned(TaxCategory::Standard, 5)),
        ("return-reduced-8", returned(TaxCategory::Reduced, 8)),
        ("return-exempt", returned(TaxCategory::Exempt, 0)),
        ("return-non-taxable", returned(TaxCategory::NonTaxable, 0)),
        ("return-out-of-scope", returned(TaxCategory::OutOfScope, 0)),
    ];

    /// The name in TOML; none for a rate that no law has known.
    pub fn name(self) -> Option<&'static str> {
        TaxLabelKey::NAMES.iter().find(|(_, key)| *key == self).map(|(name, _)| *name)
    }
}

const fn sold(category: TaxCategory, percent: u32) -> TaxLabelKey {
    TaxLabelKey { category, rate: TaxRate::whole(percent), returned: false }
}

const fn returned(category: TaxCategory, percent: u32) -> TaxLabelKey {
    TaxLabelKey { category, rate: TaxRate::whole(percent), returned: true }
}
