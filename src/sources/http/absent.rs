//! In the place of the network, where the program was built without the feature `fetch`: bills that are there are read, and
//! none is fetched.

use std::io::Empty;

use super::{Broken, Incoming, Limits, Request};
use crate::diagnostic::Diagnostic;

/// Nothing is ever sent.
pub(super) enum Transport {}

impl Transport {
    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub(super) fn new(_: Limits, _: bool) -> Result<Transport, Diagnostic> {
        Err(Diagnostic::could_not_run("this program was built without the feature `fetch`".to_owned())
            .with_hint("install it with its feature: `cargo install --path . --features fetch`"))
    }

    /// Sends a request.
    ///
    /// # Errors
    /// None.
    pub(super) fn send(&self, _: &Request) -> Result<Incoming<Empty>, Broken> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_is_named() {
        let Err(refused) = Transport::new(Limits::default(), true);
        assert_eq!(refused.message, "this program was built without the feature `fetch`");
        assert_eq!(
            refused.hint.as_deref(),
            Some("install it with its feature: `cargo install --path . --features fetch`")
        );
    }
}
