//! What a cell writes, without the lines that are meant for evcxr.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memchr::memmem::find;

use super::link::RAISED;
use crate::engine::{Bundle, Frontend, Output};

/// What every line for evcxr begins with.
const PREFIX: &[u8] = b"EVCXR_";
const PANICKED: &str = "EVCXR_PANIC_NOTIFICATION";
const CHANGED: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";
/// How much of standard error is kept to find a panic's message in.
const KEPT: usize = 64 << 10;

/// How a run ended that evcxr takes for a good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Good,
    Panic,
    /// `?` met an error.
    Raised,
}

/// Stands between a cell's streams and the frontend.
pub struct Filter {
    frontend: Arc<dyn Frontend>,
    /// Whether the cell ends with an expression: the last figure may be its value.
    ends_with_value: bool,
    state: Mutex<State>,
}

struct State {
    /// Output that may turn out to be a line for evcxr.
    held: Vec<u8>,
    /// The last figure: the cell's value if nothing follows.
    figure: Option<(Bundle, Bundle)>,
    stderr: Vec<u8>,
    end: End,
    told: Vec<String>,
}

impl Filter {
    pub fn new(frontend: Arc<dyn Frontend>, ends_with_value: bool) -> Filter {
        Filter {
            frontend,
            ends_with_value,
            state: Mutex::new(State {
                held: Vec::new(),
                figure: None,
                stderr: Vec::new(),
                end: End::Good,
                told: Vec::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cell runs, perhaps once more: evcxr does so when the type of a variable has changed.
    pub fn begin_run(&self) {
        let mut state = self.state();
        state.end = End::Good;
        state.told.clear();
    }

    /// The lines for evcxr that the run has written.
    pub fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.state().told)
    }

    /// Lets go of what is held: the cell has ended.
    pub fn end(&self) {
        let mut state = self.state();
        let text = std::mem::take(&mut state.held);
        self.emit_text(&mut state, text);
        if let Some((data, metadata)) = state.figure.take() {
            self.frontend.emit(Output::Result { data, metadata });
        }
    }

    pub fn ended(&self) -> End {
        self.state().end
    }

    /// The end of what stood on standard error.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.state().stderr).into_owned()
    }

    fn emit_text(&self, state: &mut State, text: Vec<u8>) {
        if !text.is_empty() {
            self.emit_figure(state);
            self.frontend.emit(Output::Stdout(text));
        }
    }

    fn emit_figure(&self, state: &mut State) {
        if let Some((data, metadata)) = state.figure.take() {
            self.frontend.emit(Output::Display {
                data,
                metadata,
                display_id: None,
                update: false,
            });
        }
    }

    fn feed(&self, state: &mut State, bytes: &[u8]) {
        state.held.extend_from_slice(bytes);
        loop {
            let at = find(&state.held, PREFIX);
            let before = at.unwrap_or_else(|| state.held.len() - tail_of(&state.held, PREFIX));
            let text: Vec<u8> = state.held.drain(..before).collect();
            self.emit_text(state, text);
            if at.is_none() {
                return;
            }
            let end = state.held.iter().position(|&byte| byte == b'\n');
            let line = &state.held[..end.unwrap_or(state.held.len())];
            let line = String::from_utf8_lossy(line).into_owned();
            match end {
                Some(end) if is_for_evcxr(&line) => {
                    state.held.drain(..=end);
                    match line.as_str() {
                        PANICKED => state.end = End::Panic,
                        RAISED => state.end = End::Raised,
                        _ => {}
                    }
                    state.told.push(line);
                }
                None if may_be_for_evcxr(&line) => return,
                _ => {
                    let text = state.held.drain(..PREFIX.len()).collect();
                    self.emit_text(state, text);
                }
            }
        }
    }
}

impl Frontend for Filter {
    fn emit(&self, output: Output) {
        let mut state = self.state();
        match output {
            Output::Stdout(bytes) => self.feed(&mut state, &bytes),
            Output::Display {
                data,
                metadata,
                display_id: None,
                update: false,
            } if self.ends_with_value => {
                self.emit_figure(&mut state);
                state.figure = Some((data, metadata));
            }
            other => {
                if let Output::Stderr(bytes) = &other {
                    state.stderr.extend_from_slice(bytes);
                    let surplus = state.stderr.len().saturating_sub(KEPT);
                    state.stderr.drain(..surplus);
                }
                self.frontend.emit(other);
            }
        }
    }

