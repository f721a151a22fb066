"""A real JupyterLab in a real headless Chromium, for tests and screenshots.

The server works on a copy of notebooks/, with settings and trust database of its own, so nothing of
the user's is read or changed.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Page, sync_playwright

from find import find_browser

ROOT = Path(__file__).parents[2]
# Quiet, and without the sandbox, which the root user of a container cannot have.
BROWSER_OPTIONS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write_settings(folder: Path, theme: str) -> None:
    settings = {
        "apputils-extension/themes": {"theme": THEMES[theme]},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        # Every cell is in the page, also far below the window.
        "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
    }
    for plugin, values in settings.items():
        path = folder / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


def write_notebook(path: Path, cells: list[str]) -> None:
    """A notebook of these cells, none of which has been run."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "lessons", "display_name": "Rust (lessons)", "language": "rust"}},
    )
    nbformat.write(notebook, path)


@contextmanager
def lab_server(theme: str = "light", notebook: Path | None = None) -> Iterator[str]:
    """Serves a copy of the notebooks, and of one more if named; yields the address of one, with {}
    in place of its file name."""
    with tempfile.TemporaryDirectory(prefix="lessons-lab-") as scratch:
        folder = Path(scratch)
        shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
        if notebook:
            shutil.copy(notebook, folder / "notebooks")
        write_settings(folder / "settings", theme)
        port, token = free_port(), secrets.token_hex(16)
        environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }
        log = (folder / "log").open("w+")
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
                *(f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True"),
                str(folder / "notebooks"),
            ],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for_server(f"{address}/api/status?token={token}", server, log)
            yield f"{address}/lab/tree/{{}}?reset&token={token}"
        finally:
            server.terminate()  # shuts its kernels down, too
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def wait_for_server(url: str, server: subprocess.Popen, log, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read()[-4000:]}")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=BROWSER_OPTIONS, chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


@contextmanager
def browser_page(browser: Browser, theme: str = "light", width: int = 1280, height: int = 900) -> Iterator[Page]:
    viewport = {"width": width, "height": height}
    with browser.new_context(viewport=viewport, color_scheme=theme, device_scale_factor=2) as context:
        yield context.new_page()


class NotebookPage:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page: Page, address: str, name: str):
        self.page = page
        page.goto(address.format(f"{name}.ipynb"))
        page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.isReady", timeout=60_000)
        self.in_lab("await app.restored; await panel.context.ready; await panel.revealed;")

    def in_lab(self, script: str, **values):
        """Runs JavaScript with `app` (JupyterLab), `panel` (the notebook) and `values`."""
        return self.page.evaluate(
            "async values => { const app = window.jupyterapp; const panel = app.shell.currentWidget;" + script + "}",
            values,
        )

    def wait_for_kernel(self, seconds: float) -> None:
        self.in_lab("await panel.sessionContext.ready;")
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'",
            timeout=seconds * 1000,
        )

    def run_all(self, seconds: float) -> None:
        """Runs every cell and waits until the last one is done, failed cells included."""
        self.wait_for_kernel(seconds)
        self.in_lab("window.ran = app.commands.execute('notebook:run-all-cells').then(() => { window.ran = true; });")
        self.page.wait_for_function("window.ran === true", timeout=seconds * 1000)
        self.wait_for_kernel(seconds)

    def run_cell(self, cell: int, seconds: float) -> None:
        """Runs one cell and waits until it is done."""
        self.in_lab(
            "panel.content.deselectAll(); panel.content.activeCellIndex = values.cell; window.ran = false;"
            "app.commands.execute('notebook:run-cell').then(() => { window.ran = true; });",
            cell=cell,
        )
        self.page.wait_for_function("window.ran === true", timeout=seconds * 1000)

    def cell(self, cell: int):
        """What the page shows of one cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(cell)

    def save(self) -> dict:
        """Saves the notebook; its JSON."""
        return self.in_lab("await panel.context.save(); return panel.context.model.toJSON();")

    def outputs(self) -> list[dict]:
        """Of each code cell: its source, tags, prompt, error texts, and the images that its outputs show."""
        self.page.evaluate(
            "Promise.allSettled([...document.querySelectorAll('.jp-OutputArea-output img')].map(i => i.decode()))"
        )
        return self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
                .filter(cell => cell.model.type === 'code')
                .map(cell => ({
                    source: cell.model.sharedModel.getSource(),
                    tags: cell.model.getMetadata('tags') ?? [],
                    prompt: cell.promptNode?.textContent ?? '',
                    errors: cell.model.outputs.toJSON()
                        .filter(o => o.output_type === 'error').map(o => `${o.ename}: ${o.evalue}`),
                    images: [...cell.node.querySelectorAll('.jp-OutputArea-output img')]
                        .map(i => ({alt: i.alt, drawn: i.complete && i.naturalWidth > 0 && i.clientWidth > 0})),
                }))"""
        )

    def tidy_view(self) -> None:
        """The notebook alone, with nothing selected: for pictures."""
        self.in_lab(
            "app.shell.collapseLeft(); app.shell.collapseRight();"
            "panel.content.deselectAll(); panel.content.activeCellIndex = 0; panel.content.mode = 'command';"
        )

    def scroll_to(self, cell: int) -> None:
        self.in_lab(
            "const node = panel.content.widgets[values.cell].node; node.scrollIntoView({block: 'start'});", cell=cell
        )

    def take_pictures(self, folder: Path, name: str) -> None:
        """One picture a window's height, from the first cell to the last."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{name}-*.png"):
            old.unlink()
        self.tidy_view()
        scroller = self.page.locator(".jp-WindowedPanel-outer").first
        window = scroller.evaluate("node => node.clientHeight")
        height = self.in_lab("return panel.content.widgets.reduce((sum, cell) => sum + cell.node.offsetHeight, 0);")
        for i, top in enumerate(range(0, height, window)):
            scroller.evaluate("(node, top) => { node.scrollTop = top; }", top)
            self.page.wait_for_timeout(150)
            self.page.screenshot(path=folder / f"{name}-{i + 1}.png")


@contextmanager
def open_notebook(
    browser: Browser, name: str, theme: str = "light", notebook: Path | None = None, **size
) -> Iterator[NotebookPage]:
    with lab_server(theme, notebook) as address, browser_page(browser, theme, **size) as page:
        yield NotebookPage(page, address, name)
