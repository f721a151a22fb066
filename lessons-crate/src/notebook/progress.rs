//! A progress bar in a cell.

use std::time::{Duration, Instant};

use super::bundle::Bundle;
use super::display::Display;

/// The shortest time between two drawings.
const INTERVAL: Duration = Duration::from_millis(100);

/// How far something is. Draws itself at most ten times a second, and for the last time when it is
/// dropped. Where outputs cannot be replaced (stock evcxr, a plain program) nothing is drawn until
/// then.
#[derive(Debug)]
pub struct Progress {
    what: String,
    total: u64,
    done: u64,
    note: String,
    drawn: Option<(Instant, Display)>,
}

/// Starts a progress bar over `total` steps.
///
/// ```
/// let mut bar = lessons::notebook::progress("training", 3);
/// for epoch in 0..3 {
///     bar.step();
///     bar.note(format!("loss {:.1}", 1.0 / (epoch + 1) as f64));
/// }
/// ```
pub fn progress(what: &str, total: u64) -> Progress {
    Progress {
        what: what.to_owned(),
        total,
        done: 0,
        note: String::new(),
        drawn: None,
    }
}

impl Progress {
    /// One step is done.
    pub fn step(&mut self) {
        self.done += 1;
        self.draw(false);
    }

    /// Says something beside the bar.
    pub fn note(&mut self, note: impl Into<String>) {
        self.note = note.into();
        self.draw(false);
    }

    fn draw(&mut self, last: bool) {
        match &mut self.drawn {
            Some((at, _)) if !last && at.elapsed() < INTERVAL => {}
            Some((at, display)) => {
                *at = Instant::now();
                display.update(&bundle(&self.what, self.done, self.total, &self.note));
            }
            None if !last && !super::connection::is_open() => {}
            None => {
                let display = Display::new(&bundle(&self.what, self.done, self.total, &self.note));
                self.drawn = Some((Instant::now(), display));
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.draw(true);
    }
}

fn bundle(what: &str, done: u64, total: u64, note: &str) -> Bundle {
    const CELLS: u64 = 30;
    let filled = if total == 0 {
        CELLS
    } else {
        // Without overflow for any count.
        (u128::from(done.min(total)) * u128::from(CELLS) / u128::from(total)) as u64
    };
    let bar = "█".repeat(filled as usize) + &"░".repeat((CELLS - filled) as usize);
    let note = if note.is_empty() {
        String::new()
    } else {
        format!("  {note}")
    };
    Bundle::text(format!("{what}  {bar}  {done} of {total}{note}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_full_as_the_work_is_done() {
        let text = |done, total| {
            let bundle = bundle("train", done, total, "");
            let text = bundle.get("text/plain").unwrap();
            (text.matches('█').count(), text.matches('░').count())
        };
        assert_eq!(text(0, 4), (0, 30));
        assert_eq!(text(2, 4), (15, 15));
        assert_eq!(text(9, 4), (30, 0));
        assert_eq!(text(0, 0), (30, 0));
        assert_eq!(text(u64::MAX, u64::MAX), (30, 0));
    }
}
