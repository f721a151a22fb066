//! What the examples share: their two options, and the parameters in the TOML file beside each.

use std::path::PathBuf;

use lessons::prelude::*;
use serde::de::DeserializeOwned;

/// `--device cpu|cuda:N|metal` and `--config FILE`.
pub struct Arguments {
    pub session: Session,
    pub config: PathBuf,
}

/// What stops an example.
pub type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Reads the command line and the parameters of the example `name`.
pub fn start<P: DeserializeOwned>(name: &str) -> Outcome<(Session, P)> {
    let arguments = arguments(name, std::env::args().skip(1))?;
    let text = std::fs::read_to_string(&arguments.config)
        .map_err(|error| format!("{}: {error}", arguments.config.display()))?;
    let parameters = toml::from_str(&text)
        .map_err(|error| format!("{}: {error}", arguments.config.display()))?;
    Ok((arguments.session, parameters))
}

fn arguments(name: &str, mut given: impl Iterator<Item = String>) -> Outcome<Arguments> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut device = Device::Cpu;
    let mut config = folder.join(name).with_extension("toml");
    while let Some(option) = given.next() {
        let value = given
            .next()
            .ok_or_else(|| format!("{option} wants a value"))?;
        match option.as_str() {
            "--device" => device = value.parse()?,
            "--config" => config = value.into(),
            _ => {
                return Err(
                    format!("{option} is no option: --device DEVICE, --config FILE").into(),
                );
            }
        }
    }
    Ok(Arguments {
        session: Session::on(device)?,
        config,
    })
}

/// Prints an error as a person reads it, and ends with 1.
pub fn finish(outcome: Outcome<()>) -> std::process::ExitCode {
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
