//! The command line of Lessons: thin calls into the library, one file a subcommand.

mod allocator;
mod bench;
mod classify;
mod compile;
mod export;
mod fetch;
mod hub;
mod inspect;
mod markdown;
mod output;
mod reports;
mod texts;
mod train;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Benchmarks tell with it what a run allocates.
#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

/// Classify text with a small model, and look into models, weights and graphs.
///
/// Everything works offline with the models that are built in:
///
///   lessons classify "a wonderful film, full of life"
///   lessons classify --model lexicon "not bad at all"
#[derive(Debug, Parser)]
#[command(
    name = "lessons",
    version,
    verbatim_doc_comment,
    propagate_version = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Classify(classify::ClassifyArgs),
    Inspect(inspect::InspectArgs),
    Compile(compile::CompileArgs),
    Fetch(fetch::FetchArgs),
    Train(train::TrainArgs),
    Bench(bench::BenchArgs),
    Export(export::ExportArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Classify(args) => classify::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Compile(args) => compile::run(&args),
        Command::Fetch(args) => fetch::run(&args),
        Command::Train(args) => train::run(args),
        Command::Bench(args) => bench::run(&args),
        Command::Export(args) => export::run(&args),
    };
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    if let Some(incomplete) = error.downcast_ref::<bench::Incomplete>() {
        output::note(format_args!("error: {incomplete}"));
        return ExitCode::from(bench::INCOMPLETE);
    }
    if let Some(usage) = error.downcast_ref::<clap::Error>() {
        usage.exit();
    }
    // Who reads our output has seen enough: `lessons … | head`.
    if let Some(io) = error.downcast_ref::<std::io::Error>()
        && io.kind() == ErrorKind::BrokenPipe
    {
        return ExitCode::SUCCESS;
    }
    output::note(format_args!("error: {error:#}"));
    ExitCode::FAILURE
}
