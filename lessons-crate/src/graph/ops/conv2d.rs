//! Convolutions of images.

use serde::{Deserialize, Serialize};

use super::epilogue::{Step, Steps};
use super::{Epilogue, OpDef, Pool2d, PoolKind, Sample, Tolerance, Unary, Window, same_float};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// At each position of the window, for each output channel, the sum of the products of what the
/// window covers and the channel's weights, without turning the window around, as neural networks
/// have it; padding is zeros. Output channels of a group read the input channels of that group
/// alone. Inputs: x, weight, then those of the epilogue, where the compiler has joined one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conv2d {
    pub window: Window,
    pub groups: usize,
    #[serde(flatten)]
    pub epilogue: Epilogue,
    /// A pool behind all that, where the compiler has joined one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool2d>,
}

impl Conv2d {
    /// The channels of the input and of the output.
    fn channels(&self, x: &TensorType, weight: &TensorType) -> Result<(), Broken> {
        let [outputs, inputs, height, width] = &weight.shape[..] else {
            return Err(Broken::new(format!(
                "the weight {{1}} has {} axes, not 4",
                weight.rank()
            ))
            .help("[output channels, input channels of a group, height, width]"));
        };
        let [kernel_height, kernel_width] = self.window.kernel;
        if !height.is(kernel_height) || !width.is(kernel_width) {
            return Err(Broken::new(format!(
                "the window has the size {kernel_height}x{kernel_width}, and the weight {{1}} {height}x{width}"
            ))
            .help(format!("Window::of([{height}, {width}])")));
        }
        let groups = Dim::from(self.groups);
        let channels = &x.shape[1];
        if *channels != inputs.clone() * groups.clone() {
            let broken = Broken::new(format!(
                "{{0}} has {channels} channels, and the weight {{1}} is for {inputs} in each of {} group(s)",
                self.groups
            ));
            let images_last = x.shape[3] == inputs.clone() * groups;
            let divisor = channels.div_exact(inputs).and_then(|groups| groups.known());
            return Err(match divisor {
                _ if images_last => broken.help("channels come before height and width: {0}.permute([0, 3, 1, 2])"),
                Some(groups) => broken.help(format!("{groups} groups, if they are meant: {{0}}.grouped_conv2d({{1}}, window, {groups})")),
                None => broken.help("the second dim of the weight is the number of input channels, by the groups"),
            });
        }
        if outputs.div_exact(&Dim::from(self.groups)).is_none() {
            return Err(Broken::new(format!(
                "{outputs} output channels do not make {} groups of one size",
                self.groups
            )));
        }
        Ok(())
    }
}

impl OpDef for Conv2d {
    fn name(&self) -> &str {
        "conv2d"
    }

    fn attributes(&self) -> String {
        let mut text = self.window.to_string();
        if self.groups != 1 {
            text += &format!(", groups={}", self.groups);
        }
        let mut steps = [
            vec![text],
            self.epilogue
                .names()
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        ]
        .concat();
        steps.extend(
            self.pool
                .map(|pool| format!("{} {}", pool.name(), pool.attributes())),
        );
        steps.join(" → ")
    }

    fn arity(&self, _given: usize) -> usize {
        2 + self.epilogue.arity()
    }

