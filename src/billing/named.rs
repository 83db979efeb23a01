//! Names the figures of a customer in errors that leave them unnamed.

use crate::diagnostic::{Figure, MayBeUnnamed, Place};
use crate::model::customer::Customer;

/// A step for one customer, with a name for the figures in it.
pub(super) fn named<T, E: MayBeUnnamed>(step: Result<T, E>, customer: &Customer) -> Result<T, E::Named> {
    step.of_at(format_args!("the amounts of \"{}\"", customer.id), || Place::file(&customer.path))
}
