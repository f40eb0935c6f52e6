"""What costs at other lengths amount to, in sentences and as a table."""

from nas.evaluators.latency import Quartiles
from nas.report import wording
from nas.report.data import ReportData
from nas.report.lengths.growth import NEVER, Growth, LengthCosts
from nas.report.tables import Rows, as_csv


def length_text(data: ReportData) -> list[str]:
    """From which length on linear attention pays, or why that is not known."""
    costs = data.lengths
    if costs is None:
        return ["Not known: the networks of this task have inputs of one length, or the search has no front yet."]
    kinds = [own for own in costs.networks if own.alike and own.flops_break_even is not None]
    if not kinds:
        return [*_own_words(costs), "No break-even can be given: the space offers no softmax to compare with."]
    counted = "; ".join(f"all {own.kind} {_from(own.flops_break_even, costs)}" for own in kinds)
    sentences = [
        f"In the shape of {costs.networks[0].id}, the dearest network of the front, fewer "
        f"{wording.title(costs.flops)} than all softmax are needed by {counted}. These are exact counts.",
        *_own_words(costs),
    ]
    if costs.device is None:
        return [*sentences, "Latency was not measured; nas report RUN --measure does so, once, in less than a minute."]
    times = [(own, costs.latency_break_even(own)) for own in kinds]
    timed = "; ".join(f"all {own.kind} {_from(at, costs, 'about ')}" for own, at in times if at is not None)
    if timed:
        sentences.append(
            f"On {costs.device}, {_threads(costs)}, batch 1, less time than all softmax is taken by {timed}: "
            "medians of rounds in which the networks took turns, and between measured lengths a straight line."
        )
    if costs.is_noisy:
        sentences.append("Quartiles are far apart in places: the machine was busy, so take these times as rough.")
    if costs.too_long:
        sentences.append("Latency at the longest lengths was left out: it would take too long or too much memory.")
    return sentences


def length_rows(data: ReportData) -> Rows:
    """A line a network: both break-evens, then FLOPs and latency at each length; none where these are not known."""
    costs = data.lengths
    if costs is None:
        return []
    name = wording.title(costs.flops)
    timed = costs.device is not None
    heading = ["Network", "Role", f"Fewer {name} than softmax", *(["Faster than softmax"] if timed else [])]
    heading += [f"{name} at {tokens:,}" for tokens in costs.tokens]
    heading += [f"ms at {tokens:,}" for tokens in costs.tokens if timed]
    rows: Rows = [tuple(heading)]
    for own in costs.networks:
        row = [own.id, _role(own), _cell(own.flops_break_even, costs)]
        row += [_cell(costs.latency_break_even(own), costs, "about ")] if timed else []
        row += [*map(wording.amount, own.flops), *(_milliseconds(each) for each in own.latency if timed)]
        rows.append(tuple(row))
    return rows


def lengths_csv(costs: LengthCosts) -> str:
    """A line a network and length, with every digit; empty where latency was not measured."""
    rows = [["id", "role", "tokens", costs.flops, "latency_low_ms", "latency_median_ms", "latency_high_ms", "device"]]
    for own in costs.networks:
        for tokens, flops, latency in zip(costs.tokens, own.flops, own.latency, strict=True):
            times = [repr(value) for value in latency] if latency is not None else ["", "", ""]
            device = costs.device or "" if latency is not None else ""
            rows.append([own.id, _role(own), str(tokens), repr(flops), *times, device])
    return as_csv(rows)


def _own_words(costs: LengthCosts) -> list[str]:
    """What softmax layers that are replaced change at the task's own length."""
    place = costs.tokens.index(costs.own)
    pairs = [(own, costs.network(own.softmax)) for own in costs.networks if own.alike]
    said = [
        f"all {own.kind} {_percent(own.flops[place], rival.flops[place])}" for own, rival in pairs if rival is not None
    ]
    if not said:
        return []
    flops, rest = wording.title(costs.flops), "".join(f"; {each}" for each in said[1:])
    return [f"At this run's {costs.own:,} tokens, beside all softmax, {said[0]} {flops}{rest}."]


def _percent(own: float, rival: float) -> str:
    change = round(100 * (own / rival - 1))
    if not change:
        return "needs as many" if own == rival else f"needs hardly {'more' if own > rival else 'fewer'}"
    return f"needs {abs(change)} % {'more' if change > 0 else 'fewer'}"


def _from(at: float | None, costs: LengthCosts, about: str = "") -> str:
    if at == NEVER:
        return f"never up to {costs.tokens[-1]:,} tokens"
    return f"from {about}{_tokens(at, about)} tokens on"


def _cell(at: float | None, costs: LengthCosts, about: str = "") -> str:
    if at is None:
        return wording.NONE
    return f"never up to {costs.tokens[-1]:,}" if at == NEVER else f"from {about}{_tokens(at, about)}"


def _tokens(at: float | None, about: str) -> str:
    # two digits of what was measured
    return f"{float(f'{at:.2g}'):,.0f}" if about else f"{at:,.0f}"


def _role(own: Growth) -> str:
    roles = ["front"] if own.on_front else []
    return ", ".join([*roles, *([f"all {own.kind}"] if own.kind else [])]) or wording.NONE


def _milliseconds(latency: Quartiles | None) -> str:
    return wording.NONE if latency is None else f"{latency.median:.3g}"


def _threads(costs: LengthCosts) -> str:
    return "one thread" if costs.threads == 1 else f"{costs.threads} threads"
