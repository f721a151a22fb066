//! The convolutional network of the lessons: two convolutions with pools, two linear layers.

use crate::bench::error::BenchError;
use crate::graph::{Builder, Graph, Value, Window, f32s};
use crate::nn::{conv2d, linear};

/// The channels after each convolution, and the width between the linear layers.
const CHANNELS: [usize; 2] = [32, 64];
const WIDTH: usize = 128;
/// Height and width of a convolution's window.
const WINDOW: usize = 3;

/// Images of `[channels, height, width]` in, `classes` logits out: two times a 3x3 convolution of the
/// same size, ReLU, and the largest of each 2x2 window, then two linear layers with a ReLU between.
///
/// Weights are named and laid out as PyTorch's: `conv1.weight` is `[out, in, 3, 3]`, and images are
/// flattened channel by channel.
///
/// # Errors
/// When the image cannot be halved twice.
pub fn graph(image: [usize; 3], classes: usize) -> crate::Result<Graph> {
    let [channels, height, width] = image;
    if channels == 0
        || height == 0
        || width == 0
        || !height.is_multiple_of(4)
        || !width.is_multiple_of(4)
    {
        return Err(BenchError::new(format!(
            "an image of {channels}x{height}x{width} cannot be halved twice"
        ))
        .help("height and width that are multiples of 4")
        .into());
    }
    let graph = Graph::build("cnn", |g| {
        let x = g.input("x", f32s(("batch", channels, height, width)));
        let x = block(g, "conv1", x, [channels, CHANNELS[0]]);
        let x = block(g, "conv2", x, CHANNELS);
        let features = CHANNELS[1] * (height / 4) * (width / 4);
        let flat = x.reshape(("batch", features));
        let hidden = linear(g, "fc1", flat, features, WIDTH).relu();
        g.output("logits", linear(g, "fc2", hidden, WIDTH, classes));
    });
    Ok(graph?)
}

/// Convolution, ReLU and pool.
fn block(g: &Builder, name: &str, x: Value, channels: [usize; 2]) -> Value {
    let window = Window::of(WINDOW).padding(WINDOW / 2);
    let y = conv2d(g, name, x, channels, window).relu();
    y.max_pool2d(Window::tiles(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::benchmark::initial::initial_weights;
    use crate::engine::Session;
    use candle_core::{Device, Tensor};

    /// candle's own convolution and pooling on the same weights.
    #[test]
    fn it_computes_what_convolutions_do() {
        let graph = graph([2, 8, 12], 5).unwrap();
        let weights = initial_weights(&graph, 3).unwrap();
        let x = Tensor::randn(0f32, 1.0, (3, 2, 8, 12), &Device::Cpu).unwrap();
        let y = Session::cpu()
            .load(&graph, &weights)
            .unwrap()
            .call(&x)
            .unwrap();
        let get = |name: &str| weights.get(name).unwrap();
        let block = |x: &Tensor, name: &str| -> candle_core::Result<Tensor> {
            let y = x.conv2d(&get(&format!("{name}.weight")), 1, 1, 1, 1)?;
            let bias = get(&format!("{name}.bias")).reshape((1, (), 1, 1))?;
            y.broadcast_add(&bias)?.relu()?.max_pool2d(2)
        };
        let dense = |x: &Tensor, name: &str| -> candle_core::Result<Tensor> {
            let product = x.matmul(&get(&format!("{name}.weight")).t()?)?;
            product.broadcast_add(&get(&format!("{name}.bias")))
        };
        let expected = block(&block(&x, "conv1").unwrap(), "conv2").unwrap();
        let hidden = dense(&expected.flatten_from(1).unwrap(), "fc1").unwrap();
        let expected = dense(&hidden.relu().unwrap(), "fc2").unwrap();
        let apart = (y - expected).unwrap().abs().unwrap().max_all().unwrap();
        assert!(apart.to_scalar::<f32>().unwrap() < 1e-4);
    }

    #[test]
    fn images_that_cannot_be_halved_are_refused() {
        for image in [[1, 6, 8], [0, 8, 8], [1, 0, 8]] {
            assert!(graph(image, 10).is_err());
        }
    }
}
