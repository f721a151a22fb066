//! Moves that are made of a few simpler ones: reshapes, broadcasts, slices and concats.

use std::panic::Location;

use super::Value;
use crate::graph::builder::{apply, constant_in, refuse};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::ops::{Broadcast, Concat, Constant, Reshape, Slice};
use crate::graph::shape::{Shape, axis_of_rank};

type Site<'a> = &'a Location<'a>;

/// Axes that come, go and join, and values cut up or put together.
impl Value {
    /// A new axis of size 1 that becomes axis `axis` of the result; -1 puts it last.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("unsqueeze");
    /// let x = g.input("x", f32s(("n", 3)));
    /// assert_eq!(x.unsqueeze(0).shape().to_string(), "[1, n, 3]");
    /// assert_eq!(x.unsqueeze(-1).shape().to_string(), "[n, 3, 1]");
    /// ```
    #[track_caller]
    pub fn unsqueeze(self, axis: i32) -> Value {
        unsqueeze(self, axis, Location::caller())
    }

    /// Without axis `axis`, whose size is 1.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("squeeze");
    /// let x = g.input("x", f32s(("n", 1, 3)));
    /// assert_eq!(x.squeeze(1).shape().to_string(), "[n, 3]");
    /// ```
    #[track_caller]
    pub fn squeeze(self, axis: i32) -> Value {
        let site = Location::caller();
        let rule = "squeeze([.., 1, ..], axis) -> [.., ..]";
        let shape = self.shape();
        let Some(at) = axis_or_refuse(self, axis, ("squeeze", rule), site) else {
            return self.gone();
        };
        if !shape[at].is(1) {
            let what = format!("axis {axis} of {{0}} has the dim {}, not 1", shape[at]);
            let help = "only an axis of size 1 can go without elements; reshape or reduce others";
            return refuse("squeeze", Broken::new(what).help(help), rule, &[self], site);
        }
        let mut dims = shape.to_vec();
        dims.remove(at);
        reshape(self, dims, site)
    }

    /// The axes from `first` to `last`, both included, as one.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("flatten");
    /// let images = g.input("images", f32s(("batch", 28, 28, 3)));
    /// assert_eq!(images.flatten(1, -1).shape().to_string(), "[batch, 2352]");
    /// ```
    #[track_caller]
    pub fn flatten(self, first: i32, last: i32) -> Value {
        let site = Location::caller();
        let words = (
            "flatten",
            "flatten([.., a, .., b, ..], first, last) -> [.., a * .. * b, ..]",
        );
        let shape = self.shape();
        let axes = axis_or_refuse(self, first, words, site)
            .and_then(|first| Some((first, axis_or_refuse(self, last, words, site)?)));
        let Some((from, to)) = axes else {
            return self.gone();
        };
        if from > to {
            let what = format!("axis {first} of {{0}} comes after axis {last}");
            let broken = Broken::new(what).help("name the first axis, then the last one");
            return refuse(words.0, broken, words.1, &[self], site);
        }
        let joined = Shape::new(shape[from..=to].to_vec()).elements();
        let dims = [&shape[..from], &[joined], &shape[to + 1..]].concat();
        reshape(self, dims, site)
    }

    /// Parts of these sizes along `axis`, one after the other; together they are the whole axis.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("split");
    /// let x = g.input("x", f32s(("n", 10)));
    /// let [head, tail] = x.split([3, 7], -1);
    /// assert_eq!(head.shape().to_string(), "[n, 3]");
    /// assert_eq!(tail.shape().to_string(), "[n, 7]");
    /// ```
    #[track_caller]
    pub fn split<D: Into<Dim>, const N: usize>(self, sizes: [D; N], axis: i32) -> [Value; N] {
        let site = Location::caller();
        let words = (
            "split",
            "split([.., n, ..], sizes, axis): the sizes add up to n",
        );
        let sizes: [Dim; N] = sizes.map(Into::into);
        let Some(at) = axis_or_refuse(self, axis, words, site) else {
            return [self.gone(); N];
        };
        let sum = sizes
            .iter()
            .cloned()
            .fold(Dim::constant(0), |sum, size| sum + size);
        let whole = &self.shape()[at];
        if sum != *whole {
            let what =
                format!("the sizes add up to {sum}, and axis {axis} of {{0}} has the dim {whole}");
            let broken =
                Broken::new(what).help("sizes that add up to it, or slice, which takes one part");
            refuse(words.0, broken, words.1, &[self], site);
            return [self.gone(); N];
        }
        parts(self, sizes, at, site)
    }

