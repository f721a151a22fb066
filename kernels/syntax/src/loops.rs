//! Whether code may spend its time in itself: then it is worth optimizing.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// Methods that loop over what they are called on.
const LOOPING: [&str; 26] = [
    "iter",
    "iter_mut",
    "into_iter",
    "par_iter",
    "map",
    "filter",
    "fold",
    "sum",
    "product",
    "collect",
    "for_each",
    "any",
    "all",
    "count",
    "max",
    "min",
    "position",
    "chunks",
    "windows",
    "zip",
    "rev",
    "sort",
    "sort_by",
    "sort_by_key",
    "sort_unstable",
    "retain",
];

/// Whether a statement or an item holds a loop, calls a method that loops, or may do so in a macro.
pub fn in_statement(statement: &syn::Stmt) -> bool {
    let mut search = Search(false);
    search.visit_stmt(statement);
    search.0
}

struct Search(bool);

impl<'ast> Visit<'ast> for Search {
    fn visit_expr_for_loop(&mut self, _: &'ast syn::ExprForLoop) {
        self.0 = true;
    }

    fn visit_expr_while(&mut self, _: &'ast syn::ExprWhile) {
        self.0 = true;
    }

    fn visit_expr_loop(&mut self, _: &'ast syn::ExprLoop) {
        self.0 = true;
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.0 |= LOOPING.iter().any(|name| call.method == name);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.0 |= in_macro(call.tokens.clone());
    }
}

fn in_macro(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => in_macro(group.stream()),
        TokenTree::Ident(ident) => {
            ident == "for"
                || ident == "while"
                || ident == "loop"
                || LOOPING.iter().any(|name| ident == name)
        }
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_found_wherever_they_stand() {
        let loops = |code: &str| in_statement(&syn::parse_str(code).unwrap());
        for code in [
            "for i in 0..3 {}",
            "fn f() { if true { while false {} } }",
            "let s: i32 = v.iter().sum();",
            "impl T for S { fn f(&self) { loop {} } }",
            "println!(\"{}\", v.iter().count());",
        ] {
            assert!(loops(code), "{code}");
        }
        for code in [
            "let x = f(1);",
            "impl T for S { fn f(&self) {} }",
            "println!(\"{x}\");",
        ] {
            assert!(!loops(code), "{code}");
        }
    }
}
