"""Takes a picture of a notebook in JupyterLab, for the README and for looking at it.

python tests/browser/screenshot.py 00_tour --theme dark --cell 5 --run --out docs/images/tour.png
"""

import argparse
from pathlib import Path

import lab


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", help="name of a notebook in notebooks/, without .ipynb")
    parser.add_argument("--theme", choices=lab.THEMES, default="light")
    parser.add_argument("--run", action="store_true", help="run every cell first; default: as committed")
    parser.add_argument("--cell", type=int, default=0, help="index of the cell at the top of the picture")
    parser.add_argument("--size", default="1280x900", metavar="WxH", help="of the window; default: 1280x900")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    with (
        lab.chromium() as browser,
        lab.open_notebook(browser, args.notebook, args.theme, width=width, height=height) as notebook,
    ):
        notebook.wait_for_kernel(120)
        if args.run:
            notebook.run_all(seconds=600)
        notebook.tidy_view()
        notebook.scroll_to(args.cell)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        notebook.page.screenshot(path=args.out)


if __name__ == "__main__":
    main()
