"""Weight sharing over any builder of plain networks."""

from nas.supernet.sampling import Visits, sample_balanced, sandwich
from nas.supernet.supernet import Path, Supernet

__all__ = ["Path", "Supernet", "Visits", "sample_balanced", "sandwich"]
