"""Figures, progress and questions of real cells, as a frontend sees them."""

import time

import pytest
from conftest import TIMEOUT

USE = "use lessons::prelude::*;\nuse lessons::notebook::{self, Bundle, Display};\n"


@pytest.fixture(scope="module")
def lessons(kernel):
    assert kernel.run(USE)[0]["status"] == "ok"
    return kernel


def kinds(outputs):
    """What came, with its text; neighboring texts as one."""
    shown = []
    for kind, content in outputs:
        if kind == "stream":
            if shown and shown[-1][0] == content["name"]:
                shown[-1] = (content["name"], shown[-1][1] + content["text"])
            else:
                shown.append((content["name"], content["text"]))
        elif kind == "clear_output":
            shown.append((kind, content["wait"]))
        else:
            shown.append((kind, content["data"]["text/plain"]))
    return shown


def test_figures_stand_among_the_text_in_order(lessons):
    code = """
println!("before");
for name in ["one", "two", "three"] {
    notebook::display(&Bundle::text(name).with("text/html", format!("<b>{name}</b>")));
    println!("after {name}");
}
Bundle::text("not shown: no value at the end");
"""
    reply, outputs = lessons.run(code)
    assert reply["status"] == "ok"
    assert kinds(outputs) == [
        ("stdout", "before\n"),
        ("display_data", "one"),
        ("stdout", "after one\n"),
        ("display_data", "two"),
        ("stdout", "after two\n"),
        ("display_data", "three"),
        ("stdout", "after three\n"),
    ]


def test_figures_are_replaced_by_their_id_and_cleared(lessons):
    code = """
let shown = Display::new(&Bundle::text("first"));
shown.update(&Bundle::text("second"));
notebook::clear_output(true);
notebook::display(&Bundle::text("third"));
"""
    reply, outputs = lessons.run(code)
    assert reply["status"] == "ok"
    assert kinds(outputs) == [
        ("display_data", "first"),
        ("update_display_data", "second"),
        ("clear_output", True),
        ("display_data", "third"),
    ]
    ids = [content["transient"].get("display_id") for kind, content in outputs if "display_data" in kind]
    assert ids[0] is not None and ids[0] == ids[1] and ids[2] is None
    # A later cell replaces it as well.
    _, outputs = lessons.run('shown.update(&Bundle::text("from the next cell"));')
    assert [content["transient"]["display_id"] for _, content in outputs] == [ids[0]]


def test_threads_show_things_and_move_progress_bars(lessons):
    code = """
let threads: Vec<_> = (0..4)
    .map(|number| {
        std::thread::spawn(move || {
            let mut bar = notebook::progress(&format!("bar {number}"), 3);
            for _ in 0..3 {
                bar.step();
                std::thread::sleep(std::time::Duration::from_millis(120));
            }
            notebook::display(&Bundle::text(format!("done {number}")));
        })
    })
    .collect();
for thread in threads { thread.join().unwrap(); }
"""
    reply, outputs = lessons.run(code)
    assert reply["status"] == "ok"
    bars = {}
    for kind, content in outputs:
        if (display := content["transient"].get("display_id")) is not None:
            bars.setdefault(display, []).append((kind, content["data"]["text/plain"]))
    assert len(bars) == 4
    for steps in bars.values():
        assert [kind for kind, _ in steps][0] == "display_data"
        assert all(kind == "update_display_data" for kind, _ in steps[1:])
        assert len(steps) > 2 and "3 of 3" in steps[-1][1]
    assert sorted(text for kind, text in kinds(outputs) if text.startswith("done")) == [f"done {n}" for n in range(4)]


def test_what_a_thread_does_after_its_cell_goes_to_that_cell(lessons):
    code = """
std::thread::spawn(|| {
    std::thread::sleep(std::time::Duration::from_millis(400));
    print!("late text");
    std::io::Write::flush(&mut std::io::stdout()).unwrap();
    notebook::display(&Bundle::text("late figure"));
});
"""
    message = lessons.client.execute(code, user_expressions={"a": "1 + 1"})
    assert lessons.reply(message)["content"]["user_expressions"]["a"]["data"]["text/plain"] == "2"
    assert lessons.outputs(message) == []
    assert lessons.wait_for_output(message, "stream")["text"] == "late text"
    assert lessons.wait_for_output(message, "display_data")["data"]["text/plain"] == "late figure"


def test_plotters_own_figures(lessons):
    code = """
plotters::evcxr::evcxr_figure((120, 80), |root| {
    use plotters::prelude::*;
    root.fill(&WHITE)?;
    Ok(())
})
"""
    for cell, kind in ((code, "execute_result"), (f"let figure = {code};\nfigure.evcxr_display();", "display_data")):
        reply, outputs = lessons.run(cell)
        assert reply["status"] == "ok", reply
        assert [kind for kind, _ in outputs] == [kind]
        assert "<svg" in outputs[0][1]["data"]["text/html"]


@pytest.mark.parametrize(
    ("code", "prompt", "password"),
    [
        ('let name = notebook::input("name? ")?;', "name? ", False),
        ('let name = notebook::password("word? ")?;', "word? ", True),
        ("let mut name = String::new(); std::io::stdin().read_line(&mut name)?; let name = name.trim().to_owned();", "", False),
    ],
)
def test_cells_ask(lessons, code, prompt, password):
    cell = lessons.client.execute(code + '\nprintln!("hello {name}");', allow_stdin=True)
    request = lessons.client.get_stdin_msg(timeout=TIMEOUT)
    assert request["content"] == {"prompt": prompt, "password": password}
    assert request["parent_header"]["msg_id"] == cell
    lessons.client.input("Ada")
    assert lessons.reply(cell)["content"]["status"] == "ok"
    assert kinds(lessons.outputs(cell)) == [("stdout", "hello Ada\n")]


def test_nobody_is_asked_who_may_not_be(lessons):
    reply, _ = lessons.run('notebook::input("name? ")?;', allow_stdin=False)
    assert (reply["status"], reply["ename"]) == ("error", "Error")
    assert "allow_stdin" in reply["evalue"]
    reply, outputs = lessons.run("std::io::read_to_string(std::io::stdin())?.len()", allow_stdin=False)
    assert reply["status"] == "ok"
    assert "standard input ends here" in kinds(outputs)[0][1]
    assert kinds(outputs)[-1] == ("execute_result", "0")


def test_a_million_lines_are_few_messages(lessons):
    begin = time.monotonic()
    reply, outputs = lessons.run('for line in 0..1_000_000 { println!("{line:09}"); }')
    seconds = time.monotonic() - begin
    assert reply["status"] == "ok"
    everything = "".join(f"{line:09}\n" for line in range(1_000_000))
    assert "".join(content["text"] for _, content in outputs) == everything
    # At most one message in 25 ms, or one for each half megabyte.
    assert len(outputs) < 40 * seconds + 2 * len(everything) / 2**20 + 10

    reply, outputs = lessons.run('for line in 0..2_000_000 { println!("{line:09}"); }')
    everything = "".join(f"{line:09}\n" for line in range(2_000_000))
    shown = "".join(content["text"] for _, content in outputs if content["name"] == "stdout")
    notes = "".join(content["text"] for _, content in outputs if content["name"] == "stderr")
    head, tail = shown[: 10 * 2**20], shown[10 * 2**20 :]
    assert everything.startswith(head) and everything.endswith(tail) and len(tail) == 64 * 1024
    assert str(len(everything) - len(shown)) in notes
