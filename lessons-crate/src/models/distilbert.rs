//! DistilBERT for sequence classification (Sanh et al., 2019), as Hugging Face stores it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ModelError;
use crate::graph::{Builder, DType, Graph, GraphError, TensorType, Value};
use crate::nn::{attention, embedding, layer_norm, linear};

/// The epsilon of every layer normalization in the model.
const EPSILON: f64 = 1e-12;

/// What the scores of masked positions get added; its exponential is 0 in f32.
const MASKED: f64 = -1e9;

/// The fields of `config.json` that decide the graph.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    pub vocab_size: usize,
    pub max_position_embeddings: usize,
    /// Width of the hidden states.
    pub dim: usize,
    /// Width inside the feed-forward layers.
    pub hidden_dim: usize,
    pub n_layers: usize,
    pub n_heads: usize,
    #[serde(default = "gelu")]
    pub activation: String,
    /// Class index (as text, since JSON keys are) to its name; Hugging Face's default is two.
    #[serde(default = "two_labels")]
    pub id2label: BTreeMap<String, String>,
    /// Says which model this is; absent in some old files.
    #[serde(default)]
    pub model_type: Option<String>,
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn two_labels() -> BTreeMap<String, String> {
    [("0", "LABEL_0"), ("1", "LABEL_1")]
        .map(|(id, label)| (id.to_owned(), label.to_owned()))
        .into()
}

/// What else the graph shall give besides the logits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Outputs `attention.0`, `attention.1`, … of shape `[batch, heads, seq, seq]`.
    pub attentions: bool,
    /// Outputs `hidden.0` (the embeddings), `hidden.1`, … of shape `[batch, seq, dim]`.
    pub hidden_states: bool,
}

