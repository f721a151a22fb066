//! A generated file, and which of its bytes are whose.

use std::ops::Range;
use std::sync::Arc;

use crate::cell::CheckPoint;

/// What a stretch of a generated file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The user's code, from this byte of the file's cell on.
    User(usize),
    /// Takes this variable out of the store.
    Take(String),
    /// Puts this variable, declared by the cell, into the store.
    KeepNew(String),
    /// Puts this variable, which the cell only borrowed, back into the store.
    KeepOld(String),
    /// Shows the cell's value.
    Shown,
    /// Ends the statement that the cell ends in.
    End,
}

#[derive(Debug, Clone)]
pub struct Segment {
    pub generated: Range<usize>,
    pub origin: Origin,
}

/// One generated file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    pub name: String,
    pub text: String,
    pub segments: Vec<Segment>,
    /// The cell whose code stands in it; `None` for `main.rs`.
    pub cell: Option<CellText>,
}

/// A cell that code came from.
#[derive(Debug, Clone)]
pub struct CellText {
    pub text: Arc<str>,
    pub current: bool,
}

impl SourceFile {
    pub fn new(name: &str, cell: Option<CellText>) -> Self {
        SourceFile {
            name: name.to_owned(),
            text: String::new(),
            segments: Vec::new(),
            cell,
        }
    }

    pub fn push(&mut self, origin: Origin, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.segments.push(Segment {
            generated: start..self.text.len(),
            origin,
        });
    }

    /// Goes on to the line on which this byte of the cell stands.
    pub fn go_to(&mut self, position: usize) {
        let Some(cell) = &self.cell else { return };
        let line = cell.text[..position].matches('\n').count();
        let here = self.text.matches('\n').count();
        self.text
            .extend(std::iter::repeat_n('\n', line.saturating_sub(here)));
    }

    /// Puts code that is nobody's on the line of a byte of the cell.
    pub fn push_generated(&mut self, position: usize, text: &str) {
        self.go_to(position);
        self.text.push_str(text);
    }

    /// Puts a range of the cell on its own lines, with these check points between its parts.
    pub fn push_user(&mut self, range: Range<usize>, check_points: &[&CheckPoint]) {
        let Some(cell) = self.cell.clone() else {
            return;
        };
        if range.is_empty() {
            return;
        }
        self.go_to(range.start);
        let mut start = range.start;
        for point in check_points {
            if point.is_within(&range) {
                self.push(Origin::User(start), &cell.text[start..point.at]);
                self.text.push_str(point.text);
                start = point.at;
            }
        }
        self.push(Origin::User(start), &cell.text[start..range.end]);
        self.text.push(' ');
    }
}
