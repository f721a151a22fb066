//! Errors of graphs: what was asked, which rule it broke, and what to try.

use std::fmt;

use super::site::Site;
use super::tensor_type::TensorType;

/// How a shape rule says no. `{0}`, `{1}`, … in the texts stand for the names of the operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub what: String,
    pub help: Option<String>,
}

impl Broken {
    pub fn new(what: impl Into<String>) -> Broken {
        Broken {
            what: what.into(),
            help: None,
        }
    }

    pub fn help(mut self, help: impl Into<String>) -> Broken {
        self.help = Some(help.into());
        self
    }
}

/// An operand as an error shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    pub name: String,
    pub ty: TensorType,
    pub site: Option<Site>,
}

/// Why a graph cannot be built, or does not verify.
///
/// Its `Display` is made for people: the sentence, the operands with their types and the lines that
/// made them, the line that failed, the rule, and a suggestion.
#[derive(Clone, PartialEq, Eq)]
pub struct GraphError(Box<Parts>);

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    op: String,
    what: String,
    operands: Vec<Operand>,
    site: Option<Site>,
    rule: Option<String>,
    help: Option<String>,
}

impl GraphError {
    /// An error in `op`: `what` is a sentence without a final dot.
    pub fn new(op: impl Into<String>, what: impl Into<String>) -> GraphError {
        GraphError(Box::new(Parts {
            op: op.into(),
            what: what.into(),
            operands: Vec::new(),
            site: None,
            rule: None,
            help: None,
        }))
    }

    /// The error of an op whose shape rule said no.
    pub(crate) fn broken(
        op: &str,
        broken: Broken,
        rule: &str,
        operands: Vec<Operand>,
    ) -> GraphError {
        let named = |text: String| {
            operands
                .iter()
                .enumerate()
                .fold(text, |text, (index, operand)| {
                    text.replace(&format!("{{{index}}}"), &operand.name)
                })
        };
        let mut error = GraphError::new(op, named(broken.what));
        error.0.help = broken.help.map(named);
        error.0.rule = Some(rule.to_owned());
        error.0.operands = operands;
        error
    }

    pub fn at(mut self, site: Option<Site>) -> GraphError {
        self.0.site = site;
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> GraphError {
        self.0.help = Some(help.into());
        self
    }

    pub fn with_operands(mut self, operands: Vec<Operand>) -> GraphError {
        self.0.operands = operands;
        self
    }

    /// The op, or the part of the graph, that failed.
    pub fn op(&self) -> &str {
        &self.0.op
    }

    /// What is wrong, in a sentence.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    pub fn operands(&self) -> &[Operand] {
        &self.0.operands
    }

    /// The line that asked for it.
    pub fn site(&self) -> Option<&Site> {
        self.0.site.as_ref()
    }

    /// What to try.
    pub fn suggestion(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts {
            op,
            what,
            operands,
            site,
            rule,
            help,
        } = &*self.0;
        write!(f, "{op}: {what}")?;
        let labels: Vec<_> = operands
            .iter()
            .map(|operand| format!("{}: {}", operand.name, operand.ty))
            .collect();
        let widest = labels
            .iter()
            .map(|label| label.chars().count())
            .max()
            .unwrap_or(0);
        if !operands.is_empty() {
            writeln!(f)?;
        }
        for (operand, label) in operands.iter().zip(&labels) {
            match &operand.site {
                Some(site) => write!(f, "\n  {label:widest$}  {site}")?,
                None => write!(f, "\n  {label}")?,
            }
        }
        let notes = [
            ("here", site.as_ref().map(Site::to_string)),
            ("rule", rule.clone()),
            ("try", help.clone()),
        ];
        let mut blank = "\n";
        for (title, text) in notes {
            if let Some(text) = text {
                write!(f, "{blank}\n  {title}: {text}")?;
                blank = "";
            }
        }
        Ok(())
    }
}

impl fmt::Debug for GraphError {
    /// The same as `Display`, since `unwrap` and a failing `main` print this.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for GraphError {}
