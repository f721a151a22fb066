//! Loops that end soon and only compute.
//!
//! Such a loop needs no check point: it goes over memory that is there, so that it ends within the
//! time that reading memory takes. And it must have none: a check would keep the compiler from making
//! vector code of it. What goes on around it, an outer loop for instance, has its own.

use std::collections::BTreeSet;

use syn::visit::Visit;
use syn::{BinOp, Block, Expr, Lit, Pat, Stmt};

/// Methods from which on a chain goes over elements in memory.
const OVER_MEMORY: [&str; 15] = [
    "iter",
    "iter_mut",
    "chunks",
    "chunks_mut",
    "chunks_exact",
    "chunks_exact_mut",
    "windows",
    "keys",
    "values",
    "values_mut",
    "bytes",
    "chars",
    "drain",
    "par_iter",
    "par_iter_mut",
];

/// Methods that make no chain longer.
const NOT_LONGER: [&str; 12] = [
    "enumerate",
    "rev",
    "skip",
    "take",
    "step_by",
    "copied",
    "cloned",
    "into_iter",
    "map",
    "filter",
    "peekable",
    "by_ref",
];

/// Methods of numbers, and of what holds them, that take no time.
const NUMERIC: [&str; 57] = [
    "abs",
    "abs_diff",
    "acos",
    "asin",
    "atan",
    "atan2",
    "cbrt",
    "ceil",
    "clamp",
    "copysign",
    "cos",
    "cosh",
    "count_ones",
    "div_euclid",
    "exp",
    "exp2",
    "exp_m1",
    "floor",
    "fract",
    "hypot",
    "is_finite",
    "is_nan",
    "leading_zeros",
    "len",
    "ln",
    "ln_1p",
    "log",
    "log10",
    "log2",
    "max",
    "min",
    "mul_add",
    "pow",
    "powf",
    "powi",
    "recip",
    "rem_euclid",
    "rotate_left",
    "rotate_right",
    "round",
    "saturating_add",
    "saturating_mul",
    "saturating_sub",
    "signum",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "to_bits",
    "total_cmp",
    "trailing_zeros",
    "trunc",
    "wrapping_add",
    "wrapping_mul",
    "wrapping_sub",
    "swap",
];

/// The types whose functions only compute: `f32::max(a, b)`.
const NUMBERS: [&str; 14] = [
    "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
    "usize",
];

/// A range of this many numbers is short.
const SHORT: u64 = 1 << 20;

/// `None` if the loop may go on for long or does more than compute; otherwise the functions that it
/// calls, and that must be short as well.
pub fn calls_of_loop(expr: &syn::ExprForLoop) -> Option<BTreeSet<String>> {
    let calls = calls_of_block(&expr.body)?;
    let variable = binding(&expr.pat);
    let indexed = || {
        variable
            .is_some_and(|variable| is_range(&expr.expr) && indexes_in_block(&expr.body, variable))
    };
    (ends_soon(&expr.expr) || indexed()).then_some(calls)
}

/// The functions that a loop over a range calls, if it does nothing but compute and may be cut into
/// pieces: nothing leaves it early, and its ends can be named without being used up.
pub fn calls_of_pieces(expr: &syn::ExprForLoop) -> Option<BTreeSet<String>> {
    let Expr::Range(range) = inner(&expr.expr) else {
        return None;
    };
    let ends = [range.start.as_deref()?, range.end.as_deref()?];
    let half_open = matches!(range.limits, syn::RangeLimits::HalfOpen(_));
    if expr.label.is_some() || !half_open || !ends.into_iter().all(is_number) {
        return None;
    }
    let mut leaves = Leaves(false);
    leaves.visit_block(&expr.body);
    calls_of_block(&expr.body).filter(|_| !leaves.0)
}

/// An integer by the look of it, made of literals and of places that are copied.
fn is_number(expr: &Expr) -> bool {
    match inner(expr) {
        Expr::Lit(literal) => matches!(literal.lit, Lit::Int(_)),
        Expr::Path(_) => true,
        Expr::Field(expr) => is_number(&expr.base),
        Expr::Cast(expr) => is_number(&expr.expr),
        Expr::Unary(expr) => is_number(&expr.expr),
        Expr::Binary(expr) => is_number(&expr.left) && is_number(&expr.right),
        Expr::MethodCall(call) => {
            call.method == "len" && call.args.is_empty() && is_number(&call.receiver)
        }
        _ => false,
    }
}

