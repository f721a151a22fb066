//! `lessons bench`: what a benchmark takes on this machine.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use lessons::bench::{
    self, CaseShape, Config, Implementation, Measures, ModelKeys, Precision, REPORT_FOLDER,
};

use crate::allocator;
use crate::output;
use crate::reports::{self, CleanArgs, HistoryArgs, Report};

/// Time a benchmark: one that is built in, by name, or a TOML file of your own.
///
/// Warnings, and what is being done, go to stderr.
#[derive(Debug, Args)]
#[command(after_help = names(), args_conflicts_with_subcommands = true)]
pub struct BenchArgs {
    #[command(subcommand)]
    command: Option<ReportsCommand>,
    #[command(flatten)]
    timing: Option<TimingArgs>,
}

#[derive(Debug, Subcommand)]
enum ReportsCommand {
    History(HistoryArgs),
    Clean(CleanArgs),
}

#[derive(Debug, Args)]
struct TimingArgs {
    /// Name of a benchmark, or path of a TOML file.
    #[arg(value_name = "NAME|CONFIG.toml")]
    benchmark: String,
    /// Shapes of the input instead of those of the benchmark: 1x8,8x128.
    #[arg(long, value_name = "SHAPE,…", value_delimiter = ',')]
    shapes: Vec<CaseShape>,
    /// Width of the floats: f32.
    #[arg(long)]
    precision: Option<Precision>,
    /// Threads that compute [default: as many as processors].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: Option<u16>,
    /// Keep each thread on a processor of its own (Linux).
    #[arg(long, conflicts_with = "once")]
    pin: bool,
    /// Hugging Face directory to take the model from, instead of a random model of full size.
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Time to measure each shape for, in milliseconds.
    #[arg(long, value_name = "MS")]
    time: Option<u64>,
    /// TOML file with other engines to time beside ours: its `[[implementations]]`.
    #[arg(long, value_name = "FILE.toml")]
    engines: Option<PathBuf>,
    /// Also save the report in this folder, bench-reports without one: as NAME_MACHINE_TIME.json with all
    /// samples, .md and .csv.
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = REPORT_FOLDER)]
    save: Option<PathBuf>,
    /// Template to make Markdown with, printed and saved, instead of the one that is built in.
    #[arg(long, value_name = "FILE", conflicts_with = "once")]
    template: Option<PathBuf>,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
    /// With JSON: quantiles, interval, scatter and raw samples for each shape, too.
    #[arg(long)]
    samples: bool,
    /// Load the model, run once on the first shape, print the result and the peak of memory as JSON.
    #[arg(long, conflicts_with_all = ["engines", "save", "write_model"])]
    once: bool,
    /// Write the random model of this benchmark as a Hugging Face directory, and time nothing.
    #[arg(long, value_name = "DIR", conflicts_with = "model")]
    write_model: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    /// A table for people.
    Text,
    /// One JSON object.
    Json,
    /// A table in Markdown.
    Markdown,
    /// A line for each shape and implementation.
    Csv,
    /// A picture: lines over sizes where one size varies, else a row for each shape.
    Svg,
}

fn names() -> String {
    let names: Vec<&str> = Config::names().collect();
    format!("Benchmarks that are built in: {}", names.join(", "))
}

/// Runs `lessons bench`.
pub fn run(args: &BenchArgs) -> anyhow::Result<()> {
    match (&args.command, &args.timing) {
        (Some(ReportsCommand::History(args)), _) => reports::history(args),
        (Some(ReportsCommand::Clean(args)), _) => reports::clean(args),
        (None, Some(args)) => time(args),
        (None, None) => anyhow::bail!("no benchmark is named; {}", names()),
    }
}

