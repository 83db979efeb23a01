//! What a person at a terminal sees: the table of `build`, wrapped lines, help with examples, manual pages.
//!
//! A debug build takes `INVOICER_TERMINAL=COLUMNS` for a terminal of that width on stdout.

use std::ffi::OsString;

use clap::CommandFactory;
use invoicer::cli::{self, Cli, EXAMPLES};
use invoicer::model::language::Language;
use unicode_width::UnicodeWidthStr;

use crate::commands::sample;
use crate::common::{Run, Sandbox};

fn on_terminal(sandbox: &Sandbox, columns: &str, arguments: &[&str]) -> Run {
    let run = sandbox.run_with(arguments, &[("INVOICER_TERMINAL", columns)]);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    run
}

/// The totals are the sums of the column: 7,979 + 20,000 + 23,273 + 1,153 + 975 + 205,011 = 258,391, and so on.
#[test]
fn build_ends_with_the_totals_and_the_review_page() {
    let sandbox = sample();
    let run = on_terminal(&sandbox, "100", &["build", "202208"]);
    assert_eq!(run.stdout, "out/202208/index.html\n");
    let mut lines = run.stderr.lines().rev();
    assert_eq!(lines.next(), Some("total           58  ¥258,391  ¥25,551  ¥283,942  ¥42,387"));
    assert_eq!(lines.next(), Some("zuiun           13  ¥205,011  ¥20,502  ¥225,513  ¥26,255"));
    // With -v the files come first; without a terminal they are all there is.
    let verbose = on_terminal(&sandbox, "100", &["build", "202208", "-v"]);
    let files: Vec<&str> = verbose.stdout.lines().collect();
    assert!(files.contains(&"out/202208/zuiun/INV-202208-zuiun.pdf"), "{files:?}");
    assert_eq!(files.last(), Some(&"out/202208/index.html"));
    let piped = sandbox.run(&["build", "202208"]);
    assert_eq!(piped.stdout.lines().collect::<Vec<_>>(), files[..files.len() - 1]);
    assert!(piped.stderr.ends_with("¥42,387\n"), "{}", piped.stderr);

    let issued = on_terminal(&sandbox, "100", &["issue", "202208"]);
    assert_eq!(issued.stdout, "issued/202208.json\n");
    let again = on_terminal(&sandbox, "100", &["build", "202208"]);
    assert_eq!(again.stdout, "out/202208/index.html\n");
}

/// Amounts of two currencies are never added up.
#[test]
fn each_currency_has_its_total() {
    let sandbox = sample();
    sandbox.write(
        "customers/kept.toml",
        "name = \"Kept\"\n[[fee]]\nname = \"Desk\"\namount = \"12.50\"\n[invoice]\ncurrency = \"USD\"\n",
    );
    let workspace = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let rate = "\n[[fx]]\nmonth = \"202208\"\nfrom = \"JPY\"\nto = \"USD\"\nrate = \"0.0072\"\n\
                [[fx]]\nmonth = \"202208\"\nfrom = \"USD\"\nto = \"JPY\"\nrate = \"138.70\"\n";
    sandbox.write("invoicer.toml", format!("{workspace}{rate}"));
    let run = sandbox.run(&["build", "202208", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let last: Vec<&str> = run.stderr.lines().rev().take(2).collect();
    // 12.50 + 10 % tax, rounded up to the cent: 1.25, together 13.75; nothing was bought for it.
    assert_eq!(
        last[0].split_whitespace().collect::<Vec<_>>(),
        ["total,", "USD", "1", "$12.50", "$1.25", "$13.75", "$12.50"]
    );
    assert!(last[1].starts_with("total, JPY ") && last[1].contains("¥283,942"), "{}", last[1]);
}

/// Every word stays whole and in its order; only the last column of a table and lines that are too long are broken.
#[test]
fn explain_wraps_between_words() {
    let sandbox = sample();
    assert_eq!(sandbox.run(&["build", "202208", "--quiet"]).code, 0);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for line in ["", "3", "4"] {
        let arguments: Vec<&str> =
            ["explain", "202208/harbourline", line].into_iter().filter(|word| !word.is_empty()).collect();
        let piped = sandbox.run(&arguments);
        assert_eq!(piped.code, 0, "{}", piped.stderr);
        assert!(piped.stdout.lines().any(|line| line.width() > 72), "nothing to wrap");
        let shown = on_terminal(&sandbox, "72", &arguments);
        for line in shown.stdout.lines() {
            assert!(line.width() <= 72 || words(line).len() == 1, "{line}");
        }
        let mut wrapped = words(&shown.stdout);
        let mut whole = words(&piped.stdout);
        if line.is_empty() {
            // Cells of the last column continue below the next columns: the same words, in other places.
            wrapped.sort();
            whole.sort();
        }
        assert_eq!(wrapped, whole);
    }
}

#[test]
fn every_command_has_help_with_options_in_groups_and_an_example() {
    let sandbox = Sandbox::new();
    let definitions = Cli::command();
    let mut names: Vec<&str> = definitions.get_subcommands().map(clap::Command::get_name).collect();
    names.push("");
    names.sort_unstable();
    assert_eq!(names, EXAMPLES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, examples) in EXAMPLES {
        let arguments: Vec<&str> = [*name, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let help = sandbox.run(&arguments).stdout;
        let (own, rest) = help.split_once("\nGlobal options:\n").unwrap_or_else(|| panic!("{name}: {help}"));
        assert!(own.contains("-h, --help") && !own.contains("--no-progress"), "{name}: {own}");
        let (global, shown) = rest.split_once("\nExample").unwrap_or_else(|| panic!("{name}: {rest}"));
        assert!(global.contains("--no-progress"), "{name}: {global}");
        for example in *examples {
            assert!(shown.contains(&format!("\n  {example}\n")), "{name}: {shown}");
            let command = example.split(" > ").next().unwrap().split(" >> ").next().unwrap();
            let command = command.split(" | ").next().unwrap();
            let parsed = cli::parse(shell_words(command), Language::English);
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            assert!(name.is_empty() || command.starts_with(&format!("invoicer {name}")), "{example}");
        }
    }
}

/// The words of a command line, in which only double quotes are special.
fn shell_words(line: &str) -> Vec<OsString> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.into_iter().map(OsString::from).collect()
}

#[test]
fn every_command_has_a_manual_page() {
    let sandbox = Sandbox::new();
    let whole = sandbox.run(&["man"]).stdout;
    assert!(whole.contains("\n.TH invoicer 1 "), "{whole}");
    for (name, examples) in EXAMPLES.iter().skip(1) {
        assert!(whole.contains(&format!("invoicer\\-{name}(1)")), "{name} is not listed");
        let run = sandbox.run(&["man", name]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        let title = run.stdout.lines().find(|line| line.starts_with(".TH ")).unwrap();
        assert!(title.starts_with(&format!(".TH invoicer-{name} 1 ")), "{title}");
        assert!(title.contains(concat!("\"invoicer ", env!("CARGO_PKG_VERSION"), "\"")), "{title}");
        assert!(run.stdout.contains("no\\-progress"), "{}", run.stdout);
        let example = examples[0].replace('-', "\\-");
        assert!(run.stdout.contains(&example), "{example}: {}", run.stdout);
    }
    let wrong = sandbox.run(&["man", "bild"]);
    assert_eq!(wrong.code, 64);
    assert!(wrong.stderr.contains("expected one of adjust, assignments, build, check"), "{}", wrong.stderr);
}
