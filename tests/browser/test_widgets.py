"""Figures, progress and widgets as a reader meets them: in JupyterLab, in a browser."""

import json
import time

import pytest

import lab

SCREENSHOTS = lab.ROOT / "target/lessons/screenshots"

FIGURES = """\
use lessons::notebook::{display, progress};
use lessons::prelude::*;

let graph = Graph::build("double", |g| {
    let x = g.input("x", f32s(("n",)));
    g.output("y", 2 * x);
})?;
display(&graph.figure().bundle());
let mut bar = progress("steps", 40);
for _ in 0..40 {
    std::thread::sleep(std::time::Duration::from_millis(10));
    bar.step();
}
drop(bar);
display(&LineChart::new("A line").series("y", [(0.0, 0.0), (1.0, 2.0)]).figure().bundle());
"""

INTERACT = """\
use lessons::notebook::widget::{interact, slider};

let bend = slider("bend", 0..=10).value(3).build()?;
interact(&bend, |bend| {
    let points = (-20..=20).map(|i| f64::from(i) / 10.0).map(|x| (x, f64::from(bend) * x * x));
    LineChart::new(&format!("A parabola, bent {bend}")).x("x").series("y", points).figure()
})
"""

EVERYTHING = """\
use lessons::notebook::widget::*;

let all = vbox()
    .with(&slider("learning rate", 0.0..=0.1).step(0.001).value(0.03).build()?)
    .with(&range_slider("layers", 0..=5).value(1..=3).build()?)
    .with(&dropdown("weights", ["f32", "bf16", "int8"]).value("bf16").build()?)
    .with(&text("sentence", "a gripping film"));
let done = progress_bar("epochs", 4);
let step = button("one step");
let moved = done.clone();
step.on_click(move || moved.set(moved.value() + 1));
all.with(&hbox().with(&checkbox("causal mask", true)).with(&step).with(&done))
    .with(&html("<b>84</b> MFLOP a token", "84 MFLOP a token"))
"""

FILM = """\
use lessons::prelude::*;

let graph = Graph::build("steps", |g| {
    let x = g.input("x", f32s(("n",)));
    g.output("y", (x * 1.0 + 2.0).relu() * 1.0);
})?;
FilmStrip::every_patch(&Session::cpu().compile(&graph)?)?.slide()?
"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    path = tmp_path_factory.mktemp("notebook") / "widgets.ipynb"
    lab.write_notebook(path, [FIGURES, INTERACT, EVERYTHING, "bend.value()"])
    return path


def figure(page, cell):
    """The alt text and source of the one figure in a cell."""
    image = page.cell(cell).locator(".jp-OutputArea-output img")
    image.wait_for(timeout=60_000)
    return image.get_attribute("alt"), image.get_attribute("src")


def wait_for_alt(page, cell, text):
    page.cell(cell).locator(f".jp-OutputArea-output img[alt*='{text}']").wait_for(timeout=30_000)


@pytest.mark.parametrize("theme", lab.THEMES)
def test_figures_progress_and_widgets(browser, theme, notebook, tmp_path):
    with lab.open_notebook(browser, "widgets", theme, notebook) as page:
        page.wait_for_kernel(120)
        page.run_cell(0, seconds=120)
        outputs = page.cell(0).locator(".jp-OutputArea-output")
        assert outputs.count() == 3
        assert outputs.nth(0).locator("img").count() == outputs.nth(2).locator("img").count() == 1
        assert "40 of 40" in outputs.nth(1).inner_text()

        page.run_cell(1, seconds=120)
        alt, source = figure(page, 1)
        assert "bent 3" in alt
        handle = page.cell(1).locator(".noUi-handle")
        handle.focus()
        handle.press("ArrowRight")
        wait_for_alt(page, 1, "bent 4")
        assert figure(page, 1)[1] != source
        drag(page, handle)

        page.run_cell(2, seconds=120)
        button = page.cell(2).locator("button", has_text="one step")
        for _ in range(4):
            button.click()
        page.cell(2).locator(".progress-bar-success").wait_for(timeout=30_000)
        wide = page.cell(2).locator(".widget-label", has_text="learning rate")
        assert wide.evaluate("node => node.scrollWidth <= node.clientWidth"), "the name is cut"
        assert page.cell(2).locator(".widget-readout").first.inner_text() == "0.030"
        page.take_pictures(SCREENSHOTS, f"widgets-{theme}")

        # The value is the notebook's, too.
        page.run_cell(3, seconds=120)
        bent = page.cell(3).locator(".jp-OutputArea-output").inner_text().strip()
        wait_for_alt(page, 1, f"bent {bent}")

        saved = page.save()
        page.page.reload()
        page.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.isReady", timeout=60_000)
        # A page that is loaded anew has its widgets back, and they work.
        handle = page.cell(1).locator(".noUi-handle")
        handle.wait_for(timeout=60_000)
        wait_for_alt(page, 1, f"bent {bent}")
        handle.focus()
        handle.press("Home")
        wait_for_alt(page, 1, "bent 0")

    kept = tmp_path / "kept.ipynb"
    kept.write_text(json.dumps(saved))
    with lab.open_notebook(browser, "kept", theme, kept) as page:
        # Whoever opens the notebook elsewhere sees the first figure and what the control would do.
        assert "bent 3" in figure(page, 1)[0]
        assert "slider from 0 to 10" in page.cell(1).inner_text()
        assert "model not found" not in page.page.content()
        page.take_pictures(SCREENSHOTS, f"widgets-kept-{theme}")


def test_a_film_slides_over_every_patch(browser, tmp_path):
    path = tmp_path / "film.ipynb"
    lab.write_notebook(path, [FILM])
    with lab.open_notebook(browser, "film", "light", path) as page:
        page.wait_for_kernel(120)
        page.run_cell(0, seconds=120)
        assert "steps, patch by patch: as built" in figure(page, 0)[0]
        handle = page.cell(0).locator(".noUi-handle")
        handle.focus()
        for step in ("1 of 3, simplify_algebra", "2 of 3, simplify_algebra", "3 of 3, fuse_elementwise"):
            handle.press("ArrowRight")
            wait_for_alt(page, 0, step)
        page.take_pictures(SCREENSHOTS, "film-slider")
        saved = page.save()
    # Elsewhere all steps stand side by side.
    path.write_text(json.dumps(saved))
    with lab.open_notebook(browser, "film", "light", path) as page:
        assert "Film strip steps, patch by patch" in figure(page, 0)[0]


def drag(page, handle):
    """Drags a slider to and fro for two seconds while counting the figures that the page shows."""
    page.in_lab(
        "window.figures = 0; const area = panel.content.widgets[1].node;"
        "new MutationObserver(changes => { for (const change of changes) for (const node of change.addedNodes)"
        " if (node.querySelector?.('img') || node.tagName === 'IMG') window.figures += 1; })"
        ".observe(area, {childList: true, subtree: true});"
    )
    box = handle.bounding_box()
    mouse = page.page.mouse
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    start = time.monotonic()
    turn = 0
    while time.monotonic() - start < 2:
        turn += 1
        mouse.move(x + 110 * (turn % 20 - 10) / 10, y)
    mouse.up()
    figures = page.in_lab("return window.figures;")
    print(f"{figures / (time.monotonic() - start):.0f} figures a second, {turn} moves of the mouse")
    assert figures > 2
