//! Where in a cell's code check points go: the places at which a running cell looks whether it has
//! been interrupted.
//!
//! At the head of loops, of functions that call themselves, and of closures that iterators call. None
//! stands where it would break something: in code that is evaluated at compile time, in functions of a
//! foreign calling convention, and in bodies that hold an `unsafe` block, whose author may rely on not
//! being left halfway. None stands in a loop that ends soon and only computes ([`short_loops`]): that
//! is what compilers make vector code of.

use std::collections::BTreeSet;

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
    /// When set, it may be left out if all these functions are short ([`Arithmetic`]).
    pub unless_short: Option<BTreeSet<String>>,
}

/// A function that has neither loops nor allocations: it only computes, and calls these functions.
pub type Arithmetic = BTreeSet<String>;

const CHECK: &str = "crate::__lessons_check_point(); ";
const OPEN: &str = "{ crate::__lessons_check_point(); ";
const CLOSE: &str = " }";

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
    let mut search = Search::default();
    if !statements
        .clone()
        .any(|statement| holds_unsafe(statement.to_token_stream()))
    {
        for statement in statements {
            search.visit_stmt(statement);
        }
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

#[derive(Default)]
struct Search {
    found: Vec<CheckPoint>,
}

impl Search {
    fn sorted(mut self) -> Vec<CheckPoint> {
        self.found.sort_by_key(|point| point.at);
        self.found
    }

    fn add(&mut self, at: usize, text: &'static str, unless_short: Option<BTreeSet<String>>) {
        self.found.push(CheckPoint {
            at,
            text,
            unless_short,
        });
    }

    /// At the beginning of a block, after its inner attributes.
    fn add_to_block(&mut self, block: &Block, unless_short: Option<BTreeSet<String>>) {
        let at = match block.stmts.first() {
            Some(first) => range_of(first).start,
            None => block.brace_token.span.close().byte_range().start,
        };
        self.add(at, CHECK, unless_short);
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        let rust = signature
            .abi
            .as_ref()
            .is_none_or(|abi| abi.name.as_ref().is_some_and(|name| name.value() == "Rust"));
        if signature.constness.is_some()
            || signature.unsafety.is_some()
            || !rust
            || holds_unsafe(block.to_token_stream())
        {
            return;
        }
        let mut calls = Calls {
            name: &signature.ident,
            found: false,
        };
        calls.visit_block(block);
        if calls.found {
            self.add_to_block(block, None);
        }
        visit::visit_block(self, block);
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

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
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
        self.add_to_block(&expr.body, None);
        visit::visit_expr_loop(self, expr);
    }

    fn visit_expr_while(&mut self, expr: &'ast syn::ExprWhile) {
        self.add_to_block(&expr.body, None);
        visit::visit_expr_while(self, expr);
    }

    fn visit_expr_for_loop(&mut self, expr: &'ast syn::ExprForLoop) {
        let calls = short_loops::calls_of_loop(expr);
        if calls.as_ref().is_none_or(|calls| !calls.is_empty()) {
            self.add_to_block(&expr.body, calls);
        }
        visit::visit_expr_for_loop(self, expr);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if ADAPTERS.iter().any(|name| call.method == name) {
            for argument in &call.args {
                let Expr::Closure(closure) = argument else {
                    continue;
                };
                let calls = short_loops::calls_of_closure(&call.receiver, closure);
                let leave_out = calls.as_ref().is_some_and(BTreeSet::is_empty);
                if leave_out || closure.constness.is_some() {
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
mod tests {
    use crate::parse;

    /// The code with its check points as `§`, those that depend on a function as `§?`.
    fn checked(code: &str) -> String {
        let cell = parse(code).unwrap();
        let mut points = cell.check_points.clone();
        points.extend(cell.items.iter().flat_map(|item| item.check_points.clone()));
        points.sort_by_key(|point| point.at);
        let mut text = String::new();
        let mut from = 0;
        for point in points {
            text.push_str(&cell.text[from..point.at]);
            let mark = match point.unless_short {
                None => "§",
                Some(_) => "§?",
            };
            text.push_str(
                &point
                    .text
                    .replace("crate::__lessons_check_point(); ", mark)
                    .replace("{ ", "{"),
            );
            from = point.at;
        }
        text + &cell.text[from..]
    }

    #[test]
    fn loops_have_check_points_wherever_they_stand() {
        for (code, expected) in [
            ("loop { f() }", "loop { §f() }"),
            ("loop {}", "loop {§}"),
            (
                "while go() { #[allow(x)] f(); }",
                "while go() { §#[allow(x)] f(); }",
            ),
            ("for x in xs { f(x) }", "for x in xs { §f(x) }"),
            (
                "'a: for x in &xs { println!(\"{x}\") }",
                "'a: for x in &xs { §println!(\"{x}\") }",
            ),
            (
                "impl T for S { fn f(&self) { loop {} } }\nmod m { fn g() { loop {} } }",
                "impl T for S { fn f(&self) { loop {§} } }\nmod m { fn g() { loop {§} } }",
            ),
            (
                "let f = move || loop { g() };",
                "let f = move || loop { §g() };",
            ),
            (
                "fn fib(n: u32) -> u32 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }",
                "fn fib(n: u32) -> u32 { §if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }",
            ),
            (
                "(0..n).map(|x| g(x)).for_each(|x| { h(x); })",
                "(0..n).map(|x| {§g(x) }).for_each(|x| { §h(x); })",
            ),
            (
                "println!(\"{}\", xs.map(|x| g(x)).count());",
                "println!(\"{}\", xs.map(|x| {§g(x) }).count());",
            ),
            (
                "async { loop { f().await } }",
                "async { loop { §f().await } }",
            ),
        ] {
            assert_eq!(checked(code), expected);
        }
    }

    #[test]
    fn nothing_is_put_where_it_would_break_something() {
        for code in [
            "const fn f() { loop {} }",
            "const N: u32 = { let mut i = 0; while i < 9 { i += 1; } i };",
            "static S: u32 = { loop {} };",
            "let a = [0; { let mut i = 0; while i < 9 { i += 1; } i }];",
            "let n = const { let mut i = 0; while i < 9 { i += 1; } i };",
            "enum E { A = { loop {} } }",
            "extern \"C\" fn f() { loop {} }",
            "unsafe fn f() { loop {} }",
            "fn f() { let x = unsafe { g() }; loop {} }",
            "unsafe { COUNT += 1; }\nloop {}",
            "assert!(xs.iter().any(|x| g(x)));",
            "macro_rules! forever { () => { loop {} } }",
        ] {
            assert_eq!(checked(code), code);
        }
    }

    #[test]
    fn a_short_loop_that_only_computes_has_none() {
        for code in [
            "for x in &mut xs { *x = *x * 2.0 + 1.0; }",
            "for (y, x) in ys.iter_mut().zip(&xs) { *y += a * x.sqrt(); }",
            "for i in 0..n { y[i] = a[i * m + 1] + b[i].max(0.0); }",
            "for i in 0..xs.len() { sum += xs[i]; }",
            "for _ in 0..1000 { x = x * 0.5; }",
            "let s: f32 = xs.iter().map(|x| x * x).sum();",
            "let m = xs.iter().fold(0.0, |a, b| f32::max(a, *b));",
        ] {
            assert_eq!(checked(code), code);
        }
        for (code, expected) in [
            (
                "for i in 0..n { s = s * 31 + i; }",
                "for i in 0..n { §s = s * 31 + i; }",
            ),
            (
                "for i in 0..n { t[i % 4] += 1; }",
                "for i in 0..n { §t[i % 4] += 1; }",
            ),
            ("for i in 0.. { y[i] = 0; }", "for i in 0.. { §y[i] = 0; }"),
            (
                "for x in numbers { s += x; }",
                "for x in numbers { §s += x; }",
            ),
            (
                "for x in &mut xs { *x = relu(*x); }",
                "for x in &mut xs { §?*x = relu(*x); }",
            ),
            (
                "for i in 0..n { for k in 0..n { s += a[i * n + k]; } }",
                "for i in 0..n { §for k in 0..n { s += a[i * n + k]; } }",
            ),
        ] {
            assert_eq!(checked(code), expected);
        }
    }

    #[test]
    fn a_function_that_only_computes_is_known_as_such() {
        let arithmetic = |code: &str| parse(code).unwrap().items[0].arithmetic.clone();
        let calls = arithmetic("fn relu(x: f32) -> f32 { let y = max(x, 0.0); y * 1.0 }").unwrap();
        assert!(calls.contains("max") && calls.len() == 1);
        assert_eq!(
            arithmetic("fn f(x: &[f32]) -> Vec<f32> { x.to_vec() }"),
            None
        );
        assert_eq!(arithmetic("fn f() { for i in 0..3 { } }"), None);
    }
}
