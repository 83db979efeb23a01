//! Substitutes `var(--name, fallback)` in values.

use super::computed::Variables;

/// Limits for variables that refer to themselves, or double in each step.
const DEPTH_MOST: usize = 16;
const LENGTH_MOST: usize = 16 * 1024;
/// A variable with an empty value adds no length, however often it is used.
const TIMES_MOST: usize = 10_000;

/// The value with every `var()` replaced.
pub(super) fn substitute(value: &str, variables: &Variables) -> Result<String, String> {
    replace(value, variables, 0, &mut 0)
}

fn replace(value: &str, variables: &Variables, depth: usize, times: &mut usize) -> Result<String, String> {
    if depth > DEPTH_MOST {
        return Err("expected variables that do not name each other in a circle".to_owned());
    }
    let mut result = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("var(") {
        *times += 1;
        if *times > TIMES_MOST {
            return Err("expected fewer variables in a value".to_owned());
        }
        let (before, call) = rest.split_at(at);
        result.push_str(before);
        let inside = call.get(4..).unwrap_or_default();
        let end = closing(inside).ok_or("expected ) after var(")?;
        let (arguments, tail) = inside.split_at(end);
        let (name, fallback) = match arguments.split_once(',') {
            Some((name, fallback)) => (name.trim(), Some(fallback.trim())),
            None => (arguments.trim(), None),
        };
        let replacement = match (variables.get(name), fallback) {
            (Some(value), _) => value.as_str(),
            (None, Some(fallback)) => fallback,
            (None, None) => return Err(format!("no variable {name} is set")),
        };
        result.push_str(&replace(replacement, variables, depth + 1, times)?);
        if result.len() > LENGTH_MOST {
            return Err("expected a shorter value".to_owned());
        }
        rest = tail.get(1..).unwrap_or_default();
    }
    result.push_str(rest);
    Ok(result)
}

fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(index),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fallbacks_and_circles() {
        let variables = Variables::from([
            ("--a".to_owned(), "1px".to_owned()),
            ("--b".to_owned(), "var(--b)".to_owned()),
            ("--c".to_owned(), "calc(var(--a))".to_owned()),
        ]);
        assert_eq!(substitute("var(--a) var(--x, var(--a))", &variables), Ok("1px 1px".to_owned()));
        assert_eq!(substitute("var(--c)", &variables), Ok("calc(1px)".to_owned()));
        assert!(substitute("var(--b)", &variables).is_err());
        assert_eq!(substitute("var(--none)", &variables), Err("no variable --none is set".to_owned()));
    }
}
