"""Published results, which a report draws beside the networks of a run."""

from dataclasses import dataclass

from nas.system.ranges import check


@dataclass(frozen=True)
class Reference:
    """One published network, in the units of the experiment that names it."""

    name: str
    """Name of the network or its family: `HAT`."""
    quality: float
    """On the test split, in the unit of the experiment's test quality."""
    costs: dict[str, float]
    """By the name of the experiment's cost; those alone that were counted as the experiment counts them."""
    source: str
    """Where the figures stand."""
    setting: str
    """Data, metric and convention, and in what they differ from the experiment's."""

    def __post_init__(self) -> None:
        check(self)
