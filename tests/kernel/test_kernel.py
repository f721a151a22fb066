"""What frontends rely on beyond the conformance tests, over real processes."""

import os
import signal
import subprocess
import sys
import tempfile
import time

import pytest
from conftest import TIMEOUT, channel, started
from jupyter_client.manager import KernelManager

ENDLESS = "let mut turns = 0u64; loop { turns = std::hint::black_box(turns + 1); }"


# Evaluating the constant takes minutes.
SLOW_TO_COMPILE = """
#![allow(long_running_const_eval)]
const SLOW: u64 = { let mut i = 0u64; while i < 1 << 40 { i += 1; } i };
SLOW
"""


def text(outputs, name):
    return "".join(content["text"] for kind, content in outputs if kind == "stream" and content["name"] == name)


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return [int(child) for child in found.split()]


def descendants(pid):
    found = children(pid)
    return found + [deeper for child in found for deeper in descendants(child)]


def names(pids):
    """The names of processes, without those that have just ended."""
    chosen = ",".join(map(str, pids)) or "0"
    found = subprocess.run(["ps", "-o", "comm=", "-p", chosen], capture_output=True, text=True).stdout
    return {os.path.basename(name) for name in found.split()}


def alive(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return not state.startswith("Z") and state != ""


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_kernel_info_comes_at_once():
    manager = KernelManager(kernel_name="lessons")
    start = time.monotonic()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.kernel_info()
        info = client.get_shell_msg(timeout=TIMEOUT)["content"]
        # The goal is 0.2 s; twice that leaves room for a machine that is busy with other tests.
        assert time.monotonic() - start < 0.4
        assert info["language_info"]["name"] == "rust"
        assert info["language_info"]["version"].startswith("1.")
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def test_values_stay_between_cells(kernel):
    reply, _ = kernel.run("let kept = vec![1, 2, 3];")
    assert reply["status"] == "ok"
    reply, outputs = kernel.run("kept.iter().sum::<i32>()")
    assert reply["status"] == "ok"
    assert [content["data"]["text/plain"] for kind, content in outputs if kind == "execute_result"] == ["6"]


def test_streams_are_gathered_and_exact(kernel):
    code = 'for i in 0..1000 { print!("{i} "); } eprintln!("äöü 😀"); println!("done");'
    reply, outputs = kernel.run(code)
    assert reply["status"] == "ok"
    assert text(outputs, "stdout") == "".join(f"{i} " for i in range(1000)) + "done\n"
    assert text(outputs, "stderr") == "äöü 😀\n"
    assert len(outputs) < 50


@pytest.mark.parametrize(
    ("code", "ename"),
    [('let x: i32 = "a";', "E0308"), ("no_such_name", "E0425"), ('panic!("boom")', None), ("let x = (1;", None)],
)
def test_a_failure_is_one_error(kernel, code, ename):
    reply, outputs = kernel.run(code)
    assert reply["status"] == "error"
    errors = [content for kind, content in outputs if kind == "error"]
    assert len(errors) == 1
    for key in ("ename", "evalue", "traceback"):
        assert reply[key] == errors[0][key]
    if ename:
        assert reply["ename"] == ename
    assert "/tmp" not in "".join(reply["traceback"])


def test_silent_and_unstored_cells(fresh_kernel):
    reply, outputs = fresh_kernel.run("1 + 1", silent=True)
    assert (reply["status"], outputs) == ("ok", [])
    fresh_kernel.run("2 + 2", store_history=False)
    reply, _ = fresh_kernel.run("3 + 3")
    assert reply["execution_count"] == 1


def test_user_expressions(kernel):
    reply, _ = kernel.run("let base = 20;", user_expressions={"sum": "base + 1", "wrong": "no_such_name"})
    assert reply["user_expressions"]["sum"]["data"]["text/plain"] == "21"
    assert reply["user_expressions"]["wrong"]["status"] == "error"


def test_a_failure_aborts_what_waits(kernel):
    kernel.client.execute('std::thread::sleep(std::time::Duration::from_millis(300)); panic!("stop")')
    second = kernel.client.execute("1")
    assert kernel.reply(second)["content"]["status"] == "aborted"
    assert kernel.run("2")[0]["status"] == "ok"


def test_requests_are_answered_while_a_cell_runs(kernel):
    cell = kernel.client.execute('println!("go"); std::thread::sleep(std::time::Duration::from_secs(2));')
    kernel.wait_for_output(cell, "stream")
    start = time.monotonic()
    for request in (
        kernel.client.kernel_info(),
        kernel.client.complete("printl"),
        kernel.client.inspect("println"),
        kernel.client.is_complete("1 +"),
        kernel.client.comm_info(),
        kernel.client.history(hist_access_type="tail", n=1),
    ):
        assert kernel.reply(request)["content"]["status"] != "error"
    assert time.monotonic() - start < 1
    assert kernel.reply(cell)["content"]["status"] == "ok"


def test_requests_are_answered_while_a_cell_compiles(fresh_kernel):
    fresh_kernel.run("let before = 5;")
    cell = fresh_kernel.client.execute(SLOW_TO_COMPILE)
    wait_until(lambda: "rustc" in names(descendants(fresh_kernel.manager.provisioner.pid)))
    start = time.monotonic()
    for request in (
        fresh_kernel.client.kernel_info(),
        fresh_kernel.client.complete("printl"),
        fresh_kernel.client.inspect("println"),
    ):
        assert fresh_kernel.reply(request)["content"]["status"] == "ok"
    assert time.monotonic() - start < 2
    fresh_kernel.manager.interrupt_kernel()
    reply = fresh_kernel.reply(cell)["content"]
    assert (reply["status"], reply["ename"]) == ("error", "Interrupted")
    assert fresh_kernel.run("assert_eq!(before, 5)")[0]["status"] == "ok"
    pid = fresh_kernel.manager.provisioner.pid
    wait_until(lambda: "rustc" not in names(descendants(pid)))


def test_a_cell_that_does_not_stop_is_told_and_a_second_interrupt_ends_it(fresh_kernel):
    fresh_kernel.run("let precious = 5;")
    cell = fresh_kernel.client.execute(
        'println!("go"); std::thread::sleep(std::time::Duration::from_secs(600));'
    )
    fresh_kernel.wait_for_output(cell, "stream")
    fresh_kernel.manager.interrupt_kernel()
    told = fresh_kernel.wait_for_output(cell, "stream")["text"]
    assert "no check point" in told and "precious" in told
    fresh_kernel.manager.interrupt_kernel()
    reply = fresh_kernel.reply(cell)["content"]
    assert (reply["status"], reply["ename"]) == ("error", "Interrupted")
    assert "precious" in "".join(reply["traceback"]) and ":replay" in "".join(reply["traceback"])
    assert fresh_kernel.run(":replay")[0]["status"] == "ok"
    assert fresh_kernel.run("assert_eq!(precious, 5)")[0]["status"] == "ok"


def test_a_long_call_of_the_library_stops(fresh_kernel):
    fresh_kernel.run("let before = 5;")
    fresh_kernel.run("use lessons::bench::{Budget, measure_with};\nuse std::time::Duration;")
    # Code at this level has no check points of its own.
    cell = fresh_kernel.client.execute("""
:opt 3
println!("go");
let budget = Budget { time: Duration::from_secs(600), max_samples: 1 << 30, ..Budget::default() };
measure_with(&budget, || std::thread::sleep(Duration::from_millis(1)))
""")
    fresh_kernel.wait_for_output(cell, "stream")
    fresh_kernel.manager.interrupt_kernel()
    reply = fresh_kernel.reply(cell)["content"]
    assert (reply["status"], reply["ename"]) == ("error", "Interrupted")
    assert "still there" in "".join(reply["traceback"])
    assert fresh_kernel.run("assert_eq!(before, 5)")[0]["status"] == "ok"


def test_input(fresh_kernel):
    code = channel(
        'write_frame(&mut socket, &FromCell::Input { prompt: "name? ".into(), password: false })?;\n'
        "let Some(ToCell::Input { text }) = read_frame(&mut socket)? else { panic!() };\n"
        'println!("hello {}", text?);'
    )
    cell = fresh_kernel.client.execute(code, allow_stdin=True)
    request = fresh_kernel.client.get_stdin_msg(timeout=TIMEOUT)
    assert request["msg_type"] == "input_request"
    assert request["content"] == {"prompt": "name? ", "password": False}
    fresh_kernel.client.input("Ada")
    assert fresh_kernel.reply(cell)["content"]["status"] == "ok"
    assert text(fresh_kernel.outputs(cell), "stdout") == "hello Ada\n"
    reply, _ = fresh_kernel.run(code, allow_stdin=False)
    assert reply["status"] == "error"


@pytest.mark.parametrize("way", ["message", "signal"])
def test_interrupt(fresh_kernel, way):
    fresh_kernel.run("let before = 5;")
    cell = fresh_kernel.client.execute('println!("go");' + ENDLESS)
    fresh_kernel.wait_for_output(cell, "stream")
    if way == "message":
        fresh_kernel.manager.interrupt_kernel()
    else:
        os.kill(fresh_kernel.manager.provisioner.pid, signal.SIGINT)
    reply = fresh_kernel.reply(cell)["content"]
    assert (reply["status"], reply["ename"]) == ("error", "Interrupted")
    reply, outputs = fresh_kernel.run("before")
    assert reply["status"] == "ok"
    assert [content["data"]["text/plain"] for kind, content in outputs if kind == "execute_result"] == ["5"]


def test_a_bad_message_changes_nothing(kernel):
    session = kernel.client.session
    frames = session.serialize(session.msg("shutdown_request", {"restart": False}))
    delimiter = frames.index(b"<IDS|MSG>")
    for bad in (
        [*frames[: delimiter + 1], b"0" * 64, *frames[delimiter + 2 :]],
        [*frames[: delimiter + 1], b"", *frames[delimiter + 2 :]],
        frames[: delimiter + 4],
        [b"\xff\xfe", b"", b"noise"],
        [],
    ):
        for channel in (kernel.client.shell_channel, kernel.client.control_channel, kernel.client.stdin_channel):
            channel.socket.send_multipart([*bad, b""])
    assert kernel.run("1 + 1")[0]["status"] == "ok"


def test_ipc(tmp_path):
    with started(transport="ipc", ip=str(tmp_path / "kernel")) as frontend:
        assert frontend.run("1 + 1")[0]["status"] == "ok"


def test_shutdown_leaves_no_process(fresh_kernel):
    fresh_kernel.run("1 + 1")
    pid = fresh_kernel.manager.provisioner.pid
    processes = [pid, *children(pid)]
    fresh_kernel.client.execute(ENDLESS)
    time.sleep(0.5)
    start = time.monotonic()
    fresh_kernel.manager.shutdown_kernel(now=False)
    assert time.monotonic() - start < 2
    wait_until(lambda: not any(map(alive, processes)))


@pytest.mark.parametrize(
    ("cell", "processes"),
    [
        (ENDLESS, 1),
        ('std::process::Command::new("sleep").arg("600").status()?', 2),
        (SLOW_TO_COMPILE, 2),
        (None, 1),
    ],
    ids=["running", "waiting for a program", "compiling", "idle"],
)
def test_nothing_outlives_a_killed_kernel(monkeypatch, cell, processes):
    # Not pytest's own folder: the path of a socket must be short.
    folder = tempfile.TemporaryDirectory()
    monkeypatch.setenv("TMPDIR", folder.name)
    with folder, started() as frontend:
        frontend.run("let a = 1;")
        pid = frontend.manager.provisioner.pid
        if cell:
            frontend.client.execute(cell)
            wait_until(lambda: len(descendants(pid)) >= processes)
            time.sleep(0.3)
        all_of_them = [pid, *descendants(pid)]
        assert len(all_of_them) > processes and os.listdir(folder.name)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(alive, all_of_them)))
        wait_until(lambda: not os.listdir(folder.name))


