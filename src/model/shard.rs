//! [`Shard`]: one of the parts in which several machines make a month's documents, and how a month is divided into them.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The numbers of shards that a month can be divided into.
pub const COUNTS: RangeInclusive<u32> = 1..=10_000;

/// One of the parts of a month. Shows as `3/7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    number: u32,
    count: u32,
}

impl Shard {
    /// The shard of that number, counted from 1; none where there is none.
    pub fn new(number: u32, count: u32) -> Option<Shard> {
        (COUNTS.contains(&count) && (1..=count).contains(&number)).then_some(Shard { number, count })
    }

    /// Its number, counted from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// The number of all shards.
    pub fn count(self) -> u32 {
        self.count
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

/// A shard as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardChoice {
    /// `3/7`
    Shard(Shard),
    /// `env/7`: the environment has the number. `env`: it has both.
    Environment(Option<u32>),
}

/// The word for the environment.
const ENVIRONMENT: &str = "env";

impl FromStr for ShardChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<ShardChoice, String> {
        let count = |text: &str| text.parse().ok().filter(|count| COUNTS.contains(count));
        let choice = match text.split_once('/') {
            None if text == ENVIRONMENT => Some(ShardChoice::Environment(None)),
            None => None,
            Some((ENVIRONMENT, of)) => count(of).map(|count| ShardChoice::Environment(Some(count))),
            Some((number, of)) => match (number.parse(), count(of)) {
                (Ok(number), Some(count)) => {
                    let shard = Shard::new(number, count).map(ShardChoice::Shard);
                    let all = || format!("expected one of the shards 1/{count} to {count}/{count}, found {text:?}");
                    return shard.ok_or_else(all);
                }
                _ => None,
            },
        };
        let most = COUNTS.end();
        choice.ok_or_else(|| {
            let known = "expected a shard such as 3/7, or env/7 for the number in the environment";
            format!("{known}, of at most {most} shards, found {text:?}")
        })
    }
}

/// Divides things of those weights into shards: the heaviest first, each to the shard that has least so far; returns the
/// number of the shard of each, counted from 1. Equal weights are taken in their order and equal shards by their number,
/// so that every machine divides a month alike.
///
/// A thing that weighs as much as a shard would have on average is alone in its shard: while anything is left to divide,
/// some other shard has less than that.
pub fn divide(weights: &[u64], count: u32) -> Vec<u32> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|index| (Reverse(weights[*index]), *index));
    let mut loads: BTreeSet<(u64, u32)> = (1..=count).map(|number| (0, number)).collect();
    let mut numbers = vec![0; weights.len()];
    for index in order {
        if let Some((load, number)) = loads.pop_first() {
            numbers[index] = number;
            loads.insert((load.saturating_add(weights[index]), number));
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_read_as_it_is_shown() {
        let shard = |number, count| ShardChoice::Shard(Shard::new(number, count).unwrap());
        for (text, expected) in [
            ("1/1", shard(1, 1)),
            ("3/7", shard(3, 7)),
            ("10000/10000", shard(10_000, 10_000)),
            ("env", ShardChoice::Environment(None)),
            ("env/64", ShardChoice::Environment(Some(64))),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
            if let ShardChoice::Shard(shard) = expected {
                assert_eq!(shard.to_string(), text);
            }
        }
        for text in
            ["", "3", "0/7", "8/7", "-1/7", "3/0", "1/10001", "3/7/9", "/7", "3/", "env/", "env/0", "x/7", "Env"]
        {
            assert!(text.parse::<ShardChoice>().is_err(), "{text}");
        }
    }

    /// 9 → 1; 5 → 2; 4 → 3; the first 3 → 3 (4 < 5); the second 3 → 2 (5 < 7); 1 → 3 (7 < 8).
    #[test]
    fn the_heaviest_goes_first_to_the_least_loaded() {
        assert_eq!(divide(&[3, 9, 1, 5, 3, 4], 3), [3, 1, 3, 2, 2, 3]);
        // All alike: in turn, by their order.
        assert_eq!(divide(&[2, 2, 2, 2, 2], 2), [1, 2, 1, 2, 1]);
        assert_eq!(divide(&[1, 7], 1), [1, 1]);
        assert_eq!(divide(&[1, 7], 4), [2, 1]);
        assert!(divide(&[], 3).is_empty());
    }

    /// 12 of 24 in 2 shards, as much as the others together; 8 of 24 in 3.
    #[test]
    fn the_share_of_a_shard_is_a_shard_of_its_own() {
        assert_eq!(divide(&[4, 4, 12, 4], 2), [2, 2, 1, 2]);
        let numbers = divide(&[1, 1, 1, 1, 8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 3);
        assert_eq!(numbers.iter().filter(|number| **number == numbers[4]).count(), 1);
    }
}
