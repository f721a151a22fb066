//! The models that benchmarks know, and their inputs.

use candle_core::{Device, Tensor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value as Json, json};

use super::cnn;
use super::config::ModelKeys;
use super::distilbert;
use super::engine::{Case, Task};
use super::initial::initial_weights;
use super::shape::CaseShape;
use crate::bench::error::BenchError;
use crate::graph::{Bindings, Graph, GraphError, f32s};
use crate::nn::linear;

/// The model of a benchmark with its weights, to run on one thread until somebody says otherwise.
///
/// # Errors
/// When a directory holds no model, or sizes do not fit each other.
pub fn task(model: &ModelKeys) -> crate::Result<Task> {
    let (kind, graph, seed, parameters) = match model {
        ModelKeys::Distilbert { directory, seed } => {
            return distilbert::task(directory.as_deref(), *seed);
        }
        ModelKeys::Elementwise { multiplier, offset } => (
            "elementwise",
            elementwise(*multiplier, *offset)?,
            0,
            json!({"multiplier": multiplier, "offset": offset}),
        ),
        ModelKeys::Linear {
            input_features,
            output_features,
            seed,
        } => (
            "linear",
            dense(
                "linear",
                &["fc"],
                &[*input_features, *output_features],
                true,
            )?,
            *seed,
            Json::Null,
        ),
        ModelKeys::Mlp {
            input_size,
            hidden_size1,
            hidden_size2,
            output_size,
            seed,
        } => {
            let sizes = [*input_size, *hidden_size1, *hidden_size2, *output_size];
            let graph = dense("mlp", &["fc1", "fc2", "fc3"], &sizes, false)?;
            ("mlp", graph, *seed, Json::Null)
        }
        ModelKeys::Cnn {
            input_channels,
            image_height,
            image_width,
            num_classes,
            seed,
        } => {
            let image = [*input_channels, *image_height, *image_width];
            ("cnn", cnn::graph(image, *num_classes)?, *seed, Json::Null)
        }
    };
    Ok(Task {
        kind,
        weights: initial_weights(&graph, seed)?,
        graph,
        directory: None,
        parameters,
        threads: 1,
        precision: "f32",
    })
}

/// The inputs of a shape.
///
/// # Errors
/// When the model takes no input of this shape.
pub fn case(model: &ModelKeys, task: &Task, shape: &CaseShape) -> crate::Result<Case> {
    match model {
        ModelKeys::Distilbert { .. } => distilbert::case(task, shape),
        _ => random_case(&task.graph, shape),
    }
}

/// `relu(x * multiplier + offset)` over any number of elements.
fn elementwise(multiplier: f64, offset: f64) -> Result<Graph, GraphError> {
    Graph::build("elementwise", |g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (x * multiplier + offset).relu());
    })
}

/// Linear layers with a ReLU after each; after the last one too, if `last` says so.
fn dense(name: &str, layers: &[&str], sizes: &[usize], last: bool) -> Result<Graph, GraphError> {
    Graph::build(name, |g| {
        let mut x = g.input("x", f32s(("batch", sizes[0])));
        for (number, (layer, sizes)) in layers.iter().zip(sizes.windows(2)).enumerate() {
            x = linear(g, layer, x, sizes[0], sizes[1]);
            if last || number + 1 < layers.len() {
                x = x.relu();
            }
        }
        g.output("y", x);
    })
}

/// Random floats between -1 and 1 for the only input of a graph; the shape decides the seed.
fn random_case(graph: &Graph, shape: &CaseShape) -> crate::Result<Case> {
    let refuse = |expected: &str| {
        BenchError::new(format!(
            "the input of {} has no shape {shape}",
            graph.name()
        ))
        .help(format!("sizes for {expected}"))
    };
    let Some((name, node)) = graph.inputs().next() else {
        return Err(refuse("nothing: it has no input").into());
    };
    let expected = &node.ty.shape;
    if shape.shortest().is_some() || shape.dims().len() != expected.len() {
        return Err(refuse(&expected.to_string()).into());
    }
    let bindings: Bindings = expected
        .iter()
        .zip(shape.dims())
        .filter_map(|(dim, size)| Some((dim.as_symbol()?.to_owned(), *size)))
        .collect();
    if expected.bind(&bindings).as_deref() != Some(shape.dims()) {
        return Err(refuse(&expected.to_string()).into());
    }
    let elements = shape.dims().iter().product();
    let mut generator = StdRng::seed_from_u64(elements as u64);
    let mut values = Vec::with_capacity(elements);
    values.extend((0..elements).map(|_| generator.random_range(-1.0f32..1.0)));
    let x = Tensor::from_vec(values, shape.dims(), &Device::Cpu)?;
    Ok(Case::new(graph, shape.clone(), vec![(name.to_owned(), x)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Config;
    use crate::engine::{Precision, Reference};

    /// The first numbers of a model's output in f64, from its own weights.
    fn output(model: &ModelKeys, shape: &str) -> (Task, Case, Tensor) {
        let task = task(model).unwrap();
        let case = case(model, &task, &shape.parse().unwrap()).unwrap();
        let reference = Reference::new(&task.graph, &task.weights).unwrap();
        let inputs = case
            .inputs
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor));
        let y = reference
            .run(inputs, Precision::F64)
            .unwrap()
            .only()
            .unwrap();
        (task, case, y)
    }

    fn model(name: &str) -> ModelKeys {
        Config::named(name).unwrap().model.unwrap()
    }

    #[test]
    fn elementwise_costs_two_operations_and_moves_each_number_in_and_out() {
        let (_, case, y) = output(&model("elementwise"), "64");
        assert_eq!(case.bytes, 512.0);
        let x = case.inputs[0].1.to_vec1::<f32>().unwrap();
        let y = y.to_vec1::<f64>().unwrap();
        for (x, y) in x.iter().zip(y) {
            assert!(((2.0 * f64::from(*x) + 1.0).max(0.0) - y).abs() < 1e-6);
        }
    }

    #[test]
    fn a_linear_layer_has_its_operations() {
        let (_, case, y) = output(&model("linear"), "4x1024");
        assert_eq!(y.dims(), [4, 1024]);
        let product = 2.0 * 4.0 * 1024.0 * 1024.0;
        assert!((1.0..1.01).contains(&(case.flops / product)));
    }

    #[test]
    fn the_mlp_and_the_cnn_have_their_parameters() {
        let count = |name: &str, shape: &str| {
            let (task, _, y) = output(&model(name), shape);
            let sizes = task.weights.iter().map(|(_, tensor)| tensor.elem_count());
            (sizes.sum::<usize>(), y.dims().to_vec())
        };
        let mlp = 8 * 128 + 128 + 128 * 64 + 64 + 64 + 1;
        assert_eq!(count("mlp", "3x8"), (mlp, vec![3, 1]));
        let cnn = 9 * 32 + 32 + 9 * 32 * 64 + 64 + 3136 * 128 + 128 + 1280 + 10;
        assert_eq!(count("cnn", "2x1x28x28"), (cnn, vec![2, 10]));
    }

    #[test]
    fn shapes_that_do_not_fit_are_told_what_does() {
        for (name, shape) in [
            ("elementwise", "2x2"),
            ("linear", "2x1000"),
            ("mlp", "2x4-8"),
            ("cnn", "2x1x28x27"),
        ] {
            let model = model(name);
            let error = case(&model, &task(&model).unwrap(), &shape.parse().unwrap());
            let error = error.err().unwrap().to_string();
            assert!(
                error.contains(shape) && error.contains("sizes for ["),
                "{error}"
            );
        }
    }
}
