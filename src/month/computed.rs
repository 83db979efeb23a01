//! Reads and bills a month, compares it with earlier months and collects warnings: what `check`, `build` and `issue`
//! begin with.

use std::path::Path;

use super::adjustment_ids;
use super::carried;
use super::documents::{DocumentWriter, MadeDocuments, Sink, doing, review_page};
use super::earlier::EarlierMonths;
use super::glyphs;
use super::issued_history;
use super::numbers::numbers;
use super::summary::{self, Summary};
use super::warnings;
use crate::assets::Assets;
use crate::billing::{self, BilledMonth, Overview};
use crate::diagnostic::{Diagnostic, Figure, Problems, Severity};
use crate::ledger::{self, Ledger};
use crate::model::carried::CustomerRest;
use crate::model::charge::Bill;
use crate::model::format::Format;
use crate::model::history::History;
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::out::{self, Manifest};
use crate::printer::Printer;
use crate::render::{Documents, Review};
use crate::sources;
use crate::staging::{Staging, Written, hash};
use crate::workspace::{self, Workspace};

/// Reads the bills of a month that was built and computes its invoices; `taken` are the rests of earlier months, as [`carried::taken`] gives
/// them.
///
/// # Errors
/// Everything that stops the month.
pub fn invoices(
    root: &Path,
    settings: &Settings,
    month: BillingMonth,
    status: Status,
    taken: &[CustomerRest],
) -> Result<(Bill, BilledMonth), Problems> {
    // The month was built before, when the user said that its bills are final.
    let mut settings = settings.clone();
    settings.sources.iter_mut().for_each(|source| source.is_final = true);
    announced_invoices(root, &settings, month, status, taken, &|_| ())
}

/// [`invoices`], which says what is being done.
fn announced_invoices(
    root: &Path,
    settings: &Settings,
    month: BillingMonth,
    status: Status,
    taken: &[CustomerRest],
    announce: &dyn Fn(&str),
) -> Result<(Bill, BilledMonth), Problems> {
    announce(&format!("reading the bills of {month}"));
    let (bill, mut problems) = sources::read_good(root, &settings.sources, month, status == Status::Draft);
    if problems.is_empty() {
        announce(&format!("computing the invoices of {month} from {} rows", bill.charges.len()));
        let mut billed = billing::invoices(&bill, settings, status, taken)?;
        if settings.sources.is_empty() && billed.is_empty() {
            return Err(sources::absent::nothing_to_bill(month).into());
        }
        if status != Status::Draft {
            billed.remarks.extend(sources::short_months(root, settings, &bill));
        }
        return Ok((bill, billed));
    }
    problems.extend(billing::problems_of_part(&bill, settings, status));
    Err(problems)
}

/// How to compute a month.
pub struct MonthRequest<'a> {
    /// The workspace's root.
    pub root: &'a Path,
    /// The issued documents.
    pub ledger: &'a Ledger,
    /// Directory of the months' directories, and its name in messages.
    pub out: (&'a Path, &'a str),
    /// The month.
    pub month: BillingMonth,
    /// Status of its documents.
    pub status: Status,
    /// Names of the sources whose bills the user says are final.
    pub finals: &'a [String],
    /// Whether to refuse the month for any warning.
    pub deny_warnings: bool,
    /// Says what is being done.
    pub printer: &'a Printer,
}

impl MonthRequest<'_> {
    /// Loads the workspace. When it has mistakes, also reports those in the bills on disk, which can be read without
    /// customers and prices.
    fn workspace(&self) -> Result<Workspace, Problems> {
        let mut workspace = workspace::load_for(self.root, &[self.month]).map_err(|mut problems| {
            let mut sources = workspace::good_sources(self.root);
            sources.retain(|source| source.kind.is_csv() && source.validity.covers(self.month));
            sources.iter_mut().for_each(|source| source.is_final |= self.finals.contains(&source.name));
            problems.extend(sources::read_good(self.root, &sources, self.month, self.status == Status::Draft).1);
            problems
        })?;
        sources::absent::take_as_final(&mut workspace.settings, self.finals)?;
        Ok(workspace)
    }

    /// Reads and bills the month with the rests that earlier months left.
    fn invoices(&self, settings: &Settings) -> Result<(Bill, BilledMonth), Problems> {
        let taken = carried::taken(self.ledger, self.out.0, self.month);
        let announce = |what: &str| self.printer.doing(what);
        announced_invoices(self.root, settings, self.month, self.status, &taken, &announce)
    }

    /// Refuses numbers that other documents have, so that `issue` need not. Only `issue` assigns running numbers: here
    /// they are those that it would assign now.
    fn check_numbers(&self, settings: &Settings, invoices: &[Invoice]) -> Result<(), Diagnostic> {
        if self.status == Status::Draft {
            return Ok(());
        }
        let numbers = numbers(self.ledger, settings, self.month, invoices);
        self.ledger.check_numbers(numbers.iter().map(|given| given.number.as_str()))
    }
}

