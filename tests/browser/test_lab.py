"""The notebooks as a reader meets them: in JupyterLab, in a browser."""

from pathlib import Path

import pytest

import lab

NOTEBOOKS = sorted((lab.ROOT / "notebooks").glob("*.ipynb"))
SCREENSHOTS = lab.ROOT / "target/lessons/screenshots"


def assert_images_are_seen(cells: list[dict]) -> None:
    images = [(i, image) for i, cell in enumerate(cells) for image in cell["images"]]
    assert images, "no output shows an image"
    for i, image in images:
        assert image["drawn"], f"code cell {i}: an image is not drawn"
        assert image["alt"].strip(), f"code cell {i}: an image has no alt text"


@pytest.fixture(scope="module")
def reader(browser):
    """A page, and a server on which the notebooks are as untrusted as in anybody's fresh clone."""
    with lab.lab_server() as address, lab.browser_page(browser) as page:
        yield page, address


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_figures_show_before_anything_ran(reader, path: Path):
    notebook = lab.NotebookPage(*reader, path.stem)
    assert notebook.in_lab("return panel.content.widgets.every(cell => !cell.model.trusted);")
    assert_images_are_seen(notebook.outputs())


@pytest.mark.parametrize("theme", lab.THEMES)
def test_tour_runs_to_the_end(browser, theme):
    with lab.open_notebook(browser, "00_tour", theme) as notebook:
        notebook.run_all(seconds=300)
        cells = notebook.outputs()
        for i, cell in enumerate(cells):
            assert cell["prompt"].strip("[]: ").isdigit(), f"code cell {i} did not run: {cell['prompt']}"
            if "raises-exception" not in cell["tags"]:
                assert cell["errors"] == [], f"code cell {i}"
        assert_images_are_seen(cells)
        notebook.take_pictures(SCREENSHOTS, f"00_tour-{theme}")