    /// Equal parts along `axis`, as many as the pattern has names.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("chunk");
    /// let qkv = g.input("qkv", f32s(("batch", "seq", 3 * 64)));
    /// let [q, k, v] = qkv.chunk(-1);
    /// assert_eq!(k.shape().to_string(), "[batch, seq, 64]");
    /// ```
    #[track_caller]
    pub fn chunk<const N: usize>(self, axis: i32) -> [Value; N] {
        let site = Location::caller();
        let words = (
            "chunk",
            "chunk([.., n, ..], axis): n divides into that many equal parts",
        );
        let Some(at) = axis_or_refuse(self, axis, words, site) else {
            return [self.gone(); N];
        };
        let whole = self.shape()[at].clone();
        let Some(size) = whole.div_exact(&Dim::from(N)) else {
            let what =
                format!("axis {axis} of {{0}} has the dim {whole}, which is not {N} equal parts");
            let broken = Broken::new(what).help("split takes parts of different sizes");
            refuse(words.0, broken, words.1, &[self], site);
            return [self.gone(); N];
        };
        parts(self, std::array::from_fn(|_| size.clone()), at, site)
    }

    /// `before` and `after` more elements along each axis, all of them `value`; one pair an axis.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("pad", |g| {
    ///     let x = g.input("x", f32s(("n", 2)));
    ///     g.output("y", x.pad([(1, 0), (0, 1)], 9.0));
    /// })?;
    /// let x = Tensor::new(&[[1f32, 2.0]], &Cpu)?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&x)?;
    /// assert_eq!(y.to_vec2::<f32>()?, [[9.0, 9.0, 9.0], [1.0, 2.0, 9.0]]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn pad<D: Into<Dim>, const N: usize>(self, sizes: [(D, D); N], value: f64) -> Value {
        let site = Location::caller();
        let rule = "pad(x, [(before, after); rank of x], value): each dim grows by before + after";
        let ty = self.ty();
        if ty.rank() != N {
            let what = format!("{{0}} has {} axes, and {N} pairs are given", ty.rank());
            let broken = Broken::new(what).help("one pair an axis, (0, 0) where nothing is added");
            return refuse("pad", broken, rule, &[self], site);
        }
        let fill = constant_in(self.graph, Constant::scalar(ty.dtype, value), site);
        let mut padded = self;
        for (axis, (before, after)) in sizes.into_iter().enumerate() {
            let block = |size: Dim| {
                let mut dims = padded.shape().to_vec();
                dims[axis] = size.clone();
                let shape = Shape::new(dims);
                (!size.is(0)).then(|| apply(Broadcast { shape }.into(), &[fill], site))
            };
            let (before, after) = (block(before.into()), block(after.into()));
            let row: Vec<Value> = before.into_iter().chain([padded]).chain(after).collect();
            if row.len() > 1 {
                let axis = axis as i32;
                padded = apply(Concat { axis }.into(), &row, site);
            }
        }
        padded
    }

    /// The whole value so many times along each axis; one number an axis.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("tile");
    /// let x = g.input("x", f32s(("n", 3)));
    /// assert_eq!(x.tile([2, 4]).shape().to_string(), "[2*n, 12]");
    /// ```
    #[track_caller]
    pub fn tile<D: Into<Dim>, const N: usize>(self, times: [D; N]) -> Value {
        let site = Location::caller();
        let rule = "tile(x, [times; rank of x]): each dim is multiplied by its number";
        let shape = self.shape();
        if shape.rank() != N {
            let what = format!("{{0}} has {} axes, and {N} numbers are given", shape.rank());
            let broken = Broken::new(what).help("one number an axis, 1 where nothing is repeated");
            return refuse("tile", broken, rule, &[self], site);
        }
        // [a, b] → [1, a, 1, b] → [times, a, times, b] → [times * a, times * b]
        let one = Dim::constant(1);
        let (mut spread, mut filled, mut joined) = (Vec::new(), Vec::new(), Vec::new());
        for (dim, times) in shape.iter().zip(times.map(Into::into)) {
            spread.extend([one.clone(), dim.clone()]);
            joined.push(times.clone() * dim.clone());
            filled.extend([times, dim.clone()]);
        }
        let spread = reshape(self, spread, site);
        let shape = Shape::new(filled);
        reshape(
            apply(Broadcast { shape }.into(), &[spread], site),
            joined,
            site,
        )
    }

    /// Each element so many times in a row along `axis`: `[1, 2]` twice is `[1, 1, 2, 2]`.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("repeat", |g| {
    ///     g.output("y", g.input("x", f32s(("n",))).repeat_interleave(2, 0));
    /// })?;
    /// let x = Tensor::new(&[1f32, 2.0], &Cpu)?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&x)?;
    /// assert_eq!(y.to_vec1::<f32>()?, [1.0, 1.0, 2.0, 2.0]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn repeat_interleave(self, times: impl Into<Dim>, axis: i32) -> Value {
        let site = Location::caller();
        let words = (
            "repeat_interleave",
            "repeat_interleave([.., n, ..], times, axis) -> [.., n * times, ..]",
        );
        let shape = self.shape();
        let times = times.into();
        let Some(at) = axis_or_refuse(self, axis, words, site) else {
            return self.gone();
        };
        let around = |middle: &[Dim]| [&shape[..at], middle, &shape[at + 1..]].concat();
        let n = shape[at].clone();
        let spread = reshape(self, around(&[n.clone(), Dim::constant(1)]), site);
        let filled = Shape::new(around(&[n.clone(), times.clone()]));
        let filled = apply(Broadcast { shape: filled }.into(), &[spread], site);
        reshape(filled, around(&[n * times]), site)
    }

    /// What stands for a result that there is not, since a mistake was noted.
    fn gone(self) -> Value {
        Value::poisoned(self.graph)
    }
}

