//! A month read, computed and compared with those before it: what `build`, `check` and `issue` begin with.

use std::path::Path;

use super::warnings;
use crate::assets::Assets;
use crate::billing::{self, BilledMonth, Overview};
use crate::cli::Format;
use crate::diagnostic::{Diagnostic, Severity};
use crate::ledger::{self, DIRECTORY, Ledger};
use crate::model::charge::Bill;
use crate::model::history::{BilledCustomer, History};
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::out::{self, EarlierMonths, Summaries};
use crate::pipeline::issued::{Net, net};
use crate::pipeline::{self, Made, Work};
use crate::printer::Printer;
use crate::render::{Documents, Review};
use crate::sources::{self, absent, drift};
use crate::staging::{Staging, Written, hash};
use crate::workspace::{self, Workspace};

/// How a month is to be computed.
pub(super) struct Wish<'a> {
    /// The workspace's root.
    pub(super) root: &'a Path,
    /// What was issued.
    pub(super) ledger: &'a Ledger,
    /// Directory of the months' directories, and the same as messages name it.
    pub(super) out: (&'a Path, &'a str),
    /// The month.
    pub(super) month: BillingMonth,
    /// How final it is.
    pub(super) status: Status,
    /// Whether any warning refuses it.
    pub(super) deny_warnings: bool,
}

/// A month with everything its documents are made from.
pub(super) struct Month {
    /// The workspace.
    pub(super) workspace: Workspace,
    /// Templates, faces and images.
    pub(super) assets: Assets,
    /// The bills.
    pub(super) bill: Bill,
    /// The invoices.
    pub(super) billed: BilledMonth,
    /// The months before.
    history: History,
    /// Files that warnings were made from, and no document.
    pub(super) compared: Vec<Written>,
    /// Everything to be warned of.
    pub(super) warnings: Vec<Diagnostic>,
    overview: Overview,
    status: Status,
}

impl Month {
    /// Reads and computes a month; `before_reading` is done when the settings are known and the bills are not read yet.
    ///
    /// # Errors
    /// Everything that stops the month, and warnings where they are denied.
    pub(super) fn compute(
        wish: &Wish<'_>,
        before_reading: impl FnOnce(&Settings) -> Result<(), Vec<Diagnostic>>,
    ) -> Result<Month, Vec<Diagnostic>> {
        let Wish { root, ledger, out, month, status, deny_warnings } = *wish;
        let mut workspace = workspace::load(root).map_err(|mut problems| {
            // Bills are read without regard to customers and prices: what is wrong with those on disk is worth knowing now.
            let mut sources = workspace::good_sources(root);
            sources.retain(|source| source.kind.is_csv() && source.validity.covers(month));
            problems.extend(sources::read_good(root, &sources, month, status == Status::Draft).1);
            problems
        })?;
        let mut early = std::mem::take(&mut workspace.warnings);
        let settings = &workspace.settings;
        let refused = |early: &[Diagnostic], problems: Vec<Diagnostic>| {
            warnings::before(billing::wanted(settings, early.to_vec()), deny_warnings, problems)
        };
        let assets = Assets::load(root, settings);
        early.extend(assets.iter().flat_map(|assets| assets.templates.warnings.iter().cloned()));
        let outside = assets.iter().flat_map(|assets| &assets.files).filter_map(|(path, _)| ledger::outside(path));
        // Only `issue` refuses it, but the month before is the time to know.
        early.extend(outside.map(|problem| Diagnostic { severity: Severity::Warning, ..problem }));
        let computed = before_reading(settings).and_then(|()| {
            pipeline::invoices(root, settings, month, status, &pipeline::carried::taken(ledger, out.0, month))
        });
        let (assets, (bill, billed)) = match (assets, computed) {
            (Ok(assets), Ok(computed)) => (assets, computed),
            // Mistakes in templates and in bills have nothing to do with each other: report both.
            (assets, computed) => {
                let problems = assets.err().into_iter().chain(computed.err()).flatten();
                return Err(refused(&early, problems.collect()));
            }
        };
        if status != Status::Draft {
            numbers_are_free(ledger, settings, &billed.invoices).map_err(|problem| refused(&early, vec![problem]))?;
        }
        let EarlierMonths { history, files, warnings } = compared(root, ledger, out, settings, month)?;
        early.extend(warnings);
        if let Some(problem) = bill.files.iter().find_map(|file| ledger::bill_outside(&file.path)) {
            early.push(Diagnostic { severity: Severity::Warning, ..problem });
        }
        let warnings = billing::warnings(&bill, settings, &billed, &history, early);
        let warnings = warnings.map_err(|problem| vec![problem])?;
        if deny_warnings {
            warnings::deny(&warnings)?;
        }
        let overview = billing::overview(&bill, settings, &billed).map_err(|error| {
            vec![Diagnostic::error(format!("the sums of the month cannot be computed exactly: {error}"))]
        })?;
        Ok(Month { workspace, assets, bill, billed, history, compared: files, warnings, overview, status })
    }

    /// Writes the documents of the invoices for which `chosen` holds; gives what became of each invoice of the month.
    ///
    /// # Errors
    /// Mistakes in templates, characters of the workspace's own texts that no face has, files that cannot be written.
    pub(super) fn write_documents(
        &self,
        chosen: &dyn Fn(&Invoice) -> bool,
        formats: &[Format],
        staging: &Staging,
        printer: &Printer,
    ) -> Result<Made, Vec<Diagnostic>> {
        let all = &self.billed.invoices;
        let (places, invoices): (Vec<usize>, Vec<&Invoice>) =
            all.iter().enumerate().filter(|(_, invoice)| chosen(invoice)).unzip();
        let progress = printer.progress(invoices.len(), verb(staging));
        let Workspace { settings, files, .. } = &self.workspace;
        let work = Work { bill: &self.bill, settings, files, assets: &self.assets, formats };
        let written = pipeline::documents(&work, &invoices, &|path, bytes| staging.write(path, bytes), &progress);
        progress.finish();
        let written = written?;
        // Of customers that were not asked for there is nothing beside the page.
        let mut documents = vec![Documents::default(); all.len()];
        places.into_iter().zip(written.documents).for_each(|(place, made)| documents[place] = made);
        Ok(Made { documents, warnings: written.warnings })
    }

