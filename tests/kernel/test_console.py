"""A real `jupyter console` on a terminal."""

import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl

import pytest


class Console:
    """`jupyter console` on a pseudoterminal, driven as by hand."""

    def __init__(self):
        self.terminal, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        command = [sys.executable, "-m", "jupyter", "console", "--kernel", "lessons"]
        command.append("--ZMQTerminalInteractiveShell.simple_prompt=True")
        environment = {**os.environ, "TERM": "dumb", "JUPYTER_CONSOLE_TEST": "1"}
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self.seen = ""

    def wait_for(self, pattern, seconds=60):
        """Reads until the pattern comes; what came up to its end."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < deadline, self.seen
            if select.select([self.terminal], [], [], 0.2)[0]:
                try:
                    text = os.read(self.terminal, 65536).decode(errors="replace")
                except OSError:
                    text = ""
                assert text, self.seen
                self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
        before, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return before

    def type(self, line):
        os.write(self.terminal, line.encode() + b"\n")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


@pytest.fixture
def console():
    console = Console()
    yield console
    console.close()


def test_jupyter_console(console):
    console.wait_for(r"In \[1\]: ")
    console.type("let answer = 6 * 7;")
    console.wait_for(r"In \[2\]: ")
    console.type("answer")
    assert "42" in console.wait_for(r"Out\[2\]: 42")
    console.wait_for(r"In \[3\]: ")
    console.type("println!(\"printed {answer}\");")
    console.wait_for(r"printed 42")
    console.wait_for(r"In \[4\]: ")
    console.type("let wrong: i32 = \"text\";")
    assert "mismatched types" in console.wait_for(r"In \[5\]: ")
    console.type("let mut name = String::new(); std::io::stdin().read_line(&mut name)?; print!(\"hello {}\", name.trim());")
    time.sleep(3)
    console.type("Ada")
    console.wait_for(r"hello Ada")
    console.wait_for(r"In \[6\]: ")
    os.write(console.terminal, b"\x04")  # the end of the input
    console.wait_for(r"really want to exit")
    console.type("y")
    assert console.process.wait(timeout=60) == 0