/// A month with everything its documents are made from.
pub struct ComputedMonth {
    /// The workspace.
    pub workspace: Workspace,
    /// Templates, faces and images.
    pub assets: Assets,
    /// The bills.
    pub bill: Bill,
    /// The invoices.
    pub billed: BilledMonth,
    /// The earlier months.
    history: History,
    /// The issued months, of which invoices tell.
    told: History,
    /// The files that these were read from, for the manifest; none where no customer has a story.
    pub story_files: Vec<Written>,
    /// Files that only warnings were made from.
    pub compared: Vec<Written>,
    /// All warnings.
    pub warnings: Vec<Diagnostic>,
    /// Draft, built or issued.
    pub status: Status,
    overview: Overview,
    deny_warnings: bool,
}

impl ComputedMonth {
    /// Reads and computes a month; calls `before_reading` when the settings are known and the bills are not read yet.
    ///
    /// # Errors
    /// Everything that stops the month, and warnings where they are denied.
    pub fn of(
        request: &MonthRequest<'_>,
        before_reading: impl FnOnce(&Settings) -> Result<(), Problems>,
    ) -> Result<ComputedMonth, Problems> {
        let MonthRequest { root, ledger, out, month, status, deny_warnings, printer, .. } = *request;
        let mut workspace = request.workspace()?;
        let mut early = std::mem::take(&mut workspace.warnings);
        let settings = &workspace.settings;
        let refused = |early: Vec<Diagnostic>, problems: Problems| {
            warnings::before(billing::wanted(settings, early), deny_warnings, problems)
        };
        let assets = Assets::load(root, settings);
        early.extend(assets.iter().flat_map(of_assets));
        let computed = before_reading(settings).and_then(|()| request.invoices(settings));
        let (assets, (bill, billed)) = match (assets, computed) {
            (Ok(assets), Ok(computed)) => (assets, computed),
            // Mistakes in templates and in bills are independent, so both are reported.
            (assets, computed) => {
                let problems = [assets.err(), computed.err()].into_iter().flatten().flatten();
                return Err(refused(early, problems.collect()));
            }
        };
        if let Err(problem) = request.check_numbers(settings, &billed.invoices) {
            return Err(refused(early, problem.into()));
        }
        if let Err(problems) = adjustment_ids::check(root, ledger, month, settings) {
            return Err(refused(early, problems));
        }
        printer.doing(&format!("comparing {month} with earlier months"));
        let EarlierMonths { history, told, told_files, files, warnings } =
            EarlierMonths::read(root, ledger, out, settings, month)?;
        early.extend(warnings);
        early.extend(bill.files.iter().find_map(|file| ledger::bill_outside(&file.path)).map(as_warning));
        let warnings = billing::warnings(&bill, settings, &billed, &history, early)?;
        if deny_warnings {
            warnings::deny(&warnings)?;
        }
        let mut story_files = if issued_history::has_stories(settings) { told_files } else { Vec::new() };
        story_files.sort();
        let overview = billing::overview(&bill, settings, &billed).of("the sums of the month")?;
        let compared = files;
        Ok(ComputedMonth {
            workspace,
            assets,
            bill,
            billed,
            history,
            told,
            story_files,
            compared,
            warnings,
            overview,
            status,
            deny_warnings,
        })
    }

    /// Writes the documents of the invoices for which `chosen` holds; returns what was made of each invoice of the
    /// month, which is nothing for the others.
    ///
    /// # Errors
    /// Mistakes in templates, characters of the workspace's own texts that no face has, files that cannot be written.
    pub fn write_documents(
        &self,
        chosen: &dyn Fn(&Invoice) -> bool,
        formats: &[Format],
        staging: &Staging,
        printer: &Printer,
    ) -> Result<Vec<MadeDocuments>, Problems> {
        let all = &self.billed.invoices;
        let (places, invoices): (Vec<usize>, Vec<&Invoice>) =
            all.iter().enumerate().filter(|(_, invoice)| chosen(invoice)).unzip();
        let sink = |path: &str, bytes: &[u8]| staging.write(path, bytes);
        let written = self.writer(formats).write(&invoices, &sink, printer, doing(staging))?;
        let mut made = vec![MadeDocuments::default(); all.len()];
        places.into_iter().zip(written).for_each(|(place, written)| made[place] = written);
        Ok(made)
    }

    /// Makes all documents in those formats once more, only to compare them.
    ///
    /// # Errors
    /// Those of the documents, and those of the comparison.
    pub fn remake(&self, formats: &[Format], compare: &Sink<'_>, printer: &Printer) -> Result<(), Problems> {
        let all: Vec<&Invoice> = self.billed.invoices.iter().collect();
        self.writer(formats).write(&all, compare, printer, "comparing documents").map(drop)
    }

    fn writer<'a>(&'a self, formats: &'a [Format]) -> DocumentWriter<'a> {
        DocumentWriter::new(&self.workspace, &self.assets, &self.bill, &self.told, formats)
    }

