//! Tables: HTML for notebooks, aligned text beside it.

mod order;

use std::fmt;

use super::palette;
use super::picture::{Figure, Words};
use super::show::Show;
use super::svg::{self, Svg, escape};
use super::typography::{self, Face, columns, fit, width};
use crate::notebook::Bundle;

/// As many rows as a table shows.
const MOST_ROWS: usize = 200;
const SIZE: f64 = 12.0;
const ROW: f64 = 24.0;
const GAP: f64 = 24.0;
const WIDEST: f64 = 320.0;
/// As many characters as a cell shows as text.
const LONGEST: usize = 400;

/// Rows under column names. Columns of numbers stand to the right.
///
/// ```
/// use lessons::figure::Table;
/// let table = Table::new("Passes", ["pass", "nodes"])
///     .row(["as built", "9"])
///     .row(["fused", "3"]);
/// assert_eq!(table.to_string(), "pass      nodes\n--------  -----\nas built      9\nfused         3\n");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    finding: Option<String>,
    sort: Option<Sort>,
}

#[derive(Debug, Clone, PartialEq)]
struct Sort {
    column: String,
    descending: bool,
}

impl Table {
    pub fn new<S: Into<String>>(title: &str, columns: impl IntoIterator<Item = S>) -> Table {
        Table {
            title: title.to_owned(),
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
            finding: None,
            sort: None,
        }
    }

    /// Adds a row. Cells that are missing are empty; those beyond the columns are dropped.
    pub fn row<S: Into<String>>(mut self, cells: impl IntoIterator<Item = S>) -> Table {
        let mut cells: Vec<String> = cells.into_iter().map(Into::into).collect();
        cells.resize(self.columns.len(), String::new());
        self.rows.push(cells);
        self
    }

    /// Says what the table shows, in a sentence.
    pub fn finding(mut self, finding: &str) -> Table {
        self.finding = Some(finding.to_owned());
        self
    }

    /// Sorts the rows by a column, the least first: numbers by size, whatever their units; text such
    /// that `layer 2` comes before `layer 10`. Equal rows keep their order; rows without a value come
    /// last.
    ///
    /// ```
    /// use lessons::figure::Table;
    /// let table = Table::new("Layers", ["layer", "size"])
    ///     .row(["layer 10", "1.2 MB"])
    ///     .row(["layer 2", "840 kB"]);
    /// let rows = |table: Table| table.to_string().lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
    /// assert_eq!(rows(table.clone().sort_by("size"))[0], "layer 2   840 kB");
    /// assert_eq!(rows(table.sort_by_descending("layer"))[0], "layer 10  1.2 MB");
    /// ```
    pub fn sort_by(self, column: &str) -> Table {
        self.sorted(column, false)
    }

    /// Sorts the rows by a column, the greatest first; see [`Table::sort_by`].
    pub fn sort_by_descending(self, column: &str) -> Table {
        self.sorted(column, true)
    }

    fn sorted(mut self, column: &str, descending: bool) -> Table {
        self.sort = Some(Sort {
            column: column.to_owned(),
            descending,
        });
        self
    }

    fn words(&self) -> String {
        let words = match &self.finding {
            Some(finding) => finding.clone(),
            None => format!(
                "{} by {}",
                super::diagram::count(self.rows.len(), "row"),
                self.columns.join(", ")
            ),
        };
        let Some(Sort { column, descending }) = &self.sort else {
            return words;
        };
        let words = words.trim_end_matches('.');
        match (self.columns.contains(column), descending) {
            (true, false) => format!("{words}. Sorted by {column}."),
            (true, true) => format!("{words}. Sorted by {column}, the greatest first."),
            (false, _) => format!("{words}. There is no column `{column}` to sort by."),
        }
    }

