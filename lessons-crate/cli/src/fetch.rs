//! `lessons fetch`: a model from the Hugging Face hub, or how to place it by hand.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lessons::models::distilbert::Config;
use lessons::weights::Listing;

use crate::hub::{Hub, HubError};
use crate::output;

/// The hub that is asked unless HF_ENDPOINT or --endpoint names another.
const HUB: &str = "https://huggingface.co";

/// Get a model from the Hugging Face hub.
///
/// A download that was cut off goes on where it stopped when the command is given again.
#[derive(Debug, Args)]
#[command(after_help = "HF_TOKEN is sent to the hub if it is set.")]
pub struct FetchArgs {
    /// Name on the hub, such as distilbert/distilbert-base-uncased-finetuned-sst-2-english.
    #[arg(value_parser = model_name)]
    model: String,
    /// Branch, tag or commit.
    #[arg(long, default_value = "main", value_parser = revision_name)]
    revision: String,
    /// Folder to put it in [default: the last part of the model's name].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Address of the hub or a mirror [default: $HF_ENDPOINT, else https://huggingface.co].
    #[arg(long, value_name = "URL", value_parser = address)]
    endpoint: Option<String>,
}

fn model_name(text: &str) -> Result<String, String> {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    match text.split('/').count() {
        1 | 2 if text.split('/').all(part) => Ok(text.to_owned()),
        _ => Err("a model is named OWNER/NAME, or NAME alone".to_owned()),
    }
}

fn revision_name(text: &str) -> Result<String, String> {
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let named = plain && !text.is_empty() && !text.starts_with('.');
    named
        .then(|| text.to_owned())
        .ok_or_else(|| "a revision is a branch, a tag or a commit".to_owned())
}

fn address(text: &str) -> Result<String, String> {
    let web = text.starts_with("https://") || text.starts_with("http://");
    web.then(|| text.to_owned())
        .ok_or_else(|| "an address starts with https:// or http://".to_owned())
}

/// Whether a file must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
}

/// One download of a model.
struct Fetch<'a> {
    hub: Hub,
    args: &'a FetchArgs,
    endpoint: String,
    folder: PathBuf,
}

/// Runs `lessons fetch`.
pub fn run(args: &FetchArgs) -> anyhow::Result<()> {
    let variable = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };
    let endpoint = match (&args.endpoint, variable("HF_ENDPOINT")) {
        (Some(endpoint), _) => endpoint.clone(),
        (None, Some(endpoint)) => match address(&endpoint) {
            Ok(endpoint) => endpoint,
            Err(rule) => bail!("HF_ENDPOINT is `{endpoint}`: {rule}"),
        },
        (None, None) => HUB.to_owned(),
    };
    let name = args.model.rsplit('/').next().unwrap_or(&args.model);
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from(name));
    let token = variable("HF_TOKEN").map(|token| token.trim().to_owned());
    let fetch = Fetch {
        hub: Hub::new(&endpoint, token),
        args,
        endpoint,
        folder,
    };
    fetch.all()
}

impl Fetch<'_> {
    fn all(&self) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.folder)
            .with_context(|| format!("the folder {} cannot be made", self.folder.display()))?;
        if let Some(config) = self.file("config.json", Need::Required)? {
            self.look_at(&config)?;
        }
        let mut tokenizer = self.file("tokenizer.json", Need::Optional)?;
        if tokenizer.is_none() {
            tokenizer = self.file("vocab.txt", Need::Optional)?;
        }
        self.file("tokenizer_config.json", Need::Optional)?;
        // The large one comes last, so that a second try has little to get again.
        if let Some(weights) = self.file("model.safetensors", Need::Required)? {
            Listing::open(&weights)?;
        }
        if tokenizer.is_none() {
            output::note(format_args!(
                "note: the model has neither tokenizer.json nor vocab.txt: it reads --ids, and no text"
            ));
        }
        let folder = self.folder.display();
        Ok(output::line(format_args!(
            "The model is in {folder}. Try:\n  {}",
            self.command()
        ))?)
    }

    fn command(&self) -> String {
        format!(
            "lessons classify --model {} \"a wonderful film\"",
            self.folder.display()
        )
    }

    /// Says early if this is a model that Lessons cannot run.
    fn look_at(&self, config: &Path) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(config)
            .with_context(|| format!("{} cannot be read", config.display()))?;
        if let Err(error) = Config::from_json(&text) {
            output::note(format_args!(
                "note: `lessons classify` will not run this model: {error}"
            ));
        }
        Ok(())
    }

    /// Downloads one file; `None` if it is optional and not there.
    fn file(&self, name: &str, need: Need) -> anyhow::Result<Option<PathBuf>> {
        let bar = bar(name);
        let mut progress = |here, total: Option<u64>| {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(here);
        };
        let FetchArgs {
            model, revision, ..
        } = self.args;
        let result = self
            .hub
            .download(model, revision, name, &self.folder, &mut progress);
        bar.finish_and_clear();
        match result {
            Ok(path) => {
                output::note(format_args!("{name}  {}", output::bytes(bar.position())));
                Ok(Some(path))
            }
            Err(HubError::Missing { .. }) if need == Need::Optional => Ok(None),
            Err(error) => bail!("{error}\n\n  try: {}", self.advice(name, &error)),
        }
    }

    fn advice(&self, name: &str, error: &HubError) -> String {
        let FetchArgs {
            model, revision, ..
        } = self.args;
        match error {
            HubError::Missing { .. } => {
                format!(
                    "look which files and revisions there are: {}/{model}/tree/{revision}",
                    self.endpoint
                )
            }
            HubError::Refused { .. } => format!(
                "check the name {model}; for a model with restricted access, accept its terms on the hub \
                 and set HF_TOKEN"
            ),
            HubError::Failed(_) if self.folder.join(format!("{name}.part")).is_file() => {
                format!(
                    "the same command again, which goes on where it stopped; {}",
                    self.by_hand()
                )
            }
            HubError::Failed(_) => self.by_hand(),
        }
    }

    /// How to do without this command.
    fn by_hand(&self) -> String {
        let FetchArgs {
            model, revision, ..
        } = self.args;
        format!(
            "without a network, get these files on another machine\n    from {HUB}/{model}/tree/{revision}\n    \
             config.json, model.safetensors, tokenizer.json (or vocab.txt)\n    and put them into {}/\n    \
             then: {}",
            self.folder.display(),
            self.command()
        )
    }
}

fn bar(name: &str) -> ProgressBar {
    let template =
        "{msg} {bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length()
        .with_style(style)
        .with_message(name.to_owned())
}
