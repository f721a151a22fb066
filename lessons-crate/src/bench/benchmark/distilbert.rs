//! DistilBERT-base at full size: its weights, and the ids that it is timed on.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::engine::{Case, Task};
use super::initial::initial_weights;
use super::shape::CaseShape;
use crate::bench::error::BenchError;
use crate::models::directory::Directory;
use crate::models::distilbert::{Config, Options};
use crate::weights::Weights;

/// The `config.json` of DistilBERT-base with two labels: 66,955,010 parameters.
const BASE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../data/bench/distilbert-base/config.json"
));

/// The model of a directory, or the full-size one from a seed.
///
/// # Errors
/// When the directory holds no DistilBERT.
pub fn task(directory: Option<&Path>, seed: u64) -> crate::Result<Task> {
    let (config, weights) = match directory {
        Some(path) => {
            let directory = Directory::open(path)?;
            let config = Config::from_json(&directory.config()?)?;
            (config, Some(Weights::open(directory.weights())?))
        }
        None => (Config::from_json(BASE)?, None),
    };
    let graph = config.graph(Options::default())?;
    let weights = match weights {
        Some(weights) => weights,
        None => initial_weights(&graph, seed)?,
    };
    Ok(Task {
        kind: "distilbert",
        graph,
        weights,
        directory: directory.map(Path::to_owned),
        parameters: serde_json::Value::Null,
        threads: 1,
        precision: "f32",
    })
}

/// Writes the full-size model of a seed as a directory that Hugging Face's transformers reads.
///
/// # Errors
/// When something cannot be written.
pub fn write_directory(folder: &Path, seed: u64) -> crate::Result<PathBuf> {
    write_task(folder, &task(None, seed)?)?;
    Ok(folder.to_owned())
}

/// Writes the full-size model.
///
/// # Errors
/// As [`write_directory`].
pub fn write_task(folder: &Path, task: &Task) -> crate::Result<()> {
    let broken = |error: std::io::Error| {
        BenchError::new(format!("cannot be written: {error}")).of(folder.display())
    };
    fs::create_dir_all(folder).map_err(broken)?;
    task.weights.save(folder.join("model.safetensors"))?;
    fs::write(folder.join("config.json"), BASE).map_err(broken)?;
    Ok(())
}

/// Ids and a mask for batch x tokens: 101 at the start of each row, 102 at its end, and between
/// them `1000 + (7919 * (b * S + s)) mod 29000`, modulo the vocabulary where that is smaller. Rows of mixed length are padded with 0, where the mask
/// is 0, too; elsewhere it is 1.
///
/// # Errors
/// When the shape is not batch x tokens with at least two tokens.
pub fn case(task: &Task, shape: &CaseShape) -> crate::Result<Case> {
    let &[batch, tokens] = shape.dims() else {
        return Err(BenchError::new(format!("{shape} is not batch x tokens"))
            .help("1x8")
            .into());
    };
    if shape.shortest().unwrap_or(tokens) < 2 {
        return Err(
            BenchError::new(format!("{shape} has no place for a first and a last token"))
                .help("1x2 at least")
                .into(),
        );
    }
    let words = task
        .weights
        .get("distilbert.embeddings.word_embeddings.weight");
    let vocabulary = words.map_or(1, |words| words.dims()[0]);
    let lengths = lengths(batch, shape.shortest().unwrap_or(tokens), tokens);
    let id = |b: usize, s: usize| match s {
        s if s >= lengths[b] => 0,
        0 => 101,
        s if s + 1 == lengths[b] => 102,
        s => ((1000 + (7919 * (b * tokens + s)) % 29000) % vocabulary) as i64,
    };
    let rows = |number: &dyn Fn(usize, usize) -> i64| {
        let numbers: Vec<i64> = (0..batch)
            .flat_map(|b| (0..tokens).map(move |s| number(b, s)))
            .collect();
        Tensor::from_vec(numbers, (batch, tokens), &Device::Cpu)
    };
    let ids = rows(&id)?;
    let mask = rows(&|b, s| (s < lengths[b]).into())?;
    let inputs = |ids: Tensor, mask: Tensor| {
        let inputs = [("input_ids", ids), ("attention_mask", mask)];
        inputs
            .map(|(name, tensor)| (name.to_owned(), tensor))
            .into()
    };
    let mut case = Case::new(
        &task.graph,
        shape.clone(),
        inputs(ids.clone(), mask.clone()),
    );
    if shape.shortest().is_some() {
        // What must be computed is each row at its own length.
        let mut flops = 0.0;
        for (row, length) in lengths.iter().enumerate() {
            let part = |tensor: &Tensor| tensor.narrow(0, row, 1)?.narrow(1, 0, *length);
            let inputs = inputs(part(&ids)?, part(&mask)?);
            flops += Case::new(&task.graph, shape.clone(), inputs).flops;
        }
        case.flops = flops;
    }
    Ok(case)
}

