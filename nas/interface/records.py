"""Trials and retrained networks as lists that are also data frames."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar

Item = TypeVar("Item")

SHOWN_ROWS = 20
"""Rows of a table in a terminal; of a longer one the first and the last are shown."""


class Column(NamedTuple, Generic[Item]):
    """A column of a data frame."""

    name: str
    dtype: Literal["float64", "int64", "str"]
    read: Callable[[Item], Any]
    """The value of an item; None where it is not known."""


class Records(list[Item]):
    """A list of trials or of retrained networks, which is also a data frame.

    A notebook shows it as a table.

    >>> front = nas.open("results/digits").front()
    >>> front[0].costs["flops"] <= front[-1].costs["flops"]
    True
    >>> front.to_pandas()["quality"].is_monotonic_increasing
    True
    """

    def __init__(self, items: Iterable[Item], columns: Sequence[Column[Item]]) -> None:
        super().__init__(items)
        self._columns = tuple(columns)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with a row for each item; empty cells are NaN.

        >>> frame = nas.open("results/digits").trials().to_pandas()
        >>> list(frame.columns[:5])
        ['number', 'id', 'flops', 'parameters', 'quality']
        >>> bool(frame["quality"].max() <= 1)
        True
        """
        # here and not above: it takes a second to load
        import pandas

        columns = {
            column.name: pandas.Series([column.read(item) for item in self], dtype=column.dtype)
            for column in self._columns
        }
        return pandas.DataFrame(columns)

    def __repr__(self) -> str:
        # all columns but the longest one
        frame = self.to_pandas().drop(columns="architecture", errors="ignore")
        return str(frame.to_string(max_rows=SHOWN_ROWS))

    def _repr_html_(self) -> str | None:
        """The table that a notebook shows."""
        html: str | None = self.to_pandas()._repr_html_()
        return html
