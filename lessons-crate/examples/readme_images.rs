//! Draws the pictures of the README into a folder, and prints the Markdown that shows them:
//! `cargo run --release --example readme_images docs/images`.

use std::path::PathBuf;
use std::process::ExitCode;

use lessons::figure::FilmStrip;
use lessons::prelude::*;

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1).map(PathBuf::from) else {
        eprintln!("error: name the folder to draw into, such as docs/images");
        return ExitCode::FAILURE;
    };
    let drawn = figures().and_then(|figures| {
        std::fs::create_dir_all(&folder)?;
        for (name, figure) in figures {
            figure.save(folder.join(name))?;
            println!("![{}](docs/images/{name})", figure.alt());
        }
        Ok(())
    });
    match drawn {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

type Named = (&'static str, Figure);

fn figures() -> std::result::Result<Vec<Named>, Box<dyn std::error::Error>> {
    let linear = Graph::build("linear", |g| {
        let x = g.input("x", f32s(("batch", 4)));
        let w = g.weight("fc.weight", f32s((2, 4)));
        let b = g.weight("fc.bias", f32s((2,)));
        g.output("y", (x.matmul(w.t()) + b).relu());
    })?;
    let gated = Graph::build("gated", |g| {
        let x = g.input("x", f32s(("n", 64)));
        let gate = (x * 1.0 + 2.0).tanh();
        let same = (x * 1.0 + 2.0).tanh();
        g.output("y", x * gate + same);
    })?;
    let film = FilmStrip::of(&Session::cpu().compile(&gated)?);

    let classifier = Classifier::embedded()?;
    let model = classifier.model().plan().source();

    Ok(vec![
        ("linear.png", linear.figure()),
        ("distilbert.png", model.figure()),
        ("passes.png", film.figure()),
    ])
}
