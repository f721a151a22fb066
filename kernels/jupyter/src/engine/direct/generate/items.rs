//! The items of a cell as they stand in a later one: without what was replaced, and with statics that
//! are one piece of memory.

use std::fmt::Write;
use std::ops::Range;

use super::super::notebook::LiveItem;
use super::{CellText, Generator, SourceFile};
use crate::cell::Piece;

impl Generator<'_> {
    /// The file with these items of one cell.
    pub(super) fn items_file(
        &self,
        name: &str,
        items: &[&LiveItem],
        own: usize,
        needed: &[usize],
        main: &mut SourceFile,
        defines_statics: &mut Vec<String>,
    ) -> SourceFile {
        let Some(cell) = items.first().map(|live| live.cell) else {
            return SourceFile::new(name, None);
        };
        let text = CellText {
            text: self.notebook.texts[cell].clone(),
            current: cell == own,
        };
        let mut file = SourceFile::new(name, Some(text));
        for live in items {
            if cell != own && !live.leaves.is_empty() {
                for leaf in live
                    .leaves
                    .iter()
                    .filter(|leaf| self.notebook.leads(leaf, needed))
                {
                    let _ = writeln!(main.text, "use {};", leaf.path);
                }
                continue;
            }
            let points = self.check_points(&live.item.check_points);
            let mut start = live.item.range.start;
            for (range, text) in self.edits(live, defines_statics) {
                // A static inside of what is replaced goes with it.
                if range.start < start {
                    continue;
                }
                file.push_user(start..range.start, &points);
                file.push_generated(range.start, &text);
                start = range.end;
            }
            file.push_user(start..live.item.range.end, &points);
        }
        file
    }

    /// What stands in an item's text in place of some ranges: nothing for what was replaced, and for
    /// statics what makes their memory one for all cells.
    fn edits(
        &self,
        live: &LiveItem,
        defines_statics: &mut Vec<String>,
    ) -> Vec<(Range<usize>, String)> {
        let holes = live.holes.iter().map(|hole| (hole.clone(), String::new()));
        let mut edits: Vec<(Range<usize>, String)> = holes.collect();
        let mut symbols = live.symbols.iter();
        for memory in &live.item.memory {
            let pieces: Vec<(&Piece, &String)> =
                memory.pieces.iter().zip(symbols.by_ref()).collect();
            let loaded =
                |(_, symbol): &(&Piece, &String)| self.notebook.loaded_statics.contains(*symbol);
            if pieces.iter().all(loaded) {
                let text = pieces
                    .iter()
                    .map(|(piece, symbol)| declaration(piece, symbol, memory.thread_local));
                edits.push((memory.range.clone(), text.collect()));
                continue;
            }
            defines_statics.extend(pieces.iter().map(|(_, symbol)| (*symbol).clone()));
            let Range { start, end } = memory.range;
            if memory.thread_local {
                let keys = pieces.iter().map(|(Piece { name, ty, .. }, symbol)| {
                    format!(
                        " #[unsafe(export_name = {symbol:?})] static __{symbol}: \
                         ::std::thread::LocalKey<{ty}> = {name};"
                    )
                });
                edits.push((end..end, keys.collect()));
            } else if let Some((_, symbol)) = pieces.first() {
                let mark = format!("#[unsafe(export_name = {symbol:?})] ");
                edits.push((start..start, mark));
            }
        }
        edits.sort_by_key(|(range, _)| range.start);
        edits
    }
}

/// Memory that another cell holds.
fn declaration(piece: &Piece, symbol: &str, thread_local: bool) -> String {
    let Piece {
        name,
        ty,
        mutable,
        visibility,
    } = piece;
    let (safe, mutable) = if *mutable {
        ("", "mut ")
    } else {
        ("safe ", "")
    };
    let ty = if thread_local {
        format!("::std::thread::LocalKey<{ty}>")
    } else {
        ty.clone()
    };
    format!(
        "unsafe extern \"C\" {{ #[link_name = {symbol:?}] \
         {visibility} {safe}static {mutable}{name}: {ty}; }} "
    )
}
