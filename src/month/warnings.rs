//! A month's warnings: grouped where there are many of a kind, and refused where the user wants that.

use crate::diagnostic::{Diagnostic, Problems, Severity};
use crate::model::warning::WarningCode;

/// Maximum number of warnings of a kind reported one by one.
const EACH: usize = 3;

/// Number of warnings named where they are merged into one.
fn named(code: WarningCode) -> usize {
    match code {
        // Each names the value that was probably meant.
        WarningCode::UnusedMatch => 5,
        _ => EACH,
    }
}

/// Refuses the month for any warning.
///
/// # Errors
/// When there is one.
pub fn deny(warnings: &[Diagnostic]) -> Result<(), Problems> {
    refusals(grouped(warnings)).check()
}

/// The warnings found before computing a month failed, followed by the errors.
pub fn before(early: Vec<Diagnostic>, denied: bool, problems: Problems) -> Problems {
    let early = if denied { refusals(early) } else { early.into() };
    early.into_iter().chain(problems).collect()
}

fn refusals(warnings: Vec<Diagnostic>) -> Problems {
    warnings.into_iter().map(|warning| Diagnostic { severity: Severity::Error, ..warning }).collect()
}

/// Merges the warnings of a kind into one where there are many; `warnings` must be sorted by kind.
pub fn grouped(warnings: &[Diagnostic]) -> Vec<Diagnostic> {
    let code = |warning: &Diagnostic| warning.finding.as_ref().map(|finding| finding.code);
    let together = warnings.chunk_by(|one, next| code(one).is_some() && code(one) == code(next));
    let tell = |group: &[Diagnostic]| match code(&group[0]) {
        Some(code) if group.len() > EACH => vec![one_for(code, group)],
        _ => group.to_vec(),
    };
    together.flat_map(tell).collect()
}

fn one_for(code: WarningCode, group: &[Diagnostic]) -> Diagnostic {
    let facts: Vec<&str> = group.iter().filter_map(|one| Some(one.finding.as_ref()?.facts.as_str())).collect();
    // Where all say the same, such as that a rule matches nothing, the facts say which it is.
    let alike = group.iter().all(|one| one.message == group[0].message) && facts.iter().all(|facts| !facts.is_empty());
    let warning = match alike {
        true => Diagnostic::finding(code, many(code, group.len()), facts.join(", ")),
        false => Diagnostic::finding(code, many(code, group.len()), group.len().to_string()),
    };
    let note = |(one, facts): (&Diagnostic, &&str)| if alike { (*facts).to_owned() } else { one.message.clone() };
    let warning = group.iter().zip(&facts).take(named(code)).map(note).fold(warning, Diagnostic::with_note);
    let warning = match group.len().saturating_sub(named(code)) {
        0 => warning,
        more => warning.with_note(format!("and {more} more; -v tells each")),
    };
    match &group[0].hint {
        Some(hint) if group.iter().all(|one| one.hint.as_ref() == Some(hint)) => warning.with_hint(hint),
        _ => warning,
    }
}

