//! HTML and typefaces in, pages and PDF bytes out.
//!
//! ```text
//! HTML, print CSS, faces ─ layout ─ Document (pages on which everything has its place) ─ pdf ─ bytes
//! ```
//!
//! [`layout`] knows a closed list of HTML and CSS and refuses everything else, with its line and column; what it takes it
//! sets as browsers print it, kinsoku, kerning, tables over many pages and margin boxes included. [`pdf`] writes a PDF/A-3b
//! file, tagged for those who listen to it, with only the glyphs that are used. Neither reads a file, the clock or the
//! environment: the same input gives the same bytes.
//!
//! ```
//! use pages::layout::{Faces, lay_out};
//! use pages::pdf::{Metadata, write};
//!
//! let faces = Faces::built_in();
//! let html = "<!DOCTYPE html><title>請求書</title><h1>請求書</h1><p>合計 ¥1,100";
//! let document = lay_out(html, &faces, &|src| Err(format!("no picture {src}"))).expect("a page of the closed list");
//! assert_eq!(document.pages.len(), 1);
//! let metadata = Metadata {
//!     program: "example".to_owned(),
//!     title: "請求書".to_owned(),
//!     author: String::new(),
//!     subject: String::new(),
//!     language: "ja".to_owned(),
//!     date: chrono::NaiveDate::from_ymd_opt(2022, 9, 1).expect("a date"),
//!     attachments: Vec::new(),
//! };
//! assert!(write(&document, &faces, &metadata).expect("a file").starts_with(b"%PDF-1.7"));
//! ```

pub mod layout;

pub mod pdf;
