//! Values: what ops take and return while a graph is built.

mod control;
mod custom;
mod image;
mod index;
mod logical;
mod movement;
mod norm;
mod order;
mod reduce;

use std::fmt;
use std::panic::Location;

use super::builder::{apply, type_of};
use super::dim::Dim;
use super::dtype::DType;
use super::ir::NodeId;
use super::ops::{
    Binary, Broadcast, Cast, Compare, Concat, Constant, Gather, MatMul, Op, Permute, Reshape,
    Select, Slice, Softmax, Unary,
};
use super::shape::{IntoShape, Shape};
use super::tensor_type::TensorType;

pub use control::{cond, while_loop};
pub use movement::stack;

const POISONED: u32 = u32::MAX;

/// A tensor in a graph that is being built: not its elements, only what computes them.
///
/// Values are `Copy`: use them as often as you like. Operators work as in mathematics, with values
/// and with numbers on either side. After a mistake, or after the graph is finished, ops give
/// poisoned values, whose type prints as `f32[?]`; the mistake is reported by `build` or `finish`.
///
/// ```
/// use lessons::prelude::*;
/// # let g = Graph::start("values");
/// let x = g.input("x", f32s(("n", 3)));
/// let y = (2 * x + 1.0).relu() / x.sum_keepdim(-1);
/// assert_eq!(y.ty().to_string(), "f32[n, 3]");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Value {
    graph: u32,
    node: u32,
}

impl Value {
    pub(crate) fn new(graph: u32, node: NodeId) -> Value {
        Value {
            graph,
            node: node.0,
        }
    }

    pub(crate) fn poisoned(graph: u32) -> Value {
        Value {
            graph,
            node: POISONED,
        }
    }

    pub(crate) fn graph(self) -> u32 {
        self.graph
    }

    /// The node, if this is a sound value of that graph.
    pub(crate) fn node_in(self, graph: u32) -> Option<NodeId> {
        (self.graph == graph && self.node != POISONED).then_some(NodeId(self.node))
    }

    /// The element type and shape; `f32[?]` if the value is poisoned.
    pub fn ty(self) -> TensorType {
        type_of(self.graph, NodeId(self.node)).unwrap_or_else(TensorType::unknown)
    }

    pub fn shape(self) -> Shape {
        self.ty().shape
    }

    pub fn dtype(self) -> DType {
        self.ty().dtype
    }

    /// The matrix product over the last two axes; the axes before them broadcast:
    /// `[.., m, k]` by `[.., k, n]` gives `[.., m, n]`.
    #[track_caller]
    pub fn matmul(self, other: Value) -> Value {
        apply(MatMul.into(), &[self, other], Location::caller())
    }

    /// The transpose: the last two axes swapped.
    #[track_caller]
    pub fn t(self) -> Value {
        self.transpose(-2, -1)
    }

    /// Two axes swapped; negative numbers count from the end.
    #[track_caller]
    pub fn transpose(self, first: i32, second: i32) -> Value {
        let shape = self.shape();
        let mut axes: Vec<usize> = (0..shape.rank()).collect();
        match (shape.axis(first), shape.axis(second)) {
            (Some(first), Some(second)) => axes.swap(first, second),
            // An order that the rule refuses, so that the error is the rule's.
            _ => axes.push(shape.rank()),
        }
        apply(Permute { axes }.into(), &[self], Location::caller())
    }

    /// The axes in another order: axis `i` of the result is axis `axes[i]` of this value.
    #[track_caller]
    pub fn permute(self, axes: impl Into<Vec<usize>>) -> Value {
        apply(
            Permute { axes: axes.into() }.into(),
            &[self],
            Location::caller(),
        )
    }

    /// The same elements in another shape. One dim may be -1: what is left.
    #[track_caller]
    pub fn reshape(self, shape: impl IntoShape) -> Value {
        apply(
            Reshape {
                shape: shape.into_shape(),
            }
            .into(),
            &[self],
            Location::caller(),
        )
    }

    /// The value repeated to fill `shape`.
    #[track_caller]
    pub fn broadcast_to(self, shape: impl IntoShape) -> Value {
        apply(
            Broadcast {
                shape: shape.into_shape(),
            }
            .into(),
            &[self],
            Location::caller(),
        )
    }

    /// The elements `start .. end` along `axis`; the ends may be symbolic.
    #[track_caller]
    pub fn slice(self, axis: i32, start: impl Into<Dim>, end: impl Into<Dim>) -> Value {
        let slice = Slice {
            axis,
            start: start.into(),
            end: end.into(),
        };
        apply(slice.into(), &[self], Location::caller())
    }

    /// The rows of this table at `indices`: `[n, ..row]` at `[..i]` gives `[..i, ..row]`.
    #[track_caller]
    pub fn gather(self, indices: Value) -> Value {
        apply(Gather.into(), &[self, indices], Location::caller())
    }

    /// Softmax along `axis`.
    #[track_caller]
    pub fn softmax(self, axis: i32) -> Value {
        apply(Softmax { axis }.into(), &[self], Location::caller())
    }

