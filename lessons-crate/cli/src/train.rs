//! `lessons train`: the shipped model and the lexicon, made again from the data.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use lessons::models::lexicon::Rules;
use lessons::train::lexicon::{accuracy, learn};
use lessons::train::{
    Evaluation, Observer, Sst2Options, Step, find_sst2, read_examples, train_sst2,
};

/// Train a model that ships with Lessons.
#[derive(Debug, Args)]
pub struct TrainArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Train the small DistilBERT on SST-2.
    Sst2(Sst2Args),
    /// Learn the lexicon's word scores from SST-2.
    Lexicon(LexiconArgs),
}

#[derive(Debug, Args)]
struct LexiconArgs {
    /// Folder with train.tsv, train-phrases.tsv and dev.tsv [default: $LESSONS_DATA/sst2].
    #[arg(long)]
    data: Option<PathBuf>,
    /// Folder with lexicon.toml, the rules; scores.tsv is written there.
    #[arg(long, default_value = "data/lexicon")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct Sst2Args {
    /// Folder with train.tsv, train-phrases.tsv and dev.tsv [default: $LESSONS_DATA/sst2].
    #[arg(long)]
    data: Option<PathBuf>,
    /// Copy the best model here when the run is finished.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Folder for the checkpoint and the best model so far.
    #[arg(long, default_value = "target/lessons/sst2")]
    work: PathBuf,
    /// Times that every text is seen.
    #[arg(long, default_value_t = defaults().epochs)]
    epochs: usize,
    /// Seed of all chance: the same seed, machine and thread count give the same bits.
    #[arg(long, default_value_t = defaults().seed)]
    seed: u64,
    /// Texts a step.
    #[arg(long, default_value_t = defaults().batch_size)]
    batch_size: usize,
    /// Highest learning rate.
    #[arg(long, default_value_t = defaults().learning_rate)]
    learning_rate: f64,
    /// Share of a matrix that decays each step, times the learning rate.
    #[arg(long, default_value_t = defaults().adamw.weight_decay)]
    weight_decay: f64,
    /// Share of tokens that are made unknown.
    #[arg(long, default_value_t = defaults().word_dropout)]
    word_dropout: f64,
    /// Dropout of embeddings, attention and feed-forward outputs.
    #[arg(long, default_value_t = defaults().model.dropout)]
    dropout: f64,
    /// Number of layers.
    #[arg(long, default_value_t = defaults().model.n_layers)]
    layers: usize,
    /// Number of tokens of the vocabulary.
    #[arg(long, default_value_t = defaults().vocab_size)]
    vocab_size: usize,
    /// Use only the first so many texts of each file.
    #[arg(long)]
    limit: Option<usize>,
    /// Go on from the last checkpoint in the work folder.
    #[arg(long)]
    resume: bool,
}

fn defaults() -> Sst2Options {
    Sst2Options::new("", "")
}

/// Runs `lessons train`.
pub fn run(args: TrainArgs) -> anyhow::Result<()> {
    match args.what {
        What::Sst2(args) => sst2(args),
        What::Lexicon(args) => lexicon(args),
    }
}

fn lexicon(args: LexiconArgs) -> anyhow::Result<()> {
    let data = find_sst2(args.data.as_deref())?;
    let rules = Rules::open(&args.out.join("lexicon.toml"))?;
    let mut examples = read_examples(&data.join("train-phrases.tsv"))?;
    examples.extend(read_examples(&data.join("train.tsv"))?);
    let lexicon = learn(&examples, rules);
    let path = args.out.join("scores.tsv");
    std::fs::write(&path, lexicon.scores_tsv())
        .with_context(|| format!("cannot write {}", path.display()))?;
    let dev = read_examples(&data.join("dev.tsv"))?;
    println!(
        "{} words in {}: {:.2} % of the dev set.",
        lexicon.scores().len(),
        path.display(),
        100.0 * accuracy(&lexicon, &dev)
    );
    Ok(())
}

fn sst2(args: Sst2Args) -> anyhow::Result<()> {
    let mut options = Sst2Options::new(find_sst2(args.data.as_deref())?, &args.work);
    options.epochs = args.epochs;
    options.seed = args.seed;
    options.batch_size = args.batch_size;
    options.learning_rate = args.learning_rate;
    options.adamw.weight_decay = args.weight_decay;
    options.word_dropout = args.word_dropout;
    options.model.dropout = args.dropout;
    options.model.attention_dropout = args.dropout;
    options.model.n_layers = args.layers;
    options.vocab_size = args.vocab_size;
    options.limit = args.limit;
    options.resume = args.resume;

    let mut progress = Progress {
        bar: ProgressBar::no_length(),
        smoothed: None,
    };
    let outcome = train_sst2(&options, &mut progress)?;
    progress.bar.finish_and_clear();
    let (accuracy, epoch) = outcome.best.context("no epoch was finished")?;
    println!(
        "Best: {:.2} % of the dev set, after epoch {}; {:.0} s of training with {} threads.",
        100.0 * accuracy,
        epoch + 1,
        outcome.seconds,
        lessons::train::threads()
    );
    if let Some(out) = args.out {
        copy(&outcome.model, &out)
            .with_context(|| format!("copying {} to {}", outcome.model.display(), out.display()))?;
        println!("The model is in {}.", out.display());
    } else {
        println!("The model is in {}.", outcome.model.display());
    }
    Ok(())
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// A bar on a terminal; lines after each epoch everywhere.
struct Progress {
    bar: ProgressBar,
    smoothed: Option<f32>,
}

impl Observer for Progress {
    fn start(&mut self, step: usize, total: usize, parameters: usize) {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} steps, {eta} left  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar.set_style(style);
        self.bar.set_length(total as u64);
        self.bar.set_position(step as u64);
        self.bar.reset_eta();
        self.bar.enable_steady_tick(Duration::from_millis(500));
        eprintln!(
            "{parameters} parameters, {total} steps{}",
            if step > 0 {
                format!(", going on at step {step}")
            } else {
                String::new()
            }
        );
    }

    fn step(&mut self, step: &Step) -> ControlFlow<()> {
        let smoothed = self
            .smoothed
            .map_or(step.loss, |mean| 0.98 * mean + 0.02 * step.loss);
        self.smoothed = Some(smoothed);
        self.bar.set_position(step.step as u64);
        self.bar
            .set_message(format!("epoch {}, loss {smoothed:.3}", step.epoch + 1));
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, evaluation: &Evaluation) {
        let line = format!(
            "epoch {}: loss {:.4}, dev accuracy {:.2} %{}",
            evaluation.epoch + 1,
            evaluation.train_loss,
            100.0 * evaluation.dev_accuracy,
            if evaluation.best {
                " (best so far)"
            } else {
                ""
            }
        );
        if self.bar.is_hidden() {
            eprintln!("{line}")
        } else {
            self.bar.println(line)
        }
    }
}
