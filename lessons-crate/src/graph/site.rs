//! Call sites: where in the user's code an op was written.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// A line of the program, or of the notebook cell, that made something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Site {
    pub file: Arc<str>,
    pub line: u32,
}

impl Site {
    /// Where the nearest caller without `#[track_caller]` is.
    #[track_caller]
    pub fn here() -> Site {
        Site::from(Location::caller())
    }

    /// The text of the line, trimmed, if the source file can still be read.
    pub fn text(&self) -> Option<String> {
        let source = std::fs::read_to_string(&*self.file).ok()?;
        let line = source
            .lines()
            .nth(self.line.checked_sub(1)? as usize)?
            .trim();
        (!line.is_empty()).then(|| line.to_owned())
    }
}

impl From<&Location<'_>> for Site {
    fn from(location: &Location<'_>) -> Site {
        Site {
            file: Arc::from(location.file()),
            line: location.line(),
        }
    }
}

impl fmt::Display for Site {
    /// ``line 3: `let y = x.relu();` ``, without the file, which in a notebook is no help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => write!(f, "line {}: `{text}`", self.line),
            None => write!(f, "line {}", self.line),
        }
    }
}
