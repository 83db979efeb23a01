//! Sends issued documents by mail, each once. [`plan`] decides what would go to whom, [`composer`] and [`message`]
//! make the bytes of a message, a [`Session`] hands it to a server over a `wire` and says what became of it, and
//! [`deliveries`] writes that to the month's journal before and after. [`kept`] compares the
//! messages that were sent with it. [`sending`] is the run over all messages.
//!
//! ```text
//! Ledger ─ plan ─ message ─ sending (queued ─ connection ─ sending ─ sent | refused | failed | unknown) ─ deliveries
//! ```

#[cfg(any(test, not(feature = "mail")))]
#[cfg_attr(feature = "mail", allow(dead_code, unreachable_pub, reason = "for its own tests alone"))]
mod absent;
pub mod composer;
pub mod connection;
pub mod deliveries;
pub mod kept;
#[cfg(feature = "mail")]
mod login;
pub mod message;
pub mod plan;
pub mod roots;
mod rules;
pub mod sending;
#[cfg(feature = "mail")]
mod session;
#[cfg(feature = "mail")]
mod wire;

#[cfg(not(feature = "mail"))]
pub use absent::Session;
#[cfg(feature = "mail")]
pub use session::Session;
