"""The names of matplotlib that figures use, loaded whatever the environment asks of matplotlib.

Matplotlib reads MPLBACKEND when it is first imported, and ends with an error if that is no backend here: a notebook's
may be unknown to another installation. Figures need no backend, since they are drawn into files.
"""

import os
import sys
from contextlib import suppress

_first, _backend = "matplotlib" not in sys.modules, os.environ.pop("MPLBACKEND", None)
try:
    import matplotlib
finally:
    if _backend is not None:
        os.environ["MPLBACKEND"] = _backend
if _first and _backend:
    # pyplot is left as the user wants it, where that is possible
    with suppress(ValueError):
        matplotlib.rcParams["backend"] = _backend

from matplotlib import rc_context, rcdefaults, rcParams  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.backend_bases import RendererBase  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.patches import Rectangle  # noqa: E402
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator  # noqa: E402
from matplotlib.typing import RcKeyType  # noqa: E402

__all__ = [
    "Axes",
    "ConstrainedLayoutEngine",
    "Figure",
    "FuncFormatter",
    "Line2D",
    "MaxNLocator",
    "NullLocator",
    "RcKeyType",
    "Rectangle",
    "RendererBase",
    "rcParams",
    "rc_context",
    "rcdefaults",
]