    /// Adds warnings about what was made of each invoice; returns the documents, in the order of the invoices.
    ///
    /// # Errors
    /// The warnings, where they are denied.
    pub fn warn_of(&mut self, made: Vec<MadeDocuments>) -> Result<Vec<Documents>, Problems> {
        let settings = &self.workspace.settings;
        let found = glyphs::warnings(settings, self.billed.invoices.iter().zip(&made));
        if !found.is_empty() {
            self.warnings.extend(found);
            self.warnings = billing::wanted(settings, std::mem::take(&mut self.warnings));
            if self.deny_warnings {
                warnings::deny(&self.warnings)?;
            }
        }
        Ok(made.into_iter().map(|made| made.documents).collect())
    }

    /// The month as its review page and summary show it, with the documents written.
    pub fn review<'a>(&'a self, documents: &'a [Documents]) -> Review<'a> {
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

    /// Makes the review page, only to find mistakes in its template before the documents are made.
    ///
    /// # Errors
    /// Figures with too many digits, mistakes in the template.
    pub fn check_review(&self) -> Result<(), Diagnostic> {
        review_page(&self.assets, self.review(&[])).map(drop)
    }

    /// Writes the files to review before a month is issued.
    ///
    /// # Errors
    /// Figures with too many digits, mistakes in the page's template, files that cannot be written.
    pub fn write_review(&self, review: Review<'_>, staging: &Staging) -> Result<Vec<ReviewFile>, Diagnostic> {
        let summary = out::to_json(&Summary::of(review)?)?;
        let files = vec![(summary::FILE, summary), ("index.html", review_page(&self.assets, review)?)];
        for (path, bytes) in &files {
            staging.write(path, bytes)?;
        }
        Ok(files)
    }

    /// Writes the review page, the summary and the manifest beside the documents: for `build` and `merge`, so that
    /// a month merged from shards is that of one build.
    ///
    /// # Errors
    /// Figures with too many digits, mistakes in the page's template, files that cannot be read again or written.
    pub fn complete(&self, documents: &[Documents], staging: &Staging) -> Result<(), Problems> {
        self.write_review(self.review(documents), staging)?;
        let inputs = self.inputs()?.written();
        let mut manifest = Manifest::new(self.bill.month.to_string(), inputs, self.compared.clone(), staging.written());
        manifest.story.clone_from(&self.story_files);
        Ok(staging.write("manifest.json", &out::to_json(&manifest)?)?)
    }

    /// Every file that the documents were made from.
    ///
    /// # Errors
    /// When a bill cannot be read again.
    pub fn inputs(&self) -> Result<Inputs, Problems> {
        Inputs::of(&self.workspace, &self.assets, &self.bill)
    }
}

/// Warnings from reading templates, faces and images. Only `issue` refuses files outside the workspace, but users
/// should know before.
fn of_assets(assets: &Assets) -> impl Iterator<Item = Diagnostic> {
    let outside = assets.files.iter().filter_map(|(path, _)| ledger::outside(path)).map(as_warning);
    assets.templates.warnings.iter().cloned().chain(outside)
}

fn as_warning(problem: Diagnostic) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..problem }
}

/// A file to review before a month is issued: its name in the month's directory, and its bytes.
pub type ReviewFile = (&'static str, Vec<u8>);

/// The files that documents are made from, relative to the workspace's root.
pub struct Inputs {
    /// The providers' bills.
    pub bills: Vec<Written>,
    /// The workspace's own files, with their bytes.
    pub rules: Vec<(String, Vec<u8>)>,
    /// The files of the month's adjustments, with their bytes.
    pub adjustments: Vec<(String, Vec<u8>)>,
}

impl Inputs {
    /// The inputs of a bill and a workspace.
    ///
    /// # Errors
    /// When a bill cannot be read again.
    pub fn of(workspace: &Workspace, assets: &Assets, bill: &Bill) -> Result<Inputs, Problems> {
        let hashes = sources::hashes(&workspace.root, bill)?;
        let bills = bill.files.iter().zip(hashes).map(|(file, sha256)| Written { path: file.path.clone(), sha256 });
        let adjustments = workspace.adjustment_files.clone();
        Ok(Inputs { bills: in_order(bills), rules: rules(workspace, assets), adjustments })
    }

    /// All files with their hashes.
    pub fn written(&self) -> Vec<Written> {
        let rules = self
            .rules
            .iter()
            .chain(&self.adjustments)
            .map(|(path, bytes)| Written { path: path.clone(), sha256: hash(bytes) });
        in_order(self.bills.iter().cloned().chain(rules))
    }
}

/// The workspace's own files that documents are made from, relative to its root, with their bytes.
pub fn rules(workspace: &Workspace, assets: &Assets) -> Vec<(String, Vec<u8>)> {
    in_order(workspace.files.iter().chain(&assets.files).cloned())
}

fn in_order<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort();
    all.dedup();
    all
}
