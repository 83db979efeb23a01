//! The settings of a workspace with one bill of SORACOM.

/// `invoicer.toml`
pub(crate) const SETTINGS: &str = r#"[issuer]
name = "Sample"

[pricing]
markup = "15%"

[[source]]
name = "soracom"
kind = "soracom-csv"
path = "billing/{month}/soracom.csv"
currency = "JPY"
"#;