/// Values of one shape side by side along a new axis.
///
/// ```
/// use lessons::prelude::*;
/// # let g = Graph::start("stack");
/// let a = g.input("a", f32s(("n", 3)));
/// let b = g.input("b", f32s(("n", 3)));
/// assert_eq!(stack(&[a, b], 0).shape().to_string(), "[2, n, 3]");
/// assert_eq!(stack(&[a, b], -1).shape().to_string(), "[n, 3, 2]");
/// ```
///
/// Of no values at all the result is poisoned, as that of [`concat`](super::concat).
#[track_caller]
pub fn stack(values: &[Value], axis: i32) -> Value {
    let site = Location::caller();
    let Some(first) = values.first() else {
        return Value::poisoned(u32::MAX);
    };
    let ty = first.ty();
    if let Some(at) = values.iter().position(|value| value.ty() != ty) {
        let other = values[at].ty();
        let broken = Broken::new(format!("{{0}} is {ty} and {{{at}}} is {other}"))
            .help("concat joins values along an axis that they have, of any size");
        let rule = "stack([..], [..], axis): all have one type";
        return refuse("stack", broken, rule, values, site);
    }
    let rows: Vec<Value> = values
        .iter()
        .map(|value| unsqueeze(*value, axis, site))
        .collect();
    apply(Concat { axis }.into(), &rows, site)
}

fn unsqueeze(value: Value, axis: i32, site: Site<'_>) -> Value {
    let mut dims = value.shape().to_vec();
    match axis_of_rank(dims.len() + 1, axis) {
        Some(at) => {
            dims.insert(at, Dim::constant(1));
            reshape(value, dims, site)
        }
        None => {
            let rank = dims.len() as i64 + 1;
            let what = format!("with one axis more {{0}} has {rank}, so there is no axis {axis}");
            let broken = Broken::new(what).help(format!("an axis from {} to {}", -rank, rank - 1));
            let rule = "unsqueeze([.., ..], axis) -> [.., 1, ..]";
            refuse("unsqueeze", broken, rule, &[value], site)
        }
    }
}

fn reshape(value: Value, dims: Vec<Dim>, site: Site<'_>) -> Value {
    let shape = Shape::new(dims);
    apply(Reshape { shape }.into(), &[value], site)
}

fn parts<const N: usize>(value: Value, sizes: [Dim; N], axis: usize, site: Site<'_>) -> [Value; N] {
    let mut start = Dim::constant(0);
    sizes.map(|size| {
        let end = start.clone() + size;
        let slice = Slice {
            axis: axis as i32,
            start: std::mem::replace(&mut start, end.clone()),
            end,
        };
        apply(slice.into(), &[value], site)
    })
}

