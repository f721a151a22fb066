"""Prints the path of the browser that the tests use, or fails. Needs nothing but Python."""

import os
import shutil
import sys

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
MAC = [f"/Applications/{name}.app/Contents/MacOS/{name}" for name in ("Google Chrome", "Chromium")]


def find_browser() -> str | None:
    """The path in CHROMIUM if that is set, else the first browser that is installed."""
    return os.environ.get("CHROMIUM") or next((p for p in map(shutil.which, NAMES + MAC) if p), None)


if __name__ == "__main__":
    print(find_browser() or sys.exit("no Chromium or Chrome found"))