/// Whether a loop is left, or gone on with, from somewhere in its body.
struct Leaves(bool);

impl<'ast> Visit<'ast> for Leaves {
    fn visit_expr_break(&mut self, _: &'ast syn::ExprBreak) {
        self.0 = true;
    }

    fn visit_expr_continue(&mut self, expr: &'ast syn::ExprContinue) {
        self.0 |= expr.label.is_some();
    }
}

/// As [`calls_of_loop`], for a closure that is called for the elements of `receiver`.
pub fn calls_of_closure(receiver: &Expr, closure: &syn::ExprClosure) -> Option<BTreeSet<String>> {
    let mut calls = BTreeSet::new();
    if !computes(&closure.body, &mut calls) {
        return None;
    }
    let variable = closure.inputs.first().and_then(binding);
    let indexed =
        || variable.is_some_and(|variable| is_range(receiver) && indexes(&closure.body, variable));
    (ends_soon(receiver) || indexed()).then_some(calls)
}

/// The functions that a block calls, if it only computes, without a loop.
pub fn calls_of_block(block: &Block) -> Option<BTreeSet<String>> {
    let mut calls = BTreeSet::new();
    block_computes(block, &mut calls).then_some(calls)
}

fn binding(pattern: &Pat) -> Option<&syn::Ident> {
    match pattern {
        Pat::Ident(pattern) => Some(&pattern.ident),
        Pat::Type(pattern) => binding(&pattern.pat),
        _ => None,
    }
}

fn inner(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(expr) => inner(&expr.expr),
        Expr::Group(expr) => inner(&expr.expr),
        expr => expr,
    }
}

fn is_range(expr: &Expr) -> bool {
    matches!(inner(expr), Expr::Range(range) if range.end.is_some())
}

/// Whether what is iterated has an end, by the look of it.
pub fn is_bounded(expr: &Expr) -> bool {
    is_range(expr) || ends_soon(expr)
}

/// Whether what is iterated is no longer than memory, by the look of it.
fn ends_soon(expr: &Expr) -> bool {
    match inner(expr) {
        Expr::Reference(expr) => matches!(
            inner(&expr.expr),
            Expr::Path(_) | Expr::Field(_) | Expr::Index(_) | Expr::Array(_)
        ),
        Expr::Array(_) => true,
        Expr::MethodCall(call) => {
            let named = |names: &[&str]| names.iter().any(|name| call.method == name);
            named(&OVER_MEMORY)
                || (named(&NOT_LONGER) && ends_soon(&call.receiver))
                || (call.method == "take" && call.args.first().is_some_and(is_small))
                || (call.method == "zip"
                    && (ends_soon(&call.receiver) || call.args.first().is_some_and(ends_soon)))
        }
        Expr::Range(range) => range
            .end
            .as_ref()
            .is_some_and(|end| is_small(end) || is_length(end)),
        _ => false,
    }
}

fn is_small(expr: &Expr) -> bool {
    match inner(expr) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number
                .base10_parse::<u64>()
                .is_ok_and(|number| number <= SHORT),
            _ => false,
        },
        _ => false,
    }
}

fn is_length(expr: &Expr) -> bool {
    match inner(expr) {
        Expr::MethodCall(call) => call.method == "len",
        Expr::Binary(expr) => {
            matches!(expr.op, BinOp::Sub(_) | BinOp::Div(_)) && is_length(&expr.left)
        }
        _ => false,
    }
}

fn block_computes(block: &Block, calls: &mut BTreeSet<String>) -> bool {
    block.stmts.iter().all(|statement| match statement {
        Stmt::Local(local) => local
            .init
            .as_ref()
            .is_none_or(|init| init.diverge.is_none() && computes(&init.expr, calls)),
        Stmt::Expr(expr, _) => computes(expr, calls),
        Stmt::Item(_) | Stmt::Macro(_) => false,
    })
}

