//! Which shard a job makes: as the command line says, or as the engine that started the job says in its environment.

use std::ops::RangeInclusive;

use crate::diagnostic::Diagnostic;
use crate::environment::Environment;
use crate::model::plain::beginning;
use crate::model::shard::{COUNTS, Shard, ShardChoice};

/// An engine that numbers its jobs.
struct Engine {
    /// Variable with the number of the job.
    number: &'static str,
    /// The number of the first job.
    first: u32,
    /// Variable with the number of all jobs.
    count: Option<&'static str>,
}

/// Kubernetes' Indexed Jobs, Slurm's job arrays, and the parallel jobs of GitLab. Slurm tells how many jobs an array has,
/// too; but not when some of them are run again, so that the number of all has to be on the command line.
const ENGINES: [Engine; 3] = [
    Engine { number: "JOB_COMPLETION_INDEX", first: 0, count: None },
    Engine { number: "SLURM_ARRAY_TASK_ID", first: 1, count: None },
    Engine { number: "CI_NODE_INDEX", first: 1, count: Some("CI_NODE_TOTAL") },
];

const HINT: &str = "name the shard: --shard I/N";

/// The shard to make.
///
/// # Errors
/// When the environment is asked for and does not say, or says what is no shard.
pub(super) fn shard(choice: ShardChoice, environment: &Environment) -> Result<Shard, Diagnostic> {
    let count = match choice {
        ShardChoice::Shard(shard) => return Ok(shard),
        ShardChoice::Environment(count) => count,
    };
    let found: Vec<&Engine> = ENGINES.iter().filter(|engine| environment.variable(engine.number).is_some()).collect();
    let engine = match found.as_slice() {
        [engine] => *engine,
        [] => {
            let names = ENGINES.map(|engine| engine.number).join(", ");
            let message = format!("the environment names no shard: none of {names} is set");
            return Err(Diagnostic::error(message).with_hint(HINT));
        }
        [one, other, ..] => {
            let message = format!("the environment names several shards: {} and {} are set", one.number, other.number);
            return Err(Diagnostic::error(message).with_hint(HINT));
        }
    };
    let of_environment = engine.count.map(|name| read(name, COUNTS, environment)).transpose()?.flatten();
    let count = match (count, of_environment) {
        (Some(given), Some((name, of_environment))) if given != of_environment => {
            let message = format!("--shard is for {given} shards, but {name} is {of_environment}");
            return Err(Diagnostic::error(message).with_hint("let both say the same"));
        }
        (Some(count), _) | (None, Some((_, count))) => count,
        (None, None) => {
            let message = format!("{} does not tell how many shards there are", engine.number);
            return Err(Diagnostic::error(message).with_hint("add their number: --shard env/N"));
        }
    };
    let number = read(engine.number, 0..=*COUNTS.end(), environment)?.map_or(engine.first, |(_, number)| number);
    let shard = (number + 1).checked_sub(engine.first).and_then(|number| Shard::new(number, count));
    shard.ok_or_else(|| {
        let (name, first, last) = (engine.number, engine.first, count - 1 + engine.first);
        let message = format!("{name} is no shard of {count}: expected {first} to {last}, found {number}");
        Diagnostic::error(message).with_hint("start the jobs with these numbers")
    })
}

/// A number in the environment, with the variable's name; none where it is not set.
fn read(
    name: &'static str,
    expected: RangeInclusive<u32>,
    environment: &Environment,
) -> Result<Option<(&'static str, u32)>, Diagnostic> {
    let Some(value) = environment.variable(name) else {
        return Ok(None);
    };
    let text = value.expose();
    let number = text.parse().ok().filter(|number| expected.contains(number));
    let number = number.ok_or_else(|| {
        let (least, most) = expected.into_inner();
        let message = format!("expected a number from {least} to {most} in {name}, found {:?}", beginning(text));
        Diagnostic::error(message).with_hint(HINT)
    })?;
    Ok(Some((name, number)))
}
