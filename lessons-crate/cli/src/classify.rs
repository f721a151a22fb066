//! `lessons classify`: texts or token ids in, labels out.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgGroup, Args, CommandFactory};
use lessons::engine::{Device, Session};
use lessons::models::lexicon::Lexicon;
use lessons::models::{Classification, Classifier};
use serde::{Serialize, Serializer};

use crate::output::{self, Format};
use crate::{Cli, texts};

/// Texts that are answered before the next are looked at, so that long files answer as they go.
const CHUNK: usize = 64;

/// Columns that a text may take in an answer.
const WIDTH: usize = 72;

/// Say whether texts are positive or negative.
///
/// Give the texts as arguments, one a line in a file, or as token ids.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").args(["texts", "ids", "file"]).required(true)))]
pub struct ClassifyArgs {
    /// Texts to classify.
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,
    /// Directory with config.json, model.safetensors and tokenizer.json or vocab.txt; or `lexicon`
    /// for the baseline that counts words [default: the model that is built in].
    #[arg(long, value_name = "DIR|lexicon")]
    model: Option<PathBuf>,
    /// Where to run: cpu, cuda:N or metal.
    #[arg(long, default_value_t)]
    device: Device,
    /// How to print the answers.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Token ids instead of a text; needs no tokenizer. Several lists run as one padded batch.
    #[arg(long, value_name = "ID,ID…", value_parser = ids, allow_hyphen_values = true)]
    ids: Vec<Ids>,
    /// File with one text a line; `-` is stdin.
    #[arg(long)]
    file: Option<PathBuf>,
}

type Ids = std::sync::Arc<[u32]>;

fn ids(list: &str) -> Result<Ids, String> {
    if list.trim().is_empty() {
        return Err("the list is empty; write for example 101,2023,102".to_owned());
    }
    let id = |part: &str| {
        part.trim().parse::<u32>().map_err(|_| {
            format!(
                "`{}` is not a token id; write whole numbers with commas: 101,2023,102",
                part.trim()
            )
        })
    };
    list.split(',').map(id).collect()
}

/// One answer, as JSON shows it.
#[derive(Debug, Serialize)]
struct Answer {
    text: Option<String>,
    label: String,
    score: f32,
    #[serde(serialize_with = "map")]
    scores: Vec<(String, f32)>,
    logits: Vec<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<Truncated>,
}

#[derive(Debug, Serialize)]
struct Truncated {
    /// Tokens that the text has.
    tokens: usize,
    /// Tokens that the model saw.
    used: usize,
}

fn map<S: Serializer>(scores: &[(String, f32)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(scores.iter().map(|(label, score)| (label, score)))
}

impl From<Classification> for Answer {
    fn from(answer: Classification) -> Answer {
        Answer {
            text: answer.text,
            label: answer.label,
            score: answer.score,
            scores: answer.scores,
            logits: answer.logits,
            truncated: answer
                .truncated
                .map(|(tokens, used)| Truncated { tokens, used }),
        }
    }
}

/// What answers.
enum Model {
    Classifier(Box<Classifier>),
    Lexicon(Lexicon),
}

impl Model {
    fn open(args: &ClassifyArgs) -> anyhow::Result<Model> {
        let lexicon = match args.model.as_deref() {
            Some(name) if name == Path::new("lexicon") => Some(Lexicon::embedded()?),
            Some(path) if path.join("lexicon.toml").is_file() => Some(Lexicon::open(path)?),
            _ => None,
        };
        if let Some(lexicon) = lexicon {
            for (given, what) in [
                (
                    !args.ids.is_empty(),
                    "the lexicon reads words, not token ids",
                ),
                (
                    args.device != Device::Cpu,
                    "the lexicon runs on the CPU only",
                ),
            ] {
                if given {
                    return Err(Cli::command()
                        .error(ErrorKind::ArgumentConflict, what)
                        .into());
                }
            }
            return Ok(Model::Lexicon(lexicon));
        }
        let session = Session::on(args.device)?;
        let classifier = match &args.model {
            Some(path) => Classifier::open_on(path, &session)?,
            None => Classifier::embedded_on(&session)?,
        };
        Ok(Model::Classifier(Box::new(classifier)))
    }

    fn texts(&self, texts: &[String]) -> anyhow::Result<Vec<Answer>> {
        match self {
            Model::Classifier(classifier) => Ok(classifier
                .classify_all(texts)?
                .into_iter()
                .map(Answer::from)
                .collect()),
            Model::Lexicon(lexicon) => {
                Ok(texts.iter().map(|text| by_words(lexicon, text)).collect())
            }
        }
    }

    fn ids(&self, rows: &[Ids]) -> anyhow::Result<Vec<Answer>> {
        match self {
            Model::Classifier(classifier) => Ok(classifier
                .classify_ids(rows)?
                .into_iter()
                .map(Answer::from)
                .collect()),
            Model::Lexicon(_) => anyhow::bail!("the lexicon reads words, not token ids"),
        }
    }

    /// The columns that the longest label takes.
    fn label_width(&self) -> usize {
        let labels: Vec<&str> = match self {
            Model::Classifier(classifier) => {
                classifier.labels().iter().map(String::as_str).collect()
            }
            Model::Lexicon(_) => lessons::models::lexicon::LABELS.to_vec(),
        };
        labels
            .iter()
            .map(|label| label.chars().count())
            .max()
            .unwrap_or(0)
    }
}

fn by_words(lexicon: &Lexicon, text: &str) -> Answer {
    let answer = lexicon.classify(text);
    let scores = answer
        .scores
        .iter()
        .map(|(label, score)| ((*label).to_owned(), *score as f32));
    Answer {
        text: Some(text.to_owned()),
        label: answer.label.to_owned(),
        score: answer.score as f32,
        scores: scores.collect(),
        logits: Vec::new(),
        truncated: None,
    }
}

/// Runs `lessons classify`.
pub fn run(args: &ClassifyArgs) -> anyhow::Result<()> {
    let from_file;
    let texts = match &args.file {
        Some(path) => {
            from_file = texts::read(path)?;
            &from_file
        }
        None => &args.texts,
    };
    let model = Model::open(args)?;
    let width = model.label_width();
    if !args.ids.is_empty() {
        for (answer, row) in model.ids(&args.ids)?.iter().zip(&args.ids) {
            let shown: Vec<String> = row.iter().map(u32::to_string).collect();
            print(args.format, answer, &shown.join(","), width)?;
        }
    }
    for (first, texts) in (0..).step_by(CHUNK).zip(texts.chunks(CHUNK)) {
        for ((index, answer), text) in (first..).zip(model.texts(texts)?).zip(texts) {
            if let (Format::Text, Some(Truncated { tokens, used })) =
                (args.format, &answer.truncated)
            {
                let number: usize = index + 1;
                output::note(format_args!(
                    "note: text {number} has {tokens} tokens, and the model read the first {used}"
                ));
            }
            print(args.format, &answer, text, width)?;
        }
    }
    Ok(())
}

fn print(format: Format, answer: &Answer, input: &str, width: usize) -> anyhow::Result<()> {
    if format == Format::Json {
        return output::json(answer);
    }
    let shown = if input.is_empty() {
        "(empty text)".into()
    } else {
        output::shortened(input, WIDTH)
    };
    let (label, percent) = (&answer.label, 100.0 * answer.score);
    Ok(output::line(format_args!(
        "{label:width$}  {percent:5.1} %  {shown}"
    ))?)
}
