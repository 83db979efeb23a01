//! Times a long table from HTML to PDF: `cargo bench -p pages --bench table [-- ROWS]` (5,000 rows by default).
//!
//! The same run times html5ever, which only parses the HTML to a tree, and zlib, which compresses it. Machines and
//! compilers differ, so watch the ratios to these two. Each figure is the best of several runs on one core: other load
//! on the machine only ever adds time.

#![allow(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use flate2::{Compression, write::ZlibEncoder};
use html5ever::tendril::TendrilSink as _;
use markup5ever_rcdom::RcDom;
use pages::layout::{Faces, lay_out};
use pages::pdf::{Metadata, write};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const RUNS: u32 = 7;

fn main() -> Outcome<()> {
    // Cargo passes `--bench`; only what follows `--` is ours.
    let rows = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let rows: u32 = rows.map_or(Ok(5000), |rows| rows.parse())?;
    let html = table(rows);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| compare(rows, &html))
}

fn compare(rows: u32, html: &str) -> Outcome<()> {
    let faces = Faces::built_in();
    let printed = printed(html, &faces)?;
    let whole = best(|| printed_length(html, &faces))?;
    let layout = best(|| Ok(laid_out(html, &faces)?.pages.len()))?;
    let parse = best(|| Ok(html5ever::parse_document(RcDom::default(), Default::default()).one(html)))?;
    let zlib = best(|| {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
        encoder.write_all(html.as_bytes())?;
        Ok(encoder.finish()?)
    })?;
    println!("{rows} rows, {} KB of HTML, {} KB of PDF", html.len() / 1000, printed.len() / 1000);
    println!("{:<22} {:>9} {:>14} {:>9}", "", "ms", "of html5ever", "of zlib");
    for (name, seconds) in [("HTML to PDF", whole), ("layout alone", layout), ("html5ever", parse), ("zlib", zlib)] {
        println!("{name:<22} {:>9.2} {:>14.2} {:>9.2}", seconds * 1000.0, seconds / parse, seconds / zlib);
    }
    Ok(())
}

fn best<T>(work: impl Fn() -> Outcome<T>) -> Outcome<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        black_box(work()?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn laid_out(html: &str, faces: &Faces) -> Outcome<pages::layout::Document> {
    lay_out(html, faces, &|src| Err(format!("no picture {src}"))).map_err(|faults| format!("{faults:?}").into())
}

fn printed_length(html: &str, faces: &Faces) -> Outcome<usize> {
    printed(html, faces).map(|bytes| bytes.len())
}

fn printed(html: &str, faces: &Faces) -> Outcome<Vec<u8>> {
    let metadata = Metadata {
        program: "pages".to_owned(),
        title: "Readings".to_owned(),
        author: String::new(),
        subject: String::new(),
        language: "en".to_owned(),
        date: chrono::NaiveDate::from_ymd_opt(2022, 9, 1).ok_or("no date")?,
        attachments: Vec::new(),
    };
    Ok(write(&laid_out(html, faces)?, faces, &metadata)?)
}

/// A table over many pages, as in any report.
fn table(rows: u32) -> String {
    let mut html = String::from(
        "<!DOCTYPE html><html lang=en><title>Readings</title><style>@page { size: A4; margin: 15mm; \
        @bottom-right { content: counter(page) } } table { width: 100%; border-collapse: collapse } \
        th, td { padding: 1mm 2mm; border-bottom: 1px solid #ccc; text-align: left } .n { text-align: right }</style>\
        <h1>Readings</h1><table><thead><tr><th>Day<th>Place<th>Remark<th class=n>Value<tbody>",
    );
    for row in 0..rows {
        let (day, remark) = (row / 24 % 28 + 1, ["clear", "cloudy, then rain", "測定なし"][row as usize % 3]);
        html.push_str(&format!(
            "<tr><td>2022-08-{day:02}<td>Station {}<td>{remark}<td class=n>{}.{}\n",
            row % 7,
            row % 400,
            row % 10
        ));
    }
    html + "</table>"
}
