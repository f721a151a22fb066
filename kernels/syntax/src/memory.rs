//! The statics in an item: each is one piece of memory in the whole session, whichever cell's copy of
//! the code looks at it.

use std::ops::Range;

use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::visit::Visit;

use super::range_of;

/// A `static` at any depth of an item, or the statics of one `thread_local!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The whole declaration, attributes and semicolon included.
    pub range: Range<usize>,
    pub pieces: Vec<Piece>,
    pub thread_local: bool,
}

/// One name of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub name: String,
    /// As source text.
    pub ty: String,
    pub mutable: bool,
    /// As source text: `pub`, `pub(crate)` or nothing.
    pub visibility: String,
}

/// The memory of a statement that is an item, in order.
pub fn in_statement(statement: &syn::Stmt) -> Vec<Memory> {
    let mut search = Search(Vec::new());
    search.visit_stmt(statement);
    search.0
}

struct Search(Vec<Memory>);

impl Search {
    fn add_keys(&mut self, mac: &syn::Macro, range: Range<usize>) {
        let is_keys = mac
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "thread_local");
        if is_keys && let Ok(keys) = mac.parse_body::<Keys>() {
            self.0.push(Memory {
                range,
                pieces: keys.0,
                thread_local: true,
            });
        }
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.0.push(Memory {
            range: range_of(item),
            pieces: vec![Piece {
                name: item.ident.to_string(),
                ty: item.ty.to_token_stream().to_string(),
                mutable: matches!(item.mutability, syn::StaticMutability::Mut(_)),
                visibility: item.vis.to_token_stream().to_string(),
            }],
            thread_local: false,
        });
        // A static inside the initializer comes and goes with the text around it.
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        self.add_keys(&item.mac, range_of(item));
    }

    fn visit_stmt_macro(&mut self, statement: &'ast syn::StmtMacro) {
        self.add_keys(&statement.mac, range_of(statement));
    }
}

/// What stands in `thread_local! { … }`.
struct Keys(Vec<Piece>);

impl Parse for Keys {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut pieces = Vec::new();
        while !input.is_empty() {
            input.call(syn::Attribute::parse_outer)?;
            let visibility: syn::Visibility = input.parse()?;
            input.parse::<syn::Token![static]>()?;
            let name: syn::Ident = input.parse()?;
            input.parse::<syn::Token![:]>()?;
            let ty: syn::Type = input.parse()?;
            input.parse::<syn::Token![=]>()?;
            if input.peek(syn::Token![const]) {
                input.parse::<syn::Token![const]>()?;
            }
            input.parse::<syn::Expr>()?;
            if !input.is_empty() {
                input.parse::<syn::Token![;]>()?;
            }
            pieces.push(Piece {
                name: name.to_string(),
                ty: ty.to_token_stream().to_string(),
                mutable: false,
                visibility: visibility.to_token_stream().to_string(),
            });
        }
        Ok(Keys(pieces))
    }
}

#[cfg(test)]
mod tests {

    fn memory(code: &str) -> Vec<(String, String, bool)> {
        let cell = crate::parse(code).unwrap();
        let found = cell.items.iter().flat_map(|item| &item.memory);
        found
            .map(|memory| {
                let names = memory
                    .pieces
                    .iter()
                    .map(|piece| format!("{} {}: {}", piece.visibility, piece.name, piece.ty));
                (
                    names.collect::<Vec<_>>().join(", ").trim().to_owned(),
                    cell.text[memory.range.clone()].to_owned(),
                    memory.thread_local,
                )
            })
            .collect()
    }

    #[test]
    fn statics_are_found_at_any_depth() {
        let found = memory(
            "mod m { pub static A: u8 = 1; fn f() { loop { static mut B: [u8; 2] = [0; 2]; } } }\nstatic C: i32 = 3;",
        );
        let names: Vec<&str> = found.iter().map(|(names, ..)| names.as_str()).collect();
        assert_eq!(names, ["pub A: u8", "B: [u8 ; 2]", "C: i32"]);
        assert_eq!(found[0].1, "pub static A: u8 = 1;");
    }

    #[test]
    fn thread_locals_are_found_with_their_types() {
        let code = "std::thread_local! { static A: Cell<u32> = const { Cell::new(0) }; pub static B: u8 = 1 }";
        let found = memory(code);
        assert_eq!(
            found,
            [(
                "A: Cell < u32 >, pub B: u8".to_owned(),
                code.to_owned(),
                true
            )]
        );
    }
}
