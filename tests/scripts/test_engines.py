"""The protocol that other engines speak, with an engine that needs nothing installed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ENGINES = Path(__file__).parents[2] / "scripts" / "engines"
ENGINE = """
import sys, time
sys.path.insert(0, {folder!r})
from protocol import serve

class Sleeper:
    name = "Sleeper 1"
    def load(self, task):
        print("a library that prints to stdout")
        if task.kind == "nothing":
            raise NotImplementedError("no nothing\\nhere")
        self.threads = task.threads
    def run(self):
        time.sleep(0.01)

serve(Sleeper)
"""


@pytest.fixture
def talk():
    def talk(*requests):
        run = subprocess.run(
            [sys.executable, "-c", ENGINE.format(folder=str(ENGINES))],
            input="".join(json.dumps(request) + "\n" for request in requests),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert run.returncode == 0, run.stderr
        return [json.loads(line) for line in run.stdout.splitlines()], run.stderr

    return talk


def load(kind):
    return {
        "do": "load",
        "kind": kind,
        "directory": None,
        "weights": "weights.safetensors",
        "parameters": None,
        "threads": 2,
        "precision": "f32",
    }


def test_each_request_gets_one_line(talk):
    (loaded, timed), stderr = talk(load("mlp"), {"do": "time", "calls": 3})
    assert (loaded["engine"], loaded["threads"], loaded["precision"]) == ("Sleeper 1", 2, "f32")
    assert 0 <= loaded["seconds"] < 10
    assert 0.03 <= timed["seconds"] < 10
    assert "a library that prints" in stderr


def test_failures_are_answers(talk):
    (refused, unknown), stderr = talk(load("nothing"), {"do": "dance"})
    assert refused == {"error": "NotImplementedError: no nothing"}
    assert unknown == {"error": "ValueError: unknown request 'dance'"}
    assert "Traceback" in stderr


def test_the_engines_of_scripts_peers_exist():
    import re

    text = (ENGINES / "engines.toml").read_text()
    programs = re.findall(r'"(\w+\.py)"', text)
    assert len(programs) == 5
    for program in programs:
        compile((ENGINES / program).read_text(), program, "exec")
