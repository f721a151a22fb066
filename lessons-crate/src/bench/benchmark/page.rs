//! A report as texts, for a template.

use serde::Serialize;

/// What a template of a report is given: lines and cells of text, and the same as data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    pub name: String,
    pub description: String,
    /// What stands above the table: the machine, and how it was measured.
    pub head: Vec<String>,
    pub columns: Vec<String>,
    /// Each as long as `columns`.
    pub rows: Vec<Vec<String>>,
    /// What stands below the table: failures, memory, warnings.
    pub notes: Vec<String>,
    /// The report as its JSON has it, with all samples.
    pub report: serde_json::Value,
}
