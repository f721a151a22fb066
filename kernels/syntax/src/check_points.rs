//! Where in a cell's code check points go: the places at which a running cell looks whether it has
//! been interrupted.
//!
//! At the head of loops, of functions that call themselves, and of closures that iterators call. None
//! stands where it would break something: in code that is evaluated at compile time, in functions of a
//! foreign calling convention, and where something `unsafe` may have been left halfway: inside of it, and
//! after it in the same body. So a loop around an `unsafe` block has one, before each turn. None stands in
//! a loop that ends soon and only computes ([`short_loops`]): that is what compilers make vector code of.

use std::collections::BTreeSet;
use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ReturnType, Signature, Stmt, Token};

use super::{range_of, short_loops};

/// The function that a cell's crate defines when it has check points.
pub const FUNCTION: &str = "__lessons_check_point";

/// A piece of code that goes between the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckPoint {
    /// The byte of the cell that it stands before.
    pub at: usize,
    pub text: &'static str,
    pub condition: Condition,
}

impl CheckPoint {
    /// Whether it goes with this part of the cell; where two parts meet, what closes goes with the first
    /// and what opens with the second.
    pub fn is_within(&self, part: &Range<usize>) -> bool {
        if self.text == CLOSE || self.text == PIECES[3] {
            part.start < self.at && self.at <= part.end
        } else {
            part.contains(&self.at)
        }
    }
}

/// Whether a check point stands, given which of the functions are short ([`Arithmetic`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    Always,
    UnlessShort(BTreeSet<String>),
    IfShort(BTreeSet<String>),
}

impl Condition {
    /// Whether it stands; `is_short` tells it of one function.
    pub fn holds(&self, is_short: impl Fn(&str) -> bool) -> bool {
        match self {
            Condition::Always => true,
            Condition::UnlessShort(names) => !names.iter().all(|name| is_short(name)),
            Condition::IfShort(names) => names.iter().all(|name| is_short(name)),
        }
    }
}

/// A function that has neither loops nor allocations: it only computes, and calls these functions.
pub type Arithmetic = BTreeSet<String>;

const CHECK: &str = "crate::__lessons_check_point(); ";
const OPEN: &str = "{ crate::__lessons_check_point(); ";
const CLOSE: &str = " }";

/// Around a loop over a range, which then goes piece by piece: a check point stands between two pieces,
/// and what is done within one can be vector code. The four texts stand before `for`, around the range
/// and after the loop.
const PIECES: [&str; 4] = [
    "{ let mut __lessons_rest = ::core::option::Option::None; \
     loop { crate::__lessons_check_point(); ",
    "match ::lessons_cell::piece(&mut __lessons_rest, || ",
    ") { ::core::option::Option::Some(piece) => piece, ::core::option::Option::None => break } ",
    " } }",
];

/// Methods that call a closure for each of what may be many elements.
const ADAPTERS: [&str; 24] = [
    "all",
    "any",
    "filter",
    "filter_map",
    "find",
    "find_map",
    "flat_map",
    "fold",
    "for_each",
    "inspect",
    "map",
    "map_while",
    "max_by",
    "max_by_key",
    "min_by",
    "min_by_key",
    "position",
    "reduce",
    "scan",
    "skip_while",
    "take_while",
    "try_fold",
    "try_for_each",
    "partition",
];

/// Macros that print.
pub const PRINTING: [&str; 4] = ["print", "println", "eprint", "eprintln"];

/// Macros whose arguments are expressions that are not turned into text.
const FORMATTING: [&str; 8] = [
    "print", "println", "eprint", "eprintln", "format", "write", "writeln", "vec",
];

/// The check points of a cell's statements, which form one body.
pub fn in_statements<'s>(statements: impl Iterator<Item = &'s Stmt> + Clone) -> Vec<CheckPoint> {
    let mut holds = statements
        .clone()
        .map(|statement| holds_unsafe(statement.to_token_stream()));
    let mut search = Search {
        unsafety: Unsafety::of(holds.any(|holds| holds)),
        ..Search::default()
    };
    for statement in statements {
        search.visit_stmt(statement);
    }
    search.sorted()
}

/// The check points of an item.
pub fn in_item(item: &syn::Item) -> Vec<CheckPoint> {
    let mut search = Search::default();
    search.visit_item(item);
    search.sorted()
}

/// Whether an item is a function that only computes.
pub fn arithmetic(item: &syn::Item) -> Option<Arithmetic> {
    let syn::Item::Fn(item) = item else {
        return None;
    };
    short_loops::calls_of_block(&item.block)
}

fn holds_unsafe(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => holds_unsafe(group.stream()),
        TokenTree::Ident(ident) => ident == "unsafe",
        _ => false,
    })
}

/// What the body at hand holds that is `unsafe`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Unsafety {
    #[default]
    Nothing,
    /// Something, further down.
    Ahead,
    /// Something, further up.
    Behind,
}

impl Unsafety {
    fn of(holds: bool) -> Self {
        if holds { Self::Ahead } else { Self::Nothing }
    }
}

#[derive(Default)]
struct Search {
    found: Vec<CheckPoint>,
    unsafety: Unsafety,
    /// Whether types have parameters here: a range of one need not be one of integers.
    generic: bool,
}

impl Search {
    fn sorted(mut self) -> Vec<CheckPoint> {
        self.found
            .retain(|point| point.condition != Condition::UnlessShort(BTreeSet::new()));
        // Stable: what begins further out was found first.
        self.found.sort_by_key(|point| point.at);
        self.found
    }

    fn add(&mut self, at: usize, text: &'static str, condition: Condition) {
        self.found.push(CheckPoint {
            at,
            text,
            condition,
        });
    }