    fn rule(&self) -> &'static str {
        "conv2d(x: [batch, groups·c, h, w], weight: [o, c, window]) -> [batch, o, positions], with positions = (size + padding - dilation·(window - 1) - 1) / stride + 1"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let (x, weight) = (inputs[0], inputs[1]);
        if self.groups == 0 {
            return Err(Broken::new("the channels are in no group").help("groups of 1 and more"));
        }
        let positions = self.window.positions(x);
        if x.rank() == 4 {
            self.channels(x, weight)?;
        }
        let [rows, columns] = positions?;
        let dims = vec![x.shape[0].clone(), weight.shape[0].clone(), rows, columns];
        let ty = TensorType {
            dtype: x.dtype,
            shape: Shape::new(dims),
        };
        self.epilogue.check(inputs, 2, &ty, 1)?;
        same_float(inputs)?;
        match self.pool {
            Some(pool) => pool.infer(&[&ty]),
            None => Ok(ty),
        }
    }

    fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> Dim {
        let depth = inputs[1].shape[1].clone() * Dim::from(self.window.area());
        let unpooled = Conv2d {
            pool: None,
            ..*self
        }
        .infer(inputs);
        let product = unpooled.as_ref().unwrap_or(output);
        let pool = self.pool.map(|pool| pool.flops(&[product], output));
        product.shape.elements() * depth * Dim::constant(2)
            + self.epilogue.flops(product)
            + pool.unwrap_or(Dim::constant(0))
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        let plain = Conv2d {
            window: Window::of(3).padding(1),
            groups: 1,
            epilogue: Epilogue::default(),
            pool: None,
        };
        let grouped = Conv2d {
            window: Window {
                padding: [[0, 1], [2, 0]],
                ..Window::of([2, 3]).stride([2, 1]).dilation([1, 2])
            },
            groups: 2,
            ..plain
        };
        let steps = [
            Step::Residual,
            Step::Activation(Unary::Relu),
            Step::Residual,
        ];
        let all = Conv2d {
            epilogue: Epilogue {
                bias: true,
                steps: Steps::try_from(steps.to_vec()).unwrap_or_default(),
            },
            ..plain
        };
        let pooled = |kind, window: Window| Conv2d {
            epilogue: Epilogue {
                bias: true,
                steps: Steps::try_from(steps[1..2].to_vec()).unwrap_or_default(),
            },
            pool: Some(Pool2d { kind, window }),
            ..plain
        };
        let (x, weight) = (f32s(("n", 2, 4, 5)), f32s((3, 2, 3, 3)));
        vec![
            Sample {
                op: plain.into(),
                inputs: vec![f32s(("batch", 2, "n", 5)), weight.clone()],
            },
            Sample {
                op: grouped.into(),
                inputs: vec![f32s(("n", 4, 5, 6)), f32s((6, 2, 2, 3))],
            },
            Sample {
                op: all.into(),
                inputs: [
                    vec![x.clone(), weight.clone(), f32s((3, 1, 1))],
                    vec![f32s(("n", 3, 4, 5)); 2],
                ]
                .concat(),
            },
            Sample {
                op: pooled(PoolKind::Max, Window::tiles(2)).into(),
                inputs: vec![x.clone(), weight.clone(), f32s((3, 1, 1))],
            },
            Sample {
                op: pooled(PoolKind::Mean, Window::of([2, 1]).stride([2, 3])).into(),
                inputs: vec![x, weight, f32s((3, 1, 1))],
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    fn error(describe: impl FnOnce(&Builder)) -> String {
        Graph::build("test", describe).unwrap_err().to_string()
    }

    #[test]
    fn sizes_may_be_symbolic_where_the_positions_are_known() {
        Graph::build("sizes", |g| {
            let weight = g.weight("w", f32s((4, 2, 3, 3)));
            let size = |height: Dim, window: Window| {
                let name = format!("{height} {window}");
                let x = g.input(&name, f32s((Dim::from("n"), 2, height, 9)));
                x.conv2d(weight, window).shape()[2].to_string()
            };
            let half = Dim::from("half") * Dim::from(2);
            assert_eq!(size("h".into(), Window::of(3)), "h - 2");
            assert_eq!(size("h".into(), Window::of(3).padding(1)), "h");
            assert_eq!(size(half, Window::of(3).padding(1).stride(2)), "half");
            assert_eq!(size(8.into(), Window::of(3).stride(2)), "3");
            assert_eq!(size(8.into(), Window::of(3).stride(9).dilation(3)), "1");
            g.output("w", weight);
        })
        .unwrap();
    }

    #[test]
    fn errors_say_what_does_not_fit_and_what_to_try() {
        let with = |x: TensorType, weight: TensorType, window: Window| {
            error(move |g| {
                let (x, weight) = (g.input("x", x), g.weight("w", weight));
                g.output("y", x.conv2d(weight, window));
            })
        };
        let (x, weight) = (f32s(("n", 4, 8, 8)), f32s((6, 4, 3, 3)));
        for (text, hint, what) in [
            (
                with(f32s((4, 8, 8)), weight.clone(), Window::of(3)),
                "x.reshape((1,",
                "x has 3 axes, and images have 4",
            ),
            (
                with(x.clone(), f32s((6, 4)), Window::of(3)),
                "[output channels",
                "the weight w has 2 axes",
            ),
            (
                with(x.clone(), weight.clone(), Window::of(5)),
                "Window::of([3, 3])",
                "the window has the size 5x5",
            ),
            (
                with(x.clone(), f32s((6, 2, 3, 3)), Window::of(3)),
                "x.grouped_conv2d(w, window, 2)",
                "x has 4 channels",
            ),
            (
                with(f32s(("n", 8, 8, 4)), weight.clone(), Window::of(3)),
                "x.permute([0, 3, 1, 2])",
                "x has 8 channels",
            ),
            (
                with(x.clone(), weight.clone(), Window::of(3).dilation(4)),
                "more padding",
                "reaches over a height of 9",
            ),
            (
                with(x.clone(), weight.clone(), Window::of(3).stride(0)),
                "from 1 on",
                "the stride of the window is 0",
            ),
            (
                with(
                    f32s(("n", 4, "h", 8)),
                    weight.clone(),
                    Window::of(3).stride(2),
                ),
                "a multiple of 2",
                "the height h of x in steps of 2",
            ),
        ] {
            assert!(text.contains(what) && text.contains(hint), "{text}");
        }
    }
}
