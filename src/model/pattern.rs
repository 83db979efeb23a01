//! [`Pattern`]: texts of the workspace with placeholders, such as numbers and subjects.

/// Text with placeholders in braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern(pub Vec<PatternPart>);

/// A piece of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternPart {
    /// Literal text.
    Text(String),
    /// A placeholder.
    Field(PatternField),
}

/// The value a placeholder is replaced with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternField {
    /// The billing month, `202208`.
    Month,
    /// The billing month in words, `2022年8月`.
    MonthName,
    /// The billing month's year, `2022`.
    Year,
    /// The last two digits of the billing month's year, `22`.
    ShortYear,
    /// The billing month's number, `08`.
    MonthNumber,
    /// The billing month's fiscal year (年度), by the year in which it begins.
    FiscalYear,
    /// The customer's id.
    Customer,
    /// The customer's name.
    CustomerName,
    /// A running number, with at least that many digits.
    Sequence(usize),
    /// The invoice number.
    Number,
    /// The date of issue, `2022-09-01`.
    IssueDate,
    /// The total in digits.
    Total,
    /// The customer's code in the books.
    Code,
}

impl Pattern {
    /// Whether the pattern has such a field.
    pub fn has(&self, wanted: impl Fn(PatternField) -> bool) -> bool {
        self.0.iter().any(|part| matches!(part, PatternPart::Field(field) if wanted(*field)))
    }

    /// The text with each field replaced by `value` of it.
    pub fn fill(&self, value: impl Fn(PatternField) -> String) -> String {
        let part = |part: &PatternPart| match part {
            PatternPart::Text(text) => text.clone(),
            PatternPart::Field(field) => value(*field),
        };
        self.0.iter().map(part).collect()
    }
}