    /// Adds what was found when the documents were made.
    ///
    /// # Errors
    /// The warnings, where they are denied.
    pub(super) fn add_warnings(&mut self, found: Vec<Diagnostic>, deny: bool) -> Result<(), Vec<Diagnostic>> {
        if found.is_empty() {
            return Ok(());
        }
        self.warnings.extend(found);
        self.warnings = billing::wanted(&self.workspace.settings, std::mem::take(&mut self.warnings));
        if deny { warnings::deny(&self.warnings) } else { Ok(()) }
    }

    /// What the month comes to, with the documents that were written of it.
    pub(super) fn review<'a>(&'a self, documents: &'a [Documents]) -> Review<'a> {
        Review {
            bill: &self.bill,
            settings: &self.workspace.settings,
            billed: &self.billed,
            overview: &self.overview,
            history: &self.history,
            warnings: &self.warnings,
            status: self.status,
            documents,
        }
    }

    /// Writes what is looked at before a month is issued.
    ///
    /// # Errors
    /// Figures with too many digits, mistakes in the page's template, files that cannot be written.
    pub(super) fn write_review(
        &self,
        review: Review<'_>,
        staging: &Staging,
    ) -> Result<Vec<ReviewFile>, Vec<Diagnostic>> {
        let write = || -> Result<Vec<ReviewFile>, Diagnostic> {
            let summary = out::to_json(&out::summary(review)?)?;
            let page = pipeline::review_page(&self.assets, review)?;
            let files = vec![("summary.json", summary), ("index.html", page)];
            for (path, bytes) in &files {
                staging.write(path, bytes)?;
            }
            Ok(files)
        };
        write().map_err(|problem| vec![problem])
    }

    /// Every file that the documents were made from, by what it is.
    ///
    /// # Errors
    /// When a bill cannot be read again.
    pub(super) fn inputs(&self) -> Result<Inputs, Vec<Diagnostic>> {
        let bills = pipeline::bills(&self.workspace.root, &self.bill)?;
        Ok(Inputs { bills, rules: pipeline::rules(&self.workspace, &self.assets) })
    }
}

/// What a progress bar says is being done.
pub(super) fn verb(staging: &Staging) -> &'static str {
    if staging.is_rehearsal() { "Checking" } else { "Writing" }
}

/// Refuses numbers that another month's documents have, so that `issue` need not. Running numbers are given only there.
fn numbers_are_free(ledger: &Ledger, settings: &Settings, invoices: &[Invoice]) -> Result<(), Diagnostic> {
    let fixed = invoices.iter().filter(|invoice| !settings.customers[invoice.customer].has_running_number());
    ledger.check_numbers(fixed.map(|invoice| invoice.number.as_str()))
}

/// A file that is looked at before a month is issued: its name in the month's directory, and its bytes.
pub(super) type ReviewFile = (&'static str, Vec<u8>);

/// The files that documents are made from, from the workspace's root.
pub(super) struct Inputs {
    /// The providers' bills.
    pub(super) bills: Vec<Written>,
    /// The workspace's own files, with their bytes.
    pub(super) rules: Vec<(String, Vec<u8>)>,
}

impl Inputs {
    /// All of them with their hashes.
    pub(super) fn written(&self) -> Vec<Written> {
        let rules = self.rules.iter().map(|(path, bytes)| Written { path: path.clone(), sha256: hash(bytes) });
        let mut all: Vec<Written> = self.bills.iter().cloned().chain(rules).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// What a month is compared with: the months before, as they were issued and corrected, or else as they were last built; and
/// what the providers were found to have changed since the bills were fetched.
///
/// # Errors
/// Sums with too many digits.
pub(super) fn compared(
    root: &Path,
    ledger: &Ledger,
    (out, shown): (&Path, &str),
    settings: &Settings,
    month: BillingMonth,
) -> Result<EarlierMonths, Vec<Diagnostic>> {
    let issued = Summaries {
        directory: &root.join(DIRECTORY),
        shown: DIRECTORY,
        way_out: "it was kept when the month was issued: put back what a backup or git has",
    };
    let built = Summaries { directory: out, shown, way_out: "build that month again, or remove the file" };
    let mut earlier = out::earlier_months(&[issued, built], month);
    for month in ledger.months() {
        let Some(mut customers) = earlier.history.month(month).cloned() else {
            continue;
        };
        let net = net(ledger, month).map_err(|error| {
            vec![Diagnostic::error(format!("what was issued for {month} cannot be added up: {error}"))]
        })?;
        // The summary was kept when the month was issued; what was taken back since was billed to nobody.
        customers.retain(|id, _| net.contains_key(id));
        for (id, Net { currency, cost, subtotal, total, .. }) in net {
            if let Some(customer) = customers.get_mut(&id) {
                *customer = BilledCustomer { currency, cost, subtotal, total, used: customer.used.take() };
            }
        }
        earlier.history.insert(month, customers);
    }
    earlier.warnings.extend(absent::unread_bills(root, settings, month));
    for (warning, file) in settings.sources_of(month).filter_map(|source| drift::warning(root, source, month)) {
        earlier.warnings.push(warning);
        earlier.files.push(file);
    }
    Ok(earlier)
}
