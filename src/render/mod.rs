//! Renders an [`Invoice`](crate::model::invoice::Invoice) as HTML: `view` is what templates see (strings, lists and
//! flags, never numbers to compute with), `templates` finds and runs them, `labels` holds their words.

mod appendix;
mod bounds;
mod chart;
mod divisions;
mod figures;
mod filters;
mod finance;
mod fit;
mod format;
mod guarded;
mod item_rows;
mod labels;
mod letter;
mod lexer;
mod living;
mod plain_text;
mod review;
mod shorten;
mod story;
mod templates;
mod units;
mod view;

pub use appendix::{PAGES_WITH_CONTENTS, estimated_pages};
pub use filters::escaped;
pub use finance::subject;
pub use fit::{AppendixFit, ChartFit, Fit, Percent, RowFit, TotalsFit};
pub use format::{date_text, grouped, money, month_text};
pub use letter::{Letter, LetterFacts, LetterView, letter, letter_subject};
pub use living::living;
pub use plain_text::plain_text;
pub use review::{Documents, InvoiceState, Review, ReviewView, StateCell, StateDocument, StateView, link, review};
pub use templates::Templates;
pub use view::{InvoiceView, LEAST_ROWS, view};
