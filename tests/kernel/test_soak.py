"""Ten thousand messages of every kind, good and bad, over real sockets to a real kernel."""

import json
import random
import re
import subprocess
import uuid

import pytest
from conftest import TIMEOUT, started

GOOD = [
    ("kernel_info_request", {}),
    ("connect_request", {}),
    ("complete_request", {"code": "printl\U0001f600", "cursor_pos": 6}),
    ("inspect_request", {"code": "String::new", "cursor_pos": 10, "detail_level": 1}),
    ("is_complete_request", {"code": "fn f() {"}),
    ("history_request", {"hist_access_type": "search", "pattern": "*", "n": 3, "output": True}),
    ("comm_info_request", {}),
    ("execute_request", {"code": "", "silent": True}),
    ("execute_request", {"code": "1 + 1", "user_expressions": {"a": "2"}, "allow_stdin": False}),
    ("execute_request", {"code": "no_such_name", "stop_on_error": False, "silent": True}),
    ("create_subshell_request", {}),
    ("debug_request", {"type": "request", "command": "attach"}),
    ("no_such_request", {}),
]
# Well signed, and still not what the protocol wants; or messages that get no reply.
ODD = [
    ("complete_request", {"code": 3, "cursor_pos": "x"}),
    ("inspect_request", {"code": "x.y", "cursor_pos": -4}),
    ("history_request", {"hist_access_type": None, "n": -1}),
    ("comm_open", {"comm_id": 3, "target_name": []}),
    ("comm_msg", {"comm_id": "nobody", "data": [1]}),
    ("comm_close", {}),
    ("input_reply", {"value": "nobody asked"}),
    ("execute_reply", {}),
    ("", {}),
]


def memory(pid):
    """The resident memory of the kernel's own process, in bytes."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout) * 1024


def spoil(frames, choice):
    """A message as it should not be."""
    at = choice.randrange(len(frames))
    kind = choice.randrange(6)
    if kind == 0:
        return frames[:at]
    if kind == 1:
        return [*frames[:at], bytes(choice.randrange(256) for _ in range(choice.randrange(80))), *frames[at + 1 :]]
    if kind == 2:
        # Before the delimiter it would be one more name of the sender, which is allowed.
        return [*frames[: at or 1], b"", *frames[at or 1 :]]
    if kind == 3:
        return frames[::-1]
    if kind == 4:
        # Not signed.
        return [frames[0], b"", *frames[2:]]
    # Signed by somebody else.
    return [frames[0], uuid.uuid4().hex.encode() * 2, *frames[2:]]


@pytest.mark.parametrize("level", ["warn", "trace"])
def test_ten_thousand_messages_good_and_bad(level, tmp_path, monkeypatch):
    monkeypatch.setenv("LESSONS_LOG", level)
    choice = random.Random(7)
    rounds, log = (3, 1_700) if level == "warn" else (2, 200), tmp_path / "log"
    with open(log, "wb") as stderr, started(stderr=stderr) as frontend:
        pid = frontend.manager.provisioner.pid
        client, session = frontend.client, frontend.client.session
        channels = [client.shell_channel.socket, client.control_channel.socket, client.stdin_channel.socket]
        sizes, sent = [], 0
        for _ in range(rounds[0]):
            waiting, replay = set(), None
            for number in range(rounds[1]):
                kind, content = choice.choice(GOOD)
                message = session.msg(kind, content)
                frames = session.serialize(message)
                channels[0].send_multipart(frames)
                waiting.add(message["header"]["msg_id"])
                odd = session.serialize(session.msg(*choice.choice(ODD)))
                choice.choice(channels).send_multipart(odd)
                choice.choice(channels).send_multipart([*spoil(frames, choice), b""])
                sent += 3
                if replay and number % 5 == 0:
                    # After the original, so on its channel: between channels there is no order.
                    channels[0].send_multipart(replay)
                    sent += 1
                replay = frames
                if len(waiting) > 50 or number == rounds[1] - 1:
                    while waiting:
                        waiting.discard(client.get_shell_msg(timeout=TIMEOUT)["parent_header"].get("msg_id"))
                # What is published is read as it comes, as every frontend does.
                while client.iopub_channel.msg_ready():
                    client.iopub_channel.get_msg(timeout=1)
            sizes.append(memory(pid))
        assert sent > 10_000 or level == "trace"
        assert frontend.run("20 + 22")[0]["status"] == "ok"
        assert frontend.run('println!("still here");')[1][0][1]["text"] == "still here\n"
        # The first rounds fill caches; after that nothing may grow. Allocators keep some to spare.
        assert sizes[-1] < sizes[0] + 8 * 2**20, sizes
        key = frontend.manager.session.key.decode()
    text = log.read_text(errors="replace")
    assert "the signature doesn't match" in text
    assert "the signature has come before" in text
    assert len(key) > 20 and key not in text
    assert not re.search(r"panicked", text)


def test_the_key_is_in_no_error(tmp_path):
    """A connection file that can't be used is named, not quoted."""
    with started() as frontend:
        program = frontend.manager.kernel_spec.argv[0]
        library = frontend.manager.kernel_spec.argv[3]
    key = uuid.uuid4().hex
    good = {"ip": "127.0.0.1", "key": key, "transport": "tcp", "signature_scheme": "hmac-sha256"}
    ports = dict.fromkeys(("shell_port", "control_port", "stdin_port", "iopub_port", "hb_port"), 1)
    for broken in (
        json.dumps(good),
        json.dumps({**good, **ports, "shell_port": key}),
        json.dumps({**good, **ports, "signature_scheme": "hmac-md5"}),
        json.dumps({**good, **ports, "ip": "203.0.113.7"}),
        json.dumps(good)[:-1],
    ):
        file = tmp_path / "connection.json"
        file.write_text(broken)
        ran = subprocess.run(
            [program, "start", "--library", library, "--connection-file", str(file)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env={**__import__("os").environ, "LESSONS_LOG": "trace"},
        )
        assert ran.returncode != 0
        assert ran.stderr.startswith("error: ") and key not in ran.stderr + ran.stdout
