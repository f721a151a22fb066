"""What holds for every committed notebook. Each rule yields its complaints, as one sentence each.

A rule is a function of `Notebook` in `RULES`; test_rules.py breaks every one of them once.
"""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import nbformat.v4

import tidy

MAX_BYTES = 1_000_000
TAGS = {
    "nbval-ignore-output",  # timings, live updates, pictures of computed floats
    "nbval-check-output",
    "nbval-skip",
    "raises-exception",  # a mistake made on purpose: JupyterLab goes on after it, too
    "exercise",
    "solution",
    "parameters",
}
# A folder of somebody's machine; Windows' drives, too.
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|Users|root|tmp|var|opt|usr|mnt|private|work)/[\w.-]|\b[A-Z]:\\\\?\w")


@dataclass
class Notebook:
    path: Path
    node: nbformat.NotebookNode

    @classmethod
    def read(cls, path: Path) -> "Notebook":
        # Not nbformat.read: it repairs what it can before anybody sees it.
        return cls(path, nbformat.v4.reads(path.read_text(encoding="utf-8")))

    def code_cells(self) -> Iterator[tuple[int, nbformat.NotebookNode]]:
        return ((i, c) for i, c in enumerate(self.node.cells) if c.cell_type == "code")

    def bundles(self) -> Iterator[tuple[int, nbformat.NotebookNode]]:
        """The cell's index and the MIME bundle of each rich output."""
        for i, cell in self.code_cells():
            for output in cell.get("outputs", []):
                if "data" in output:
                    yield i, output.data


class Elements(HTMLParser):
    """The elements of a piece of HTML, with their attributes."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def valid(notebook: Notebook) -> Iterator[str]:
    if (notebook.node.nbformat, notebook.node.nbformat_minor) < (4, 5):
        yield "the format is older than 4.5, which has cell ids"
        return
    ids = [cell.get("id") for cell in notebook.node.cells]
    if None in ids or len(set(ids)) != len(ids):
        yield "a cell has no id, or shares it with another"
        return
    try:
        nbformat.validate(notebook.node)
    except nbformat.ValidationError as e:
        yield f"the schema of notebooks does not hold: {e.message}"


def tidy_metadata(notebook: Notebook) -> Iterator[str]:
    tidied = copy.deepcopy(notebook.node)
    tidy.tidy(tidied, notebook.path.stem)
    if tidied != notebook.node:
        yield "an editor's metadata is in it: `scripts/notebook tidy` drops it"


def small(notebook: Notebook) -> Iterator[str]:
    size = notebook.path.stat().st_size
    if size >= MAX_BYTES:
        yield f"it has {size} bytes; at {MAX_BYTES} and more, code hosts stop showing notebooks"


def executed(notebook: Notebook) -> Iterator[str]:
    for i, cell in notebook.code_cells():
        if cell.execution_count is None and "nbval-skip" not in cell.metadata.get("tags", []):
            yield f"cell {i} was not run, so nbval would not compare it"


def without_errors(notebook: Notebook) -> Iterator[str]:
    for i, cell in notebook.code_cells():
        failed = any(o.output_type == "error" for o in cell.get("outputs", []))
        wanted = "raises-exception" in cell.metadata.get("tags", [])
        if failed and not wanted:
            yield f"cell {i} failed"
        if wanted and not failed:
            yield f"cell {i} is tagged raises-exception and did not fail"


def known_tags(notebook: Notebook) -> Iterator[str]:
    for i, cell in enumerate(notebook.node.cells):
        for tag in sorted(set(cell.metadata.get("tags", [])) - TAGS):
            yield f"cell {i} has the unknown tag {tag!r}"


def starts_with_title(notebook: Notebook) -> Iterator[str]:
    first = notebook.node.cells[0] if notebook.node.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell is no title (`# …`)"


def headings_in_order(notebook: Notebook) -> Iterator[str]:
    levels = []
    for cell in notebook.node.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"^(```|~~~).*?^\1", "", cell.source, flags=re.M | re.S)
            levels += [len(m) for m in re.findall(r"^(#{1,6}) ", prose, flags=re.M)]
    if levels.count(1) > 1:
        yield "there is more than one title (`# …`)"
    for above, below in zip(levels, levels[1:]):
        if below > above + 1:
            yield f"a heading of level {below} follows one of level {above}"


def prose_before_code(notebook: Notebook) -> Iterator[str]:
    cells = notebook.node.cells
    for i, _ in notebook.code_cells():
        if i == 0 or cells[i - 1].cell_type != "markdown":
            yield f"cell {i} is code that no prose introduces"


def images_have_alt(notebook: Notebook) -> Iterator[str]:
    for i, data in notebook.bundles():
        for tag, attributes in Elements(data.get("text/html", "")).found:
            if tag == "img" and not (attributes.get("alt") or "").strip():
                yield f"cell {i} shows an image without alt text"
        if "text/plain" not in data:
            yield f"cell {i} has an output without a text twin (text/plain)"
    for i, cell in enumerate(notebook.node.cells):
        if cell.cell_type == "markdown" and re.search(r"!\[\s*\]\(", cell.source):
            yield f"cell {i} shows an image without alt text"


def shows_untrusted(notebook: Notebook) -> Iterator[str]:
    """What JupyterLab and code hosts strip from the outputs of a notebook that the reader has not run."""
    for i, data in notebook.bundles():
        if "image/svg+xml" in data and "text/html" not in data:
            yield f"cell {i} shows a bare SVG, which an untrusted JupyterLab hides"
        for tag, attributes in Elements(data.get("text/html", "")).found:
            if tag in {"script", "style", "svg", "iframe", "object", "embed", "link"}:
                yield f"cell {i} has <{tag}> in an output"
            for name, value in attributes.items():
                if name.startswith("on"):
                    yield f"cell {i} has the script attribute {name} in an output"
                if name in {"src", "href"} and re.match(r"(https?:)?//|javascript:", value or ""):
                    yield f"cell {i} has an output that loads {value}"


def no_local_paths(notebook: Notebook) -> Iterator[str]:
    for i, cell in notebook.code_cells():
        for output in cell.get("outputs", []):
            texts = [output.get("text", ""), *output.get("traceback", [])]
            texts += [v for k, v in output.get("data", {}).items() if k.startswith("text/")]
            for text in texts:
                if found := ABSOLUTE_PATH.search(text):
                    yield f"cell {i} has a path of one machine in an output: {found.group()}…"
                    break


RULES: list[Callable[[Notebook], Iterator[str]]] = [
    valid,
    tidy_metadata,
    small,
    executed,
    without_errors,
    known_tags,
    starts_with_title,
    headings_in_order,
    prose_before_code,
    images_have_alt,
    shows_untrusted,
    no_local_paths,
]


def complaints(path: Path) -> list[str]:
    notebook = Notebook.read(path)
    return [complaint for rule in RULES for complaint in rule(notebook)]
