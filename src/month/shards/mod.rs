//! One month on several machines. Each computes the whole month, which is cheap, and makes the documents of its share of
//! the customers, which is not: [`plan`] says who is in which shard, [`record`] what a shard made, and [`merging`] puts
//! all of them together as one build would have made them.

mod basis;
mod checking;
mod found;
pub mod merging;
pub mod plan;
pub mod record;

pub use basis::Basis;
