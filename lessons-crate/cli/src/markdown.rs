//! Reports as Markdown, from a template: the one in `data/bench`, or the user's own.

use std::path::Path;

use anyhow::Context;
use lessons::bench::Page;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};

/// The template where no other is named.
const TEMPLATE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../data/bench/report.md.jinja"
));

/// Fills the template with a report.
///
/// # Errors
/// When the file cannot be read, is no template, or asks for what a report does not have; the line is named.
pub fn render(page: &Page, template: Option<&Path>) -> anyhow::Result<String> {
    let (name, text) = match template {
        None => ("report.md.jinja".to_owned(), TEMPLATE.to_owned()),
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("the template {name} cannot be read"))?;
            (name, text)
        }
    };
    let mut environment = Environment::new();
    // A key that is not there is a mistake in the template.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("cell", |text: String| {
        text.replace('|', "\\|").replace('\n', " ")
    });
    let rendered = environment.render_named_str(&name, &text, Serde(page));
    rendered.map_err(|error| {
        let line = error.line().unwrap_or(0);
        anyhow::anyhow!(
            "the template {name} cannot be filled: line {line}: {error}\n\n  try: {{{{ name }}}}, \
             {{{{ description }}}}, head, columns, rows, notes and report, as in data/bench/report.md.jinja"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Page {
            name: "mlp".to_owned(),
            description: "A model".to_owned(),
            head: texts(&["a machine"]),
            columns: texts(&["shape", "a | b"]),
            rows: vec![texts(&["1x8", "1 ms"]), texts(&["8x8", "it\nfailed"])],
            notes: texts(&["warning: busy"]),
            report: serde_json::json!({"threads": 2}),
        }
    }

    #[test]
    fn the_default_template_makes_one_table_with_notes() {
        let expected = "## mlp\n\nA model\n\n- a machine\n\n| shape | a \\| b |\n| --- | --- |\n| 1x8 | 1 ms |\n\
                        | 8x8 | it failed |\n\n- warning: busy";
        assert_eq!(render(&page(), None).unwrap().trim_end(), expected);
        let bare = Page {
            description: String::new(),
            notes: Vec::new(),
            ..page()
        };
        let text = render(&bare, None).unwrap();
        assert!(
            text.starts_with("## mlp\n\n- a machine\n\n| shape"),
            "{text}"
        );
    }

    #[test]
    fn a_template_of_ones_own_sees_the_report() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.jinja");
        let fill = |text: &str| {
            std::fs::write(&path, text).unwrap();
            render(&page(), Some(&path))
        };
        assert_eq!(
            fill("{{ name }} on {{ report.threads }}: <{{ rows[0][1] }}>").unwrap(),
            "mlp on 2: <1 ms>"
        );
        for (text, says) in [
            ("one\n{{ nmae }}", "line 2"),
            ("{% for %}", "mine.jinja cannot be filled"),
            ("{{ name | cel }}", "cel"),
        ] {
            let error = fill(text).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("try: "), "{error}");
        }
        let error = render(&page(), Some(Path::new("nowhere"))).unwrap_err();
        assert_eq!(error.to_string(), "the template nowhere cannot be read");
    }
}
