"""Studies in real SQLite files and journals, written, cut short, read back and refused."""

import dataclasses
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from nas.search.optuna_storage import read_study, study_names, write_study
from nas.search_space import Architecture, Choose, SearchSpace, Space, StackSpace, architecture_id
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import small, tiny
from nas.strategies.base import Trial
from nas.strategies.parts.optuna_study import quiet

ENDED = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


def cost(architecture: Architecture) -> dict[str, float]:
    stack = architecture.encoder
    flops = float(sum(stack.embed_dim * (4 * b.num_heads * b.head_dim + 2 * b.ffn_dim) for b in stack.blocks))
    return {"flops": flops, "parameters": flops + stack.embed_dim}


SPACE = FeasibleSpace(small(), cost, {"flops": "100e3..400e3", "parameters": 500e3})


def history(count: int) -> list[Trial]:
    """Random trials, the third of which failed."""
    rng = np.random.default_rng(0)
    drawn = list(dict.fromkeys(small().sample(rng) for _ in range(2 * count)))[:count]
    trials = [
        Trial(n, each, cost(each), n / 100, SPACE.violation(cost(each)), n + 0.25) for n, each in enumerate(drawn)
    ]
    return [
        dataclasses.replace(trial, quality=None, failure="out of memory") if trial.number == 2 else trial
        for trial in trials
    ]


def write(url: str, trials: list[Trial], name: str = "run", minimize: tuple[str, ...] = ("flops",)) -> int:
    return write_study(
        url, name, trials, small(), quality="accuracy", minimize=minimize, limits=SPACE.limits, ended=ENDED
    )


def read(url: str, name: str = "run", space: SearchSpace | None = None, objective: int | None = None):
    return read_study(url, name, space or small(), cost, SPACE.violation, objective)


@pytest.fixture(params=["sqlite", "journal"])
def url(request, tmp_path):
    return f"sqlite:///{tmp_path}/study.db" if request.param == "sqlite" else f"{tmp_path}/study.log"


@pytest.fixture
def sqlite(tmp_path):
    return f"sqlite:///{tmp_path}/study.db"


def test_what_was_written_is_read_back_exactly(url):
    trials = history(12)
    assert write(url, trials) == 12
    found = read(url)
    assert found.trials == trials
    assert (found.repeated, found.unreadable) == (0, {})
    assert study_names(url) == ["run"]


def test_a_study_shows_objectives_names_constraints_attributes_and_times(sqlite):
    trials = history(4)
    write(sqlite, trials)
    study = optuna.load_study(study_name="run", storage=sqlite)
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert study.metric_names == ["accuracy", "flops"]
    assert [row.state for row in study.trials] == [TrialState.COMPLETE] * 2 + [TrialState.FAIL, TrialState.COMPLETE]
    first, failed = study.trials[1], study.trials[2]
    flops = trials[1].costs["flops"]
    assert first.values == [0.01, flops]
    assert first.constraints == {
        "flops at most": flops / 400e3 - 1,
        "flops at least": 1 - flops / 100e3,
        "parameters at most": trials[1].costs["parameters"] / 500e3 - 1,
    }
    assert first.params == small().genes(trials[1].architecture)
    assert first.user_attrs["id"] == architecture_id(trials[1].architecture)
    assert first.user_attrs["parameters"] == trials[1].costs["parameters"]
    assert failed.user_attrs["failure"] == "out of memory"
    # even steps are integers with an axis: 64, 80, 96
    assert first.distributions["encoder.embed_dim"] == optuna.distributions.IntDistribution(64, 96, step=16)
    assert [row.duration.total_seconds() for row in study.trials] == [0.25, 1.25, 2.25, 3.25]
    assert study.trials[-1].datetime_complete == ENDED.astimezone().replace(tzinfo=None)


def test_writing_again_adds_only_what_is_new(url):
    trials = history(10)
    assert write(url, trials[:4]) == 4
    assert write(url, trials[:4]) == 0
    assert write(url, trials) == 6
    assert read(url).trials == trials


def test_a_writing_that_was_cut_short_is_gone_on_with(sqlite, monkeypatch):
    trials, add = history(8), optuna.Study.add_trial

    def dying(study: optuna.Study, row: optuna.trial.FrozenTrial) -> None:
        if row.user_attrs["number"] == 5:
            raise KeyboardInterrupt
        add(study, row)

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "add_trial", dying)
        with pytest.raises(KeyboardInterrupt):
            write(sqlite, trials)
    assert write(sqlite, trials) == 3
    assert read(sqlite).trials == trials


def test_trials_of_another_run_or_other_objectives_are_refused_and_nothing_is_added(sqlite):
    trials = history(6)
    write(sqlite, trials[:3])
    others = [dataclasses.replace(trial, number=n) for n, trial in enumerate(reversed(trials))]
    with pytest.raises(ValueError, match="holds trials of another run: trial 0 is"):
        write(sqlite, others)
    with pytest.raises(ValueError, match="has the objectives accuracy, flops, these trials accuracy; name another"):
        write(sqlite, trials, minimize=())
    assert read(sqlite).trials == trials[:3]