/// Whether an expression only computes; collects the functions that it calls.
fn computes(expr: &Expr, calls: &mut BTreeSet<String>) -> bool {
    match expr {
        Expr::Lit(_) | Expr::Path(_) | Expr::Continue(_) => true,
        Expr::Paren(expr) => computes(&expr.expr, calls),
        Expr::Group(expr) => computes(&expr.expr, calls),
        Expr::Unary(expr) => computes(&expr.expr, calls),
        Expr::Cast(expr) => computes(&expr.expr, calls),
        Expr::Field(expr) => computes(&expr.base, calls),
        Expr::Reference(expr) => computes(&expr.expr, calls),
        Expr::Binary(expr) => computes(&expr.left, calls) && computes(&expr.right, calls),
        Expr::Assign(expr) => computes(&expr.left, calls) && computes(&expr.right, calls),
        Expr::Index(expr) => computes(&expr.expr, calls) && computes(&expr.index, calls),
        Expr::Tuple(expr) => expr.elems.iter().all(|expr| computes(expr, calls)),
        Expr::Array(expr) => expr.elems.iter().all(|expr| computes(expr, calls)),
        Expr::Block(expr) => block_computes(&expr.block, calls),
        Expr::Unsafe(expr) => block_computes(&expr.block, calls),
        Expr::Break(expr) => expr.expr.as_ref().is_none_or(|expr| computes(expr, calls)),
        Expr::Return(expr) => expr.expr.as_ref().is_none_or(|expr| computes(expr, calls)),
        Expr::If(expr) => {
            computes(&expr.cond, calls)
                && block_computes(&expr.then_branch, calls)
                && expr
                    .else_branch
                    .as_ref()
                    .is_none_or(|(_, expr)| computes(expr, calls))
        }
        Expr::Match(expr) => {
            computes(&expr.expr, calls)
                && expr.arms.iter().all(|arm| {
                    arm.guard
                        .as_ref()
                        .is_none_or(|(_, guard)| computes(guard, calls))
                        && computes(&arm.body, calls)
                })
        }
        Expr::MethodCall(call) => {
            NUMERIC.iter().any(|name| call.method == name)
                && computes(&call.receiver, calls)
                && call.args.iter().all(|argument| computes(argument, calls))
        }
        Expr::Call(call) => {
            let Expr::Path(path) = &*call.func else {
                return false;
            };
            let segments = &path.path.segments;
            let known = match (segments.len(), segments.first()) {
                (1, Some(name)) => {
                    calls.insert(name.ident.to_string());
                    true
                }
                (2, Some(name)) => NUMBERS.iter().any(|number| name.ident == number),
                _ => false,
            };
            known && call.args.iter().all(|argument| computes(argument, calls))
        }
        _ => false,
    }
}

fn indexes_in_block(block: &Block, variable: &syn::Ident) -> bool {
    block.stmts.iter().any(|statement| match statement {
        Stmt::Local(local) => local
            .init
            .as_ref()
            .is_some_and(|init| indexes(&init.expr, variable)),
        Stmt::Expr(expr, _) => indexes(expr, variable),
        _ => false,
    })
}

/// Whether something is indexed at every turn with the loop's variable: then the loop is no longer
/// than that is.
fn indexes(expr: &Expr, variable: &syn::Ident) -> bool {
    match expr {
        Expr::Index(expr) => grows(&expr.index, variable) || indexes(&expr.expr, variable),
        Expr::Paren(expr) => indexes(&expr.expr, variable),
        Expr::Unary(expr) => indexes(&expr.expr, variable),
        Expr::Cast(expr) => indexes(&expr.expr, variable),
        Expr::Reference(expr) => indexes(&expr.expr, variable),
        Expr::Binary(expr) => indexes(&expr.left, variable) || indexes(&expr.right, variable),
        Expr::Assign(expr) => indexes(&expr.left, variable) || indexes(&expr.right, variable),
        Expr::If(expr) => indexes(&expr.cond, variable),
        Expr::Block(expr) => indexes_in_block(&expr.block, variable),
        Expr::MethodCall(call) => {
            indexes(&call.receiver, variable)
                || call.args.iter().any(|argument| indexes(argument, variable))
        }
        Expr::Call(call) => call.args.iter().any(|argument| indexes(argument, variable)),
        _ => false,
    }
}

/// Whether an index grows with the variable: a sum that it is a term of, or of a product of which it
/// is a factor. `i % 4` does not.
fn grows(index: &Expr, variable: &syn::Ident) -> bool {
    match index {
        Expr::Path(path) => path.path.is_ident(variable),
        Expr::Paren(expr) => grows(&expr.expr, variable),
        Expr::Cast(expr) => grows(&expr.expr, variable),
        Expr::Binary(expr) => {
            matches!(expr.op, BinOp::Add(_) | BinOp::Mul(_) | BinOp::Sub(_))
                && (grows(&expr.left, variable) || grows(&expr.right, variable))
        }
        _ => false,
    }
}
