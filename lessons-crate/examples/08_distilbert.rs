//! Lesson 08: a sentence through DistilBERT: tokens, ids, logits, probabilities, attention, times.

mod common;

use lessons::bench::{self, Budget};
use lessons::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// A Hugging Face directory; the embedded model without it.
    model: Option<String>,
    text: String,
    /// How many tokens the timings are made with.
    sizes: Vec<usize>,
}

fn main() -> std::process::ExitCode {
    common::finish(distilbert())
}

fn distilbert() -> common::Outcome<()> {
    let (session, parameters): (_, Parameters) = common::start("08_distilbert")?;
    let Parameters { model, text, sizes } = parameters;
    let classifier = match &model {
        Some(directory) => Classifier::open_on(directory, &session)?,
        None => Classifier::embedded_on(&session)?,
    };
    let length = classifier.config().max_position_embeddings;
    let encoding = classifier.tokenizer()?.encode(&text, length)?;
    for (token, id) in encoding.tokens.iter().zip(&encoding.ids) {
        println!("{id:>6}  {token}");
    }

    let answer = classifier.classify(&text)?;
    println!("\nlogits {:.3?}", answer.logits);
    for (label, score) in &answer.scores {
        println!("{label:>10}  {score:.3}");
    }

    let attention = classifier.attention(&text)?;
    let last = attention.layers.last().ok_or("the model has no layers")?;
    let from_first = last
        .narrow(1, 0, 1)?
        .mean(0)?
        .squeeze(0)?
        .to_vec1::<f32>()?;
    println!("\nhow much the first token looks at each, in the last layer:");
    for (token, share) in attention.tokens.iter().zip(from_first) {
        println!("{share:>6.3}  {token}");
    }

    let graph = classifier.model().plan().source();
    let inputs = |tokens: usize| {
        let (ids, mask) = classifier.inputs(&[vec![encoding.ids[0]; tokens]])?;
        Ok(vec![("input_ids", ids), ("attention_mask", mask)])
    };
    let weights = classifier.weights();
    let scaling = bench::over_sizes_with(graph, weights, "seq", &sizes, &Budget::quick(), inputs)?;
    println!("\n{scaling}\n{}", scaling.verdict());
    Ok(())
}
