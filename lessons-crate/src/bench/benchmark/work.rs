//! The models that benchmarks know, and their inputs.

use candle_core::{Device, Tensor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value as Json, json};

use super::attention;
use super::cnn;
use super::config::ModelKeys;
use super::distilbert;
use super::engine::{Case, Task};
use super::initial::initial_weights;
use super::rnn;
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
        ModelKeys::Rnn {
            steps,
            input_size,
            hidden_size,
            output_size,
            seed,
        } => {
            let graph = rnn::graph(*steps, *input_size, *hidden_size, *output_size)?;
            ("rnn", graph, *seed, Json::Null)
        }
        ModelKeys::Attention { width, heads } => (
            "attention",
            attention::graph(*width, *heads)?,
            0,
            json!({"heads": heads}),
        ),
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

/// Random floats between -1 and 1 for each input of a graph: the first has the shape, which decides the
/// sizes of the others and the seed.
fn random_case(graph: &Graph, shape: &CaseShape) -> crate::Result<Case> {
    let refuse = |expected: &str| {
        BenchError::new(format!(
            "the input of {} has no shape {shape}",
            graph.name()
        ))
        .help(format!("sizes for {expected}"))
    };
    let Some((_, node)) = graph.inputs().next() else {
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
    let elements: usize = shape.dims().iter().product();
    let mut generator = StdRng::seed_from_u64(elements as u64);
    let mut inputs = Vec::new();
    for (name, node) in graph.inputs() {
        let dims = node.ty.shape.bind(&bindings);
        let dims = dims.ok_or_else(|| refuse(&node.ty.shape.to_string()))?;
        let elements = dims.iter().product();
        let mut values = Vec::with_capacity(elements);
        values.extend((0..elements).map(|_| generator.random_range(-1.0f32..1.0)));
        inputs.push((
            name.to_owned(),
            Tensor::from_vec(values, dims, &Device::Cpu)?,
        ));
    }
    Ok(Case::new(graph, shape.clone(), inputs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Config;
    use crate::bench::benchmark::engine::Engine;
    use crate::bench::benchmark::ours::Ours;
    use crate::bench::difference::Numbers;
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
            let sizes = task.weights.iter().map(|(_, weight)| weight.elem_count());
            (sizes.sum::<usize>(), y.dims().to_vec())
        };
        let mlp = 8 * 128 + 128 + 128 * 64 + 64 + 64 + 1;
        assert_eq!(count("mlp", "3x8"), (mlp, vec![3, 1]));
        let cnn = 9 * 32 + 32 + 9 * 32 * 64 + 64 + 3136 * 128 + 128 + 1280 + 10;
        assert_eq!(count("cnn", "2x1x28x28"), (cnn, vec![2, 10]));
    }

    #[test]
    fn the_rnn_has_its_parameters_and_its_operations() {
        let (task, case, y) = output(&model("rnn"), "2x24x16");
        assert_eq!(y.dims(), [2, 1]);
        let sizes = task.weights.iter().map(|(_, weight)| weight.elem_count());
        assert_eq!(sizes.sum::<usize>(), 3 * 128 * (16 + 128 + 2) + 128 + 1);
        let products = 2.0 * 2.0 * 24.0 * 3.0 * 128.0 * (16.0 + 128.0);
        assert!((1.0..1.1).contains(&(case.flops / products)));
    }

    #[test]
    fn attention_has_three_inputs_that_differ_and_its_operations() {
        let (_, case, y) = output(&model("attention"), "2x16x768");
        assert_eq!(y.dims(), [2, 16, 768]);
        let names: Vec<&str> = case.inputs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["queries", "keys", "values"]);
        let first = |at: usize| {
            case.inputs[at]
                .1
                .flatten_all()
                .unwrap()
                .to_vec1::<f32>()
                .unwrap()[0]
        };
        assert!(first(0) != first(1) && first(1) != first(2));
        let products = 2.0 * 2.0 * 2.0 * 16.0 * 16.0 * 768.0;
        assert!(
            (1.0..1.2).contains(&(case.flops / products)),
            "{}",
            case.flops
        );
    }

    /// What is timed gives what the reference gives in f64.
    #[test]
    fn what_is_timed_agrees_with_the_reference() {
        for (name, shape) in [
            ("elementwise", "5"),
            ("linear", "3x1024"),
            ("mlp", "3x8"),
            ("cnn", "2x1x28x28"),
            ("rnn", "3x24x16"),
            ("attention", "1x64x768"),
        ] {
            let (task, case, expected) = output(&model(name), shape);
            let mut ours = Ours::grouped();
            ours.load(&task).unwrap();
            let given = ours.prepare(&case).unwrap();
            let tolerance = Config::named(name).unwrap().benchmark.tolerance;
            let difference = given.compare(&Numbers::of(&expected).unwrap(), tolerance);
            assert!(difference.agrees, "{name}: {difference:?}");
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_told_what_does() {
        for (name, shape) in [
            ("elementwise", "2x2"),
            ("linear", "2x1000"),
            ("mlp", "2x4-8"),
            ("cnn", "2x1x28x27"),
            ("rnn", "2x23x16"),
            ("attention", "2x16x767"),
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
