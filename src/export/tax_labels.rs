//! The tax labels (税区分) of accounting programs. They must equal the program's own to the character. docs/accounting.md
//! says which of them an import has confirmed.

use crate::model::accounting::{Accounting, Program, TaxLabelKey};
use crate::model::tax::TaxCategory;

/// The label of what a customer owes.
pub(super) const RECEIVABLE: &str = "対象外";

/// The label of what was sold or given back; none where the program's is not known.
pub(super) fn label(accounting: &Accounting, program: Program, key: TaxLabelKey) -> Option<&str> {
    let own = |key| accounting.labels.get(&(program, key)).map(String::as_str);
    let sold = TaxLabelKey { returned: false, ..key };
    match own(key) {
        Some(label) => Some(label),
        // In freee, a return has the label of the sale, in a deal of expenses.
        None if program == Program::Freee => own(sold).or(built_in(program, sold)),
        None => built_in(program, key),
    }
}

fn built_in(program: Program, key: TaxLabelKey) -> Option<&'static str> {
    let TaxLabelKey { category, rate, returned } = key;
    let percent = rate.whole_percent()?;
    use TaxCategory::{Exempt, NonTaxable, OutOfScope, Reduced, Standard};
    Some(match (program, returned, category, percent) {
        (_, _, OutOfScope, _) => "対象外",
        (Program::Freee, _, Standard, 10) => "課税売上10%",
        (Program::Freee, _, Standard, 8) => "課税売上8%",
        (Program::Freee, _, Reduced, 8) => "課税売上8%（軽）",
        (Program::Freee, _, Exempt, _) => "輸出売上",
        (Program::Freee, _, NonTaxable, _) => "非課売上",
        (Program::MoneyForward, false, Standard, 10) => "課税売上 10%",
        (Program::MoneyForward, false, Standard, 8) => "課税売上 8%",
        (Program::MoneyForward, false, Reduced, 8) => "課税売上 (軽)8%",
        (Program::MoneyForward, false, Exempt, _) => "輸出売上 0%",
        (Program::MoneyForward, false, NonTaxable, _) => "非課税売上",
        (Program::MoneyForward, true, Standard, 10) => "課税売上-返還等 10%",
        (Program::MoneyForward, true, Standard, 8) => "課税売上-返還等 8%",
        (Program::MoneyForward, true, Reduced, 8) => "課税売上-返還等 (軽)8%",
        (Program::MoneyForward, true, Exempt, _) => "輸出売上-返還等 0%",
        (Program::MoneyForward, true, NonTaxable, _) => "非課税売上-返還等",
        (Program::Yayoi, false, Standard, 10) => "課税売上込10%",
        (Program::Yayoi, false, Standard, 8) => "課税売上込8%",
        (Program::Yayoi, false, Reduced, 8) => "課税売上込軽減8%",
        (Program::Yayoi, false, Exempt, _) => "輸出売上",
        (Program::Yayoi, false, NonTaxable, _) => "非課売上",
        (Program::Yayoi, true, Standard, 10) => "課税売返込10%",
        (Program::Yayoi, true, Reduced, 8) => "課税売返込軽減8%",
        (Program::Yayoi, true, Exempt, _) => "輸出売返",
        (Program::Yayoi, true, NonTaxable, _) => "非課売返",
        _ => return None,
    })
}
