//! How far a build is, as one display that is updated.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use super::cargo::{Metadata, Step};
use crate::engine::{Bundle, Frontend, Output};

/// Between two updates.
const PAUSE: Duration = Duration::from_millis(100);

/// Shows what a build does. Nothing is shown before the first step, or when there is none.
pub struct Progress {
    frontend: Arc<dyn Frontend>,
    id: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Ids of the packages that the build consists of, once that is known.
    packages: BTreeSet<String>,
    done: BTreeSet<String>,
    doing: String,
    shown: Option<(Instant, String)>,
}

impl Progress {
    pub fn new(frontend: Arc<dyn Frontend>) -> Progress {
        Progress {
            frontend,
            id: format!("dependencies-{}", uuid::Uuid::new_v4().simple()),
            state: Mutex::default(),
        }
    }

    /// Says what the build will consist of.
    pub fn expect<'m>(&self, metadata: &'m Metadata, roots: impl IntoIterator<Item = &'m str>) {
        let packages = metadata.closure(roots).into_iter();
        self.state().packages = packages.map(str::to_owned).collect();
    }

    pub fn step(&self, step: Step) {
        let mut state = self.state();
        match step {
            Step::Done(id) => {
                state.done.insert(id);
            }
            Step::Line(line) => {
                let Some(doing) = doing(&line) else { return };
                state.doing = doing;
            }
        }
        if state.doing.is_empty() {
            return;
        }
        let text = state.text();
        self.show(&mut state, text, false);
    }

    /// Replaces what is shown, if anything is, by the last word.
    pub fn finish(&self, text: &str) {
        let mut state = self.state();
        if state.shown.is_some() {
            state.packages.clear();
            self.show(&mut state, text.to_owned(), true);
        }
    }

    fn show(&self, state: &mut State, text: String, last: bool) {
        let update = match &state.shown {
            None => false,
            Some((when, shown)) => {
                if *shown == text || (!last && when.elapsed() < PAUSE) {
                    return;
                }
                true
            }
        };
        let bar = match state.packages.len() {
            0 => String::new(),
            total => format!(
                "<progress value=\"{}\" max=\"{total}\"></progress> ",
                state.finished()
            ),
        };
        let html = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        self.frontend.emit(Output::Display {
            data: Bundle::from([
                ("text/plain".to_owned(), json!(text)),
                ("text/html".to_owned(), json!(format!("{bar}{html}"))),
            ]),
            metadata: Default::default(),
            display_id: Some(self.id.clone()),
            update,
        });
        state.shown = Some((Instant::now(), text));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn finished(&self) -> usize {
        self.done.intersection(&self.packages).count()
    }

    fn text(&self) -> String {
        match self.packages.len() {
            0 => self.doing.clone(),
            total => {
                let number = (self.finished() + 1).min(total);
                format!("{} ({number} of {total})", self.doing)
            }
        }
    }
}

/// What one of cargo's lines says that it is doing; nothing for the rest of an error message.
fn doing(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["Compiling", name, version, ..] => Some(format!(
            "Compiling {name} {}",
            version.trim_start_matches('v')
        )),
        [
            "Updating" | "Downloading" | "Blocking" | "Locking" | "Linking",
            ..,
        ] => Some(words.join(" ")),
        ["Downloaded", name, version, ..] => Some(format!(
            "Downloading {name} {}",
            version.trim_start_matches('v')
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_lines_become_words_for_the_user() {
        assert_eq!(
            doing("   Compiling serde v1.0.229 (/a/b)").as_deref(),
            Some("Compiling serde 1.0.229")
        );
        assert_eq!(
            doing("    Blocking waiting for file lock on build directory").as_deref(),
            Some("Blocking waiting for file lock on build directory")
        );
        assert_eq!(doing("error[E0308]: mismatched types"), None);
    }

    #[test]
    fn what_is_done_is_counted_among_what_is_to_do() {
        let state = State {
            packages: ["a", "b", "c"].map(str::to_owned).into(),
            done: ["a", "x"].map(str::to_owned).into(),
            doing: "Compiling b 1.0".into(),
            shown: None,
        };
        assert_eq!(state.text(), "Compiling b 1.0 (2 of 3)");
    }
}
