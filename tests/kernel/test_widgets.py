"""Comms and widgets over real processes, as a frontend speaks to them."""

import time
import uuid

import pytest
from conftest import TIMEOUT, started

COMMS = "use lessons::notebook::comm::{self, Comm, Message}; use serde_json::json;\n"
WIDGETS = "use lessons::notebook::widget::*;\n"


class Comms:
    """The comm side of a frontend: sends on comms, and waits until the kernel is done with it."""

    def __init__(self, kernel):
        self.kernel = kernel

    def send(self, kind, comm_id, data=None, buffers=None, **content):
        session = self.kernel.client.session
        message = session.msg(kind, {"comm_id": comm_id, "data": data or {}, **content})
        session.send(self.kernel.client.shell_channel.socket, message, buffers=buffers)
        return message["header"]["msg_id"]

    def open(self, target, data=None, buffers=None):
        comm_id = uuid.uuid4().hex
        return comm_id, self.answers(self.send("comm_open", comm_id, data, buffers, target_name=target))

    def tell(self, comm_id, data, buffers=None):
        return self.answers(self.send("comm_msg", comm_id, data, buffers))

    def update(self, comm_id, **state):
        return self.send("comm_msg", comm_id, {"method": "update", "state": state, "buffer_paths": []})

    def answers(self, message, timeout=TIMEOUT):
        """What the kernel published for a message between its busy and its idle status."""
        published = []
        deadline = time.monotonic() + timeout
        while True:
            output = self.kernel.client.get_iopub_msg(timeout=deadline - time.monotonic())
            if output["parent_header"].get("msg_id") != message:
                continue
            published.append(output)
            if output["msg_type"] == "status" and output["content"]["execution_state"] == "idle":
                assert published[0]["content"] == {"execution_state": "busy"}
                return published[1:-1]

    def info(self, target=None):
        request = self.kernel.client.comm_info(target_name=target)
        return self.kernel.reply(request)["content"]["comms"]


@pytest.fixture
def comms(kernel):
    return Comms(kernel)


def run(kernel, code):
    """Runs a cell that must work; all that it published."""
    message = kernel.client.execute(code)
    published = Comms(kernel).answers(message)
    reply = kernel.reply(message)["content"]
    assert reply["status"] == "ok", "\n".join(reply["traceback"])
    return published


def opened(published, model):
    """The id and state of a model that a cell opened."""
    for message in published:
        if message["msg_type"] == "comm_open":
            state = message["content"]["data"]["state"]
            if state["_model_name"] == model:
                assert message["content"]["target_name"] == "jupyter.widget"
                assert message["metadata"]["version"].startswith("2.")
                return message["content"]["comm_id"], state
    raise AssertionError(f"no {model} was opened")


def states(published, comm_id, method="update"):
    return [
        message["content"]["data"]["state"]
        for message in published
        if message["msg_type"] == "comm_msg"
        and message["content"]["comm_id"] == comm_id
        and message["content"]["data"].get("method") == method
    ]


def value(kernel, expression):
    results = [m["content"] for m in run(kernel, expression) if m["msg_type"] == "execute_result"]
    return results[0]["data"]["text/plain"]


def test_a_cell_opens_a_comm_and_bytes_come_and_go_on_it(kernel, comms):
    published = run(
        kernel,
        COMMS
        + """
        let line = Comm::open("test_target", Message::new(json!({"hello": 1})).with_buffer([0u8, 255]));
        let own = line.clone();
        line.on_message(move |message| {
            let mut back = Message::new(json!({"got": message.data, "count": message.buffers.len()}));
            back.buffers = message.buffers.iter().map(|b| b.iter().rev().copied().collect()).collect();
            own.send(back);
        });
        """,
    )
    (first,) = [message for message in published if message["msg_type"] == "comm_open"]
    assert first["content"]["target_name"] == "test_target"
    assert first["content"]["data"] == {"hello": 1}
    assert [bytes(buffer) for buffer in first["buffers"]] == [b"\x00\xff"]
    comm_id = first["content"]["comm_id"]
    assert comms.info("test_target") == {comm_id: {"target_name": "test_target"}}
    assert comm_id not in comms.info("another_target")

    buffers = [b"\x01\x02\x03", b"", bytes(range(256)) * 1000]
    (answer,) = comms.tell(comm_id, {"x": "ü"}, buffers)
    assert answer["msg_type"] == "comm_msg"
    assert answer["content"] == {"comm_id": comm_id, "data": {"got": {"x": "ü"}, "count": 3}}
    assert [bytes(buffer) for buffer in answer["buffers"]] == [buffer[::-1] for buffer in buffers]

    assert comms.answers(comms.send("comm_close", comm_id)) == []
    assert comm_id not in comms.info()
    assert comms.tell(comm_id, {"x": 1}) == []
    (closed,) = [message for message in run(kernel, "Comm::open(\"test_target\", Message::new(json!({}))).close();")
                 if message["msg_type"] == "comm_close"]
    assert closed["content"]["comm_id"] not in comms.info()


