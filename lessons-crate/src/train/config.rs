//! The shape of a DistilBERT classifier, as `config.json` of Hugging Face says it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TrainError;

/// `config.json` of a DistilBERT for sequence classification. Fields keep Hugging Face's names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// The class that `transformers` makes of the directory.
    pub architectures: Vec<String>,
    /// `distilbert`.
    pub model_type: String,
    /// `gelu`: the exact one, by the error function.
    pub activation: String,
    /// Number of rows of the word embedding.
    pub vocab_size: usize,
    /// Number of positions, so the longest sequence.
    pub max_position_embeddings: usize,
    /// Whether positions are sines; here they are learnt.
    pub sinusoidal_pos_embds: bool,
    /// Width of the hidden states.
    pub dim: usize,
    /// Width of the feed-forward layer.
    pub hidden_dim: usize,
    /// Attention heads a layer; must divide `dim`.
    pub n_heads: usize,
    /// Number of layers.
    pub n_layers: usize,
    /// Dropout of embeddings and feed-forward outputs in training.
    pub dropout: f64,
    /// Dropout of attention probabilities in training.
    pub attention_dropout: f64,
    /// Dropout before the classifier in training.
    pub seq_classif_dropout: f64,
    /// Standard deviation of initial weights.
    pub initializer_range: f64,
    /// Id of the padding token.
    pub pad_token_id: u32,
    /// Whether input and output embeddings are one; there is no output embedding here.
    #[serde(default)]
    pub tie_weights_: bool,
    /// Label of each class.
    pub id2label: BTreeMap<String, String>,
    /// Class of each label.
    pub label2id: BTreeMap<String, usize>,
}

impl ModelConfig {
    /// The model that ships with the library: 2 layers of width 128 over `vocab_size` tokens.
    pub fn small(vocab_size: usize) -> Self {
        let labels = ["NEGATIVE", "POSITIVE"];
        Self {
            architectures: vec!["DistilBertForSequenceClassification".to_owned()],
            model_type: "distilbert".to_owned(),
            activation: "gelu".to_owned(),
            vocab_size,
            max_position_embeddings: 256,
            sinusoidal_pos_embds: false,
            dim: 128,
            hidden_dim: 512,
            n_heads: 4,
            n_layers: 2,
            dropout: 0.2,
            attention_dropout: 0.2,
            seq_classif_dropout: 0.2,
            initializer_range: 0.02,
            pad_token_id: 0,
            tie_weights_: true,
            id2label: labels
                .iter()
                .enumerate()
                .map(|(i, l)| (i.to_string(), (*l).to_owned()))
                .collect(),
            label2id: labels
                .iter()
                .enumerate()
                .map(|(i, l)| ((*l).to_owned(), i))
                .collect(),
        }
    }

    /// Number of classes.
    pub fn labels(&self) -> usize {
        self.id2label.len()
    }

    /// Width of one attention head.
    pub fn head_dim(&self) -> usize {
        self.dim / self.n_heads
    }

    /// Checks what the model relies on.
    ///
    /// # Errors
    /// A size is 0, heads do not divide the width, or a dropout lies outside `[0, 1)`.
    pub fn check(&self) -> Result<(), TrainError> {
        let wrong = |message: String| Err(TrainError::Config(message));
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("dim", self.dim),
            ("hidden_dim", self.hidden_dim),
            ("n_heads", self.n_heads),
            ("n_layers", self.n_layers),
            ("id2label", self.labels()),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return wrong(format!("model configuration: {name} is 0"));
        }
        if !self.dim.is_multiple_of(self.n_heads) {
            return wrong(format!(
                "model configuration: {} heads do not divide the width {}; take a divisor, as 2 or 4",
                self.n_heads, self.dim
            ));
        }
        for (name, p) in [
            ("dropout", self.dropout),
            ("attention_dropout", self.attention_dropout),
            ("seq_classif_dropout", self.seq_classif_dropout),
        ] {
            if !(0.0..1.0).contains(&p) {
                return wrong(format!("model configuration: {name} is {p}, not in [0, 1)"));
            }
        }
        if self.activation != "gelu" {
            return wrong(format!(
                "model configuration: activation {:?} is not trained here; take \"gelu\"",
                self.activation
            ));
        }
        Ok(())
    }

    /// Name and shape of every parameter, in the order of the forward pass.
    pub fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let (dim, hidden) = (self.dim, self.hidden_dim);
        let mut list = Vec::new();
        let mut matrix = |name: &str, shape: &[usize]| list.push((name.to_owned(), shape.to_vec()));
        let embeddings = "distilbert.embeddings";
        matrix(
            &format!("{embeddings}.word_embeddings.weight"),
            &[self.vocab_size, dim],
        );
        matrix(
            &format!("{embeddings}.position_embeddings.weight"),
            &[self.max_position_embeddings, dim],
        );
        matrix(&format!("{embeddings}.LayerNorm.weight"), &[dim]);
        matrix(&format!("{embeddings}.LayerNorm.bias"), &[dim]);
        for layer in 0..self.n_layers {
            let layer = format!("distilbert.transformer.layer.{layer}");
            for name in ["q_lin", "k_lin", "v_lin", "out_lin"] {
                matrix(&format!("{layer}.attention.{name}.weight"), &[dim, dim]);
                matrix(&format!("{layer}.attention.{name}.bias"), &[dim]);
            }
            matrix(&format!("{layer}.sa_layer_norm.weight"), &[dim]);
            matrix(&format!("{layer}.sa_layer_norm.bias"), &[dim]);
            matrix(&format!("{layer}.ffn.lin1.weight"), &[hidden, dim]);
            matrix(&format!("{layer}.ffn.lin1.bias"), &[hidden]);
            matrix(&format!("{layer}.ffn.lin2.weight"), &[dim, hidden]);
            matrix(&format!("{layer}.ffn.lin2.bias"), &[dim]);
            matrix(&format!("{layer}.output_layer_norm.weight"), &[dim]);
            matrix(&format!("{layer}.output_layer_norm.bias"), &[dim]);
        }
        matrix("pre_classifier.weight", &[dim, dim]);
        matrix("pre_classifier.bias", &[dim]);
        matrix("classifier.weight", &[self.labels(), dim]);
        matrix("classifier.bias", &[self.labels()]);
        list
    }
}
