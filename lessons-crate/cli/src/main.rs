//! The command line of Lessons.

mod train;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "lessons", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a model that ships with Lessons.
    Train(train::TrainArgs),
}

fn main() -> std::process::ExitCode {
    let result = match Cli::parse().command {
        Command::Train(args) => train::run(args),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lessons: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