def test_the_frontend_opens_a_comm_to_what_the_notebook_named(kernel, comms):
    comm_id, answers = comms.open("nobody_home")
    assert [answer["msg_type"] for answer in answers] == ["comm_close"]
    assert answers[0]["content"]["comm_id"] == comm_id
    run(
        kernel,
        COMMS
        + """
        comm::on_open("test_echo", |comm, message| {
            println!("opened with {}", message.data);
            comm.send(message.clone());
            let own = comm.clone();
            comm.on_message(move |message| { own.send(message.clone()); });
        });
        """,
    )
    comm_id, answers = comms.open("test_echo", {"n": 1}, [b"bytes"])
    # Whatever a callback prints belongs to the message that it answers, too.
    assert [answer["content"]["text"] for answer in answers if answer["msg_type"] == "stream"] == ['opened with {"n":1}\n']
    (echo,) = [answer for answer in answers if answer["msg_type"] == "comm_msg"]
    assert bytes(echo["buffers"][0]) == b"bytes"
    assert comms.info("test_echo") == {comm_id: {"target_name": "test_echo"}}
    (echo,) = comms.tell(comm_id, {"n": 2}, [b"more"])
    assert (echo["content"]["data"], bytes(echo["buffers"][0])) == ({"n": 2}, b"more")


