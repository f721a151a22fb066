"""Every rule holds for a good notebook and complains about one that breaks it."""

import json
from copy import deepcopy

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import rules
import tidy

IMG = '<img alt="A line that rises" src="data:image/svg+xml;base64,PHN2Zy8+">'


def good() -> nbformat.NotebookNode:
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Title", id="title"),
            new_markdown_cell("## Part\n```sh\n# no heading\n```", id="part"),
            new_code_cell(
                "graph",
                id="graph",
                execution_count=1,
                outputs=[
                    new_output("stream", name="stdout", text="a/b and 1/2\n"),
                    new_output("display_data", {"text/html": IMG, "text/plain": "A line that rises"}),
                ],
            ),
        ]
    )
    tidy.tidy(notebook, "good")
    return notebook


def code(notebook):
    return notebook.cells[-1]


def html(text):
    return lambda n: code(n).outputs[1].data.update({"text/html": text})


def printed(text):
    return lambda n: code(n).outputs[0].update(text=text)


def error():
    return new_output("error", ename="E0308", evalue="mismatched types", traceback=[])


BROKEN = [
    (rules.valid, lambda n: n.cells[0].pop("id")),
    (rules.valid, lambda n: n.cells[1].update(id="title")),
    (rules.valid, lambda n: n.update(nbformat_minor=4)),
    (rules.valid, lambda n: code(n).pop("outputs")),
    (rules.tidy_metadata, lambda n: n.metadata.language_info.update(version="1.95.0")),
    (rules.tidy_metadata, lambda n: code(n).metadata.update(execution={"iopub.execute_input": "2026"})),
    (rules.tidy_metadata, lambda n: n.metadata.kernelspec.update(name="rust")),
    (rules.tidy_metadata, lambda n: code(n).update(execution_count=7)),
    (rules.small, lambda n: code(n).outputs[0].update(text="x" * rules.MAX_BYTES)),
    (rules.executed, lambda n: code(n).update(execution_count=None)),
    (rules.without_errors, lambda n: code(n).outputs.append(error())),
    (rules.without_errors, lambda n: code(n).metadata.update(tags=["raises-exception"])),
    (rules.known_tags, lambda n: code(n).metadata.update(tags=["nbval-ignore-outputs"])),
    (rules.starts_with_title, lambda n: n.cells[0].update(source="## Title")),
    (rules.starts_with_title, lambda n: n.cells.clear()),
    (rules.headings_in_order, lambda n: n.cells[1].update(source="### Part")),
    (rules.headings_in_order, lambda n: n.cells[1].update(source="# Title again")),
    (rules.prose_before_code, lambda n: n.cells.append(deepcopy(code(n)))),
    (rules.images_have_alt, html('<img src="data:image/png;base64,">')),
    (rules.images_have_alt, html('<img alt=" " src="data:image/png;base64,">')),
    (rules.images_have_alt, lambda n: code(n).outputs[1].data.pop("text/plain")),
    (rules.images_have_alt, lambda n: n.cells[1].update(source="![](graph.svg)")),
    (rules.shows_untrusted, lambda n: code(n).outputs[1].update(data={"image/svg+xml": "<svg/>"})),
    (rules.shows_untrusted, html("<svg></svg>")),
    (rules.shows_untrusted, html("<script>alert(1)</script>")),
    (rules.shows_untrusted, html('<b onclick="alert(1)">b</b>')),
    (rules.shows_untrusted, html('<img alt="a" src="https://example.org/a.svg">')),
    (rules.no_local_paths, printed("model read from /home/ada/model\n")),
    (rules.no_local_paths, html("<pre>/Users/ada/model</pre>")),
    (rules.no_local_paths, printed("C:\\models\\a")),
]


def complaints(rule, notebook, tmp_path):
    path = tmp_path / "good.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return list(rule(rules.Notebook.read(path)))


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_good_notebook_passes(rule, tmp_path):
    assert complaints(rule, good(), tmp_path) == []


@pytest.mark.parametrize(("rule", "spoil"), BROKEN, ids=[f"{rule.__name__}-{i}" for i, (rule, _) in enumerate(BROKEN)])
def test_broken_notebook_is_complained_about(rule, spoil, tmp_path):
    notebook = good()
    spoil(notebook)
    assert complaints(rule, notebook, tmp_path) != []


def test_every_rule_is_broken_once():
    assert {rule for rule, _ in BROKEN} == set(rules.RULES)


def test_tidy_twice_changes_nothing():
    once = good()
    twice = deepcopy(once)
    tidy.tidy(twice, "good")
    assert once == twice


def test_streams_in_pieces_are_joined():
    pieces = [new_output("stream", name=n, text=t) for n, t in [("stdout", "a"), ("stdout", "b"), ("stderr", "c")]]
    joined = tidy.joined_streams(pieces)
    assert [(o.name, o.text) for o in joined] == [("stdout", "ab"), ("stderr", "c")]
