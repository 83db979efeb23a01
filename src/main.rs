//! Turns arguments into an exit code. The only code that reads the clock, the environment and the current directory.

/// For releases: a month of 600,000 rows takes 16 s of processors with musl's allocator, 12.5 with this one, 11 with glibc's.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use terminal_size::{Height, Width, terminal_size_of};

use invoicer::catalogue;
use invoicer::cli::{self, ColorChoice};
use invoicer::commands;
use invoicer::environment::{Environment, Secret};
use invoicer::model::language::Language;
use invoicer::printer::{Activity, Printer, Unwritten};
use invoicer::staging::interruption;

/// The exit code EX_USAGE of sysexits, because 1 and 2 have other meanings here.
const WRONG_USAGE: u8 = 64;

/// The exit code when something cannot be read or written.
const COULD_NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    since_start();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let of_locale = language_of_locale();
    // Help and what is said about wrong usage have a language before the arguments are understood.
    let language = cli::asked_language(&arguments, of_locale);
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    let cli = match cli::parse(arguments, language) {
        Ok(cli) => cli,
        Err(error) => {
            let printed = match (language, error.use_stderr()) {
                (Language::English, _) => error.print(),
                (Language::Japanese, false) => {
                    let columns = columns(&stdout, terminal_size_of(&stdout));
                    stdout.lock().write_all(cli::shown(&error, columns).as_bytes())
                }
                (Language::Japanese, true) => {
                    let columns = columns(&stderr, terminal_size_of(&stderr));
                    stderr.lock().write_all(cli::shown(&error, columns).as_bytes())
                }
            };
            let printed = printed.and_then(|()| std::io::stdout().flush());
            let unwritten = printed.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe);
            return match (error.use_stderr(), unwritten) {
                (true, _) => ExitCode::from(WRONG_USAGE),
                (false, true) => ExitCode::from(COULD_NOT_RUN),
                (false, false) => ExitCode::SUCCESS,
            };
        }
    };
    if cfg!(debug_assertions)
        && let Some(point) = std::env::var("INVOICER_INTERRUPT_AT").ok().and_then(|point| point.parse().ok())
    {
        interruption::at(point);
    }
    if cfg!(debug_assertions)
        && let Some(directory) = std::env::var_os("INVOICER_RACE_AT")
    {
        interruption::race(directory.into());
    }
    // What tests take for a terminal on stdout.
    let assumed = std::env::var("INVOICER_TERMINAL").ok().filter(|_| cfg!(debug_assertions));
    let assumed = assumed.and_then(|columns| columns.parse().ok());
    let terminal = stderr.is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let printer = Printer {
        quiet: cli.global.quiet,
        verbose: cli.global.verbose,
        color: match cli.global.color {
            ColorChoice::Auto => terminal && !no_color,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        },
        language: cli.global.language(of_locale),
        columns: assumed.or_else(|| columns(&stdout, terminal_size_of(&stdout))),
        status_columns: columns(&stderr, terminal_size_of(&stderr)),
        progress: terminal && !cli.global.no_progress,
        activity: Activity::default(),
        clock: since_start,
        unwritten: Unwritten::default(),
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
        allowed_endpoints: cli.command.allowed_endpoints().to_vec(),
        secrets: Arc::default(),
    };
    ExitCode::from(commands::run(cli, &current, &environment, &printer))
}

/// The language of the user's locale for messages, by the rules of POSIX.
fn language_of_locale() -> Language {
    let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
    let locale = names.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty());
    catalogue::of_locale(&locale.unwrap_or_default())
}

/// Columns of a stream's terminal; none where it is no terminal. A terminal that does not tell its size has 80.
fn columns(stream: &impl IsTerminal, size: Option<(Width, Height)>) -> Option<usize> {
    stream.is_terminal().then(|| size.map_or(80, |(Width(columns), _)| usize::from(columns)))
}

fn since_start() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
