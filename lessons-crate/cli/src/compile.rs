//! `lessons compile`: what the compiler makes of a graph file.

use std::path::PathBuf;

use clap::Args;
use lessons::engine::{Device, Session};

use crate::inspect;
use crate::output::{self, Format};

/// Compile a graph file and report what each pass did.
#[derive(Debug, Args)]
pub struct CompileArgs {
    /// Graph as JSON, as `Graph::to_json` writes it.
    file: PathBuf,
    /// The device to compile for: cpu, cuda:N or metal.
    #[arg(long, default_value_t)]
    device: Device,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs `lessons compile`.
pub fn run(args: &CompileArgs) -> anyhow::Result<()> {
    let graph = inspect::graph(&args.file)?;
    let plan = Session::on(args.device)?.compile(&graph)?;
    match args.format {
        Format::Text => Ok(output::line(plan.report())?),
        Format::Json => Ok(output::line(plan.report().to_json())?),
    }
}