/// The lengths of rows: between the shortest and the longest, both of which occur, from a fixed seed.
fn lengths(batch: usize, shortest: usize, longest: usize) -> Vec<usize> {
    let mut generator = StdRng::seed_from_u64(batch as u64);
    (0..batch)
        .map(|row| match row {
            0 => longest,
            1 => shortest,
            _ => generator.random_range(shortest..=longest),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Task {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/distilbert");
        task(Some(&folder), 0).unwrap()
    }

    #[test]
    fn the_base_model_has_its_66_955_010_parameters() {
        let graph = Config::from_json(BASE).unwrap().graph(Options::default());
        let graph = graph.unwrap();
        let sizes = graph
            .weights()
            .map(|(_, node)| -> usize { node.ty.shape.known().unwrap().iter().product() });
        assert_eq!(sizes.sum::<usize>(), 66_955_010);
    }

    #[test]
    fn ids_follow_the_rule() {
        let case = case(&tiny(), &"2x4".parse().unwrap()).unwrap();
        let rows = case.inputs[0].1.to_vec2::<i64>().unwrap();
        // The fixture knows 200 tokens.
        let id = |n: i64| (1000 + (7919 * n) % 29000) % 200;
        assert_eq!(rows, [[101, id(1), id(2), 102], [101, id(5), id(6), 102]]);
        assert_eq!(case.inputs[1].1.to_vec2::<i64>().unwrap(), [[1; 4]; 2]);
    }

    #[test]
    fn rows_of_mixed_length_are_padded_and_cost_only_their_tokens() {
        let task = tiny();
        let mixed = case(&task, &"5x3-7".parse().unwrap()).unwrap();
        let ids = mixed.inputs[0].1.to_vec2::<i64>().unwrap();
        let mask = mixed.inputs[1].1.to_vec2::<i64>().unwrap();
        let lengths: Vec<usize> = mask
            .iter()
            .map(|row| row.iter().sum::<i64>() as usize)
            .collect();
        assert_eq!(&lengths[..2], [7, 3]);
        assert!(lengths.iter().all(|length| (3..=7).contains(length)));
        for (row, length) in ids.iter().zip(&lengths) {
            assert_eq!((row[0], row[length - 1]), (101, 102));
            assert!(row[*length..].iter().all(|id| *id == 0));
        }
        let alone = |length: &usize| {
            let shape = format!("1x{length}").parse().unwrap();
            case(&task, &shape).unwrap().flops
        };
        assert_eq!(mixed.flops, lengths.iter().map(alone).sum::<f64>());
    }

    #[test]
    fn shapes_that_are_not_batch_by_tokens_are_refused() {
        for shape in ["8", "1x1", "1x2x3", "2x1-8"] {
            assert!(case(&tiny(), &shape.parse().unwrap()).is_err(), "{shape}");
        }
    }

    #[test]
    fn a_token_costs_about_twice_the_parameters_of_the_layers() {
        let graph = Config::from_json(BASE).unwrap().graph(Options::default());
        let task = Task {
            graph: graph.unwrap(),
            ..tiny()
        };
        let flops = case(&task, &"1x8".parse().unwrap()).unwrap().flops;
        let layers = 6.0 * (4.0 * 768.0 * 768.0 + 2.0 * 768.0 * 3072.0);
        assert!(
            (1.0..1.05).contains(&(flops / (8.0 * 2.0 * layers))),
            "{flops}"
        );
    }
}
