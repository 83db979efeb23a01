//! `invoicer list --export-index`: the documents listed, as a CSV or HTML file with links to the kept ones. It is searched by
//! date, amount and counterparty (電子帳簿保存法施行規則4条1項) without this program.

use std::io::ErrorKind;
use std::path::{Component, Path};

use anyhow::Context;
use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Place, Problems, cannot};
use crate::export::search_index::{self, IndexRow, listed_format};
use crate::files;
use crate::ledger::{self, Document, Ledger, Stored};
use crate::model::invoice::DocumentKind;
use crate::printer::Printer;
use crate::render::{self, escaped};
use crate::staging;

/// What the index is written of.
pub(super) struct ExportIndex<'a> {
    pub(super) root: &'a Path,
    pub(super) current: &'a Path,
    /// The file to write, as the user named it.
    pub(super) path: &'a Path,
    /// Everything issued.
    pub(super) ledger: &'a Ledger,
    pub(super) documents: &'a [(&'a Stored, &'a Document)],
}

/// Beginning of an HTML index, by which one is known from other people's pages.
const PAGE: &str = "<!DOCTYPE html>\n<!-- invoicer list --export-index -->\n";

impl ExportIndex<'_> {
    /// Writes the index and prints its path.
    ///
    /// # Errors
    /// Kept documents that are gone or changed, and a path where something else is.
    pub(super) fn write(&self, printer: &Printer) -> Result<(), Problems> {
        let target = files::place(self.current, self.path);
        let to_root = self.to_root(&target)?;
        let is_page = self.path.extension().is_some_and(|ending| ending == "html" || ending == "htm");
        self.check_replaceable(&target, is_page)?;
        let rows: Vec<Result<IndexRow<'_>, Diagnostic>> =
            self.documents.par_iter().map(|(stored, document)| self.row(&to_root, stored, document)).collect();
        let (mut problems, mut good) = (Problems::default(), Vec::with_capacity(rows.len()));
        rows.into_iter().for_each(|row| good.extend(problems.keep(row)));
        problems.check()?;
        let bytes = if is_page { page(&good, printer).into_bytes() } else { search_index::csv(&good)? };
        staging::replace(&target, &self.shown(), &bytes)?;
        printer.result(&self.shown());
        Ok(())
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// The way from the index's directory to the workspace's root, as links begin with it: `../` or nothing.
    fn to_root(&self, target: &Path) -> Result<String, Diagnostic> {
        let directory = target.parent().unwrap_or(self.current);
        let real =
            |path: &Path| path.canonicalize().with_context(|| cannot("find the directory", path.display().to_string()));
        let (directory, root) = (real(directory)?, real(self.root)?);
        if directory.starts_with(root.join(ledger::DIRECTORY)) {
            let diagnostic = Diagnostic::error("the index cannot be in issued/, which is never edited");
            return Err(diagnostic
                .at(Place::file(self.shown()))
                .with_hint("write it elsewhere, for example beside issued/"));
        }
        let common = directory.components().zip(root.components()).take_while(|(one, other)| one == other).count();
        let up = directory.components().skip(common).map(|_| "..".to_owned());
        let down =
            root.components().skip(common).map(|part: Component<'_>| part.as_os_str().to_string_lossy().into_owned());
        Ok(up.chain(down).map(|part| part + "/").collect())
    }

    /// Refuses to replace anything but an earlier index.
    fn check_replaceable(&self, target: &Path, is_page: bool) -> Result<(), Diagnostic> {
        let is_index = |bytes: &[u8]| match is_page {
            true => bytes.starts_with(PAGE.as_bytes()),
            // A comment has no place in CSV; what is known are its rows.
            false => search_index::is_earlier(self.ledger, bytes),
        };
        match files::read(target, files::DATA) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Ok(bytes) if is_index(&bytes) => Ok(()),
            Ok(_) => {
                let diagnostic = Diagnostic::error("the file is no index that this command wrote");
                Err(diagnostic.at(Place::file(self.shown())).with_hint("name another file: this one is not replaced"))
            }
            Err(error) => {
                let context =
                    cannot("write the file", self.shown()).with_hint("name another file: this one is not replaced");
                Err(anyhow::Error::from(error).context(context).into())
            }
        }
    }

    /// A document with the first kind of it that was kept. Where none was, a PDF that was put among the kept documents.
    fn row<'d>(&self, to_root: &str, stored: &Stored, document: &'d Document) -> Result<IndexRow<'d>, Diagnostic> {
        let format = listed_format(stored);
        let is_there = match ledger::kept(self.root, stored, document, format) {
            Ok(_) => true,
            Err(problem) if stored.record.kept.contains(&format) => return Err(problem),
            Err(_) => false,
        };
        let output = document.output(format);
        let file = output
            .filter(|_| is_there)
            .map(|output| format!("{to_root}{}/{}", stored.documents_directory(), output.path));
        let sha256 = output.map_or("", |output| output.sha256.as_str());
        Ok(IndexRow { document, file: file.unwrap_or_default(), sha256 })
    }
}

/// How the page looks: a table that a browser searches and prints.
const STYLE: &str = "body{font:14px/1.5 sans-serif;margin:2em}table{border-collapse:collapse}th,td{padding:.2em .8em;\
                     border-bottom:1px solid #ccc;text-align:left;white-space:nowrap}td.amount,th.amount{text-align:right}\
                     td.hash{font:11px monospace;color:#666}";

fn page(rows: &[IndexRow<'_>], printer: &Printer) -> String {
    let text = |words: &str| escaped(&printer.text(words));
    let title = text("issued documents");
    let language = printer.language.tag();
    let mut page = format!(
        "{PAGE}<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <h1>{title}</h1>\n<table>\n<tr><th>{}<th>{}<th class=\"amount\">{}<th>{}<th>{}<th>{}<th>SHA-256\n",
        text("date"),
        text("counterparty"),
        text("amount"),
        text("kind"),
        text("number"),
        text("customer"),
    );
    for IndexRow { document, file, sha256 } in rows {
        let number = escaped(&document.number);
        let number = match file.is_empty() {
            true => number,
            false => format!("<a href=\"{}\">{number}</a>", escaped(&render::link(file))),
        };
        let kind = match document.kind {
            DocumentKind::Invoice => text("invoice"),
            DocumentKind::CreditNote => text("credit note"),
        };
        let money = render::money(document.total, document.currency, document.currency.decimals());
        page += &format!(
            "<tr><td>{}<td>{}<td class=\"amount\">{}<td>{kind}<td>{number}<td>{}<td class=\"hash\">{sha256}\n",
            document.issue_date,
            escaped(&document.customer_name),
            escaped(&money),
            escaped(&document.customer),
        );
    }
    page + "</table>\n</html>\n"
}
