//! Every mistake a user can make, with the program's exact answer: see [`Reproducer`].
//!
//! `CASE=csv- cargo test --test suite mistake` runs those whose names contain the text, and `BLESS=1` writes what the
//! program says into the files: the differences are printed, to be read before they are committed.

use rayon::prelude::*;

use crate::reproducer::{Reproducer, difference};

#[test]
#[allow(clippy::print_stderr, reason = "whoever blesses reads what changed")]
fn every_mistake_is_told_as_expected() {
    let bless = std::env::var_os("BLESS").is_some();
    let wrong: Vec<String> =
        Reproducer::all().par_iter().flat_map_iter(|reproducer| check(reproducer, bless)).collect();
    if bless {
        eprint!("{}", wrong.join("\n"));
    } else {
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// What is wrong with a reproducer: another answer, another exit code, a result, a file that was written.
fn check(reproducer: &Reproducer, bless: bool) -> Vec<String> {
    let sandbox = reproducer.workspace();
    let before = sandbox.files();
    let run = sandbox.run(&reproducer.arguments());
    let name = &reproducer.name;
    let mut wrong = Vec::new();
    if (&run.stderr, run.code) != (&reproducer.expected, reproducer.code) {
        let lines = difference(&reproducer.expected, &run.stderr);
        wrong.push(format!("{name}: exit code {}, expected {}\n{lines}", run.code, reproducer.code));
        if bless {
            reproducer.bless(&run);
        }
    }
    if !run.stdout.is_empty() {
        wrong.push(format!("{name}: stdout\n{}", run.stdout));
    }
    if sandbox.files() != before {
        let names: Vec<String> = sandbox.files().into_iter().map(|(path, _)| path).collect();
        wrong.push(format!("{name}: wrote something; there is now {names:?}"));
    }
    wrong
}
