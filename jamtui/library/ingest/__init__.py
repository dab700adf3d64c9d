"""From files of music to phrases of the library: reading, analysis, segmentation, and the pool that does it.

The names below load what they need when they are asked for, so that a command that only lists options
does not import numpy or the store.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jamtui.library.ingest.files import ANALYSIS_VERSION, Analysed, analyse_bytes, analyse_file
    from jamtui.library.ingest.run import IngestReport, add_starter, ingest, ingest_starter

_FROM = {
    "ANALYSIS_VERSION": "files",
    "Analysed": "files",
    "analyse_bytes": "files",
    "analyse_file": "files",
    "IngestReport": "run",
    "add_starter": "run",
    "ingest": "run",
    "ingest_starter": "run",
}

__all__ = [
    "ANALYSIS_VERSION",
    "Analysed",
    "IngestReport",
    "add_starter",
    "analyse_bytes",
    "analyse_file",
    "ingest",
    "ingest_starter",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FROM[name]}"), name)
