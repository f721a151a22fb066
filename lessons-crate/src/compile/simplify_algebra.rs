//! Algebra: rules that make a computation shorter without changing its result.

use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use super::rule::{Rewrite, Rule};
use crate::graph::ops::{Binary, Cast, Op, Unary};
use crate::graph::{DType, Graph, GraphError, Node};

/// Applies the rules of a table, [`RULES`], wherever one fits. Each gives the very same numbers, to
/// the bit, but for the sign of zero: `x + 0` becomes `x`. So `x * 0` stays, which is NaN for
/// infinite `x`, and so does `x / 3`, since 1/3 is not exact.
pub struct SimplifyAlgebra;

/// The table. The first rule that fits a node is applied.
pub const RULES: &[Rule] = &[
    Rule {
        says: "x + 0 = x",
        rewrite: |p, node| number_beside(p, node, Binary::Add, 0.0),
    },
    Rule {
        says: "x - 0 = x",
        rewrite: |p, node| number_on_the_right(p, node, Binary::Sub, 0.0),
    },
    Rule {
        says: "x * 1 = x",
        rewrite: |p, node| number_beside(p, node, Binary::Mul, 1.0),
    },
    Rule {
        says: "x / 1 = x",
        rewrite: |p, node| number_on_the_right(p, node, Binary::Div, 1.0),
    },
    Rule {
        says: "x to the power of 1 = x",
        rewrite: |p, node| number_on_the_right(p, node, Binary::Pow, 1.0),
    },
    Rule {
        says: "x to the power of 2 = x * x",
        rewrite: |p, node| {
            number_on_the_right(p, node, Binary::Pow, 2.0)?;
            Some(Rewrite::Op(Binary::Mul.into(), vec![node.inputs[0]; 2]))
        },
    },
    Rule {
        says: "x / 2ⁿ = x * 2⁻ⁿ",
        rewrite: |p, node| {
            let [x, by] = p.binary(node.id, Binary::Div)?;
            let by = p.scalar(by)?;
            // Powers of two whose reciprocal is exact in every float type, the 16-bit ones included.
            let exact = node.ty.dtype.is_float()
                && (2f64.powi(-14)..=2f64.powi(14)).contains(&by.abs())
                && by.abs().log2().fract() == 0.0;
            let exact = exact && p.same_type(x, node.id);
            exact.then(|| Rewrite::WithNumber(Binary::Mul, x, 1.0 / by))
        },
    },
    Rule {
        says: "-(-x) = x",
        rewrite: |p, node| {
            p.unary(p.unary(node.id, Unary::Neg)?, Unary::Neg)
                .map(Rewrite::Value)
        },
    },
    Rule {
        says: "a + (-b) = a - b",
        rewrite: |p, node| {
            let [a, b] = p
                .either_way(node.id, Binary::Add)
                .into_iter()
                .find_map(|[a, b]| Some([a, p.unary(b, Unary::Neg)?]))?;
            Some(Rewrite::Op(Binary::Sub.into(), vec![a, b]))
        },
    },
    Rule {
        says: "a - (-b) = a + b",
        rewrite: |p, node| {
            let [a, b] = p.binary(node.id, Binary::Sub)?;
            Some(Rewrite::Op(
                Binary::Add.into(),
                vec![a, p.unary(b, Unary::Neg)?],
            ))
        },
    },
    Rule {
        says: "|-x| = |x|",
        rewrite: |p, node| {
            let x = p.unary(p.unary(node.id, Unary::Abs)?, Unary::Neg)?;
            Some(Rewrite::Op(Unary::Abs.into(), vec![x]))
        },
    },
    Rule {
        says: "||x|| = |x|",
        rewrite: |p, node| twice(p, node, Unary::Abs),
    },
    Rule {
        says: "relu(relu(x)) = relu(x)",
        rewrite: |p, node| twice(p, node, Unary::Relu),
    },
    Rule {
        says: "max(x, 0) = relu(x)",
        rewrite: |p, node| {
            number_beside(p, node, Binary::Max, 0.0).and_then(|rewrite| match rewrite {
                Rewrite::Value(x) => Some(Rewrite::Op(Unary::Relu.into(), vec![x])),
                _ => None,
            })
        },
    },
    Rule {
        says: "max(x, x) = x",
        rewrite: |p, node| same_operands(p, node, Binary::Max),
    },
    Rule {
        says: "min(x, x) = x",
        rewrite: |p, node| same_operands(p, node, Binary::Min),
    },
    Rule {
        says: "1 / sqrt(x) = rsqrt(x)",
        rewrite: |p, node| {
            let root = match p.binary(node.id, Binary::Div) {
                Some([one, root]) if p.scalar(one) == Some(1.0) => root,
                Some(_) => return None,
                None => p.unary(node.id, Unary::Recip)?,
            };
            Some(Rewrite::Op(
                Unary::Rsqrt.into(),
                vec![p.unary(root, Unary::Sqrt)?],
            ))
        },
    },
    Rule {
        says: "select(c, x, x) = x",
        rewrite: |_, node| {
            let same = matches!(node.op, Op::Select(_)) && node.inputs[1] == node.inputs[2];
            same.then(|| Rewrite::Value(node.inputs[1]))
        },
    },
    Rule {
        says: "a cast to the type that it has = x",
        rewrite: |_, node| matches!(node.op, Op::Cast(_)).then(|| Rewrite::Value(node.inputs[0])),
    },
    Rule {
        says: "a cast there and back = x",
        rewrite: |p, node| {
            let Op::Cast(Cast { dtype: back }) = node.op else {
                return None;
            };
            let there = p.node(node.inputs[0])?;
            let Op::Cast(Cast { dtype: wide }) = there.op else {
                return None;
            };
            holds(wide, back).then(|| Rewrite::Value(there.inputs[0]))
        },
    },
];