    /// Each element as another dtype.
    #[track_caller]
    pub fn cast(self, dtype: DType) -> Value {
        apply(Cast { dtype }.into(), &[self], Location::caller())
    }

    /// `a` where this value, which holds bools, is true, and `b` elsewhere.
    #[track_caller]
    pub fn select(self, a: Value, b: Value) -> Value {
        apply(Select.into(), &[self, a, b], Location::caller())
    }
}

macro_rules! unary_methods {
    ($($(#[$doc:meta])+ $method:ident => $op:ident),+ $(,)?) => {
        /// Functions of each element.
        impl Value {$(
            $(#[$doc])+
            #[track_caller]
            pub fn $method(self) -> Value {
                apply(Unary::$op.into(), &[self], Location::caller())
            }
        )+}
    };
}

unary_methods! {
    /// `|x|`
    abs => Abs,
    /// `e` to the power of `x`
    exp => Exp,
    /// The natural logarithm.
    log => Log,
    /// `log(1 + x)`, accurate also where `x` is too small to change 1.
    log1p => Log1p,
    /// The square root.
    sqrt => Sqrt,
    /// `1 / sqrt(x)`
    rsqrt => Rsqrt,
    /// `1 / x`
    recip => Recip,
    /// The sine of `x` radians.
    sin => Sin,
    /// The cosine of `x` radians.
    cos => Cos,
    /// The angle from 0 to pi whose cosine is `x`; NaN beyond -1 and 1.
    acos => Acos,
    /// The hyperbolic tangent.
    tanh => Tanh,
    /// The inverse of tanh; infinite at -1 and 1, NaN beyond.
    atanh => Atanh,
    /// The error function.
    erf => Erf,
    /// `1 / (1 + exp(-x))`
    sigmoid => Sigmoid,
    /// The largest integer that is not above `x`.
    floor => Floor,
    /// The smallest integer that is not below `x`.
    ceil => Ceil,
    /// The nearest integer; of two that are as near, the even one.
    round => Round,
    /// The next integer toward zero.
    trunc => Trunc,
    /// `max(x, 0)`
    relu => Relu,
    /// The exact Gaussian error linear unit, `x * (1 + erf(x / sqrt(2))) / 2`.
    gelu => Gelu,
    /// GELU by its tanh approximation.
    gelu_tanh => GeluTanh,
    /// GELU by its sigmoid approximation, `x * sigmoid(1.702 * x)`.
    gelu_quick => GeluQuick,
    /// `x * sigmoid(x)`, also called swish.
    silu => Silu,
}

/// A value, or a number that becomes a scalar of the other operand's dtype.
pub trait Operand {
    fn beside(self, other: Value, site: &Location<'_>) -> Value;
}

impl Operand for Value {
    fn beside(self, _other: Value, _site: &Location<'_>) -> Value {
        self
    }
}

impl Operand for f64 {
    fn beside(self, other: Value, site: &Location<'_>) -> Value {
        scalar(self, other, site)
    }
}

impl Operand for i32 {
    fn beside(self, other: Value, site: &Location<'_>) -> Value {
        scalar(self.into(), other, site)
    }
}

fn scalar(number: f64, other: Value, site: &Location<'_>) -> Value {
    let dtype = other.dtype();
    // A fraction beside integers stays a float, so that the dtype rule refuses it.
    let dtype = if number.fract() != 0.0 && !dtype.is_float() {
        DType::F32
    } else {
        dtype
    };
    super::builder::constant_in(other.graph(), Constant::scalar(dtype, number), site)
}

macro_rules! binary_methods {
    ($($(#[$doc:meta])+ $method:ident => $op:expr),+ $(,)?) => {
        /// Functions of two values, or of a value and a number, with broadcasting.
        impl Value {$(
            $(#[$doc])+
            #[track_caller]
            pub fn $method(self, other: impl Operand) -> Value {
                let site = Location::caller();
                apply(Op::from($op), &[self, other.beside(self, site)], site)
            }
        )+}
    };
}

binary_methods! {
    /// The largest integer that is not above `self / other`, as Python's `//`.
    floor_div => Binary::FloorDiv,
    /// What that division leaves, with the sign of `other`: Python's `%`.
    modulo => Binary::Mod,
    /// `self` to the power of `other`.
    pow => Binary::Pow,
    /// The larger of both, element by element.
    maximum => Binary::Max,
    /// The smaller of both, element by element.
    minimum => Binary::Min,
    /// `self == other`, as bools.
    equal => Compare::Equal,
    /// `self != other`, as bools.
    not_equal => Compare::NotEqual,
    /// `self < other`, as bools.
    less => Compare::Less,
    /// `self <= other`, as bools.
    less_equal => Compare::LessEqual,
    /// `self > other`, as bools.
    greater => Compare::Greater,
    /// `self >= other`, as bools.
    greater_equal => Compare::GreaterEqual,
}

/// Values end to end along `axis`; all other dims are equal.
///
/// ```
/// use lessons::prelude::*;
/// # let g = Graph::start("concat");
/// let a = g.input("a", f32s(("n", 3)));
/// let b = g.input("b", f32s((2, 3)));
/// assert_eq!(concat(&[a, b], 0).shape().to_string(), "[n + 2, 3]");
/// ```
///
/// Of no values at all there is no graph to report to: the result is poisoned, and using it is
/// what gets reported.
#[track_caller]
pub fn concat(values: &[Value], axis: i32) -> Value {
    match values {
        [] => Value::poisoned(u32::MAX),
        _ => apply(Concat { axis }.into(), values, Location::caller()),
    }
}

impl std::ops::Neg for Value {
    type Output = Value;

    #[track_caller]
    fn neg(self) -> Value {
        apply(Unary::Neg.into(), &[self], Location::caller())
    }
}

// One float and one integer impl on each side: with more, `2 * x` would not infer.
macro_rules! operators {
    ($($operator:ident $method:ident),+) => {$(
        impl std::ops::$operator<Value> for Value {
            type Output = Value;

            #[track_caller]
            fn $method(self, other: Value) -> Value {
                apply(Binary::$operator.into(), &[self, other], Location::caller())
            }
        }

        operators! { @number $operator $method f64 }
        operators! { @number $operator $method i32 }
    )+};
    (@number $operator:ident $method:ident $number:ty) => {
        impl std::ops::$operator<$number> for Value {
            type Output = Value;

            #[track_caller]
            fn $method(self, other: $number) -> Value {
                let site = Location::caller();
                apply(Binary::$operator.into(), &[self, scalar(other.into(), self, site)], site)
            }
        }

        impl std::ops::$operator<Value> for $number {
            type Output = Value;

            #[track_caller]
            fn $method(self, other: Value) -> Value {
                let site = Location::caller();
                apply(Binary::$operator.into(), &[scalar(self.into(), other, site), other], site)
            }
        }
    };
}

operators! { Add add, Sub sub, Mul mul, Div div }

impl fmt::Debug for Value {
    /// The type, which is what one wants to know of a value while building: `f32[batch, 4]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ty())
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    /// The error without its line numbers, which move with this file.
    fn error(describe: impl FnOnce(&Builder)) -> String {
        let text = Graph::build("test", describe).unwrap_err().to_string();
        let mut pieces = text.split("line ");
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |text, piece| {
            text + "line N" + piece.trim_start_matches(|c: char| c.is_ascii_digit())
        })
    }

    #[test]
    fn numbers_stand_on_either_side() {
        let graph = Graph::build("sides", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", (2 * x + 1.0).relu() - x * 2 + 1.5 / -x);
        })
        .unwrap();
        insta::assert_snapshot!(graph);
    }

    #[test]
    fn an_error_names_operands_lines_rule_and_remedy() {
        insta::assert_snapshot!(error(|g| {
            let x = g.input("x", f32s(("batch", 4)));
            let w = g.weight("fc.weight", f32s((2, 4)));
            g.output("y", x.matmul(w));
        }));
    }

    #[test]
    fn the_first_mistake_is_the_one_reported() {
        let text = error(|g| {
            let x = g.input("x", f32s(("n", 3)));
            let wrong = x + g.input("y", f32s((2,)));
            assert_eq!(wrong.ty().to_string(), "f32[?]");
            g.output("z", wrong.matmul(wrong).relu());
        });
        assert!(
            text.starts_with("add: x and y do not broadcast: at axis -1 the dims 3 and 2 differ"),
            "{text}"
        );
    }

    #[test]
    fn a_vector_on_the_wrong_axis_gets_the_right_advice() {
        insta::assert_snapshot!(error(|g| {
            let x = g.input("x", f32s(("batch", 4)));
            let weights = g.input("row_weight", f32s(("batch",)));
            g.output("y", x * weights);
        }));
    }

    #[test]
    fn values_of_a_finished_graph_are_poisoned_and_nothing_panics() {
        let g = Graph::start("done");
        let x = g.input("x", f32s((2,)));
        g.output("y", x);
        g.finish().unwrap();
        assert_eq!((x + x).sum(0).ty().to_string(), "f32[?]");
        assert_eq!(concat(&[], 0).ty().to_string(), "f32[?]");
    }

    #[test]
    fn graphs_do_not_mix() {
        let other = Graph::start("other");
        let stranger = other.input("x", f32s((2,)));
        let text = error(|g| {
            let x = g.input("x", f32s((2,)));
            g.output("y", x + stranger);
        });
        assert!(text.contains("belongs to another graph"), "{text}");
    }

    #[test]
    fn a_fraction_beside_integers_is_refused() {
        let text = error(|g| {
            let x = g.input("x", i64s((2,)));
            g.output("y", x * 0.5);
        });
        assert!(text.contains("holds i64"), "{text}");
    }

    #[test]
    fn names_are_given_once() {
        let text = error(|g| {
            g.input("x", f32s((2,)));
            let x = g.input("x", f32s((3,)));
            g.output("y", x);
        });
        assert!(
            text.contains("there is already an input named `x`"),
            "{text}"
        );
    }
}