impl Config {
    /// Reads and checks a `config.json`.
    ///
    /// # Errors
    /// When it is not JSON, a field is missing, or the values contradict each other.
    pub fn from_json(text: &str) -> Result<Config, ModelError> {
        let config: Config = serde_json::from_str(text).map_err(|error| {
            ModelError::new(format!("config.json is not a DistilBERT config: {error}"))
                .help("the config.json of a Hugging Face DistilBERT, with vocab_size, dim, n_layers, n_heads, hidden_dim and max_position_embeddings")
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ModelError> {
        if let Some(other) = self
            .model_type
            .as_deref()
            .filter(|kind| *kind != "distilbert")
        {
            return Err(ModelError::new(format!(
                "config.json is for the model type `{other}`, not distilbert"
            )));
        }
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("dim", self.dim),
            ("hidden_dim", self.hidden_dim),
            ("n_layers", self.n_layers),
            ("n_heads", self.n_heads),
            ("the number of labels", self.id2label.len()),
        ];
        // Larger sizes are damage: no machine holds such tables.
        if let Some((name, size)) = sizes
            .into_iter()
            .find(|(_, size)| *size == 0 || *size > 1 << 24)
        {
            return Err(ModelError::new(format!(
                "config.json says that {name} is {size}"
            )));
        }
        if !self.dim.is_multiple_of(self.n_heads) {
            return Err(ModelError::new(format!(
                "config.json says dim {} and n_heads {}: the heads cannot share it evenly",
                self.dim, self.n_heads
            ))
            .help("n_heads must divide dim"));
        }
        if !["gelu", "relu"].contains(&self.activation.as_str()) {
            return Err(ModelError::new(format!(
                "config.json says the activation is `{}`",
                self.activation
            ))
            .help("DistilBERT knows gelu and relu"));
        }
        self.labels().map(|_| ())
    }

    /// The names of the classes, by index.
    ///
    /// # Errors
    /// When `id2label` does not name 0, 1, … in a row.
    pub fn labels(&self) -> Result<Vec<String>, ModelError> {
        let labels = (0..self.id2label.len()).map(|id| self.id2label.get(&id.to_string()).cloned());
        labels.collect::<Option<_>>().ok_or_else(|| {
            let keys: Vec<_> = self.id2label.keys().map(String::as_str).collect();
            ModelError::new(format!(
                "config.json's id2label has the keys {}",
                keys.join(", ")
            ))
            .help("it must name 0, 1, … without a gap")
        })
    }

    /// The graph. Inputs: `input_ids` and `attention_mask`, both `i64[batch, seq]`, with a mask of
    /// 1 for tokens and 0 for padding. Output: `logits`, `f32[batch, labels]`.
    ///
    /// # Errors
    /// None for a config that was checked.
    pub fn graph(&self, options: Options) -> Result<Graph, GraphError> {
        Graph::build("distilbert", |g| self.describe(g, options))
    }

    fn describe(&self, g: &Builder, options: Options) {
        let ids = g.input("input_ids", TensorType::new(DType::I64, ("batch", "seq")));
        let mask = g.input(
            "attention_mask",
            TensorType::new(DType::I64, ("batch", "seq")),
        );
        let mask = g.scope("mask", || {
            ((1 - mask.cast(DType::F32)) * MASKED).reshape(("batch", 1, 1, "seq"))
        });
        let mut x = g.scope("embeddings", || self.embeddings(g, ids));
        if options.hidden_states {
            g.output("hidden.0", x);
        }
        for layer in 0..self.n_layers {
            let (next, weights) =
                g.scope(&format!("layer {layer}"), || self.layer(g, layer, x, mask));
            x = next;
            if options.attentions {
                g.output(&format!("attention.{layer}"), weights);
            }
            if options.hidden_states {
                g.output(&format!("hidden.{}", layer + 1), x);
            }
        }
        let logits = g.scope("classifier", || self.head(g, x));
        g.output("logits", logits);
    }

    fn embeddings(&self, g: &Builder, ids: Value) -> Value {
        let prefix = "distilbert.embeddings";
        let words = embedding(
            g,
            &format!("{prefix}.word_embeddings"),
            ids,
            self.vocab_size,
            self.dim,
        );
        let positions = embedding(
            g,
            &format!("{prefix}.position_embeddings"),
            g.range("seq"),
            self.max_position_embeddings,
            self.dim,
        );
        layer_norm(
            g,
            &format!("{prefix}.LayerNorm"),
            words + positions,
            self.dim,
            EPSILON,
        )
    }

    /// One transformer layer, normalized after each half, and its attention weights.
    fn layer(&self, g: &Builder, layer: usize, x: Value, mask: Value) -> (Value, Value) {
        let prefix = format!("distilbert.transformer.layer.{layer}");
        let dim = self.dim;
        let (attended, weights) = g.scope("attention", || {
            let project =
                |name: &str, x| linear(g, &format!("{prefix}.attention.{name}"), x, dim, dim);
            let (q, k, v) = (
                project("q_lin", x),
                project("k_lin", x),
                project("v_lin", x),
            );
            let attended = attention(q, k, v, mask, self.n_heads);
            (project("out_lin", attended.output), attended.weights)
        });
        let x = layer_norm(
            g,
            &format!("{prefix}.sa_layer_norm"),
            x + attended,
            dim,
            EPSILON,
        );
        let fed = g.scope("feed-forward", || {
            let hidden = linear(g, &format!("{prefix}.ffn.lin1"), x, dim, self.hidden_dim);
            let hidden = if self.activation == "relu" {
                hidden.relu()
            } else {
                hidden.gelu()
            };
            linear(
                g,
                &format!("{prefix}.ffn.lin2"),
                hidden,
                self.hidden_dim,
                dim,
            )
        });
        (
            layer_norm(
                g,
                &format!("{prefix}.output_layer_norm"),
                x + fed,
                dim,
                EPSILON,
            ),
            weights,
        )
    }

    /// Classifies by the first token's state.
    fn head(&self, g: &Builder, x: Value) -> Value {
        let first = x.slice(1, 0, 1).reshape(("batch", self.dim));
        let pooled = linear(g, "pre_classifier", first, self.dim, self.dim).relu();
        linear(g, "classifier", pooled, self.dim, self.id2label.len())
    }
}
