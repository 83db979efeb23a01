//! What a run of a program costs: time, memory, open files; and how that grows with its work.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::processors::{Outcome, children_time};

/// The pause between two looks at a running program.
const PAUSE: Duration = Duration::from_millis(5);

/// By how much the time of twice the work may be more than twice the time: what else the machine does is part of it.
const TOLERANCE: f64 = 1.15;

/// Seconds below which a time says nothing about how it grows, where other things run too.
const SHORTEST: f64 = 2.0;

/// The costs of one run, or of several one after the other.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Seconds of processors, of all threads and of the system for them.
    pub(crate) busy: f64,
    /// Seconds on the clock.
    pub(crate) clock: f64,
    /// Most memory resident, in KiB; 0 where the system does not say.
    pub(crate) memory: u64,
    /// Most files open at once, connections included; 0 where the system does not say.
    pub(crate) files: usize,
}

impl Cost {
    /// Of this and another run: times add up, of memory and files the most counts.
    pub(crate) fn and(self, other: Cost) -> Cost {
        Cost {
            busy: self.busy + other.busy,
            clock: self.clock + other.clock,
            memory: self.memory.max(other.memory),
            files: self.files.max(other.files),
        }
    }
}

/// Runs a program to its end, looking at it again and again. Its results are thrown away.
pub(crate) fn watched(command: &mut Command) -> Outcome<Cost> {
    let (before, start) = (children_time()?, Instant::now());
    let mut child = command.stdout(Stdio::null()).spawn()?;
    let process = format!("/proc/{}", child.id());
    let mut cost = Cost::default();
    let status = loop {
        cost.memory = cost.memory.max(peak_memory(&process));
        cost.files = cost.files.max(std::fs::read_dir(format!("{process}/fd")).map_or(0, Iterator::count));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(PAUSE);
    };
    if !status.success() {
        return Err(format!("{command:?} failed").into());
    }
    (cost.busy, cost.clock) = (children_time()? - before, start.elapsed().as_secs_f64());
    Ok(cost)
}

/// The most memory a process has had resident so far, in KiB.
fn peak_memory(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The costs of one command at several sizes.
pub(crate) struct Growth {
    what: &'static str,
    unit: &'static str,
    costs: Vec<(u32, Cost)>,
}

impl Growth {
    pub(crate) fn of(what: &'static str, unit: &'static str) -> Growth {
        println!("{what}:");
        Growth { what, unit, costs: Vec::new() }
    }

    /// Prints the costs of one command at several sizes, the smallest first, and how they grew.
    pub(crate) fn print_all(what: &'static str, unit: &'static str, costs: impl IntoIterator<Item = (u32, Cost)>) {
        let mut growth = Growth::of(what, unit);
        costs.into_iter().for_each(|(size, cost)| growth.add(size, cost));
        growth.print();
    }

    /// Adds the costs at a size larger than those before, and prints them.
    pub(crate) fn add(&mut self, size: u32, cost: Cost) {
        println!(
            "  {size:>6} {}: {:>7.2} s of processors, {:>7.2} s on the clock, {:>6} MiB, {:>3} files open; {:.3} ms each",
            self.unit,
            cost.busy,
            cost.clock,
            cost.memory / 1024,
            cost.files,
            cost.busy * 1000.0 / f64::from(size),
        );
        self.costs.push((size, cost));
    }

    /// Prints how the costs grew from each size to the next, and says where that is worse than linear.
    pub(crate) fn print(&self) {
        for pair in self.costs.windows(2) {
            let [(few, less), (many, more)] = pair else { continue };
            let size = f64::from(*many) / f64::from(*few);
            let (time, memory) = (more.busy / less.busy, more.memory as f64 / less.memory.max(1) as f64);
            let verdict = match (time > size * TOLERANCE, memory > size * TOLERANCE, more.files > less.files * 2) {
                _ if more.busy < SHORTEST => "too short to tell",
                (false, false, false) => "linear or better",
                (true, ..) => "WORSE THAN LINEAR in time",
                (_, true, _) => "WORSE THAN LINEAR in memory",
                (.., true) => "more than twice as many files open",
            };
            println!("  {}, ×{size:.2} {}: ×{time:.2} time, ×{memory:.2} memory: {verdict}", self.what, self.unit);
        }
    }
}
