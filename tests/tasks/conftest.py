"""Real parallel texts, where they lie beside the clone."""

from pathlib import Path

import pytest

TRANSLATION = Path(__file__).parents[2].parent / "shared" / "data" / "translation"


def folder_of(name: str) -> Path:
    folder = TRANSLATION / name
    if not folder.is_dir():
        pytest.skip(f"needs the texts of {name} in {folder}")
    return folder


@pytest.fixture(scope="session")
def wmt14_folder() -> Path:
    """A part of WMT14 En-De; not to be written to."""
    return folder_of("wmt14_en_de")


@pytest.fixture(scope="session")
def multi30k_folder() -> Path:
    """Multi30k En-De; not to be written to."""
    return folder_of("multi30k_en_de")