/// Whether every number of `narrow` is one of `wide`.
fn holds(wide: DType, narrow: DType) -> bool {
    use DType::{BF16, Bool, F16, F32, F64, I32, I64, U8, U32};
    match wide {
        F64 => !matches!(narrow, I64),
        F32 => matches!(narrow, F32 | F16 | BF16 | U8 | Bool),
        I64 => matches!(narrow, I64 | I32 | U32 | U8 | Bool),
        I32 | U32 => matches!(narrow, U8 | Bool),
        F16 | BF16 | U8 | Bool => false,
    }
}

fn number_on_the_right(p: &Pattern<'_>, node: &Node, op: Binary, number: f64) -> Option<Rewrite> {
    let [x, right] = p.binary(node.id, op)?;
    (p.scalar(right) == Some(number)).then_some(Rewrite::Value(x))
}

fn number_beside(p: &Pattern<'_>, node: &Node, op: Binary, number: f64) -> Option<Rewrite> {
    let sides = p.either_way(node.id, op).into_iter();
    let mut fitting = sides.filter(|[_, other]| p.scalar(*other) == Some(number));
    fitting
        .find(|[x, _]| p.same_type(*x, node.id))
        .map(|[x, _]| Rewrite::Value(x))
}

fn same_operands(p: &Pattern<'_>, node: &Node, op: Binary) -> Option<Rewrite> {
    let [a, b] = p.binary(node.id, op)?;
    (a == b).then_some(Rewrite::Value(a))
}

fn twice(p: &Pattern<'_>, node: &Node, op: Unary) -> Option<Rewrite> {
    let inner = p.unary(node.id, op)?;
    p.unary(inner, op)?;
    Some(Rewrite::Value(inner))
}

impl Pass for SimplifyAlgebra {
    fn name(&self) -> &'static str {
        "simplify_algebra"
    }

    fn says(&self) -> &'static str {
        "shortens formulas by rules that change no result"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        Ok(Pattern::new(graph).first_rule(RULES))
    }
}
