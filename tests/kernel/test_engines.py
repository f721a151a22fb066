"""The engines that a kernel can run cells on: what is installed, and what is said where one is missing."""

import json
import subprocess
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from conftest import started

HOW = "--features evcxr"


def argv(name="lessons"):
    return KernelSpecManager().get_kernel_spec(name).argv


@pytest.fixture(scope="module")
def evcxr():
    try:
        argv("lessons-evcxr")
    except NoSuchKernel:
        pytest.skip("no kernel with the evcxr engine is installed; scripts/test --evcxr installs one")
    with started("lessons-evcxr") as frontend:
        yield frontend


def test_the_evcxr_engine_runs_a_notebook(evcxr):
    assert "evcxr" in argv("lessons-evcxr")
    reply, outputs = evcxr.run("let kept: Vec<i32> = vec![1, 2];\nfn twice(n: i32) -> i32 { n * 2 }")
    assert reply["status"] == "ok", reply
    assert outputs == []
    reply, outputs = evcxr.run('print!("first"); eprintln!("second"); twice(kept[1])')
    assert reply["status"] == "ok", reply
    kinds = [(kind, content.get("name"), content.get("text")) for kind, content in outputs]
    assert ("stream", "stdout", "first") in kinds and ("stream", "stderr", "second\n") in kinds
    assert outputs[-1][0] == "execute_result" and outputs[-1][1]["data"]["text/plain"] == "4"
    reply, outputs = evcxr.run('let wrong: i32 = "text";')
    assert (reply["status"], reply["ename"]) == ("error", "E0308")
    assert [kind for kind, _ in outputs] == ["error"]
    reply, _ = evcxr.run("kept.len()", user_expressions={"twice": "twice(21)"})
    assert reply["user_expressions"]["twice"]["data"]["text/plain"] == "42"


def test_a_cell_of_the_evcxr_engine_reads_input(evcxr):
    message = evcxr.client.execute(
        "let mut line: String = String::new(); std::io::stdin().read_line(&mut line).unwrap(); line.trim().to_owned()",
        allow_stdin=True,
    )
    assert evcxr.client.get_stdin_msg(timeout=60)["msg_type"] == "input_request"
    evcxr.client.input("Ada")
    assert evcxr.wait_for_output(message, "execute_result")["data"]["text/plain"] == '"Ada"'
    assert evcxr.reply(message)["content"]["status"] == "ok"


def test_an_interrupted_cell_of_the_evcxr_engine_ends(evcxr):
    message = evcxr.client.execute('println!("now"); loop {}')
    evcxr.wait_for_output(message, "stream")
    evcxr.manager.interrupt_kernel()
    assert evcxr.reply(message)["content"]["ename"] == "Interrupted"
    reply, outputs = evcxr.run("twice(4)")
    assert reply["status"] == "ok" and outputs[-1][1]["data"]["text/plain"] == "8"


def test_without_the_evcxr_engine_it_is_said_how_to_build_it(tmp_path):
    done = subprocess.run(
        [argv()[0], "install", "--engine", "evcxr", "--prefix", tmp_path], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert HOW in done.stderr and "install --engine evcxr" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_kernelspec_that_asks_for_a_missing_engine_says_so_in_each_cell(tmp_path):
    spec = {"argv": [*argv(), "--engine", "evcxr"], "display_name": "missing", "language": "rust"}
    folder = tmp_path / "kernels" / "missing"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec))
    specs = KernelSpecManager(kernel_dirs=[str(Path(tmp_path) / "kernels")])
    with started("missing", kernel_spec_manager=specs) as frontend:
        for _ in range(2):
            reply, outputs = frontend.run("1 + 1")
            assert (reply["status"], reply["ename"]) == ("error", "EngineError")
            assert HOW in reply["evalue"]
            assert [kind for kind, _ in outputs] == ["error"]
