"""Every rule on every committed notebook."""

from pathlib import Path

import pytest

import rules

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_rule_holds(path, rule):
    assert list(rule(rules.Notebook.read(path))) == []
