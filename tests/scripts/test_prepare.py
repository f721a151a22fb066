"""What is done already is not done again, and what was left half-done is."""

import os
import shutil
import time

import pytest

PYTHON = "prepare_python requirements.lock"
KERNEL = "prepare_kernel cpu"


@pytest.fixture
def prepared(machine):
    """A machine on which environment and kernel are ready."""
    (machine.clone / "lessons-crate").mkdir()
    done = machine.shell(f"{PYTHON}; {KERNEL}")
    assert done.returncode == 0, done.stderr
    machine.calls()
    return machine


def test_first_start_makes_environment_and_kernel(machine):
    done = machine.shell(f"{PYTHON}; {KERNEL}")
    assert done.returncode == 0, done.stderr
    assert machine.calls() == [
        "venv",
        "pip",
        "cargo build --release --target-dir target -p lessons-kernel -p lessons-cli",
        f"kernel install --prefix {machine.clone}/.venv --workspace .",
    ]


def test_second_start_does_nothing(prepared):
    done = prepared.shell(f"{PYTHON}; {KERNEL}")
    assert (done.returncode, done.stderr, prepared.calls()) == (0, "", [])


def test_changed_lock_file_is_installed_into_the_same_environment(prepared):
    with (prepared.clone / "scripts/requirements.lock").open("a") as lock:
        lock.write("more==1.0\n")
    prepared.shell(PYTHON)
    assert prepared.calls() == ["pip"]


def test_second_lock_file_leaves_the_first_installed(prepared):
    prepared.shell(f"{PYTHON} requirements-test.lock")
    assert prepared.calls() == ["pip"]
    prepared.shell(PYTHON)
    assert prepared.calls() == []


def test_environment_left_half_made_is_made_anew(machine):
    machine.fails("pip")
    assert machine.shell(PYTHON).returncode != 0
    assert machine.calls() == ["venv", "pip"]
    machine.fails("pip", False)
    assert machine.shell(PYTHON).returncode == 0
    assert machine.calls() == ["venv", "pip"]


def test_failed_install_shows_what_pip_said(machine):
    machine.has("python3", (machine.bin / "python3").read_text().replace("echo pip", "echo no such package; echo pip"))
    machine.fails("pip")
    assert "no such package" in machine.shell(PYTHON).stderr


def test_moved_clone_gets_a_new_environment_and_kernel(prepared):
    moved = prepared.clone.with_name("moved")
    prepared.clone.rename(moved)
    prepared.clone = moved
    prepared.shell(f"{PYTHON}; {KERNEL}")
    assert [call.split()[0] for call in prepared.calls()] == ["venv", "pip", "cargo", "kernel"]


def test_changed_source_is_built(prepared):
    source = prepared.clone / "lessons-crate/lib.rs"
    source.touch()
    later = time.time() + 5
    os.utime(source, (later, later))
    prepared.shell(KERNEL)
    assert len(prepared.calls()) == 2


def test_newer_rust_builds_again(prepared):
    prepared.has("rustc", (prepared.bin / "rustc").read_text().replace("1.99.0", "1.99.1"))
    prepared.shell(KERNEL)
    assert len(prepared.calls()) == 2


def test_kernel_that_is_gone_is_installed_again(prepared):
    (prepared.clone / "target/release/lessons-kernel").unlink()
    prepared.shell(KERNEL)
    assert [call.split()[0] for call in prepared.calls()] == ["cargo", "kernel"]


def test_failed_build_is_tried_again(prepared):
    shutil.rmtree(prepared.clone / "target")
    prepared.fails("cargo")
    assert prepared.shell(KERNEL).returncode != 0
    prepared.fails("cargo", False)
    assert prepared.shell(KERNEL).returncode == 0
    assert [call.split()[0] for call in prepared.calls()] == ["cargo", "cargo", "kernel"]


def test_variant_is_built_beside_the_other(prepared):
    assert prepared.shell("prepare_kernel cuda").returncode == 0
    assert prepared.calls()[-1].endswith("--name lessons-cuda --features cuda")
    prepared.shell(f"{KERNEL}; prepare_kernel cuda")
    assert prepared.calls() == []
