//! The command line in Japanese: help, and what is said about wrong usage.

use std::ffi::OsString;

use clap::builder::StyledStr;
use unicode_width::UnicodeWidthChar;

use crate::catalogue::{translated, whole};
use crate::model::language::Language;

/// Columns of help that goes to no terminal, as clap has it.
const COLUMNS: usize = 100;

/// Layout of help: clap's own, without its English heading.
const TEMPLATE: &str = "{before-help}{about-with-newline}\n使い方: {usage}\n\n{all-args}{after-help}";

/// The language of help and of what is said about wrong usage: the one that the command line asks for with `--lang`, or
/// else that of the locale. Known before the command line is parsed, which prints help; a command that runs has that of
/// [`Global::language`](super::Global::language).
pub fn asked_language(arguments: &[OsString], of_locale: Language) -> Language {
    let mut words = arguments.iter().map(|word| word.to_string_lossy()).take_while(|word| word != "--");
    let mut asked = None;
    while let Some(word) = words.next() {
        match word.strip_prefix("--lang") {
            Some("") => asked = words.next().map(|word| word.into_owned()),
            Some(value) => asked = value.strip_prefix('=').map(str::to_owned).or(asked),
            None => {}
        }
    }
    match asked.as_deref() {
        Some("ja") => Language::Japanese,
        Some("en") => Language::English,
        _ => of_locale,
    }
}

/// Definitions with Japanese texts.
pub(super) fn in_japanese(mut command: clap::Command) -> clap::Command {
    // Adds what clap has of its own, `--help` and the like.
    command.build();
    with_japanese_texts(command)
}

fn with_japanese_texts(command: clap::Command) -> clap::Command {
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let about = command.get_about().map(of_styled).unwrap_or_default();
    let long_about = command.get_long_about().map_or_else(|| about.clone(), of_styled);
    let after = command.get_after_help().map(|after| lines(&after.to_string())).unwrap_or_default();
    let command = command
        .about(about)
        .long_about(long_about)
        .after_help(after)
        .subcommand_help_heading(heading("Commands"))
        .help_template(TEMPLATE)
        // Lines are broken afterwards: clap knows no words but those between spaces.
        .term_width(0)
        .mut_args(argument);
    names.iter().fold(command, |command, name| command.mut_subcommand(name, with_japanese_texts))
}

fn argument(argument: clap::Arg) -> clap::Arg {
    let heading = argument.get_help_heading().unwrap_or(match argument.is_positional() {
        true => "Arguments",
        false => "Options",
    });
    let heading = self::heading(heading);
    let mut help = argument.get_help().map(of_styled).unwrap_or_default();
    let mut long = argument.get_long_help().map_or_else(|| help.clone(), of_styled);
    let takes_values = argument.get_action().takes_values();
    let values = if takes_values { argument.get_possible_values() } else { Vec::new() };
    if !values.is_empty() {
        long += &format!("\n\n{}", of("Possible values:"));
        for value in &values {
            let meaning = value.get_help().map(|help| format!(": {}", of_styled(help))).unwrap_or_default();
            long += &format!("\n- {}{meaning}", value.get_name());
        }
        let names: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
        help += &format!(" {}", of(&format!("[possible values: {}]", names.join(", "))));
    }
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes_values && !defaults.is_empty() {
        let default = of(&format!("[default: {}]", defaults.join(" ")));
        long += &format!("\n\n{default}");
        help += &format!(" {default}");
    }
    argument.help(help).long_help(long).help_heading(heading).hide_possible_values(true).hide_default_value(true)
}

/// A heading, which clap takes only as a text that lives as long as the program.
fn heading(text: &str) -> &'static str {
    whole(text).unwrap_or_default()
}

fn of(text: &str) -> String {
    translated(text, Language::Japanese).into_owned()
}

fn of_styled(text: &StyledStr) -> String {
    of(&text.to_string())
}

/// A text of several lines, each in its place.
fn lines(text: &str) -> String {
    text.lines().map(of).collect::<Vec<String>>().join("\n")
}

/// Help or a refusal of the command line, in Japanese, for a terminal of that width.
pub fn shown(error: &clap::Error, columns: Option<usize>) -> String {
    let text = error.render().to_string();
    let is_help =
        !error.use_stderr() || error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let line = |line: &str| -> Vec<String> {
        if is_help {
            return broken(line, columns.unwrap_or(COLUMNS));
        }
        let body = line.trim_start();
        let indent = &line[..line.len() - body.len()];
        match body.strip_prefix("error: ") {
            Some(message) => vec![format!("{}: {}", of("error"), of(message))],
            None => vec![format!("{indent}{}", of(body))],
        }
    };
    text.lines().flat_map(line).map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A line of help in lines of at most that many columns, each under the text of the first.
fn broken(line: &str, columns: usize) -> Vec<String> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    // In a list, the text is what follows a gap of at least two spaces.
    let hanging = match text.split_once("  ") {
        Some((name, rest)) if indent > 0 => {
            let gap = rest.len() - rest.trim_start().len() + 2;
            indent + width(name) + gap
        }
        _ => indent,
    };
    let mut parts = vec![String::new()];
    let (mut used, mut may_break) = (0, None);
    let mut before = ' ';
    for c in line.chars() {
        let part = parts.last_mut().expect("there is always a part");
        if used > hanging && may_break_between(before, c) {
            may_break = Some(part.len());
        }
        let wide = c.width().unwrap_or(0);
        if used + wide > columns
            && let Some(at) = may_break.take()
        {
            let rest = format!("{}{}", " ".repeat(hanging), part[at..].trim_start());
            part.truncate(at);
            part.truncate(part.trim_end().len());
            used = width(&rest);
            parts.push(rest);
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
        used += wide;
        before = c;
    }
    parts
}

fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// Whether a line may end between two characters: at a space, and around full-width characters except before those that
/// end a phrase and after those that begin one.
fn may_break_between(before: char, after: char) -> bool {
    let is_wide = |c: char| c.width() == Some(2);
    let ends = "、。，．・：；？！ー）」』】〉》”ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;!?)]}";
    match (before, after) {
        (' ', after) => after != ' ',
        (_, ' ') => false,
        (before, after) => {
            (is_wide(before) || is_wide(after)) && !ends.contains(after) && !"（「『【〈《“([{".contains(before)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_known_before_parsing() {
        let asked = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            asked_language(&words, Language::English)
        };
        for line in ["invoicer --lang ja", "invoicer build --lang=ja --help", "invoicer --lang en --lang ja"] {
            assert_eq!(asked(line), Language::Japanese, "{line}");
        }
        for line in [
            "invoicer build",
            "invoicer --lang",
            "invoicer --lang=de",
            "invoicer --language ja",
            "invoicer -- --lang ja",
        ] {
            assert_eq!(asked(line), Language::English, "{line}");
        }
    }

    #[test]
    fn lines_break_where_japanese_may() {
        assert_eq!(broken("  init  文書を作成します。", 16), ["  init  文書を作", "        成しま", "        す。"]);
        assert_eq!(broken("  -q      静か", 40), ["  -q      静か"]);
        // A phrase does not begin with its end, and words of other scripts stay whole.
        assert_eq!(broken("色（例: always）を使う", 12), ["色（例:", "always）を使", "う"]);
    }
}