fn time(args: &TimingArgs) -> anyhow::Result<()> {
    bench::count_allocations_with(allocator::count);
    let config = config(args)?;
    if let Some(folder) = &args.write_model {
        return write_model(&config, folder);
    }
    if args.once {
        return output::json(&bench::once(&config)?);
    }
    let mut report = match config.benchmark.measures {
        Measures::Roofline => Report::Limits(bench::roofline(&config, &mut doing)?),
        _ => Report::Times(bench::run(&config, &mut doing)?),
    };
    report.stamp();
    // What cannot be saved is still printed.
    let saved = match &config.output {
        Some(output) => report.save(output),
        None => Ok(()),
    };
    print(&report, args, &config)?;
    saved?;
    let Report::Times(report) = &report else {
        return Ok(());
    };
    let ours = report
        .cases
        .iter()
        .map(|case| &case.comparison.rows[0].time);
    if let Some(error) = ours.clone().find_map(|time| time.as_ref().err())
        && ours.clone().all(Result::is_err)
    {
        anyhow::bail!("nothing was measured: {error}");
    }
    let incomplete = report.incomplete();
    match incomplete.is_empty() {
        true => Ok(()),
        false => Err(Incomplete(incomplete).into()),
    }
}

/// The exit code where a report was made, and not all of it is what was asked for.
pub const INCOMPLETE: u8 = 3;

/// Rows of a report that have no time, or the time of another result.
#[derive(Debug, thiserror::Error)]
#[error("the report is there, but {}", .0.join("; "))]
pub struct Incomplete(Vec<String>);

/// Tells what is being done.
fn doing(what: &str) {
    output::note(format_args!("{what} …"));
}

/// The benchmark with what the command line changes of it.
fn config(args: &TimingArgs) -> anyhow::Result<Config> {
    let mut config = Config::find(&args.benchmark)?;
    if !args.shapes.is_empty() {
        config.test_data.shapes = args.shapes.iter().map(CaseShape::to_string).collect();
    }
    if let Some(precision) = args.precision {
        config.benchmark.precision = precision;
    }
    if let Some(threads) = args.threads {
        config.benchmark.threads = Some(threads.into());
        if let Some(roofline) = &mut config.roofline {
            roofline.threads = vec![threads.into()];
        }
    }
    config.benchmark.pin |= args.pin;
    if let Some(folder) = &args.save {
        config.output.get_or_insert_default().folder = folder.clone();
    }
    if let (Some(template), Some(output)) = (&args.template, &mut config.output) {
        output.template = Some(template.clone());
    }
    config.program =
        Some(std::env::current_exe().context("this program does not know its own path")?);
    if let Some(time) = args.time {
        config.measure.time_ms = time;
    }
    if let Some(file) = &args.engines {
        config.implementations.extend(Implementation::open(file)?);
    }
    if let Some(folder) = &args.model {
        let Some(ModelKeys::Distilbert { directory, .. }) = &mut config.model else {
            anyhow::bail!(
                "--model is for distilbert: {} has no directory",
                args.benchmark
            );
        };
        *directory = Some(folder.clone());
    }
    Ok(config)
}

fn write_model(config: &Config, folder: &Path) -> anyhow::Result<()> {
    let Some(ModelKeys::Distilbert { seed, .. }) = &config.model else {
        anyhow::bail!(
            "--write-model is for distilbert: {} is no Hugging Face model",
            config.benchmark.name
        );
    };
    bench::write_directory(folder, *seed)?;
    Ok(output::line(folder.display())?)
}

fn print(report: &Report, args: &TimingArgs, config: &Config) -> anyhow::Result<()> {
    let template = args.template.as_deref().or_else(|| {
        let output = config.output.as_ref()?;
        output.template.as_deref()
    });
    let text = match args.format {
        ReportFormat::Text => report.to_string(),
        ReportFormat::Markdown => report.markdown(template)?,
        ReportFormat::Csv => report.csv(),
        ReportFormat::Json => report.json(args.samples)?,
        ReportFormat::Svg => report.svg(),
    };
    if matches!(
        args.format,
        ReportFormat::Json | ReportFormat::Csv | ReportFormat::Svg
    ) {
        for warning in report.warnings() {
            output::note(format_args!("warning: {warning}"));
        }
    }
    Ok(output::line(text.trim_end())?)
}
