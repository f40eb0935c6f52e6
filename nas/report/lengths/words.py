"""Costs at several lengths in sentences and as a table."""

from nas.evaluators.latency import Quartiles
from nas.report import wording
from nas.report.lengths.growth import NEVER, Growth, LengthCosts
from nas.report.tables import Rows, as_csv


def length_text(costs: LengthCosts | None) -> list[str]:
    """Sentences on the lengths from which each kind is cheaper than softmax, or why they are not known."""
    if costs is None:
        return ["Not known: the inputs of this task have one length only, or the search has no front yet."]
    kinds = [own for own in costs.networks if own.alike and own.flops_break_even is not None]
    if not kinds:
        return [*_own_words(costs), "No break-even can be given: the space offers no softmax to compare with."]
    counted = "; ".join(f"all {own.kind} {_from(own.flops_break_even, costs)}" for own in kinds)
    sentences = [
        f"Break-even in {wording.title(costs.flops)} against all softmax, in the shape of {costs.networks[0].id}, "
        f"the costliest network of the front: {counted}. These are exact counts.",
        *_own_words(costs),
    ]
    if costs.device is None:
        return [
            *sentences,
            "Latency was not measured. nas report RUN --measure does so, once, in less than a minute.",
        ]
    times = [(own, costs.latency_break_even(own)) for own in kinds]
    timed = "; ".join(f"all {own.kind} {_from(at, costs, 'about ')}" for own, at in times if at is not None)
    if timed:
        sentences.append(
            f"Break-even in latency on {costs.device}, {_threads(costs)}, batch 1: {timed}. These are medians of "
            "rounds in which the networks took turns, interpolated between measured lengths."
        )
    if costs.is_noisy:
        sentences.append("Some quartiles are far apart: the machine was busy, so these times are rough.")
    if costs.too_long:
        sentences.append("Latency at the longest lengths was left out: it would take too much time or too much memory.")
    return sentences


def length_rows(costs: LengthCosts) -> Rows:
    """A row for each network: both break-evens, then FLOPs and latency at each length."""
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
    """CSV text with a row for each network and length and every digit; latency is empty where it was not measured."""
    rows = [["id", "role", "tokens", costs.flops, "latency_low_ms", "latency_median_ms", "latency_high_ms", "device"]]
    for own in costs.networks:
        for tokens, flops, latency in zip(costs.tokens, own.flops, own.latency, strict=True):
            times = [repr(value) for value in latency] if latency is not None else ["", "", ""]
            device = costs.device or "" if latency is not None else ""
            rows.append([own.id, _role(own), str(tokens), repr(flops), *times, device])
    return as_csv(rows)


def _own_words(costs: LengthCosts) -> list[str]:
    """A sentence on the FLOPs of each kind against softmax at the task's own length."""
    place = costs.tokens.index(costs.own)
    pairs = [(own, costs.network(own.softmax)) for own in costs.networks if own.alike]
    said = [
        f"all {own.kind} {_change(own.flops[place], rival.flops[place])}" for own, rival in pairs if rival is not None
    ]
    if not said:
        return []
    flops, rest = wording.title(costs.flops), "".join(f"; {each}" for each in said[1:])
    return [f"At this run's {costs.own:,} tokens, compared with all softmax, {said[0]} {flops}{rest}."]


def _change(own: float, rival: float) -> str:
    change = round(100 * (own / rival - 1))
    if not change:
        return "needs as many" if own == rival else f"needs slightly {'more' if own > rival else 'fewer'}"
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
    # measured values have two digits
    return f"{float(f'{at:.2g}'):,.0f}" if about else f"{at:,.0f}"


def _role(own: Growth) -> str:
    roles = ["front"] if own.on_front else []
    return ", ".join([*roles, *([f"all {own.kind}"] if own.kind else [])]) or wording.NONE


def _milliseconds(latency: Quartiles | None) -> str:
    return wording.NONE if latency is None else f"{latency.median:.3g}"


def _threads(costs: LengthCosts) -> str:
    return "one thread" if costs.threads == 1 else f"{costs.threads} threads"
