//! [`Audience`]: who may read a file of a month, and the directory for it.

/// Who reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A customer, who must not see what the issuer pays, how it prices, or anything of other customers.
    Customer,
    /// The issuer, who sees everything.
    Issuer,
}

/// Directory of the issuer's own files about customers, in a month's directory.
pub const INTERNAL: &str = "internal";

/// Names in a month's directory that are not customers.
const RESERVED: [&str; 4] = [INTERNAL, "index.html", "manifest.json", "summary.json"];

impl Audience {
    /// Both audiences, the customer first.
    pub const ALL: [Audience; 2] = [Audience::Customer, Audience::Issuer];

    /// Directory of the files about a customer, relative to the month's directory.
    pub fn directory(self, customer: &str) -> String {
        match self {
            Audience::Customer => customer.to_owned(),
            Audience::Issuer => format!("{INTERNAL}/{customer}"),
        }
    }
}

/// Whether a month's directory uses that name for something else, so that it cannot be a customer's id. Some file
/// systems ignore case: an id `Internal` would put a customer's invoice beside its cost.
pub fn is_reserved(id: &str) -> bool {
    RESERVED.contains(&id.to_lowercase().as_str())
}
