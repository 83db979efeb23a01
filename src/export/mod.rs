//! Issued documents for other programs.

pub mod jp_pint;
