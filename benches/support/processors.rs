//! The processor time of the programs that a benchmark runs.

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Linux counts processor time in hundredths of a second for its users.
const TICKS: f64 = 100.0;

/// Processor seconds of all children so far, their system calls included; 0 where the system does not say.
pub(crate) fn children_time() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The program's name, in brackets, may hold spaces. Of the fields behind it the 14th and 15th count (proc(5)).
    let fields = status.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: Vec<f64> = fields.split_whitespace().skip(13).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}