def test_a_slider_redraws_its_figure(kernel, comms):
    published = run(
        kernel,
        WIDGETS
        + """
        use lessons::prelude::*;
        let bend = slider("bend", 0..=10).value(3).build()?;
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let kept = seen.clone();
        interact(&bend, move |bend| {
            kept.lock().unwrap().push(bend);
            let points = (0..=20).map(f64::from).map(|x| (x, f64::from(bend) * x * x));
            LineChart::new("Bend").series(&format!("y at {bend}"), points).figure()
        })
        """,
    )
    slider, state = opened(published, "IntSliderModel")
    area, figure = opened(published, "HTMLModel")
    assert (state["value"], state["min"], state["max"]) == (3, 0, 10)
    (display,) = [message["content"]["data"] for message in published if message["msg_type"] == "execute_result"]
    view = display["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == opened(published, "VBoxModel")[0]
    assert figure["value"] in display["text/html"]
    assert "bend = 3" in display["text/plain"]

    answers = comms.answers(comms.update(slider, value=7))
    assert states(answers, slider, "echo_update") == [{"value": 7}]
    (redrawn,) = states(answers, area)
    assert "y at 7" in redrawn["value"] or redrawn["value"] != figure["value"]
    assert value(kernel, "(bend.value(), seen.lock().unwrap().clone())") == "(7, [3, 7])"

    # At least ten redraws a second: one after the other, each waited for as JupyterLab does.
    start = time.monotonic()
    redraws = 0
    while time.monotonic() - start < 2:
        answers = comms.answers(comms.update(slider, value=redraws % 10))
        redraws += len(states(answers, area))
    rate = redraws / (time.monotonic() - start)
    print(f"{rate:.0f} redraws a second")
    assert rate >= 10


def test_values_that_come_faster_than_they_are_drawn_are_put_together(kernel, comms):
    published = run(
        kernel,
        WIDGETS
        + """
        let pace = slider("pace", 0..=1000).build()?;
        let drawn = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let kept = drawn.clone();
        pace.on_change(move |value| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            kept.lock().unwrap().push(value);
        });
        pace
        """,
    )
    slider, _ = opened(published, "IntSliderModel")
    messages = [comms.update(slider, value=value) for value in range(1, 201)]
    start = time.monotonic()
    for number, message in enumerate(messages, start=1):
        # Each has its statuses and its echo all the same.
        assert states(comms.answers(message), slider, "echo_update") == [{"value": number}]
    assert time.monotonic() - start < 200 * 0.05
    drawn = value(kernel, "drawn.lock().unwrap().clone()")
    drawn = [int(number) for number in drawn.strip("[]").split(",")]
    assert drawn[-1] == 200
    assert len(drawn) < 100


def test_a_callback_never_runs_beside_a_cell(kernel, comms):
    published = run(
        kernel,
        WIDGETS
        + """
        use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
        static BUSY: AtomicBool = AtomicBool::new(false);
        static BESIDE: AtomicU32 = AtomicU32::new(0);
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let knob = button("knob");
        knob.on_click(|| {
            CALLS.fetch_add(1, SeqCst);
            if BUSY.load(SeqCst) { BESIDE.fetch_add(1, SeqCst); }
        });
        knob
        """,
    )
    button, _ = opened(published, "ButtonModel")
    cell = kernel.client.execute(
        'BUSY.store(true, SeqCst); println!("go");'
        "std::thread::sleep(std::time::Duration::from_millis(700)); BUSY.store(false, SeqCst);"
        "CALLS.load(SeqCst)"
    )
    kernel.wait_for_output(cell, "stream")
    clicks = [comms.send("comm_msg", button, {"method": "custom", "content": {"event": "click"}}) for _ in range(3)]
    # What asks for comms is answered while the cell runs.
    assert button in comms.info("jupyter.widget")
    for click in clicks:
        comms.answers(click)
    assert value(kernel, "(CALLS.load(SeqCst), BESIDE.load(SeqCst))") == "(3, 0)"


def test_a_panic_in_a_callback_is_told_and_costs_nothing(kernel, comms):
    published = run(
        kernel,
        WIDGETS
        + """
        let risky = slider("risky", 0..=9).build()?;
        risky.on_change(|value| { if value == 5 { panic!("five") } else { println!("now {value}") } });
        risky
        """,
    )
    slider, _ = opened(published, "IntSliderModel")
    text = "".join(answer["content"]["text"] for answer in comms.answers(comms.update(slider, value=5))
                   if answer["msg_type"] == "stream" and answer["content"]["name"] == "stderr")
    assert "five" in text
    answers = comms.answers(comms.update(slider, value=6))
    assert [answer["content"]["text"] for answer in answers if answer["msg_type"] == "stream"] == ["now 6\n"]
    assert value(kernel, "risky.value()") == "6"


def test_a_page_that_is_loaded_anew_gets_its_widgets_back(kernel, comms):
    published = run(
        kernel,
        WIDGETS + 'let kept = slider("kept", 0..=9).value(4).build()?;'
        'let pixels = image(b"\\x89PNG\\x00\\xff", "a picture")?; vbox().with(&kept).with(&pixels)',
    )
    slider, _ = opened(published, "IntSliderModel")
    picture, state = opened(published, "ImageModel")
    assert "value" not in state
    control, answers = comms.open("jupyter.widget.control", {})
    assert answers == []
    (answer,) = comms.tell(control, {"method": "request_states"})
    data = answer["content"]["data"]
    assert data["method"] == "update_states"
    assert data["states"][slider]["model_name"] == "IntSliderModel"
    assert data["states"][slider]["state"]["value"] == 4
    place = data["buffer_paths"].index([picture, "state", "value"])
    assert bytes(answer["buffers"][place]) == b"\x89PNG\x00\xff"
    (answer,) = comms.tell(picture, {"method": "request_state"})
    assert answer["content"]["data"]["buffer_paths"] == [["value"]]
    assert bytes(answer["buffers"][0]) == b"\x89PNG\x00\xff"


def test_the_comms_of_a_runtime_that_died_are_closed():
    with started() as kernel:
        comms = Comms(kernel)
        published = run(kernel, WIDGETS + 'let lost = slider("lost", 0..=9).build()?; lost')
        slider, _ = opened(published, "IntSliderModel")
        control, _ = comms.open("jupyter.widget.control")
        assert {slider, control} <= set(comms.info())
        cell = kernel.client.execute("std::process::abort();")
        assert kernel.reply(cell)["content"]["status"] == "error"
        closed = set()
        while not {slider, control} <= closed:
            message = kernel.client.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == "comm_close":
                closed.add(message["content"]["comm_id"])
        assert comms.info() == {}
        published = run(kernel, WIDGETS + 'slider("new", 0..=9).build()?')
        assert opened(published, "IntSliderModel")[0] in comms.info()


def test_a_callback_that_ends_the_process_is_told():
    with started() as kernel:
        comms = Comms(kernel)
        published = run(
            kernel,
            WIDGETS + 'let doomed = 1; let fatal = button("fatal"); fatal.on_click(|| std::process::abort()); fatal',
        )
        button, _ = opened(published, "ButtonModel")
        answers = comms.answers(comms.send("comm_msg", button, {"method": "custom", "content": {"event": "click"}}))
        text = "".join(answer["content"]["text"] for answer in answers if answer["msg_type"] == "stream")
        assert "SIGABRT" in text and "doomed" in text
        assert value(kernel, "1 + 1") == "2"
        assert button not in comms.info()


def test_bad_comm_messages_change_nothing(kernel, comms):
    published = run(kernel, WIDGETS + 'let firm = slider("firm", 0..=9).value(3).build()?; firm')
    slider, _ = opened(published, "IntSliderModel")
    session = kernel.client.session
    for kind, content in (
        ("comm_msg", {}),
        ("comm_msg", {"comm_id": 7, "data": 7}),
        ("comm_open", {"comm_id": "", "target_name": "jupyter.widget.control"}),
        ("comm_open", {"comm_id": "x"}),
        ("comm_close", {"comm_id": "never opened"}),
        ("comm_msg", {"comm_id": slider}),
        ("comm_msg", {"comm_id": slider, "data": None}),
        ("comm_msg", {"comm_id": slider, "data": {"method": "update"}}),
        ("comm_msg", {"comm_id": slider, "data": {"method": "update", "state": [1], "buffer_paths": "no"}}),
        ("comm_msg", {"comm_id": slider, "data": {"method": "update", "state": {"value": {}}, "buffer_paths": [[3]]}}),
    ):
        message = session.msg(kind, content)
        session.send(kernel.client.shell_channel.socket, message)
        comms.answers(message["header"]["msg_id"])
    assert value(kernel, "firm.value()") == "3"
