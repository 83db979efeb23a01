//! Pages from outside, in one binary.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod bounds;
mod browser_tree;
mod common;
mod documents;
mod faces;
mod geometry;
mod hostile;
mod images;
mod kerning;
mod kinsoku;
mod layout;
mod readers;
mod trees;
