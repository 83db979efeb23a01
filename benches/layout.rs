//! How fast HTML becomes a PDF, and in how much memory: `cargo bench --bench layout [-- ROWS [DESIGN]]`.
//!
//! Documents go from an HTML string to PDF bytes on one core, with the fonts loaded: one page with logo and seal (the
//! sample's invoice without its appendix), 500 rows, and ROWS rows (30,000 by default). The long ones are one plain table
//! of six columns, and an invoice. Invoices come in both designs, or in DESIGN alone. Beside each, in the same run, zlib
//! compresses the same HTML: printed is how many times as long the PDF takes. Each measurement is a process of its own,
//! so that their memory does not add up; memory is what the process needs beyond the HTML and the fonts.
//!
//! Time is the processor's, and the best of several runs: what else the machine does only ever adds.

#![allow(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints its figures, none of them money")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use flate2::{Compression, write::ZlibEncoder};
use invoicer::assets::Assets;
use invoicer::diagnostic::Diagnostic;
use invoicer::model::invoice::{DocumentKind, Status};
use invoicer::model::settings::DetailLevel;
use invoicer::month::computed;
use invoicer::render;
use invoicer::workspace;
use pages::layout;
use pages::pdf::{self, Metadata};

#[path = "support/generator.rs"]
mod generator;

use generator::generator;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const RUNS: usize = 5;
const LEVEL: u32 = 6;
/// How often a document is made again and again, and for how many seconds at least.
const BATCHES: u32 = 3;
const LEAST: f64 = 0.1;
const DESIGNS: [&str; 2] = ["classic", "modern"];

fn main() -> Outcome<()> {
    // Cargo passes `--bench`; only what follows `--` is ours.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        ["measure", path] => measure(Path::new(path)),
        [] => compare("30000", &DESIGNS),
        [rows] => compare(rows, &DESIGNS),
        [rows, design] => compare(rows, &[*design]),
        _ => Err("usage: cargo bench --bench layout [-- ROWS [DESIGN]]".into()),
    }
}

fn compare(rows: &str, designs: &[&str]) -> Outcome<()> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("layout");
    std::fs::create_dir_all(&directory)?;
    let most: u32 = rows.parse()?;
    let mut documents = Vec::new();
    for design in designs {
        documents.push((format!("{design}, shortest"), 1, shortest(design)?));
    }
    let mut sizes = vec![500.min(most), most];
    sizes.dedup();
    for rows in sizes {
        documents.push((format!("table of {rows}"), rows, plain_table(rows)));
        for design in designs {
            documents.push((format!("{design} of {rows}"), rows, invoice(&directory, rows, design)?));
        }
    }
    println!(
        "{:<18} {:>9} {:>8} {:>9} {:>7} {:>10} {:>10}",
        "", "ms", "rows/s", "of zlib", "pages", "memory/row", "file"
    );
    for (name, rows, html) in documents {
        let path = directory.join(format!("{}.html", name.replace(", ", "-").replace(' ', "-")));
        std::fs::write(&path, html)?;
        let runs = (0..RUNS).map(|_| child(&path)).collect::<Outcome<Vec<Measure>>>()?;
        let best = |figure: fn(&Measure) -> f64| runs.iter().map(figure).fold(f64::INFINITY, f64::min);
        let (seconds, zlib, memory) = (best(|run| run.seconds), best(|run| run.zlib), best(|run| run.memory));
        let Measure { bytes, pages, .. } = runs[0];
        let each = f64::from(rows);
        println!(
            "{name:<18} {:>9.2} {:>8.0} {:>9.1} {pages:>7} {:>8.2} K {:>8.1} K = {:.0}/row",
            seconds * 1000.0,
            each / seconds,
            seconds / zlib,
            memory / each / 1024.0,
            bytes / 1024.0,
            bytes / each,
        );
    }
    println!("targets: one page in 2 ms; 30000 rows at 60000 rows/s in 6 K each, file at most 30 K + 70 bytes each");
    Ok(())
}

#[derive(Clone, Copy)]
struct Measure {
    seconds: f64,
    /// Seconds that zlib takes for the same HTML.
    zlib: f64,
    /// Peak memory beyond HTML and fonts, in bytes.
    memory: f64,
    /// Of the file.
    bytes: f64,
    pages: f64,
}

fn child(path: &Path) -> Outcome<Measure> {
    let output = Command::new(std::env::current_exe()?).arg("measure").arg(path).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let figures: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    match figures.as_slice() {
        &[seconds, zlib, memory, bytes, pages] => Ok(Measure { seconds, zlib, memory, bytes, pages }),
        _ => Err(format!("unexpected output: {text}").into()),
    }
}

/// Prints the figures of one document, as a child.
fn measure(path: &Path) -> Outcome<()> {
    let html = std::fs::read_to_string(path)?;
    let assets = assets()?.1;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let before = memory("VmRSS:");
    let (bytes, pages) = pool.install(|| written(&html, &assets))?;
    let memory = memory("VmHWM:").saturating_sub(before);
    let seconds = pool.install(|| seconds_of(|| written(&html, &assets)))?;
    let zlib = seconds_of(|| {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(LEVEL));
        encoder.write_all(html.as_bytes())?;
        Ok(encoder.finish()?)
    })?;
    println!("{seconds} {zlib} {} {} {pages}", memory * 1024, bytes.len());
    Ok(())
}