    /// At the beginning of a block, after its inner attributes.
    fn add_to_block(&mut self, block: &Block, condition: Condition) {
        let at = match block.stmts.first() {
            Some(first) => range_of(first).start,
            None => block.brace_token.span.close().byte_range().start,
        };
        self.add(at, CHECK, condition);
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        let rust = signature
            .abi
            .as_ref()
            .is_none_or(|abi| abi.name.as_ref().is_some_and(|name| name.value() == "Rust"));
        if signature.constness.is_some() || signature.unsafety.is_some() || !rust {
            return;
        }
        let around = self.unsafety;
        self.unsafety = Unsafety::of(holds_unsafe(block.to_token_stream()));
        let mut calls = Calls {
            name: &signature.ident,
            found: false,
        };
        calls.visit_block(block);
        if calls.found && self.unsafety == Unsafety::Nothing {
            self.add_to_block(block, Condition::Always);
        }
        let outside = self.generic;
        self.generic |= signature.generics.type_params().next().is_some();
        visit::visit_block(self, block);
        self.generic = outside;
        self.unsafety = around;
    }

    /// At the head of a loop.
    fn add_to_loop(&mut self, block: &Block, condition: Condition) {
        if self.unsafety != Unsafety::Behind {
            self.add_to_block(block, condition);
        }
    }
}

/// Whether a function calls itself.
struct Calls<'i> {
    name: &'i syn::Ident,
    found: bool,
}

impl<'ast> Visit<'ast> for Calls<'_> {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let last = path.path.segments.last();
            self.found |= last.is_some_and(|segment| segment.ident == *self.name);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.found |= call.method == *self.name;
        visit::visit_expr_method_call(self, call);
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outside = self.generic;
        self.generic |= item.generics.type_params().next().is_some();
        visit::visit_item_impl(self, item);
        self.generic = outside;
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let outside = self.generic;
        self.generic = true;
        visit::visit_item_trait(self, item);
        self.generic = outside;
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
    }

    // What follows is evaluated at compile time, or is no code.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_variant(&mut self, _: &'ast syn::Variant) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_generics(&mut self, _: &'ast syn::Generics) {}
    fn visit_path(&mut self, _: &'ast syn::Path) {}
    fn visit_angle_bracketed_generic_arguments(
        &mut self,
        _: &'ast syn::AngleBracketedGenericArguments,
    ) {
    }
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_item_macro(&mut self, _: &'ast syn::ItemMacro) {}

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_expr_unsafe(&mut self, _: &'ast syn::ExprUnsafe) {
        self.unsafety = Unsafety::Behind;
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if self.unsafety != Unsafety::Nothing && holds_unsafe(call.tokens.clone()) {
            self.unsafety = Unsafety::Behind;
            return;
        }
        let name = call.path.segments.last();
        if name.is_some_and(|name| FORMATTING.iter().any(|known| name.ident == known))
            && let Ok(arguments) =
                call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        {
            for argument in &arguments {
                // `name = value` would be read as an assignment.
                if let Expr::Assign(assign) = argument {
                    visit::visit_expr(self, &assign.right);
                }
            }
            for argument in arguments
                .iter()
                .filter(|argument| !matches!(argument, Expr::Assign(_)))
            {
                visit::visit_expr(self, argument);
            }
        }
    }

    fn visit_expr_loop(&mut self, expr: &'ast syn::ExprLoop) {
        self.add_to_loop(&expr.body, Condition::Always);
        visit::visit_expr_loop(self, expr);
    }

    fn visit_expr_while(&mut self, expr: &'ast syn::ExprWhile) {
        self.add_to_loop(&expr.body, Condition::Always);
        visit::visit_expr_while(self, expr);
    }

    fn visit_expr_for_loop(&mut self, expr: &'ast syn::ExprForLoop) {
        let short = short_loops::calls_of_loop(expr);
        let pieces = short_loops::calls_of_pieces(expr).filter(|_| !self.generic);
        match (short, pieces) {
            (Some(calls), _) => self.add_to_loop(&expr.body, Condition::UnlessShort(calls)),
            (None, Some(calls)) if self.unsafety != Unsafety::Behind => {
                self.add_to_block(&expr.body, Condition::UnlessShort(calls.clone()));
                let range = range_of(&*expr.expr);
                let begin = expr.for_token.span.byte_range().start;
                let places = [begin, range.start, range.end, range_of(expr).end];
                for (at, text) in places.into_iter().zip(PIECES) {
                    self.add(at, text, Condition::IfShort(calls.clone()));
                }
            }
            // Somebody may have written it for its speed.
            _ if self.unsafety != Unsafety::Nothing && short_loops::is_bounded(&expr.expr) => {}
            _ => self.add_to_loop(&expr.body, Condition::Always),
        }
        visit::visit_expr_for_loop(self, expr);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let adapts = ADAPTERS.iter().any(|name| call.method == name);
        if adapts && self.unsafety == Unsafety::Nothing {
            for argument in &call.args {
                let Expr::Closure(closure) = argument else {
                    continue;
                };
                let calls = short_loops::calls_of_closure(&call.receiver, closure);
                let calls = calls.map_or(Condition::Always, Condition::UnlessShort);
                if closure.constness.is_some() {
                    continue;
                }
                match &*closure.body {
                    Expr::Block(body) if body.label.is_none() => {
                        self.add_to_block(&body.block, calls);
                    }
                    body if matches!(closure.output, ReturnType::Default) => {
                        let range = range_of(body);
                        self.add(range.start, OPEN, calls.clone());
                        self.add(range.end, CLOSE, calls);
                    }
                    _ => {}
                }
            }
        }
        visit::visit_expr_method_call(self, call);
    }
}

#[cfg(test)]
mod tests;
