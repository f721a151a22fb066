//! Which cells made what is there: those that `:replay` runs again.
//!
//! A cell is remembered as long as something that lives depends on it: a variable that it declared or
//! may have changed, the memory of a static, an item. Every other cell is forgotten at once.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A cell that ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its text, with the commands that it needs.
    pub code: String,
    /// The level that `:opt` had set.
    pub optimization: Option<u8>,
    /// Variables that it gave a value of its own. Memory of a static is listed as well, see
    /// [`static_memory`].
    pub declares: BTreeSet<String>,
    /// What it read or changed.
    pub reads: BTreeSet<String>,
    /// Those of `reads` that it may have changed.
    pub changes: BTreeSet<String>,
    /// Whether a command in it is needed by later cells.
    pub prepares: bool,
    /// Whether it is needed for more than its items and commands.
    pub whole: bool,
    /// Which of the notebook's texts its items stand in; means nothing in another session.
    #[serde(skip)]
    pub text: Option<usize>,
}

/// The name under which the memory of a static is listed among variables.
pub fn static_memory(name: &str) -> String {
    format!("static {name}")
}

/// The cells of a session that are needed, in the order in which they ran.
#[derive(Debug, Clone, Default)]
pub struct History {
    entries: Vec<Entry>,
    /// What went with a runtime and has not been made again.
    lost: BTreeSet<String>,
}

impl History {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// A cell ran. `live` is what there is now, `texts` are those in which live items stand.
    pub fn record(&mut self, entry: Entry, live: &BTreeSet<String>, texts: &BTreeSet<usize>) {
        if entry.whole {
            self.lost.retain(|name| !entry.declares.contains(name));
        }
        self.entries.push(entry);
        self.forget_the_rest(live, texts);
    }

    /// The runtime is gone, and this with it.
    pub fn lose(&mut self, names: impl IntoIterator<Item = String>) {
        self.lost.extend(names);
    }

    /// Everything that was lost is there again, or is given up.
    pub fn forget_losses(&mut self) {
        self.lost.clear();
    }

    fn forget_the_rest(&mut self, live: &BTreeSet<String>, texts: &BTreeSet<usize>) {
        let wanted = live.union(&self.lost).cloned().collect();
        let whole = slice(&self.entries, wanted);
        let mut index = 0;
        self.entries.retain_mut(|entry| {
            entry.whole = whole.contains(&index);
            index += 1;
            entry.whole || entry.prepares || entry.text.is_some_and(|text| texts.contains(&text))
        });
    }

    /// The cells that make what was lost. What lives and would be made anew by them is made again as
    /// well, so that it ends as it is now.
    pub fn replay(&self, live: &BTreeSet<String>) -> Vec<Entry> {
        let mut wanted = self.lost.clone();
        loop {
            let chosen = slice(&self.entries, wanted.clone());
            let chosen: Vec<&Entry> = chosen.iter().map(|&index| &self.entries[index]).collect();
            let touched = chosen
                .iter()
                .flat_map(|entry| entry.declares.union(&entry.changes));
            let more: Vec<String> = touched
                .filter(|name| live.contains(*name) && !wanted.contains(*name))
                .cloned()
                .collect();
            if more.is_empty() {
                return chosen.into_iter().cloned().collect();
            }
            wanted.extend(more);
        }
    }
}

/// The indices of the cells that are needed for these variables.
fn slice(entries: &[Entry], mut wanted: BTreeSet<String>) -> BTreeSet<usize> {
    let mut chosen = BTreeSet::new();
    for (index, entry) in entries.iter().enumerate().rev() {
        let contributes =
            !entry.declares.is_disjoint(&wanted) || !entry.changes.is_disjoint(&wanted);
        if entry.whole && contributes {
            chosen.insert(index);
            wanted.retain(|name| !entry.declares.contains(name));
            wanted.extend(entry.reads.iter().cloned());
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &str) -> BTreeSet<String> {
        names.split_whitespace().map(str::to_owned).collect()
    }

    fn cell(code: &str, declares: &str, reads: &str, changes: &str) -> Entry {
        Entry {
            code: code.into(),
            declares: set(declares),
            reads: set(reads),
            changes: set(changes),
            whole: true,
            ..Entry::default()
        }
    }

    fn codes(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.code.as_str()).collect()
    }

    fn run(history: &mut History, entry: Entry, live: &str) {
        history.record(entry, &set(live), &BTreeSet::new());
    }

    #[test]
    fn only_what_something_depends_on_is_remembered() {
        let mut history = History::default();
        run(&mut history, cell("let a = 1", "a", "", ""), "a");
        run(&mut history, cell("a", "", "a", ""), "a");
        run(&mut history, cell("let a = 2", "a", "", ""), "a");
        run(&mut history, cell("let v = vec![a]", "v", "a", ""), "a v");
        run(&mut history, cell("v.push(1)", "", "v", "v"), "a v");
        assert_eq!(
            codes(history.entries()),
            ["let a = 2", "let v = vec![a]", "v.push(1)"]
        );
        // Moved on: what made it is still needed.
        run(&mut history, cell("let w = v", "w", "v", ""), "a w");
        assert_eq!(history.entries().len(), 4);
        run(&mut history, cell("let w = 0", "w", "", ""), "a w");
        assert_eq!(codes(history.entries()), ["let a = 2", "let w = 0"]);
    }

    #[test]
    fn a_cell_stays_for_its_items_alone() {
        let mut history = History::default();
        let mut entry = cell("fn f() {} let a = 1;", "a", "", "");
        entry.text = Some(0);
        history.record(entry, &set("a"), &BTreeSet::from([0]));
        history.record(
            cell("let a = 2", "a", "", ""),
            &set("a"),
            &BTreeSet::from([0]),
        );
        assert!(!history.entries()[0].whole);
        history.record(cell("let a = 3", "a", "", ""), &set("a"), &BTreeSet::new());
        assert_eq!(codes(history.entries()), ["let a = 3"]);
    }

    #[test]
    fn what_was_lost_is_made_again_and_what_lives_ends_as_it_is() {
        let mut history = History::default();
        run(&mut history, cell("let y = 1", "y", "", ""), "y");
        run(&mut history, cell("let x = y", "x", "y", ""), "x y");
        history.lose(set("x y"));
        assert_eq!(codes(&history.replay(&set(""))), ["let y = 1", "let x = y"]);
        run(&mut history, cell("let y = 7", "y", "", ""), "y");
        assert_eq!(
            codes(&history.replay(&set("y"))),
            ["let y = 1", "let x = y", "let y = 7"]
        );
        run(&mut history, cell("let x = 0", "x", "", ""), "x y");
        assert!(!history.has_lost());
        assert_eq!(codes(history.entries()), ["let y = 7", "let x = 0"]);
    }

    #[test]
    fn repeated_changes_are_repeated() {
        let mut history = History::default();
        run(&mut history, cell("let mut n = 0", "n", "", ""), "n");
        for _ in 0..3 {
            run(&mut history, cell("n += 1", "", "n", "n"), "n");
        }
        history.lose(set("n"));
        assert_eq!(history.replay(&set("")).len(), 4);
    }
}
