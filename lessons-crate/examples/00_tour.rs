//! The tour: sentences are classified, and the graph behind the answer is looked at and timed.

mod common;

use lessons::bench;
use lessons::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    texts: Vec<String>,
}

fn main() -> std::process::ExitCode {
    common::finish(tour())
}

fn tour() -> common::Outcome<()> {
    let (session, Parameters { texts }) = common::start("00_tour")?;
    let classifier = Classifier::embedded_on(&session)?;
    for answer in classifier.classify_all(&texts)? {
        let text = answer.text.unwrap_or_default();
        println!("{} {:.3}  {text}", answer.label, answer.score);
    }

    println!("\n{}", classifier.model().report());

    if let Some(text) = texts.first() {
        let time = bench::measure(|| classifier.classify(text));
        println!(
            "\none sentence, from text to label on {}: {time}",
            session.device()
        );
    }
    Ok(())
}
