//! Runs the generator of months, `examples/generate_month.rs`.

use std::process::Command;

/// What Cargo tells a benchmark of its own package. A build script that looks at it, as ring's does, would run again in the Cargo
/// that is started here, and once more in the next one outside; with it all that stands on it is built again.
const OF_THE_PACKAGE: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// A run of the generator in the profile of the benchmark, up to its own arguments: a release of it for a benchmark that is only
/// tried would take minutes to link.
pub(crate) fn generator() -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os() {
        if OF_THE_PACKAGE.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    command.args(["run", "--profile", profile, "--quiet", "--example", "generate_month", "--", "large"]);
    command
}
