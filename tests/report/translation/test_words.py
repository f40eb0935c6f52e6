"""Reports of runs that search by one quality and test by another, over networks with several sites of attention."""

import csv
import io
import re
from dataclasses import replace

import pytest

from nas.report import wording
from nas.report.chart.figure import draw_front
from nas.report.data import Measure
from nas.report.layers import ACROSS, sites
from nas.report.look.figures import draw_attention
from nas.report.page import write_page
from nas.report.pick.tables import front_csv, front_table, trials_csv
from nas.report.pick.words import verdict
from nas.report.summary import Summary
from nas.report.tables import as_latex, as_text
from nas.report.tiles import tiles
from nas.report.translation.words import bleu_card, bleu_csv
from nas.report.trust.figures import draw_fidelity
from nas.report.trust.values import fidelity
from nas.report.trust.words import fidelity_text
from nas.search_space.presets import tiny_translation

LIKELIHOOD = Measure("log_likelihood", "nats per token")
BLEU = Measure("bleu", "BLEU")


def texts_of(plot):
    return [axes.get_title(loc="left") for axes in plot.figure.axes]


def test_every_quality_is_worded_in_its_own_unit():
    assert wording.quality(LIKELIHOOD, -2.9374) == "\N{MINUS SIGN}2.937"
    assert wording.name_with_unit(LIKELIHOOD) == "log-likelihood (nats per token)"
    assert wording.gap(LIKELIHOOD, -0.05) == "0.050 nats per token less log-likelihood"
    assert wording.quality(BLEU, 27.314) == "27.31"
    assert wording.name_with_unit(BLEU) == "BLEU"
    assert wording.gap(BLEU, 0.4) == "0.40 BLEU more"


def test_without_a_quality_of_its_own_the_test_split_is_read_for_the_searched_one(make_data, translation):
    assert make_data(1).one_quality
    assert not translation.one_quality
    assert (translation.searched, translation.tested) == (LIKELIHOOD, BLEU)


def test_kinds_are_told_apart_by_site(translation):
    space = tiny_translation()
    genes = {**space.genes(space.largest()), "encoder.blocks.0.attention": "linear", "decoder.depth": 2}
    genes |= {"decoder.blocks.0.self_attention.kind": "lrpe", "decoder.blocks.1.cross_attention.kind": "cosformer"}
    found = sites(space.replay(genes))
    assert found["encoder"] == ("linear", "softmax")
    assert found["decoder"] == ("lrpe", "softmax")
    assert found[ACROSS] == ("softmax", "cosformer")
    expected = "encoder linear, softmax; decoder lrpe, softmax; across softmax, cosformer"
    assert wording.attention(found) == expected


def test_shape_gives_the_encoder_before_the_decoder():
    space = tiny_translation()
    genes = {**space.genes(space.smallest()), "decoder.depth": 1, "decoder.blocks.0.ffn_dim": 192}
    assert wording.shape(space.replay(genes | {"decoder.blocks.0.cross_attention.num_heads": 4})) == {
        "Width": "48/48",
        "Depth": "2/1",
        "Heads": "2/2",
        "FFN": "96/192",
        "Heads across": "4",
        "Encoder layers seen": "1",
    }


def test_a_network_is_of_a_kind_that_one_of_its_sites_lacks(translation):
    lrpe = next(network for network in Summary(translation).homogeneous if network.kind == "lrpe")
    assert set(lrpe.sites["encoder"]) == set(lrpe.sites["decoder"]) == {"lrpe"}
    assert set(lrpe.sites[ACROSS]) == {"softmax"}


def test_the_front_has_a_panel_for_each_quality_and_one_for_a_single_quality(translation, make_data):
    both = ["Inherited log-likelihood (nats per token)", "BLEU after retraining"]
    assert texts_of(draw_front(Summary(translation), 1040)) == both
    assert texts_of(draw_front(Summary(replace(translation, retrained=())), 1040)) == both[:1]
    assert texts_of(draw_front(Summary(make_data(10)), 1040)) == ["Top-1 accuracy (%)"]


def test_panels_show_each_network_where_its_quality_is(translation):
    summary, plot = Summary(translation), draw_front(Summary(translation), 1040)
    left, right = plot.figure.axes
    dots = {tuple(place) for dots in left.collections for place in dots.get_offsets().tolist()}
    assert dots == {(n.costs["flops"], n.inherited) for n in summary.networks.values()}
    marks = {(mark[0].get_xdata()[0], mark[0].get_ydata()[0]) for mark in right.containers}
    spreads = [(n.costs["flops"], own.mean) for n in summary.networks.values() for own in n.arms.values()]
    assert marks == set(spreads)


def test_unlike_qualities_have_no_line_of_equality(translation, make_data):
    summary = Summary(translation)
    axes = draw_fidelity(summary, 540).figure.axes[0]
    assert "equal" not in axes.get_title(loc="left")
    assert "nats per token" in axes.get_xlabel()
    assert "equal" in draw_fidelity(Summary(make_data(10)), 540).figure.axes[0].get_title(loc="left")
    # BLEU is a growing function of log-likelihood here
    assert fidelity(summary).inherited.all.tau == pytest.approx(1)


def test_the_figure_of_kinds_names_the_sites(translation):
    summary = Summary(translation)
    strips = draw_attention(summary, 590).figure.axes[0]
    assert [text.get_text() for text in strips.texts if len(text.get_text()) > 1] == ["encoder", "decoder", "across"]


def test_gains_by_training_are_of_one_quality(translation):
    text = " ".join(fidelity_text(Summary(translation)))
    assert "the networks have 1.000 nats per token more log-likelihood on average" in text
    assert "both on the search split" in text
    assert "between log-likelihood with inherited weights and BLEU from scratch" in text