/// The axis, counted from the front; where there is none, that is noted as a mistake of `op`.
fn axis_or_refuse(
    value: Value,
    axis: i32,
    (op, rule): (&str, &str),
    site: Site<'_>,
) -> Option<usize> {
    crate::graph::ops::axis_of(&value.ty(), axis)
        .map_err(|broken| refuse(op, broken, rule, &[value], site))
        .ok()
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    fn wrong(describe: impl Fn(Value)) -> String {
        let error = Graph::build("wrong", |g| {
            describe(g.input("x", f32s(("n", 6))));
        })
        .unwrap_err();
        assert_eq!(error.operands()[0].name, "x");
        let help = error.suggestion().unwrap_or("nothing");
        format!("{}: {} (try: {help})", error.op(), error.what())
    }

    #[test]
    fn mistakes_are_told_in_terms_of_the_method() {
        let texts = [
            wrong(|x| {
                x.squeeze(1);
            }),
            wrong(|x| {
                x.squeeze(2);
            }),
            wrong(|x| {
                x.unsqueeze(3);
            }),
            wrong(|x| {
                x.flatten(1, 0);
            }),
            wrong(|x| {
                x.split([2, 3], 1);
            }),
            wrong(|x| {
                x.chunk::<4>(1);
            }),
            wrong(|x| {
                x.chunk::<2>(0);
            }),
            wrong(|x| {
                x.pad([(1, 1)], 0.0);
            }),
            wrong(|x| {
                x.tile([2, 2, 2]);
            }),
            wrong(|x| {
                x.repeat_interleave(2, 5);
            }),
            wrong(|x| {
                stack(&[x, x.t()], 0);
            }),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }

    #[test]
    fn after_a_mistake_all_are_poisoned_and_nothing_panics() {
        let error = Graph::build("wrong", |g| {
            let x = g.input("x", f32s(("n", 6)));
            let y = x.squeeze(0).unsqueeze(0).flatten(0, 1).tile([2, 2]);
            let [a, b] = y.split([1, 2], 1);
            let [c, d] = a.chunk(0);
            g.output(
                "y",
                stack(&[b, c, d.pad([(1, 1)], 0.0)], 0).repeat_interleave(2, 9),
            );
        })
        .unwrap_err();
        assert_eq!(error.op(), "squeeze");
    }

    /// On shapes with empty and unit axes, against what the words say, element by element.
    #[test]
    fn elements_go_where_they_should() {
        let graph = Graph::build("moves", |g| {
            let x = g.input("x", f32s(("n", 2)));
            let [left, right] = x.chunk(1);
            g.output("swapped", concat(&[right, left], 1));
            g.output("stacked", stack(&[x, 10 * x], 1).flatten(0, -1));
            g.output("padded", x.pad([(1, 2), (0, 1)], -1.0));
            g.output("tiled", x.tile([2, 3]));
            g.output("repeated", x.repeat_interleave(2, 1));
            g.output("same", x.unsqueeze(1).squeeze(1));
        })
        .unwrap();
        let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
        for n in [0, 1, 3] {
            let x: Vec<f32> = (0..2 * n).map(|at| at as f32).collect();
            let rows: Vec<[f32; 2]> = x.chunks(2).map(|row| [row[0], row[1]]).collect();
            let tensor = Tensor::from_vec(x.clone(), (n, 2), &Cpu).unwrap();
            let outputs = model.run([("x", &tensor)]).unwrap();
            let flat = |name: &str| {
                let flat = outputs[name].flatten_all().unwrap();
                flat.to_vec1::<f32>().unwrap()
            };
            let all =
                |row: fn(&[f32; 2]) -> Vec<f32>| rows.iter().flat_map(row).collect::<Vec<_>>();
            assert_eq!(flat("swapped"), all(|[a, b]| vec![*b, *a]));
            assert_eq!(
                flat("stacked"),
                all(|[a, b]| vec![*a, *b, 10.0 * a, 10.0 * b])
            );
            let inner = all(|[a, b]| vec![*a, *b, -1.0]);
            assert_eq!(
                flat("padded"),
                [vec![-1.0; 3], inner, vec![-1.0; 6]].concat()
            );
            let once = all(|[a, b]| [*a, *b].repeat(3));
            assert_eq!(flat("tiled"), once.repeat(2));
            assert_eq!(flat("repeated"), all(|[a, b]| vec![*a, *a, *b, *b]));
            assert_eq!(flat("same"), x);
        }
    }
}