    /// The rows in the order in which they are shown.
    fn ordered(&self) -> Vec<&Vec<String>> {
        let mut rows: Vec<&Vec<String>> = self.rows.iter().collect();
        let column = self.sort.as_ref().and_then(|Sort { column, descending }| {
            let at = self.columns.iter().position(|name| name == column)?;
            Some((at, *descending))
        });
        if let Some((column, descending)) = column {
            rows.sort_by(|a, b| {
                let (a, b) = (&a[column], &b[column]);
                let order = order::compare(a, b);
                let some = !order::is_last(a) && !order::is_last(b);
                if descending && some {
                    order.reverse()
                } else {
                    order
                }
            });
        }
        rows
    }

    /// The first rows, and a row that says how many there are beyond them.
    fn shown(&self) -> Vec<Vec<String>> {
        let rows = self.ordered().into_iter().take(MOST_ROWS);
        let mut rows: Vec<Vec<String>> = rows.cloned().collect();
        if self.rows.len() > MOST_ROWS {
            let mut more = vec![String::new(); self.columns.len()];
            if let Some(first) = more.first_mut() {
                *first = format!("… and {} more", self.rows.len() - MOST_ROWS);
            }
            rows.push(more);
        }
        rows
    }

    /// An HTML table, which needs no picture: it can be selected, searched and read aloud.
    pub fn to_html(&self) -> String {
        let numeric = numeric(&self.columns, &self.rows);
        // Said twice: JupyterLab's own style wins over the attribute, and GitHub drops styles.
        let align = |column: usize| match numeric[column] {
            true => "align=\"right\" style=\"text-align:right\"",
            false => "align=\"left\" style=\"text-align:left\"",
        };
        let mut html = format!(
            "<table><caption>{}: {}</caption><thead><tr>",
            escape(&self.title),
            escape(&self.words())
        );
        for (column, name) in self.columns.iter().enumerate() {
            html.push_str(&format!(
                "<th scope=\"col\" {}>{}</th>",
                align(column),
                escape(name)
            ));
        }
        html.push_str("</tr></thead><tbody>");
        for row in self.shown() {
            html.push_str("<tr>");
            for (column, cell) in row.iter().enumerate() {
                html.push_str(&format!("<td {}>{}</td>", align(column), escape(cell)));
            }
            html.push_str("</tr>");
        }
        html.push_str("</tbody></table>");
        html
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![self.columns.clone()];
        rows.extend(self.shown());
        f.write_str(&aligned(&rows))
    }
}

impl Show for Table {
    /// The table as a picture, for files; a notebook is shown HTML.
    fn figure(&self) -> Figure {
        let rows = self.shown();
        let numeric = numeric(&self.columns, &self.rows);
        let wide: Vec<f64> = (0..self.columns.len())
            .map(|column| {
                let cells = rows.iter().map(|row| width(&row[column], SIZE, Face::Sans));
                let name = width(&self.columns[column], SIZE, Face::Bold);
                cells.fold(name, f64::max).min(WIDEST)
            })
            .collect();
        let total: f64 = wide.iter().map(|wide| wide + GAP).sum::<f64>() - GAP;
        let mut svg = Svg::new();
        let mut draw = |cells: &[String], y: f64, face: Face| {
            let mut x = 0.0;
            for (column, cell) in cells.iter().enumerate() {
                let cell = fit(cell, wide[column], SIZE, face);
                let at = if numeric[column] { x + wide[column] } else { x };
                let mut text = svg::text(at, y, &cell).fill(palette::INK);
                if numeric[column] {
                    text = text.end();
                }
                svg.add(if face == Face::Bold {
                    text.bold()
                } else {
                    text
                });
                x += wide[column] + GAP;
            }
        };
        draw(&self.columns, 14.0, Face::Bold);
        for (index, row) in rows.iter().enumerate() {
            draw(row, 14.0 + ROW * (index + 1) as f64, Face::Sans);
        }
        for index in 0..rows.len() {
            let y = ROW * index as f64 + 22.5;
            svg.add(svg::line(0.0, y, total, y).stroke(palette::RULE, 1.0));
        }
        let words = Words {
            title: self.title.clone(),
            kind: "Table",
            finding: self.words(),
            text: self.to_string(),
        };
        Figure::new(words, svg, total.max(0.0), ROW * (rows.len() + 1) as f64)
    }

