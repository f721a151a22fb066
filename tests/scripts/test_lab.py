"""scripts/lab and scripts/test on machines that lack something, and called with wrong options."""

import shutil

import pytest

from machine import RUSTC


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
        ["scripts/test", "--evcxr", "--quick"],
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