def suggest(trial: optuna.Trial, name: str, options: tuple) -> int | str:
    """As a user may write it: kinds as categories, numbers as integers with a step."""
    if isinstance(options[0], str):
        return trial.suggest_categorical(name, options)
    return trial.suggest_int(name, options[0], options[-1], step=options[1] - options[0])


def test_a_study_of_a_users_own_is_read_by_the_names_of_its_parameters(sqlite):
    with quiet():
        study = optuna.create_study(
            study_name="own", storage=sqlite, directions=["minimize", "maximize"], sampler=RandomSampler(0)
        )
        for seed in range(6):
            trial = study.ask()
            small().build(partial(suggest, trial))
            study.tell(trial, [1.0, 0.5 + seed])
        study.tell(study.ask(), state=TrialState.FAIL)
        study.ask()
    found = read(sqlite, "own")
    assert [trial.quality for trial in found.trials] == [0.5 + n for n in range(6)]
    assert all(trial.costs == cost(trial.architecture) for trial in found.trials)
    assert all(trial.violation == SPACE.violation(trial.costs) for trial in found.trials)
    # the failed trial asked for nothing; the one that still runs is passed over
    assert list(found.unreadable) == [6]
    assert "no choice for encoder.embed_dim" in found.unreadable[6]
    assert [trial.quality for trial in read(sqlite, "own", objective=0).trials] == [-1.0] * 6
    with pytest.raises(ValueError, match="study 'own' has no value 2; it has 2, counted from 0"):
        read(sqlite, "own", objective=2)


def test_repeated_architectures_are_counted_and_left_out(sqlite):
    trials = history(3)
    with quiet():
        write(sqlite, trials)
        study = optuna.load_study(study_name="run", storage=sqlite)
        study.add_trial(study.trials[0])
    found = read(sqlite)
    assert (found.trials, found.repeated) == (trials, 1)


@dataclass(frozen=True)
class Pyramid:
    first: int
    second: int


class PyramidSpace(Space):
    """The options of the second width depend on the first."""

    architecture_type = Pyramid

    def build(self, choose: Choose) -> Pyramid:
        first = choose("first", (8, 16))
        return Pyramid(first, choose("second", (first, 2 * first)))


def test_a_space_whose_options_depend_on_a_choice_is_written_and_read(sqlite):
    space = PyramidSpace()
    trials = [Trial(n, each, {"width": 1.0}, 0.5, 0.0, 1.0) for n, each in enumerate(space.enumerate())]
    assert write_study(sqlite, "run", trials, space, quality="accuracy", minimize=(), limits={}) == 4
    assert read_study(sqlite, "run", space, lambda _: {"width": 1.0}, lambda _: 0.0).trials == trials


def test_a_study_of_another_space_is_refused(sqlite):
    write(sqlite, history(3))
    with pytest.raises(ValueError, match=r"study 'run' in sqlite.* is of another space: trial 0: no choice for"):
        read(sqlite, space=tiny())
    other = SearchSpace(StackSpace((64, 80, 96), (9,), (2, 4, 6), ("softmax",), head_dim=16, ffn_dim=(96,)))
    with pytest.raises(ValueError, match="another space"):
        read(sqlite, space=other)


REFUSED = {
    "no-such-scheme://host/db": "refuses",
    "mysql+pymysql://user:secret@localhost/db": "refuses",
    "not a url": "refuses",
    "postgresql+psycopg2://user:secret@127.0.0.1:1/db": "refuses",
    "sqlite:////no/such/folder/study.db": "no folder /no/such/folder",
    "/no/such/folder/study.log": "no folder /no/such/folder",
}


@pytest.mark.parametrize("refused", REFUSED)
def test_a_storage_that_refuses_is_one_clear_line_without_its_password(refused):
    with pytest.raises(ValueError, match=REFUSED[refused]) as raised:
        write(refused, history(1))
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_reading_makes_no_storage_and_names_the_studies_that_are_there(url, tmp_path):
    with pytest.raises(ValueError, match="is not there: no file"):
        read(url)
    assert list(tmp_path.iterdir()) == []
    write(url, history(2))
    with pytest.raises(ValueError, match=r"no study 'other' in .*; there are: run"):
        read(url, "other")


def test_a_file_that_is_damaged_or_of_another_program_is_refused_and_left_alone(tmp_path):
    damaged, other = tmp_path / "damaged.db", tmp_path / "other.db"
    damaged.write_bytes(b"no database at all " * 100)
    with sqlite3.connect(other) as connection:
        connection.execute("create table mine (number integer)")
    before = damaged.read_bytes(), other.read_bytes()
    for action in (read, lambda url: write(url, history(1))):
        with pytest.raises(ValueError, match="file is not a database"):
            action(f"sqlite:///{damaged}")
    with pytest.raises(ValueError, match="holds no studies of Optuna"):
        read(f"sqlite:///{other}")
    assert (damaged.read_bytes(), other.read_bytes()) == before


def test_a_folder_that_cannot_be_written_is_refused(sqlite, tmp_path):
    (tmp_path / "study.db").mkdir()
    with pytest.raises(ValueError, match="unable to open database file"):
        write(sqlite, history(1))
