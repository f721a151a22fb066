//! Reads a notebook file.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

/// One cell of a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Markdown or raw text.
    Text(String),
    Code {
        text: String,
        /// Whether the cell fails on purpose.
        raises: bool,
    },
}

/// Reads the cells of a notebook in format 4, the one of all notebooks since 2015.
///
/// # Errors
/// When the file is missing, is no notebook, or is one of another language.
pub fn read(path: &Path) -> anyhow::Result<Vec<Cell>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    cells(&text).with_context(|| format!("{} cannot be exported", path.display()))
}

fn cells(text: &str) -> anyhow::Result<Vec<Cell>> {
    let notebook: Value = serde_json::from_str(text).context("it is not JSON, so no notebook")?;
    if let Some(format) = notebook["nbformat"].as_i64()
        && format != 4
    {
        bail!(
            "it is a notebook of format {format}, and only format 4 is read: open and save it with \
             a current Jupyter"
        );
    }
    let cells = notebook["cells"]
        .as_array()
        .context("it has no list of cells, so it is no notebook")?;
    let metadata = &notebook["metadata"];
    let language = metadata["kernelspec"]["language"]
        .as_str()
        .or_else(|| metadata["language_info"]["name"].as_str());
    if let Some(language) = language
        && !language.eq_ignore_ascii_case("rust")
    {
        bail!("its cells are {language}, not Rust");
    }
    if cells.is_empty() {
        bail!("it has no cells");
    }
    let cells = cells.iter().enumerate();
    cells
        .map(|(index, cell)| {
            read_cell(cell).with_context(|| format!("cell {} is malformed", index + 1))
        })
        .collect()
}

fn read_cell(cell: &Value) -> anyhow::Result<Cell> {
    let text = match &cell["source"] {
        Value::String(text) => text.clone(),
        Value::Array(lines) => {
            let lines: Option<Vec<&str>> = lines.iter().map(Value::as_str).collect();
            lines.context("its source is not text")?.concat()
        }
        _ => bail!("it has no source"),
    };
    let tags = cell["metadata"]["tags"].as_array();
    match cell["cell_type"].as_str() {
        Some("code") => Ok(Cell::Code {
            text: text.replace("\r\n", "\n"),
            raises: tags.is_some_and(|tags| tags.iter().any(|tag| tag == "raises-exception")),
        }),
        Some("markdown" | "raw") => Ok(Cell::Text(text)),
        Some(other) => bail!("there are no cells of type {other}"),
        None => bail!("it has no type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", cells(text).unwrap_err())
    }

    #[test]
    fn cells_are_read_in_both_spellings_of_their_source() {
        let text = r##"{"nbformat": 4, "cells": [
            {"cell_type": "markdown", "source": ["# A\n", "b"]},
            {"cell_type": "code", "source": "1", "metadata": {"tags": ["raises-exception"]}},
            {"cell_type": "code", "source": []}
        ]}"##;
        let code = |text: &str, raises| Cell::Code {
            text: text.into(),
            raises,
        };
        assert_eq!(
            cells(text).unwrap(),
            [
                Cell::Text("# A\nb".into()),
                code("1", true),
                code("", false)
            ]
        );
    }

    #[test]
    fn what_is_no_rust_notebook_is_refused() {
        assert!(error("print(1)").contains("not JSON"));
        assert!(error("[1]").contains("no list of cells"));
        assert!(error(r#"{"nbformat": 3, "worksheets": []}"#).contains("format 3"));
        assert!(error(r#"{"nbformat": 4, "cells": []}"#).contains("no cells"));
        assert!(
            error(r#"{"cells": [{}], "metadata": {"kernelspec": {"language": "python"}}}"#)
                .contains("python, not Rust")
        );
        assert!(
            error(r#"{"cells": [{"cell_type": "code", "source": [1]}]}"#)
                .contains("cell 1 is malformed")
        );
    }
}