    fn input(&self, prompt: &str, password: bool) -> Result<String, String> {
        self.frontend.input(prompt, password)
    }
}

fn is_for_evcxr(line: &str) -> bool {
    line == PANICKED || line == RAISED || line.starts_with(CHANGED)
}

fn may_be_for_evcxr(line: &str) -> bool {
    [PANICKED, RAISED, CHANGED]
        .iter()
        .any(|word| word.starts_with(line) || line.starts_with(word))
}

/// How many bytes at the end may be the beginning of `word`.
fn tail_of(bytes: &[u8], word: &[u8]) -> usize {
    let longest = bytes.len().min(word.len() - 1);
    (1..=longest)
        .rev()
        .find(|&length| bytes.ends_with(&word[..length]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Collected(Mutex<Vec<Output>>);

    impl Frontend for Collected {
        fn emit(&self, output: Output) {
            self.0.lock().unwrap().push(output);
        }

        fn input(&self, _: &str, _: bool) -> Result<String, String> {
            Err("nobody is here".into())
        }
    }

    fn figure(text: &str) -> Output {
        Output::Display {
            data: Bundle::from([("text/plain".to_owned(), text.into())]),
            metadata: Bundle::new(),
            display_id: None,
            update: false,
        }
    }

    #[test]
    fn lines_for_evcxr_are_told_from_the_cells_own_wherever_they_are_cut() {
        let text = "EVCXR is no EVCXR_WORD\nxEVCXR_PANIC_NOTIFICATION\nEVCXR_VARIABLE_CHANGED_TYPE:v\nEVCXR";
        for cut in 0..text.len() {
            let collected = Arc::new(Collected::default());
            let filter = Filter::new(collected.clone(), true);
            filter.emit(Output::Stdout(text.as_bytes()[..cut].to_vec()));
            filter.emit(Output::Stdout(text.as_bytes()[cut..].to_vec()));
            filter.end();
            assert_eq!(filter.ended(), End::Panic);
            assert_eq!(
                filter.told(),
                ["EVCXR_PANIC_NOTIFICATION", "EVCXR_VARIABLE_CHANGED_TYPE:v"]
            );
            let outputs = collected.0.lock().unwrap();
            let printed: Vec<u8> = outputs
                .iter()
                .flat_map(|output| match output {
                    Output::Stdout(bytes) => bytes.clone(),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(
                String::from_utf8(printed).unwrap(),
                "EVCXR is no EVCXR_WORD\nxEVCXR",
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_figure_that_nothing_follows_is_the_value() {
        let collected = Arc::new(Collected::default());
        let filter = Filter::new(collected.clone(), true);
        filter.emit(figure("1"));
        filter.emit(Output::Stdout(b"between".to_vec()));
        filter.emit(figure("2"));
        filter.end();
        let outputs = collected.0.lock().unwrap();
        assert_eq!(outputs[0], figure("1"));
        assert_eq!(outputs[1], Output::Stdout(b"between".to_vec()));
        assert!(matches!(&outputs[2], Output::Result { data, .. } if data["text/plain"] == "2"));
    }

    #[test]
    fn without_a_value_to_come_figures_are_shown_at_once() {
        let collected = Arc::new(Collected::default());
        let filter = Filter::new(collected.clone(), false);
        filter.emit(figure("1"));
        assert_eq!(*collected.0.lock().unwrap(), [figure("1")]);
        filter.end();
        assert_eq!(collected.0.lock().unwrap().len(), 1);
    }
}
