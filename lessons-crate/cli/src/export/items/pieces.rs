//! Items as they are written in a program.

use std::sync::Arc;

use lessons_syntax::{ItemKind, ParsedCell};

use super::Unit;

/// Items in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Index of the cell that it is from.
    pub cell: usize,
    pub text: String,
    /// Macros must stand before what calls them.
    pub is_macro: bool,
}

/// The text of units, in the order of their cells.
pub fn pieces(cells: &[ParsedCell], units: &[&Unit]) -> Vec<Piece> {
    let mut units: Vec<&Unit> = units.to_vec();
    units.sort_by_key(|unit| (unit.cell, unit.item.range.start));
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    while at < units.len() {
        let unit = units[at];
        let same = units[at..]
            .iter()
            .take_while(|other| Arc::ptr_eq(&other.item, &unit.item))
            .count();
        let group = &units[at..at + same];
        at += same;
        let whole = match &unit.item.kind {
            ItemKind::Use(leaves) => leaves.len() == group.len(),
            _ => true,
        };
        let text = match whole {
            true => source(&cells[unit.cell].text, unit),
            false => {
                let leaves = group.iter().filter_map(|unit| unit.leaf.as_ref());
                let lines: Vec<String> = leaves.map(|leaf| format!("use {};", leaf.path)).collect();
                lines.join("\n")
            }
        };
        pieces.push(Piece {
            cell: unit.cell,
            text,
            is_macro: unit.item.kind == ItemKind::Macro,
        });
    }
    pieces
}

/// An item's text, with the comments above it and without the parts that were replaced.
fn source(text: &str, unit: &Unit) -> String {
    let range = &unit.item.range;
    let mut written = text[with_comments(text, range.start)..range.start].to_owned();
    let mut holes = unit.holes.clone();
    holes.sort_by_key(|hole| hole.start);
    let mut start = range.start;
    for hole in holes {
        written.push_str(text[start..hole.start].trim_end());
        start = hole.end;
    }
    written.push_str(&text[start..range.end]);
    written
}

/// Where the comment lines directly above a place begin.
pub fn with_comments(text: &str, at: usize) -> usize {
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    if !text[line..at].trim().is_empty() {
        return at;
    }
    let mut start = line;
    let mut found = at;
    while start > 0 {
        let above = text[..start - 1]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        if !text[above..start - 1].trim_start().starts_with("//") {
            break;
        }
        start = above;
        found = above;
    }
    found
}
