"""Kernels to talk to: the installed kernelspec `lessons`."""

import contextlib
import time

import pytest
from jupyter_client.manager import KernelManager

TIMEOUT = 60


def channel(statements):
    """A cell that talks to the kernel over its `socket`, as the `lessons` library does."""
    return (
        "use lessons_channel::{FromCell, SOCKET_ENV, ToCell, read_frame, write_frame};\n"
        "{ let mut socket = std::os::unix::net::UnixStream::connect(std::env::var(SOCKET_ENV)?)?;\n"
        f"{statements} }}"
    )


class Frontend:
    """A blocking client that keeps a cell's outputs together."""

    def __init__(self, manager):
        self.manager = manager
        self.client = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)

    def run(self, code, **options):
        """Runs a cell; its reply's content and its outputs as (type, content), without statuses."""
        message = self.client.execute(code, **options)
        reply = self.reply(message)
        return reply["content"], self.outputs(message)

    def reply(self, message, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        while True:
            reply = self.client.get_shell_msg(timeout=deadline - time.monotonic())
            if reply["parent_header"].get("msg_id") == message:
                return reply

    def outputs(self, message, timeout=TIMEOUT):
        outputs = []
        while True:
            output = self.client.get_iopub_msg(timeout=timeout)
            if output["parent_header"].get("msg_id") != message:
                continue
            if output["msg_type"] == "status":
                if output["content"]["execution_state"] == "idle":
                    return outputs
            elif output["msg_type"] != "execute_input":
                outputs.append((output["msg_type"], output["content"]))

    def wait_for_output(self, message, kind, timeout=TIMEOUT):
        while True:
            output = self.client.get_iopub_msg(timeout=timeout)
            if output["parent_header"].get("msg_id") == message and output["msg_type"] == kind:
                return output["content"]


@contextlib.contextmanager
def started(name="lessons", stderr=None, **options):
    manager = KernelManager(kernel_name=name, **options)
    manager.start_kernel(stderr=stderr)
    try:
        frontend = Frontend(manager)
        try:
            yield frontend
        finally:
            frontend.client.stop_channels()
    finally:
        if manager.has_kernel:
            manager.shutdown_kernel(now=False)


@pytest.fixture(scope="module")
def kernel():
    """One kernel for a module's tests; a test must leave it idle."""
    with started() as frontend:
        yield frontend


@pytest.fixture
def fresh_kernel():
    with started() as frontend:
        yield frontend
