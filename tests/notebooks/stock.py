"""Runs notebooks on stock evcxr_jupyter: no cell may fail, and each figure that ends a cell must show.

python tests/notebooks/stock.py --out DIR NB…    (kernel `stock`, which scripts/test --stock installs)
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

# The first `:dep` builds the library: minutes.
CELL_SECONDS = 3600


def shows_figure(cell: nbformat.NotebookNode) -> bool:
    return any("<img" in output.get("data", {}).get("text/html", "") for output in cell.outputs)


def complaints(committed: nbformat.NotebookNode, stock: nbformat.NotebookNode) -> list[str]:
    found = []
    for i, (ours, theirs) in enumerate(zip(committed.cells, stock.cells, strict=True)):
        if ours.cell_type != "code":
            continue
        errors = [f"{o.ename}: {o.evalue}" for o in theirs.outputs if o.output_type == "error"]
        expected = "raises-exception" in ours.metadata.get("tags", [])
        if errors and not expected:
            found.append(f"cell {i} failed: {errors[0]}")
        if expected and not errors:
            found.append(f"cell {i} was meant to fail and did not")
        if shows_figure(ours) and not shows_figure(theirs):
            found.append(f"cell {i} shows no figure")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    # One folder for all notebooks, one after another: the library is built once, not once for each.
    # It lies outside the repository, since cargo would count it to the workspace.
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EVCXR_TMPDIR"] = folder
        return run(args.notebooks, args.out)


def run(notebooks: list[Path], out: Path) -> int:
    bad = 0
    for path in notebooks:
        began = time.monotonic()
        committed = nbformat.read(path, as_version=4)
        stock = nbformat.read(path, as_version=4)
        client = NotebookClient(
            stock,
            kernel_name="stock",
            timeout=CELL_SECONDS,
            startup_timeout=120,
            allow_errors=True,
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute()
        nbformat.write(stock, out / path.name)
        found = complaints(committed, stock)
        bad += bool(found)
        print(f"{path.name}: {'failed' if found else 'ran'} in {time.monotonic() - began:.0f} s", flush=True)
        for complaint in found:
            print(f"  {complaint}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