def test_headline_and_verdict_speak_of_what_was_tested(translation):
    summary = Summary(translation)
    best = summary.recommended
    first = tiles(summary)[0]
    assert (first.label, first.value) == ("BLEU", f"{best.arms['scratch'].mean:.2f} ± 0.20")
    # the largest networks with softmax to the source are the best: all softmax, and all lrpe where that is offered
    kinds = {network.kind: network for network in summary.homogeneous}
    assert best in (kinds["softmax"], kinds["lrpe"])
    untrained = Summary(replace(translation, retrained=()))
    assert tiles(untrained)[0].label == "Log-likelihood"
    assert tiles(untrained)[0].value.endswith("nats per token")
    assert " ".join(verdict(untrained)).startswith("For now,")


def test_a_network_of_a_kind_that_is_not_offered_everywhere_is_not_said_to_have_it_in_every_layer(translation):
    for kind, where in (("softmax", "every layer is softmax"), ("lrpe", "every layer that can be is lrpe")):
        alone = [each for each in translation.retrained if each.origin == f"all {kind}"]
        assert where in " ".join(verdict(Summary(replace(translation, retrained=tuple(alone)))))


def test_a_rival_is_beaten_in_points_of_the_tested_quality(translation):
    # the best network that is a mixture, recommended once those of one kind are the worse ones
    weaker = tuple(
        replace(each, search_quality=each.search_quality - 2, quality=each.quality - 20)
        if each.origin != "front"
        else each
        for each in translation.retrained
    )
    said = " ".join(verdict(Summary(replace(translation, retrained=weaker))))
    assert re.search(
        r"From scratch, it is \d+\.\d\d BLEU above the best homogeneous network on the test split: all", said
    )


def test_tables_have_units_and_columns_for_each_site(translation):
    summary, rows = Summary(translation), front_table(Summary(translation))
    assert {"Inherited (nats per token)", "From scratch (BLEU)", "Fine-tuned (BLEU)"} <= set(rows[0])
    assert all(row[-1].startswith("encoder ") for row in rows[1:])
    assert "$-$" in as_latex(rows) and "\N{MINUS SIGN}" not in as_latex(rows)
    column = as_text(rows).splitlines()[2].index("\N{MINUS SIGN}")
    assert all(line[column - 1] == " " for line in as_text(rows).splitlines()[2:])
    for text in (front_csv(summary), trials_csv(summary)):
        row = next(csv.DictReader(io.StringIO(text)))
        network = summary.networks[row["id"]]
        for site in ("encoder", "decoder", ACROSS):
            assert row[f"{site}_attention"].split() == list(network.sites[site])
            assert int(row[f"{site}_depth"]) == len(network.sites[site])


def test_the_card_has_a_row_for_each_network_and_arm_then_the_baselines(translation):
    card = bleu_card(Summary(translation))
    heading, *rows = card.rows
    assert heading == ("Network", "Role", "Training", "BLEU", "chrF", "BLEU (intl)", "FLOPs")
    assert len(rows) == 2 * len({each.id for each in translation.retrained}) + 1
    first = translation.retrained[0]
    row = next(row for row in rows if row[0] == first.id and row[2] == "From scratch")
    # three seeds a fifth apart around seed 1
    middle = first.quality + 0.2
    assert row[3:6] == tuple(f"{middle + more:.2f} ± 0.20 (3)" for more in (0, 20, 0.5))
    assert rows[-1][:6] == ("copy of the source", "baseline", wording.NONE, "3.10", "20.40", wording.NONE)
    costs = [Summary(translation).networks[row[0]].costs["flops"] for row in rows[:-1]]
    assert costs == sorted(costs)


def test_the_card_says_once_how_the_scores_were_found(translation):
    facts = dict(bleu_card(Summary(translation)).facts)
    assert facts["sacreBLEU signature of BLEU"] == "nrefs:1|tok:13a|version:2.6.0"
    assert facts["sacreBLEU signature of BLEU (intl)"] == "nrefs:1|tok:intl|version:2.6.0"
    assert (facts["Beam size"], facts["Length penalty"], facts["Averaged snapshots"]) == ("4", "0.6", "10")
    other = replace(translation.retrained[0], details={**translation.retrained[0].details, "beam": 5})
    mixed = replace(translation, retrained=(other, *translation.retrained[1:]))
    assert dict(bleu_card(Summary(mixed)).facts)["Beam size"] == "5; 4"


def test_card_csv_keeps_every_digit_of_every_training(translation):
    rows = list(csv.DictReader(io.StringIO(bleu_csv(translation))))
    assert [float(row["bleu"]) for row in rows[:-1]] == [each.details["bleu"] for each in translation.retrained]
    assert (rows[-1]["id"], rows[-1]["origin"], rows[-1]["bleu"], rows[-1]["beam"]) == (
        "copy of the source", "baseline", "3.1", "",
    )  # fmt: skip


def test_runs_without_a_signature_have_no_card(make_data):
    assert bleu_card(Summary(make_data(5))) is None


def test_the_page_shows_sites_scores_and_signatures(translation, tmp_path):
    # without costs there are no figures, which take long
    text = write_page(replace(translation, trials=()), tmp_path).read_text()
    assert {path.name for path in tmp_path.iterdir()} >= {"bleu.csv", "bleu.md", "bleu.tex"}
    for said in ("How well does it translate?", "copy of the source", "tok:13a", "nats per token, search split"):
        assert said in text
    for column in ("Encoder", "Decoder", "Across"):
        assert f'<th scope="col">{column}<small>layer 1 to last</small>' in text
    assert "wherever it is offered" in text