    fn evcxr_display(&self) {
        let text = format!("{}\n{}\n\n{self}", self.title, self.words());
        crate::notebook::display(&Bundle::text(text).with("text/html", self.to_html()));
    }
}

/// Columns in which every cell starts like a number.
fn numeric(names: &[String], rows: &[Vec<String>]) -> Vec<bool> {
    let is_number = |cell: &String| {
        let digits = cell.trim_start_matches(['-', '−', '+', '<', '×', ' ']);
        digits.starts_with(|c: char| c.is_ascii_digit()) || ["NaN", "∞"].contains(&digits)
    };
    (0..names.len())
        .map(|column| {
            let mut cells = rows
                .iter()
                .map(|row| &row[column])
                .filter(|cell| !cell.is_empty());
            rows.iter().any(|row| !row[column].is_empty()) && cells.all(is_number)
        })
        .collect()
}

/// Rows with aligned columns, the first underlined; each line ends with a newline.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let Some((names, body)) = rows.split_first() else {
        return String::new();
    };
    let numeric = numeric(names, body);
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| typography::visible(&typography::shorten(cell, LONGEST)).into_owned())
                .collect()
        })
        .collect();
    let wide: Vec<usize> = (0..names.len())
        .map(|column| {
            rows.iter()
                .map(|row| columns(&row[column]))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(column, cell)| match numeric[column] {
                true => format!("{}{cell}", " ".repeat(wide[column] - columns(cell))),
                false => typography::pad(cell, wide[column]),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
        if index == 0 {
            let rules: Vec<String> = wide.iter().map(|wide| "-".repeat(*wide)).collect();
            text.push_str(&rules.join("  "));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_escaped_and_numbers_stand_to_the_right() {
        let table = Table::new("t", ["name", "bytes"])
            .row(["<script>x</script>", "12"])
            .row(["short"]);
        let html = table.to_html();
        assert!(!html.contains("<script"));
        assert!(html.contains("<td align=\"right\" style=\"text-align:right\">12</td>"));
        assert!(table.figure().to_svg().contains("&lt;script&gt;"));
    }

    #[test]
    fn rows_are_sorted_before_they_are_cut() {
        let mut table = Table::new("many", ["name", "time"]).row(["none", ""]);
        for n in 0..300 {
            table = table.row([format!("k{n}"), format!("{n} µs")]);
        }
        let table = table.row(["slow", "1 ms"]);
        let first = |table: &Table| table.shown().remove(0).remove(0);
        assert_eq!(first(&table.clone().sort_by_descending("time")), "slow");
        assert_eq!(first(&table.clone().sort_by("time")), "k0");
        let alt = |table: Table| table.figure().alt().to_owned();
        assert!(
            alt(table.clone().sort_by_descending("time"))
                .ends_with("Sorted by time, the greatest first.")
        );
        assert!(alt(table.sort_by("bytes")).contains("no column `bytes`"));
    }

    #[test]
    fn long_tables_say_how_much_they_leave_out() {
        let mut table = Table::new("many", ["n"]);
        for n in 0..1000 {
            table = table.row([n.to_string()]);
        }
        assert!(table.to_string().ends_with("… and 800 more\n"));
        assert!(table.figure().to_svg().len() < 200_000);
    }

    #[test]
    fn tables_without_columns_or_rows_are_drawn() {
        let none: [&str; 0] = [];
        assert!(
            Table::new("empty", none)
                .figure()
                .alt()
                .starts_with("Table empty: 0 rows")
        );
        assert_eq!(Table::new("empty", ["a"]).to_string(), "a\n-\n");
    }
}