def test_replay_after_a_restart(monkeypatch, tmp_path):
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "some.ipynb"))
    with started() as frontend:
        frontend.run("let mut numbers = vec![1];")
        frontend.run("numbers.push(2);")
        frontend.manager.restart_kernel()
        frontend.client.wait_for_ready(timeout=TIMEOUT)
        reply, _ = frontend.run("numbers")
        assert reply["status"] == "error" and ":replay" in "".join(reply["traceback"])
        assert frontend.run(":replay")[0]["status"] == "ok"
        assert frontend.run("assert_eq!(numbers, [1, 2])")[0]["status"] == "ok"


def test_restart_forgets(fresh_kernel):
    fresh_kernel.run("let gone = 1;")
    fresh_kernel.manager.restart_kernel()
    fresh_kernel.client.wait_for_ready(timeout=TIMEOUT)
    reply, _ = fresh_kernel.run("gone")
    assert reply["status"] == "error"
    assert reply["execution_count"] == 1


def test_the_kernel_ends_with_its_parent():
    program = """
import sys, time
from jupyter_client.manager import KernelManager
manager = KernelManager(kernel_name="lessons")
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)
print(manager.provisioner.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        processes = [pid, *children(pid)]
        parent.kill()
    wait_until(lambda: not any(map(alive, processes)))


def test_nothing_is_written_to_stdout(tmp_path):
    manager = KernelManager(kernel_name="lessons")
    with open(tmp_path / "stdout", "wb") as stdout:
        manager.start_kernel(stdout=stdout)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=TIMEOUT)
            client.execute_interactive('println!("for the notebook");', output_hook=lambda _: None, timeout=TIMEOUT)
        finally:
            client.stop_channels()
            manager.shutdown_kernel()
    assert (tmp_path / "stdout").read_bytes() == b""
