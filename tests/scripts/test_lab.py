"""scripts/lab and scripts/test on machines that lack something, and called with wrong options."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = "bash cat cksum cut dirname env find head id mkdir mv rm sed sleep tail tr uname".split()
RUSTC = """#!/bin/sh
case "$*" in *sysroot*) echo "$(dirname "$0")/sysroot";; *) echo "rustc VERSION (0123456 2026-01-01)";; esac
"""
PYTHON = """#!/bin/sh
case "$*" in *version_info*) exit 0;; *venv*) exit 0;; *) exit 1;; esac
"""


class Machine:
    """A clone of the scripts, and a PATH on which only what a test puts there is found."""

    def __init__(self, folder: Path):
        self.clone = folder / "a clone"
        shutil.copytree(ROOT / "scripts", self.clone / "scripts")
        shutil.copy(ROOT / "Cargo.toml", self.clone)
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in COMMANDS:
            (self.bin / name).symlink_to(shutil.which(name))
        self.has("rustc", RUSTC.replace("VERSION", "1.99.0"))
        self.has("cargo", "#!/bin/sh\n")
        self.has("cc", "#!/bin/sh\n")
        self.has("python3", PYTHON)
        (self.bin / "sysroot/lib/rustlib/src/rust/library").mkdir(parents=True)

    def has(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)

    def lacks(self, name: str) -> None:
        (self.bin / name).unlink()

    def run(self, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(self.clone / command[0]), *command[1:]],
            env={"PATH": str(self.bin), "HOME": str(self.clone)},
            capture_output=True,
            text=True,
        )

    def check_tools(self) -> subprocess.CompletedProcess:
        script = 'set -euo pipefail; . "$0/scripts/lib.sh"; check_tools cpu'
        return self.run(str(self.bin / "bash"), "-c", script, str(self.clone))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_nothing_is_said_when_nothing_is_missing(machine):
    done = machine.check_tools()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_everything_that_is_missing_is_named_at_once(machine):
    for name in ["rustc", "cargo", "cc", "python3"]:
        machine.lacks(name)
    done = machine.run("scripts/lab")
    assert done.returncode == 1
    for words in ["missing: Rust 1.95", "missing: a C linker", "missing: Python 3.10"]:
        assert words in done.stderr
    assert done.stderr.count("to install: ") == 3
    assert not (machine.clone / ".venv").exists()


@pytest.mark.parametrize(
    ("version", "good"),
    [("1.94.1", False), ("1.95.0", True), ("1.100.0-nightly", True), ("2.0.0", True)],
)
def test_rust_must_be_new_enough(machine, version, good):
    machine.has("rustc", RUSTC.replace("VERSION", version))
    done = machine.check_tools()
    assert (done.returncode == 0) == good
    assert ("this is " + version in done.stderr) != good


def test_missing_rust_src_is_said_and_not_fatal(machine):
    shutil.rmtree(machine.bin / "sysroot")
    machine.has("rustup", "#!/bin/sh\n")
    done = machine.check_tools()
    assert done.returncode == 0
    assert "stock evcxr" in done.stderr
    assert "rustup component add rust-src" in done.stderr


@pytest.mark.parametrize(
    ("manager", "command"),
    [("apt-get", "apt-get install build-essential"), ("dnf", "dnf install gcc"), ("pacman", "pacman -S gcc")],
)
def test_the_command_is_this_platforms(machine, manager, command):
    machine.lacks("cc")
    machine.has(manager, "#!/bin/sh\n")
    assert command in machine.check_tools().stderr


def test_macos_is_told_its_own_commands(machine):
    machine.lacks("uname")
    machine.has("uname", "#!/bin/sh\necho Darwin\n")
    machine.lacks("python3")
    done = machine.check_tools()
    assert "xcode-select --install" in done.stderr
    assert "brew install python" in done.stderr


def test_an_old_python_and_one_without_venv_are_passed_over(machine):
    machine.has("python3.13", "#!/bin/sh\nexit 1\n")
    assert machine.check_tools().returncode == 0
    machine.has("python3", "#!/bin/sh\nexit 1\n")
    assert machine.check_tools().returncode == 1


@pytest.mark.parametrize(
    "command",
    [
        ["scripts/lab", "--browser"],
        ["scripts/lab", "--port"],
        ["scripts/lab", "--port", "many"],
        ["scripts/lab", "--run", "no such notebook.ipynb"],
        ["scripts/lab", "--cuda", "--metal"],
        ["scripts/test", "--fast"],
        ["scripts/test", "--quick", "--stock"],
    ],
)
def test_wrong_options_get_the_usage(machine, command):
    done = machine.run(*command)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "usage: " + command[0] in done.stderr


@pytest.mark.parametrize(("option", "words"), [("--cuda", "nvcc"), ("--metal", "macOS alone")])
def test_a_variant_that_cannot_be_built_is_refused_at_once(machine, option, words):
    done = machine.run("scripts/lab", option)
    assert done.returncode == 1
    assert words in done.stderr
    assert not (machine.clone / ".venv").exists()


@pytest.mark.parametrize("script", ["scripts/lab", "scripts/test"])
def test_help_is_printed_and_nothing_done(machine, script):
    done = machine.run(script, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: " + script)
    assert not (machine.clone / ".venv").exists()
