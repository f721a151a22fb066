//! What `lessons bench` saves: formats, names and templates. That its schema allows the JSON is tested in
//! `tests/scripts/test_bench_reports.py`.

use crate::run::{answer, lessons, refusal};

#[test]
fn output_says_what_is_saved_where_and_under_what_name() {
    let folder = tempfile::tempdir().unwrap();
    let reports = folder.path().join("my reports");
    let config = folder.path().join("mine.toml");
    std::fs::write(
        folder.path().join("mine.jinja"),
        "# {{ name }} by {{ report.results[0].runs }}\n",
    )
    .unwrap();
    let toml = |output: &str| {
        let text = format!(
            "[benchmark]\nname = \"mine\"\nthreads = 1\n[measure]\nwarm_up_ms = 1\ntime_ms = 1\n[model]\n\
             kind = \"elementwise\"\nmultiplier = 2.0\noffset = 1.0\n[test_data]\nshapes = [\"64\"]\n[output]\n{output}"
        );
        std::fs::write(&config, text).unwrap();
    };
    let bench = ["bench", config.to_str().unwrap()];
    toml(&format!(
        "formats = [\"json\", \"markdown\"]\nfolder = {reports:?}\nname = \"{{timestamp}}.{{name}}\"\ntemplate = \"mine.jinja\"\n"
    ));
    let said = answer(&bench);
    let mut names: Vec<String> = std::fs::read_dir(&reports)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names[0].ends_with("Z.mine.json") && names[1].ends_with("Z.mine.md"),
        "{names:?}"
    );
    assert!(
        said.stderr
            .contains(&format!("saved {}", reports.join(&names[0]).display())),
        "{said:?}"
    );
    let markdown = std::fs::read_to_string(reports.join(&names[1])).unwrap();
    assert!(markdown.starts_with("# mine by "), "{markdown}");
    // Files of any name are found again.
    let there = ["--folder", reports.to_str().unwrap()];
    let history = answer(&[&["bench", "history", "mine"], &there[..]].concat());
    assert!(history.stdout.contains("mine"), "{history:?}");
    let removed = answer(&[&["bench", "clean"], &there[..]].concat());
    assert!(
        removed.stdout.starts_with("removed 1 report"),
        "{removed:?}"
    );
    assert_eq!(std::fs::read_dir(&reports).unwrap().count(), 0);

    for (output, parts) in [
        (
            "format = [\"json\"]\n",
            ["unknown field `format`", "did you mean `formats`?"],
        ),
        (
            "formats = [\"jsn\"]\n",
            ["output.formats", "did you mean `json`?"],
        ),
        (
            "name = \"{nmae}\"\n",
            ["output.name", "did you mean `name`?"],
        ),
        ("name = \"{name}\"\n", ["output.name", "{timestamp}"]),
    ] {
        toml(output);
        refusal(&bench, &parts);
    }
}

#[test]
fn a_template_with_a_mistake_takes_nothing_else_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("bad.jinja");
    std::fs::write(&template, "{{ nmae }}").unwrap();
    let reports = folder.path().join("reports");
    let said = lessons(&[
        "bench",
        "mlp",
        "--shapes",
        "2x8",
        "--time",
        "1",
        "--save",
        reports.to_str().unwrap(),
        "--template",
        template.to_str().unwrap(),
    ]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stdout.contains("2x8"), "{said:?}");
    assert!(
        said.stderr.contains("bad.jinja cannot be filled: line 1"),
        "{said:?}"
    );
    let saved = std::fs::read_dir(&reports).unwrap().count();
    assert_eq!(saved, 3, "JSON, CSV and SVG are there");
}

#[test]
fn the_limits_of_the_machine_are_saved_too_and_are_no_history() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("r.toml");
    let toml = "[benchmark]\nname = \"r\"\nmeasures = \"roofline\"\n[roofline]\nbytes = [4096]\nruns = 1\n";
    std::fs::write(&config, toml).unwrap();
    let reports = folder.path().join("reports");
    let reports = reports.to_str().unwrap();
    answer(&["bench", config.to_str().unwrap(), "--save", reports]);
    let mut extensions: Vec<String> = std::fs::read_dir(reports)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .extension()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    extensions.sort();
    assert_eq!(extensions, ["csv", "json", "md", "svg"]);
    refusal(
        &["bench", "history", "--folder", reports],
        &["there is no report"],
    );
}
