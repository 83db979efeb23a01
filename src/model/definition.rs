//! [`Definition`]: the place of a setting in the workspace's files.

/// Place of a setting in the workspace's files, for messages about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Definition {
    /// Path from the workspace's root.
    pub path: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// The text written there, on one line and without its heading: `item = "harvest*", markup = "30%"`.
    pub text: String,
}