fn many(code: WarningCode, count: usize) -> String {
    match code {
        WarningCode::BelowCost => format!("{count} customers are billed below cost"),
        WarningCode::UnusualTotal => format!("the totals of {count} customers are unusual"),
        WarningCode::UnusualPrice => format!("{count} prices per unit are far from the provider's"),
        WarningCode::ShortMonth => format!("{count} bills end before the month does"),
        WarningCode::NoCharges => format!("{count} customers have no charges"),
        WarningCode::NegativeBase => format!("{count} tax bases are below zero"),
        WarningCode::NegativeTotal => format!("the totals of {count} invoices are below zero"),
        WarningCode::DueBeforeIssue => format!("{count} invoices are due before their issue"),
        WarningCode::NewItem => format!("{count} customers have items that they did not have before"),
        WarningCode::GoneItem => format!("{count} customers no longer have items of the month before"),
        WarningCode::NewResource => format!("{count} customers have resources that they did not have before"),
        WarningCode::GoneResource => format!("{count} customers no longer have resources of the month before"),
        WarningCode::EndedFee => format!("{count} fees ended"),
        WarningCode::EndedRule => format!("{count} pricing rules ended"),
        WarningCode::UnusedMatch => format!("{count} [[match]] match nothing"),
        WarningCode::AssignmentWithoutCharges => format!("{count} customers have assigned resources without charges"),
        WarningCode::ChargesInGap => format!("{count} resources have charges on days on which nobody has them"),
        WarningCode::UnusedPriceRule => format!("{count} [[pricing.rule]] match nothing"),
        WarningCode::UnusedTaxRule => format!("{count} [[tax.rule]] match nothing"),
        WarningCode::UnusedShareRule => format!("{count} [[allocation.share]] match nothing"),
        WarningCode::UnusedKeepRule => format!("{count} [[allocation.keep]] match nothing"),
        WarningCode::UnnamedItem => format!("{count} items are printed by the provider's names"),
        WarningCode::UnusedSection => format!("{count} [[section]] match nothing"),
        WarningCode::UnusedItem => format!("{count} [[item]] name nothing"),
        WarningCode::Kept => format!("charges of {count} sources are kept by no rule"),
        WarningCode::UnreadBill => format!("bills of {count} sources are left out"),
        WarningCode::RegistrationNumber => format!("the check digits of {count} registration numbers do not fit"),
        WarningCode::NotReconciled => format!("{count} sources do not reconcile"),
        WarningCode::ProviderDrift => format!("the bills of {count} sources have changed since they were fetched"),
        WarningCode::MissingGlyph => format!("no font has {count} characters of the bills: 〓 stands in their place"),
        WarningCode::UnusedTemplate => format!("{count} templates are never used"),
        WarningCode::UnreadableMonth => format!("{count} earlier months cannot be compared with"),
        WarningCode::CarriedForward => format!("{count} customers get no invoice: a rest is carried forward"),
        WarningCode::CommitmentSplit => format!("commitments cover charges of {count} sources"),
        WarningCode::NoAccount => format!("the invoices of {count} customers name no account to pay to"),
        WarningCode::OnHold => format!("{count} invoices are on hold"),
        WarningCode::NotACustomer => format!("{count} files in customers/ are no customers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(counts: &[(WarningCode, usize)]) -> Vec<Diagnostic> {
        let of = |(code, count): &(WarningCode, usize)| {
            let code = *code;
            (0..*count).map(move |number| Diagnostic::finding(code, format!("no. {number}"), "").with_hint("look"))
        };
        counts.iter().flat_map(of).collect()
    }

    #[test]
    fn many_of_a_kind_are_told_in_one() {
        let told = grouped(&warnings(&[(WarningCode::BelowCost, 3), (WarningCode::NewItem, 1000)]));
        assert_eq!(told.len(), 4);
        assert_eq!(told[3].message, "1000 customers have items that they did not have before");
        assert_eq!(told[3].notes, ["no. 0", "no. 1", "no. 2", "and 997 more; -v tells each"]);
        assert_eq!(told[3].hint.as_deref(), Some("look"));
    }

    #[test]
    fn what_only_its_facts_tell_apart_is_told_by_them() {
        let of = |line: u32| {
            Diagnostic::finding(WarningCode::UnusedMatch, "the [[match]] matches nothing", format!("a.toml:{line}"))
        };
        let told = grouped(&(1..=5).map(of).collect::<Vec<Diagnostic>>());
        assert_eq!(told.len(), 1);
        let five = ["a.toml:1", "a.toml:2", "a.toml:3", "a.toml:4", "a.toml:5"];
        assert_eq!(told[0].notes, five);
        let facts = told[0].finding.as_ref().map(|finding| finding.facts.as_str());
        assert_eq!(facts, Some(five.join(", ").as_str()));
        let told = grouped(&(1..=7).map(of).collect::<Vec<Diagnostic>>());
        assert_eq!(told[0].notes, [&five[..], &["and 2 more; -v tells each"]].concat());
    }

    #[test]
    fn denied_warnings_are_errors() {
        assert!(deny(&[]).is_ok());
        let denied = deny(&warnings(&[(WarningCode::NewItem, 1)])).unwrap_err();
        assert!(denied.iter().all(Diagnostic::is_error));
        assert!(denied[0].render(false).starts_with("error[new-item]: no. 0\n"), "{}", denied[0].render(false));
    }
}
