"""scripts/instruction-counts: what it lets pass and what not, with a stand-in for valgrind, and once with valgrind."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "instruction-counts"
RECORD = ROOT / "data" / "instruction-counts.json"
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/instruction_counts"
COMPILER = "rustc 1.99.0 (0123456 2026-01-01)"
# Counts what its variable COUNTS says, and writes it where callgrind would.
VALGRIND = """#!/bin/sh
if [ "$1" = --version ]; then echo valgrind-9.9; exit; fi
for argument; do case $argument in --callgrind-out-file=*) out=${argument#*=};; esac; done
number=0
for pair in $COUNTS; do
  number=$((number + 1))
  echo "${pair%=*}"
  printf 'desc: Trigger\\ntotals: %s\\n' "${pair#*=}" >"$out.$number"
done
"""


class Guard:
    def __init__(self, folder: Path):
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name, script in [("valgrind", VALGRIND), ("rustc", f"#!/bin/sh\necho '{COMPILER}'\n")]:
            (self.bin / name).write_text(script)
            (self.bin / name).chmod(0o755)
        self.file = folder / "record.json"

    def knows(self, counts: dict, rustc: str = COMPILER) -> None:
        self.file.write_text(json.dumps({"rustc": rustc, "tolerance": 0.02, "instructions": counts}))

    def run(self, counts: str, *more: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, str(SCRIPT), "--file", str(self.file), "--program", "program", *more],
            env={"PATH": f"{self.bin}:/usr/bin:/bin", "COUNTS": counts},
            capture_output=True,
            text=True,
        )


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return Guard(tmp_path)


@pytest.mark.parametrize(
    ("counts", "code", "says"),
    [
        ("a=1000 b=500", 0, "+0.00%"),
        ("a=1020 b=490", 0, "+2.00%"),
        ("a=1021 b=500", 1, "FAILED: +2.1% of 1,000, where 2% are allowed"),
        ("a=1000 b=400", 0, "-20.0% of 500: better, so record it anew"),
        ("a=1000", 1, "FAILED: on record, and no longer there"),
        ("a=1000 b=500 c=1", 1, "FAILED: not on record"),
    ],
)
def test_more_than_the_tolerance_fails(guard, counts, code, says):
    guard.knows({"a": 1000, "b": 500})
    done = guard.run(counts)
    assert (done.returncode, says in done.stdout) == (code, True), done.stdout + done.stderr


def test_what_is_recorded_passes(guard):
    assert guard.run("a=1000 b=500", "--record").returncode == 0
    assert json.loads(guard.file.read_text())["instructions"] == {"a": 1000, "b": 500}
    assert guard.run("a=1000 b=500").returncode == 0
    assert guard.run("a=1100 b=500").returncode == 1


def test_counts_of_another_compiler_are_not_compared(guard):
    guard.knows({"a": 1000}, rustc="rustc 1.98.0 (0123456 2026-01-01)")
    done = guard.run("a=9000")
    assert done.returncode == 77
    assert "warning: the counts are those of rustc 1.98.0" in done.stderr


@pytest.mark.parametrize(
    ("counts", "says"),
    [("", "ran nothing"), ("#=0", "error: #")],
)
def test_a_program_that_does_not_run_is_a_failure(guard, counts, says):
    guard.knows({"a": 1000})
    done = guard.run(counts)
    assert done.returncode == 1
    assert says in done.stderr


def can_count() -> str:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return "counts are those of Linux on x86-64"
    if not shutil.which("valgrind"):
        return "valgrind is not installed"
    if not PROGRAM.exists():
        return f"{PROGRAM} is not built"
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    known = json.loads(RECORD.read_text())["rustc"]
    return "" if compiler == known else f"the counts are those of {known}"


@pytest.mark.skipif(can_count() != "", reason=can_count())
@pytest.mark.parametrize(("share", "code"), [(1.0, 0), (0.95, 1)])
def test_a_kernel_that_got_slower_is_noticed(tmp_path, share, code):
    known = json.loads(RECORD.read_text())
    known["instructions"]["softmax"] = int(known["instructions"]["softmax"] * share)
    record = tmp_path / "record.json"
    record.write_text(json.dumps(known))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--file", str(record), "--program", str(PROGRAM), "softmax"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
