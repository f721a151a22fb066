"""Reports of `lessons bench` of every kind, against the schema in docs/bench-report.schema.json."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
LESSONS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/lessons"
MODEL = str(ROOT / "tests/fixtures/distilbert")
QUICK = ["--time", "1", "--threads", "1"]
ROOFLINE = '[benchmark]\nname = "r"\nmeasures = "roofline"\n[roofline]\nbytes = [4096]\nruns = 1\n'
ENGINES = '[[implementations]]\nname = "none"\ncommand = ["/nowhere/engine"]\n'

DISTILBERT = ["distilbert", "--model", MODEL, "--shapes", "1x4,3x4-9"]
KINDS = {
    "alone": (DISTILBERT[:3] + ["--shapes", "1x4"], 0),
    "beside": (DISTILBERT, 0),
    "samples": ([*DISTILBERT, "--samples"], 0),
    "outputs": (["elementwise", "--shapes", "64,1048576"], 0),
    "devices": (["elementwise-scaling", "--shapes", "4,64"], 0),
    "failing": (["mlp", "--shapes", "2x8", "--engines", "engines.toml"], 3),
    "compile": (["compile-small"], 0),
    "cold": (["cold-start", "--model", MODEL], 0),
    "roofline": (["roofline.toml"], 0),
}

if not LESSONS.is_file():
    pytest.skip(f"{LESSONS} is not built: cargo build --release -p lessons-cli", allow_module_level=True)


@pytest.fixture(scope="module")
def schema():
    schema = json.loads((ROOT / "docs/bench-report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    (folder / "roofline.toml").write_text(ROOFLINE)
    (folder / "engines.toml").write_text(ENGINES)

    def bench(arguments, code=0):
        command = [LESSONS, "bench", *arguments, *QUICK, "--format", "json"]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        assert ran.returncode == code, ran.stderr
        return json.loads(ran.stdout)

    return bench


@pytest.fixture(scope="module")
def reports(bench):
    return {kind: bench(*asked) for kind, asked in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_reports_are_as_the_schema_says(kind, reports, schema):
    schema.validate(reports[kind])


@pytest.mark.skipif(sys.platform != "linux", reason="threads are pinned on Linux alone")
def test_pinned_reports_are_too(bench, schema):
    report = bench(["mlp", "--shapes", "2x8", "--pin"])
    assert len(report["pinned"]) == 1
    schema.validate(report)


@pytest.mark.parametrize(
    "kind, change",
    [
        ("alone", lambda it: it.update(surprise=1)),
        ("alone", lambda it: it["machine"].update(cpu=None)),
        ("alone", lambda it: it["machine"].pop("gpus")),
        ("alone", lambda it: it["results"][0].update(median_ms=0)),
        ("alone", lambda it: it.update(timestamp="yesterday")),
        ("samples", lambda it: it["results"][0].update(samples_ms=[])),
        ("samples", lambda it: it["results"][0].pop("interval_ms")),
        ("failing", lambda it: it["peers"][0].pop("error")),
        ("roofline", lambda it: it.update(measures="run")),
    ],
)
def test_the_schema_refuses_what_is_no_report(kind, change, reports, schema):
    report = copy.deepcopy(reports[kind])
    change(report)
    assert not schema.is_valid(report)
