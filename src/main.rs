//! Arguments in, exit code out. The only reader of the clock, the environment and the current directory.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;

use invoicer::cli::{Cli, ColorChoice};
use invoicer::commands;
use invoicer::environment::{Environment, Secret};
use invoicer::printer::Printer;
use invoicer::staging::interruption;

/// sysexits' EX_USAGE: 1 and 2 mean other things here.
const WRONG_USAGE: u8 = 64;

fn main() -> ExitCode {
    since_start();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(WRONG_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    if cfg!(debug_assertions)
        && let Some(point) = std::env::var("INVOICER_INTERRUPT_AT").ok().and_then(|point| point.parse().ok())
    {
        interruption::at(point);
    }
    let terminal = std::io::stderr().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let printer = Printer {
        quiet: cli.global.quiet,
        verbose: cli.global.verbose,
        color: match cli.global.color {
            ColorChoice::Auto => terminal && !no_color,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        },
        progress: terminal && !cli.global.no_progress,
        clock: since_start,
    };
    let current = std::env::current_dir().unwrap_or_default();
    let teller = printer.clone();
    let environment = Environment {
        variables: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, Secret::new(value.into_string().ok()?))))
            .collect(),
        home: std::env::home_dir(),
        now: || SystemTime::now().into(),
        elapsed: since_start,
        wait: std::thread::sleep,
        random: || RandomState::new().build_hasher().finish(),
        listener: Box::new(move |line| teller.detail(line)),
    };
    ExitCode::from(commands::run(cli, &current, &environment, &printer))
}

fn since_start() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
