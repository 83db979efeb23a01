//! [`Problems`]: the diagnostics that a failed step returns, and the conversion of other errors to diagnostics.

use std::fmt::Display;
use std::io;
use std::ops::Deref;

use super::cause::{cause, json_fault};
use super::place::Place;
use super::report::{Diagnostic, Stop};
use crate::model::amount::TooLong;

/// Diagnostics of a failed step; never empty as an `Err`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Diagnostic>);

impl Problems {
    /// Adds a problem.
    pub fn push(&mut self, problem: impl Into<Diagnostic>) {
        self.0.push(problem.into());
    }

    /// The value of a step; adds its problems and returns none where it failed.
    pub fn keep<T>(&mut self, result: Result<T, impl Into<Problems>>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problems) => {
                self.0.extend(problems.into().0);
                None
            }
        }
    }

    /// Ends a step that continued after errors in order to report all of them.
    ///
    /// # Errors
    /// These problems, if there are any.
    pub fn check(self) -> Result<(), Problems> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    /// Changes each problem, for example to add a note.
    #[must_use]
    pub fn each(self, change: impl FnMut(Diagnostic) -> Diagnostic) -> Problems {
        self.into_iter().map(change).collect()
    }

    /// The exit code: 2 if any problem is of the kind "could not run", otherwise 1.
    pub fn exit_code(&self) -> u8 {
        let could_not_run = |problem: &Diagnostic| problem.is_error() && problem.stop == Stop::CouldNotRun;
        if self.iter().any(could_not_run) { 2 } else { 1 }
    }
}

impl Deref for Problems {
    type Target = [Diagnostic];

    fn deref(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl<P: Into<Diagnostic>> From<P> for Problems {
    fn from(problem: P) -> Problems {
        Problems(vec![problem.into()])
    }
}

impl From<Vec<Diagnostic>> for Problems {
    fn from(problems: Vec<Diagnostic>) -> Problems {
        Problems(problems)
    }
}

impl From<Problems> for Vec<Diagnostic> {
    fn from(problems: Problems) -> Vec<Diagnostic> {
        problems.0
    }
}

impl Extend<Diagnostic> for Problems {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, problems: I) {
        self.0.extend(problems);
    }
}

impl FromIterator<Diagnostic> for Problems {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(problems: I) -> Problems {
        Problems(problems.into_iter().collect())
    }
}

impl IntoIterator for Problems {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl From<TooLong> for Diagnostic {
    /// An error about a figure without a name, which the caller that knows the figure adds with [`Figure::of`].
    fn from(_: TooLong) -> Diagnostic {
        let unnamed = Diagnostic::error(too_long("a figure"));
        Diagnostic { is_unnamed_figure: true, ..unnamed }
    }
}

impl From<anyhow::Error> for Diagnostic {
    /// The messages of the chain, outermost first. Place, notes and hint come from the [`Diagnostic`] in the error's
    /// context, for example from [`cannot`].
    fn from(error: anyhow::Error) -> Diagnostic {
        let mut causes: Vec<String> = error.chain().map(words).collect();
        // Some libraries repeat the message of their cause.
        causes.dedup_by(|inner, outer| outer.ends_with(inner.as_str()));
        let context = error.downcast_ref::<Diagnostic>().cloned();
        Diagnostic { message: causes.join(": "), ..context.unwrap_or_else(|| Diagnostic::could_not_run("")) }
    }
}

/// The message of one error in a chain.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    match (error.downcast_ref::<io::Error>(), error.downcast_ref::<serde_json::Error>()) {
        (Some(error), _) => cause(error),
        (None, Some(error)) => json_fault(error),
        (None, None) => error.to_string(),
    }
}

/// Context for a failed operation on a file, as in `.with_context(|| cannot("read the file", path))`.
pub fn cannot(action: &str, path: impl Into<String>) -> Diagnostic {
    Diagnostic::could_not_run(format!("cannot {action}")).at(Place::file(path))
}

/// Message for a figure that cannot be computed exactly.
pub fn too_long(what: impl Display) -> String {
    format!("{what} cannot be computed: {TooLong}")
}

/// An error that may be about a figure without a name.
pub trait MayBeUnnamed {
    /// The error when its figure has a name.
    type Named;

    /// Names the figure; any other error stays as it is.
    fn named(self, what: &dyn Display, place: Option<Place>) -> Self::Named;
}

impl MayBeUnnamed for TooLong {
    type Named = Diagnostic;

    fn named(self, what: &dyn Display, place: Option<Place>) -> Diagnostic {
        Diagnostic::from(self).named(what, place)
    }
}

impl MayBeUnnamed for Diagnostic {
    type Named = Diagnostic;

    fn named(self, what: &dyn Display, place: Option<Place>) -> Diagnostic {
        match self.is_unnamed_figure {
            true => Diagnostic { place, ..Diagnostic::error(too_long(what)) },
            false => self,
        }
    }
}

impl MayBeUnnamed for Problems {
    type Named = Problems;

    fn named(self, what: &dyn Display, place: Option<Place>) -> Problems {
        self.into_iter().map(|problem| problem.named(what, place.clone())).collect()
    }
}

/// Names the figures of a computation, as in `total(…).of("the total of the month")?`.
pub trait Figure<T, E: MayBeUnnamed> {
    /// Adds the name of the figure to an error about too many digits.
    ///
    /// # Errors
    /// Those of the computation.
    fn of(self, what: impl Display) -> Result<T, E::Named>;

    /// [`of`](Self::of) with the place of what the figure is computed from.
    ///
    /// # Errors
    /// Those of the computation.
    fn of_at(self, what: impl Display, place: impl FnOnce() -> Place) -> Result<T, E::Named>;
}

impl<T, E: MayBeUnnamed> Figure<T, E> for Result<T, E> {
    fn of(self, what: impl Display) -> Result<T, E::Named> {
        self.map_err(|error| error.named(&what, None))
    }

    fn of_at(self, what: impl Display, place: impl FnOnce() -> Place) -> Result<T, E::Named> {
        self.map_err(|error| error.named(&what, Some(place())))
    }
}

/// Adds a place to the error of a step.
pub trait Located<T> {
    /// Adds the place, unless the error has one.
    ///
    /// # Errors
    /// The error of the step.
    fn at(self, place: impl FnOnce() -> Place) -> Result<T, Diagnostic>;
}

impl<T, E: Into<Diagnostic>> Located<T> for Result<T, E> {
    fn at(self, place: impl FnOnce() -> Place) -> Result<T, Diagnostic> {
        self.map_err(|problem| problem.into().at(place()))
    }
}
