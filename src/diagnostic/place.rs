//! [`Place`]: a position in a file.

use crate::model::definition::Definition;

/// A position in a file, with the line's text where it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Path as the user would write it, relative to the workspace's root.
    pub path: String,
    /// Line, counted from 1.
    pub line: Option<u32>,
    /// Column in characters, counted from 1.
    pub column: Option<u32>,
    /// The line's text.
    pub excerpt: Option<String>,
    /// Length of the marked text in characters.
    pub length: usize,
}

impl Place {
    /// A whole file.
    pub fn file(path: impl Into<String>) -> Place {
        Place { path: path.into(), ..Place::default() }
    }

    /// A line of a file.
    pub fn line(path: impl Into<String>, line: u32) -> Place {
        Place { path: path.into(), line: Some(line), ..Place::default() }
    }

    /// The first character of a rule or section of the workspace, marked.
    pub fn start_of(definition: &Definition) -> Place {
        Place { column: Some(definition.column), length: 1, ..Place::from(definition) }
    }

    /// A byte range of a file with that text.
    pub fn span(path: &str, text: &str, span: std::ops::Range<usize>) -> Place {
        let start = floor_boundary(text, span.start);
        let end = floor_boundary(text, span.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |index| index + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |index| start + index);
        let line = text[..line_start].matches('\n').count() + 1;
        Place {
            path: path.to_owned(),
            line: u32::try_from(line).ok(),
            column: u32::try_from(text[line_start..start].chars().count() + 1).ok(),
            excerpt: Some(text[line_start..line_end].trim_end_matches('\r').to_owned()),
            length: text[start..end.min(line_end).max(start)].chars().count().max(1),
        }
    }

    /// Adds the text of its line.
    #[must_use]
    pub fn with_excerpt(mut self, text: impl Into<String>) -> Place {
        self.excerpt = Some(text.into());
        self
    }
}

impl From<&Definition> for Place {
    /// The line of a rule or section of the workspace.
    fn from(definition: &Definition) -> Place {
        Place::line(&definition.path, definition.line)
    }
}

/// The nearest character boundary at or before a byte.
pub(super) fn floor_boundary(text: &str, index: usize) -> usize {
    let index = index.min(text.len());
    (0..=index).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}
