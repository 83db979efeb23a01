//! [`Activity`]: the line at the bottom of a terminal that says what the program is doing.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work shorter than this shows no progress.
const PATIENCE: Duration = Duration::from_millis(500);

/// Time between two pictures of the spinner.
const TICK: Duration = Duration::from_millis(120);

/// Line that says what the program is doing, from half a second after its start. One for all copies of a
/// [`Printer`](super::Printer).
#[derive(Clone)]
pub struct Activity {
    bar: ProgressBar,
    timer: Arc<Mutex<Option<Timer>>>,
}

/// A thread that shows the line when the time has come; it ends at once when the sender is dropped.
struct Timer {
    sender: Sender<()>,
    thread: JoinHandle<()>,
}

impl Default for Activity {
    fn default() -> Activity {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Activity { bar, timer: Arc::default() }
    }
}

impl Activity {
    /// Says what is being done. `elapsed` is the time since the program started.
    pub(super) fn begin(&self, what: &str, elapsed: Duration) {
        self.bar.set_style(style("{spinner} {msg}"));
        self.bar.set_message(what.to_owned());
        self.show_later(elapsed);
    }

    /// Says what is being done in `count` steps.
    pub(super) fn begin_steps(&self, what: &str, count: usize, elapsed: Duration) {
        // The bar comes last: it may be drawn between any two of these.
        self.bar.set_message(what.to_owned());
        self.bar.set_length(count as u64);
        self.bar.set_position(0);
        self.bar.set_style(style("{spinner} {msg} [{bar:30}] {pos}/{len}"));
        self.show_later(elapsed);
    }

    fn show_later(&self, elapsed: Duration) {
        let Ok(mut timer) = self.timer.lock() else { return };
        if timer.is_some() {
            return;
        }
        let (sender, ended) = mpsc::channel();
        let (bar, patience) = (self.bar.clone(), PATIENCE.saturating_sub(elapsed));
        let thread = std::thread::spawn(move || {
            if ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(TICK);
            }
        });
        *timer = Some(Timer { sender, thread });
    }

    /// Runs `print` while the line is off the screen.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Removes the line for good.
    pub(super) fn end(&self) {
        let timer = self.timer.lock().ok().and_then(|mut timer| timer.take());
        if let Some(Timer { sender, thread }) = timer {
            drop(sender);
            // The thread only draws: nothing is lost if it failed.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    style.progress_chars("=> ").tick_chars("-\\|/ ")
}

/// Steps of work that a progress bar counts.
pub struct Progress {
    pub(super) activity: Activity,
}

impl Progress {
    /// Advances the bar by one step.
    pub fn step(&self) {
        self.activity.bar.inc(1);
    }
}
