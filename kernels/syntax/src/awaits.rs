//! Whether a cell waits for futures itself, outside of async blocks, closures and functions: then its
//! body is a future, and takes a runtime to run.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, Stmt, Token};

/// Where a cell first waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Await {
    /// The `await`, or the macro's name.
    pub at: Range<usize>,
    /// Whether it says `.await`. A macro that only has the name of one that waits may be another.
    pub certain: bool,
}

/// Macros whose expansion waits for what they are given.
const WAITING: [&str; 4] = ["join", "try_join", "select", "select_biased"];

/// Macros that do not run what they are given.
const QUOTING: [&str; 2] = ["stringify", "quote"];

/// The first place at which statements wait; one that is certain before any other.
pub fn in_statements<'s>(statements: impl Iterator<Item = &'s Stmt>) -> Option<Await> {
    let mut search = Search(None);
    for statement in statements {
        search.visit_stmt(statement);
    }
    search.0
}

struct Search(Option<Await>);

impl Search {
    fn note(&mut self, at: Range<usize>, certain: bool) {
        let better = |known: &Await| !known.certain && certain;
        if self.0.as_ref().is_none_or(better) {
            self.0 = Some(Await { at, certain });
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let mut before: Option<TokenTree> = None;
        let mut inside_async = false;
        for token in tokens {
            match &token {
                TokenTree::Ident(word) if word == "async" => inside_async = true,
                TokenTree::Ident(word) if word == "move" => {}
                TokenTree::Group(group) => {
                    if !inside_async {
                        self.tokens(group.stream());
                    }
                    inside_async = false;
                }
                TokenTree::Ident(word) if word == "await" => {
                    let called =
                        matches!(&before, Some(TokenTree::Punct(dot)) if dot.as_char() == '.');
                    if called {
                        self.note(word.span().byte_range(), true);
                    }
                }
                _ => inside_async = false,
            }
            before = Some(token);
        }
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_expr_await(&mut self, expr: &'ast syn::ExprAwait) {
        visit::visit_expr_await(self, expr);
        self.note(expr.await_token.span.byte_range(), true);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let Some(name) = call.path.segments.last() else {
            return;
        };
        if QUOTING.iter().any(|known| name.ident == known) {
            return;
        }
        match call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            Ok(arguments) => arguments
                .iter()
                .for_each(|argument| self.visit_expr(argument)),
            Err(_) => self.tokens(call.tokens.clone()),
        }
        if WAITING.iter().any(|known| name.ident == known) {
            self.note(name.ident.span().byte_range(), false);
        }
    }

    // What waits in these is not the cell.
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

#[cfg(test)]
mod tests {
    use crate::parse;

    fn found(code: &str) -> Option<(&str, bool)> {
        let awaits = parse(code).unwrap().awaits?;
        Some((&code[awaits.at], awaits.certain))
    }

    #[test]
    fn waiting_is_found_where_the_cell_itself_waits() {
        for code in [
            "f().await",
            "f().await;",
            "let x = f().await?;",
            "let Some(x) = f().await else { panic!() };",
            "for x in v { g(x).await; }",
            "match f().await { 1 => 2, _ => g().await }",
            "if f().await { 1 } else { 2 }",
            "println!(\"{}\", f().await);",
            "println!(\"{x}\", x = f().await);",
            "let v = vec![f().await; 3];",
            "custom! { x => f().await }",
            "select! { x = f() => g(x).await, }",
            "f(async { 1 }).await",
        ] {
            assert_eq!(found(code), Some(("await", true)), "{code}");
        }
        for code in [
            "let g = async { f().await };",
            "tokio::spawn(async move { f().await });",
            "let g = async || f().await;",
            "let g = async |x| { f(x).await };",
            "async fn g() { f().await }",
            "fn h() { async { f().await }; }",
            "impl A { async fn g() { f().await } }",
            "println!(\"{:?}\", block_on(async { f().await }));",
            "custom! { spawn x => async move { f().await } }",
            "println!(\"f().await\"); // f().await",
            "stringify!(f().await)",
            "1 + 1",
        ] {
            assert_eq!(found(code), None, "{code}");
        }
    }

    #[test]
    fn macros_that_wait_are_known_by_name() {
        let join = "let (a, b) = tokio::join!(f(), g());";
        assert_eq!(found(join), Some(("join", false)));
        let select = "tokio::select! { x = f() => x, y = g() => y }";
        assert_eq!(found(select), Some(("select", false)));
        assert_eq!(found("join!(f(), g());\nf().await;"), Some(("await", true)));
    }
}
