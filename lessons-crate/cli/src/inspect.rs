//! `lessons inspect`: what a weights file, a graph file or a model directory holds.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use lessons::graph::Graph;
use lessons::models::directory::Directory;
use lessons::models::distilbert::Config;
use lessons::weights::Listing;
use serde::Serialize;

use crate::output::{self, Format};

/// List the tensors of a weights file, or check and print a graph.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Weights (safetensors), a graph as JSON, or a model directory.
    file: PathBuf,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Weights<'a> {
    format: &'static str,
    #[serde(flatten)]
    listing: &'a Listing,
    total: Total,
}

#[derive(Debug, Serialize)]
struct Total {
    tensors: usize,
    elements: u64,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct Model<'a> {
    format: &'static str,
    config: Summary<'a>,
    weights: Weights<'a>,
}

/// What a config says of the model's size.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    model_type: &'static str,
    layers: usize,
    heads: usize,
    dim: usize,
    hidden_dim: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    activation: &'a str,
    labels: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Checked<'a> {
    format: &'static str,
    name: &'a str,
    nodes: usize,
    inputs: Vec<Named<'a>>,
    weights: Vec<Named<'a>>,
    outputs: Vec<Named<'a>>,
    ir: String,
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    ty: String,
}

/// Runs `lessons inspect`.
pub fn run(args: &InspectArgs) -> anyhow::Result<()> {
    if args.file.is_dir() {
        return directory(args);
    }
    if is_json(&args.file)? {
        return print_graph(&graph(&args.file)?, args.format);
    }
    let listing = Listing::open(&args.file)?;
    match args.format {
        Format::Text => print_listing(&listing),
        Format::Json => output::json(&Weights::of(&listing)),
    }
}

/// Reads and verifies a graph file.
///
/// # Errors
/// When the file cannot be read, is no graph, or the graph breaks a rule.
pub fn graph(path: &Path) -> anyhow::Result<Graph> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Graph::from_json(&text).with_context(|| path.display().to_string())
}

/// Whether a file is text that starts as JSON. Safetensors files start with a length of eight
/// bytes, of which the upper ones are zero.
fn is_json(path: &Path) -> anyhow::Result<bool> {
    let mut start = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(8).read_to_end(&mut start))
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let text = start.trim_ascii_start();
    let json = text.starts_with(b"{") || text.starts_with(b"[");
    Ok((json && !start.contains(&0)) || path.extension().is_some_and(|end| end == "json"))
}

fn directory(args: &InspectArgs) -> anyhow::Result<()> {
    let directory = Directory::open(&args.file)?;
    let config = Config::from_json(&directory.config()?)?;
    let listing = Listing::open(directory.weights())?;
    let summary = Summary {
        model_type: "distilbert",
        layers: config.n_layers,
        heads: config.n_heads,
        dim: config.dim,
        hidden_dim: config.hidden_dim,
        vocab_size: config.vocab_size,
        max_position_embeddings: config.max_position_embeddings,
        activation: &config.activation,
        labels: config.labels()?,
    };
    if args.format == Format::Json {
        let weights = Weights::of(&listing);
        return output::json(&Model {
            format: "model",
            config: summary,
            weights,
        });
    }
    let Summary {
        layers,
        heads,
        dim,
        hidden_dim,
        vocab_size,
        max_position_embeddings,
        ..
    } = summary;
    output::line(format_args!(
        "DistilBERT: {layers} layers, {heads} heads, dim {dim}, hidden dim {hidden_dim}, {}\n\
         {vocab_size} tokens, at most {max_position_embeddings} a text; labels {}\n",
        summary.activation,
        summary.labels.join(", ")
    ))?;
    print_listing(&listing)
}

impl<'a> Weights<'a> {
    fn of(listing: &'a Listing) -> Weights<'a> {
        let total = Total {
            tensors: listing.tensors.len(),
            elements: listing.tensors.iter().map(|tensor| tensor.elements()).sum(),
            bytes: listing.tensors.iter().map(|tensor| tensor.bytes).sum(),
        };
        Weights {
            format: "safetensors",
            listing,
            total,
        }
    }
}

fn print_listing(listing: &Listing) -> anyhow::Result<()> {
    let rows: Vec<[String; 4]> = listing
        .tensors
        .iter()
        .map(|tensor| {
            let bytes = output::bytes(tensor.bytes);
            [
                tensor.name.clone(),
                format!("{:?}", tensor.shape),
                tensor.dtype.clone(),
                bytes,
            ]
        })
        .collect();
    let heads = ["name", "shape", "dtype", "bytes"].map(str::to_owned);
    let width = |column: usize| {
        let cells = rows
            .iter()
            .chain([&heads])
            .map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let (name, shape, dtype, bytes) = (width(0), width(1), width(2), width(3));
    for row in [&heads].into_iter().chain(&rows) {
        let [a, b, c, d] = row;
        output::line(format_args!(
            "{a:name$}  {b:shape$}  {c:dtype$}  {d:>bytes$}"
        ))?;
    }
    for (key, value) in &listing.metadata {
        output::line(format_args!("{key}: {}", output::shortened(value, 72)))?;
    }
    let Total {
        tensors,
        elements,
        bytes,
    } = Weights::of(listing).total;
    let bytes = output::bytes(bytes);
    Ok(output::line(format_args!(
        "{tensors} tensors, {elements} elements, {bytes}"
    ))?)
}

fn print_graph(graph: &Graph, format: Format) -> anyhow::Result<()> {
    if format == Format::Text {
        return Ok(output::line(graph.to_string().trim_end())?);
    }
    let named = |name, ty: &lessons::graph::TensorType| Named {
        name,
        ty: ty.to_string(),
    };
    let outputs = graph.outputs().iter();
    output::json(&Checked {
        format: "graph",
        name: graph.name(),
        nodes: graph.nodes().len(),
        inputs: graph
            .inputs()
            .map(|(name, node)| named(name, &node.ty))
            .collect(),
        weights: graph
            .weights()
            .map(|(name, node)| named(name, &node.ty))
            .collect(),
        outputs: outputs
            .filter_map(|output| Some(named(&output.name, &graph.node(output.node)?.ty)))
            .collect(),
        ir: graph.to_string(),
    })
}
