//! The help: global options in a group of their own, and examples. Also the manual pages.

use std::ffi::OsString;
use std::io;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use super::language::in_japanese;
use super::{Cli, Command};
use crate::model::language::Language;

/// An example for each command, in alphabetical order; the first is that of the program itself.
pub const EXAMPLES: &[(&str, &[&str])] = &[
    ("", &["invoicer init shop", "invoicer -C shop build 202208 --open", "invoicer -C shop issue 202208"]),
    ("adjust", &["invoicer adjust 202208 --customer acme --name Set-up --amount 18000"]),
    ("assignments", &["invoicer assignments --month 202208", "invoicer assignments --resource \"44010*\""]),
    (
        "build",
        &[
            "invoicer build 202208 --open",
            "invoicer build 202208 --draft --customer acme --format pdf",
            "invoicer build 202208 --shard 3/7 --out shards/3",
        ],
    ),
    ("check", &["invoicer check 202208 --deny-warnings", "invoicer check 202208 --unclaimed"]),
    ("completions", &["invoicer completions bash > ~/.local/share/bash-completion/completions/invoicer"]),
    (
        "credit",
        &[
            "invoicer credit INV-202208-acme --reason \"wrong address\" --reissue",
            "invoicer credit INV-202208-acme --reason \"outage on 3 August\" --line 3=500",
        ],
    ),
    ("explain", &["invoicer explain INV-202208-acme 3", "invoicer explain 202208/acme --resource \"44010*\""]),
    (
        "export",
        &[
            "invoicer export 202208 --to freee",
            "invoicer export 202208 --to yayoi --new",
            "invoicer export 202208 --to csv --out -",
            "invoicer export 202310 --to jp-pint",
            "invoicer export 202409 --to focus --customer acme",
        ],
    ),
    ("fetch", &["invoicer fetch 202208 --source soracom"]),
    ("init", &["invoicer init shop"]),
    ("issue", &["invoicer issue 202208"]),
    ("items", &["invoicer items 202208", "invoicer items 202208 --stubs >> invoicer.toml"]),
    ("list", &["invoicer list --from 202204 --until 202303 --customer acme"]),
    ("man", &["invoicer man build | man -l -"]),
    ("merge", &["invoicer merge 202208 shards/*"]),
    ("plan", &["invoicer plan 202208 --shards 7"]),
    ("reconcile", &["invoicer reconcile 202208 --fetch"]),
    (
        "send",
        &[
            "invoicer send 202208",
            "invoicer send 202208 --yes",
            "invoicer send 202208 --yes --resend INV-202208-acme --reason \"the customer lost it\"",
        ],
    ),
    ("source", &["invoicer source try mobile billing/202208/mobile.csv"]),
    ("status", &["invoicer status 202208 --offline"]),
    ("verify", &["invoicer verify --all"]),
    ("whatif", &["invoicer whatif --pricing prices.toml --months 202205..202208"]),
];

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 refused (nothing was written), 2 could not run (I/O, network), 64 wrong usage.";

/// The command line as it is parsed and shown.
pub fn command(language: Language) -> clap::Command {
    match language {
        Language::English => in_english(),
        Language::Japanese => in_japanese(in_english()),
    }
}

fn in_english() -> clap::Command {
    let command = Cli::command().mut_args(|argument| match argument.is_global_set() {
        true => argument.help_heading("Global options"),
        false => argument,
    });
    EXAMPLES.iter().fold(command, |command, (name, examples)| match *name {
        "" => command.after_help(format!("{}\n\n{EXIT_CODES}", shown(examples))),
        name => command.mut_subcommand(name, |command| command.after_help(shown(examples))),
    })
}

fn shown(examples: &[&str]) -> String {
    let title = if examples.len() == 1 { "Example:" } else { "Examples:" };
    let lines: String = examples.iter().map(|example| format!("\n  {example}")).collect();
    format!("{title}{lines}")
}

/// Reads the command line.
///
/// # Errors
/// Help and version that were asked for, and wrong usage.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, language: Language) -> Result<Cli, clap::Error> {
    let mut command = command(language);
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    let cli = Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))?;
    if let Command::Export(export) = &cli.command
        && let Err((message, hint)) = export.check()
    {
        let command = command.find_subcommand_mut("export").expect("it was parsed");
        return Err(command.error(ErrorKind::ArgumentConflict, format!("{message}\n\n  {hint}")));
    }
    Ok(cli)
}

/// Checks the name of a command.
pub(super) fn name_of_command(text: &str) -> Result<String, String> {
    // The definitions alone: with examples this function would call itself.
    let command = Cli::command();
    let mut names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    names.sort_unstable();
    match names.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(format!("expected one of {}", names.join(", "))),
    }
}

/// The manual page of the program, or of one of its commands, for `man`.
///
/// # Errors
/// When it cannot be written.
pub fn manual(name: Option<&str>, language: Language) -> io::Result<Vec<u8>> {
    let mut all = in_english().disable_help_subcommand(true);
    all.build();
    if language == Language::Japanese {
        all = in_japanese(all);
    }
    let page = name.and_then(|name| all.find_subcommand(name)).unwrap_or(&all).clone();
    let mut text = Vec::new();
    // A command has no version of its own.
    clap_mangen::Man::new(page).source(concat!("invoicer ", env!("CARGO_PKG_VERSION"))).render(&mut text)?;
    Ok(text)
}