fn written(html: &str, assets: &Assets) -> Outcome<(Vec<u8>, usize)> {
    let metadata = Metadata {
        program: "invoicer".to_owned(),
        title: "請求書".to_owned(),
        author: "発行者".to_owned(),
        subject: "2022年8月".to_owned(),
        language: "ja".to_owned(),
        date: chrono::NaiveDate::from_ymd_opt(2022, 9, 1).ok_or("no date")?,
        attachments: Vec::new(),
    };
    let faults = |faults: Vec<layout::Fault>| faults.iter().map(|fault| fault.message.clone()).collect::<String>();
    let document = layout::lay_out(html, &assets.faces, &|src| assets.image(src)).map_err(faults)?;
    Ok((pdf::write(&document, &assets.faces, &metadata)?, document.pages.len()))
}

/// Processor seconds of one call, the best of several batches.
fn seconds_of<T>(mut work: impl FnMut() -> Outcome<T>) -> Outcome<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..BATCHES {
        let (start, clock, mut calls) = (processor_time(), Instant::now(), 0.0);
        let spent = || match (start, processor_time()) {
            (Some(start), Some(now)) => now - start,
            _ => clock.elapsed().as_secs_f64(),
        };
        while spent() < LEAST {
            drop(work()?);
            calls += 1.0;
        }
        best = best.min(spent() / calls);
    }
    Ok(best)
}

/// Seconds this thread has kept a processor busy, exact to some milliseconds; nothing where the system does not say.
fn processor_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<f64>().ok()? / 1e9)
}

/// A figure of this process in KiB; 0 where the system does not say.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn told(problems: impl IntoIterator<Item = Diagnostic>) -> String {
    problems.into_iter().map(|problem| problem.render(false)).collect()
}

/// The repository's own workspace and its templates, faces and images.
fn assets() -> Outcome<(workspace::Workspace, Assets)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = workspace::load(root).map_err(told)?;
    let assets = Assets::load(root, &workspace.settings).map_err(told)?;
    Ok((workspace, assets))
}

/// The sample's invoice with the fewest pages, without its appendix.
fn shortest(design: &str) -> Outcome<String> {
    let (mut workspace, assets) = assets()?;
    for customer in &mut workspace.settings.customers {
        customer.invoice.template.name = design.to_owned();
        customer.invoice.details = Some(DetailLevel::None);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    html(root, &workspace, &assets, |documents| {
        documents.into_iter().min_by_key(|html| written(html, &assets).map_or(usize::MAX, |(_, pages)| pages))
    })
}

/// An invoice with an appendix of that many rows.
fn invoice(directory: &Path, rows: u32, design: &str) -> Outcome<String> {
    let root = directory.join(format!("month-{rows}"));
    if !root.join("invoicer.toml").exists() {
        let mut command = generator();
        command.args(["--customers", "1", "--rows"]).arg(rows.to_string()).arg("--out").arg(&root);
        if !command.status()?.success() {
            return Err("the month could not be generated".into());
        }
    }
    let mut workspace = workspace::load(&root).map_err(told)?;
    for customer in &mut workspace.settings.customers {
        customer.invoice.template.name = design.to_owned();
        customer.invoice.details = Some(DetailLevel::Rows);
    }
    let assets = Assets::load(&root, &workspace.settings).map_err(told)?;
    html(&root, &workspace, &assets, |documents| documents.into_iter().max_by_key(String::len))
}

/// The HTML of the month's invoices, of which `choose` takes one.
fn html(
    root: &Path,
    workspace: &workspace::Workspace,
    assets: &Assets,
    choose: impl FnOnce(Vec<String>) -> Option<String>,
) -> Outcome<String> {
    let settings = &workspace.settings;
    let (bill, billed) = computed::invoices(root, settings, "202208".parse()?, Status::Built, &[]).map_err(told)?;
    let mut documents = Vec::new();
    for invoice in &billed.invoices {
        let chosen = &settings.customers[invoice.customer].invoice;
        let labels = assets.templates.labels(chosen.language, DocumentKind::Invoice);
        let view = render::view(
            &bill,
            settings,
            invoice,
            labels,
            &|path| assets.link(path),
            &invoicer::model::history::History::default(),
        )?;
        documents.push(assets.templates.document(&chosen.template.name, &view).map_err(|problem| told(vec![problem]))?);
    }
    choose(documents).ok_or_else(|| "the month has no such invoice".into())
}

/// The same table for every engine: six columns with a head that comes back.
fn plain_table(rows: u32) -> String {
    let style = "@page { size: A4; margin: 15mm } body { margin: 0; font: 9pt 'BIZ UDPGothic' } \
        table { width: 100%; border-collapse: collapse } th, td { padding: 1mm 1.5mm; border-bottom: 1px solid #ccd4dc; \
        text-align: left } th { background: #f3f6f9 } .r { text-align: right }";
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"ja\"><head><meta charset=\"utf-8\"><title>明細</title><style>{style}</style></head>\n\
        <body><h1>ご利用明細</h1>\n<table><thead><tr><th>日付</th><th>項目</th><th>回線</th><th class=\"r\">数量</th>\
        <th class=\"r\">単価</th><th class=\"r\">金額</th></tr></thead><tbody>\n"
    );
    for row in 0..rows {
        let items = ["基本料金", "データ通信料 上り", "データ通信料 下り"];
        html.push_str(&format!(
            "<tr><td>2022-08-{:02}</td><td>{}</td><td>44010990{:07}</td><td class=\"r\">{}</td><td class=\"r\">0.{:03}</td>\
            <td class=\"r\">¥{}</td></tr>\n",
            row / 3 % 31 + 1,
            items[row as usize % 3],
            row / 93,
            u64::from(row) * 7919 % 100_003,
            row * 31 % 1000,
            u64::from(row) * 104_729 % 9973,
        ));
    }
    html.push_str("</tbody></table></body></html>\n");
    html
}
