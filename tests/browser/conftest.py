"""One browser for all tests."""

import pytest

import lab


@pytest.fixture(scope="session")
def browser():
    with lab.chromium() as browser:
        yield browser
