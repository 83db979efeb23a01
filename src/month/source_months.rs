//! [`SourceMonth`]: what a source has of a month, and how far the month is.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::diagnostic::Problems;
use crate::environment::Environment;
use crate::model::amount::Amount;
use crate::model::period::BillingMonth;
use crate::model::settings::SourceSettings;
use crate::model::statement::AcceptedDifference;
use crate::out;
use crate::sources::snapshot::Snapshot;
use crate::sources::{self, fetch};
use crate::workspace::Workspace;

/// A month of a source.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SourceMonth {
    /// The month, `202208`.
    pub month: String,
    /// Name of the source.
    pub source: String,
    /// The provider's state of the month, such as "closed".
    pub state: Option<String>,
    /// The provider's total, including tax.
    pub amount: Option<Amount>,
    /// What of the bill is here.
    pub here: BillState,
    /// Whether the month was built.
    pub built: bool,
    /// Whether it was issued.
    pub issued: bool,
    /// A difference from the provider's total that the user accepted when fetching.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_difference: Option<AcceptedDifference>,
}

/// What of a provider's bill is in the workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BillState {
    /// Nothing.
    #[default]
    No,
    /// Files that the user saved.
    Files,
    /// The final bill, fetched.
    Fetched,
    /// A bill that may still change.
    Preliminary,
}

impl BillState {
    /// As `status` prints it.
    pub fn name(self) -> &'static str {
        match self {
            BillState::No => "no",
            BillState::Files => "files",
            BillState::Fetched => "fetched",
            BillState::Preliminary => "preliminary",
        }
    }
}

/// Each source's months, newest first, or the one month asked for. If a provider cannot be asked, still lists what is known
/// locally.
pub fn source_months(
    workspace: &Workspace,
    asked: Option<BillingMonth>,
    offline: bool,
    environment: &Environment,
) -> (Vec<SourceMonth>, Problems) {
    let root = &workspace.root;
    let here: Vec<BillingMonth> =
        ["billing", "out", "issued"].iter().flat_map(|name| out::months_in(&root.join(name))).collect();
    let (mut rows, mut problems) = (Vec::new(), Problems::default());
    for source in &workspace.settings.sources {
        let wanted = |month: &BillingMonth| asked.is_none_or(|asked| asked == *month) && source.validity.covers(*month);
        let mut months: BTreeMap<BillingMonth, SourceMonth> = here
            .iter()
            .chain(&asked)
            .filter(|month| wanted(month))
            .map(|month| (*month, SourceMonth::default()))
            .collect();
        if !offline && !source.kind.is_csv() {
            match fetch::months(source, environment) {
                Ok(known) => {
                    for known in known.into_iter().filter(|known| wanted(&known.month)) {
                        let row = months.entry(known.month).or_default();
                        (row.state, row.amount) = (Some(known.state), known.amount);
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        for (month, mut row) in months.into_iter().rev() {
            problems.extend(look(root, source, month, &mut row).err().unwrap_or_default());
            if row.here != BillState::No || row.state.is_some() || asked.is_some() {
                rows.push(row);
            }
        }
    }
    (rows, problems)
}

/// Fills in what the workspace's files show.
fn look(root: &Path, source: &SourceSettings, month: BillingMonth, row: &mut SourceMonth) -> Result<(), Problems> {
    row.month = month.to_string();
    row.source = source.name.clone();
    row.built = root.join(format!("out/{month}/manifest.json")).is_file();
    row.issued = root.join(format!("issued/{month}.json")).is_file();
    if source.kind.is_csv() {
        if sources::has_files(root, source, month) {
            row.here = if source.is_open() { BillState::Preliminary } else { BillState::Files };
        }
        row.amount = source.totals.get(&month).copied();
        return Ok(());
    }
    if let Some(snapshot) = Snapshot::open(root, source, month)? {
        row.here = if snapshot.provenance.is_final { BillState::Fetched } else { BillState::Preliminary };
        if row.amount.is_none() {
            row.amount = sources::statement(source, &snapshot)?.total;
        }
        if row.state.is_none() {
            row.state = snapshot.provenance.is_final.then(|| "closed".to_owned());
        }
        row.accepted_difference = snapshot.provenance.accepted_difference;
    }
    Ok(())
}
