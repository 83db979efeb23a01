//! What gives way on an invoice's first page where it holds too much. Layout decides; templates get the choice as `fit`.

use serde::Serialize;

/// How an invoice is set so that its pages come out well filled; the default is the design as it is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fit {
    /// How large the addressee is in the window of an envelope, of its usual size.
    pub addressee: Percent,
    /// How much room the chart takes.
    pub chart: ChartFit,
    /// How high the rows of the items are.
    pub rows: RowFit,
    /// Where totals, taxes, bank accounts and notes are.
    pub totals: TotalsFit,
    /// Where story and appendix begin.
    pub appendix: AppendixFit,
    /// Whether the items go on after the first page, which says so.
    pub continued: bool,
}

/// A size of text beside its usual one; in templates `85%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub u8);

impl Default for Percent {
    fn default() -> Percent {
        Percent(100)
    }
}

impl Serialize for Percent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}%", self.0))
    }
}

/// How much room the chart takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChartFit {
    /// As designed.
    #[default]
    Full,
    /// About half as high.
    Small,
    /// No chart.
    None,
}

/// How high the rows of the items are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowFit {
    /// As designed.
    #[default]
    Normal,
    /// As low as is still read with ease: 5 mm for a line.
    Tight,
}

/// Where totals, taxes, bank accounts and notes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TotalsFit {
    /// Below the items.
    #[default]
    Below,
    /// Above the items.
    Above,
    /// On the first page, and the items begin on the second.
    Alone,
}

/// Where story and appendix begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppendixFit {
    /// On a page of their own.
    #[default]
    Page,
    /// Below what comes before them, which takes more than the first page or less than half of it.
    Below,
}
