"""What is handed to whom, on a cluster of several machines that all stand in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest

from playhead.errors import ModelError, OutOfReachError, WorkersError
from playhead.index import on_ray
from playhead.index.catalog import Catalog
from playhead.index.ingest import Ingest
from playhead.index.on_ray import OUT_OF_REACH, TRIES, dispatch
from playhead.index.worker import Identity, Orders, Worker
from playhead.settings import Settings
from playhead.testing import FakeModels
from playhead.types import Channel, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playhead.models.registry import Models


class Done(NamedTuple):
    """What came of a run."""

    names: list[str]
    failed: tuple[tuple[Path, Exception], ...]
    notes: tuple[str, ...]


def models() -> Models:
    return cast("Models", FakeModels())


@dataclass
class Machine:
    """One that has a share mounted or not, and on which workers get ready or not."""

    name: str
    reads: Callable[[Path], bool] = lambda _: True
    ill: Exception | None = None
    comes: bool = True
    asked: list[str] = field(default_factory=list)


class WorkerThere(Worker):
    """The worker as it is, on a machine with a name."""

    def __init__(self, orders: Orders, machine: Machine) -> None:
        super().__init__(orders)
        self.machine = machine

    def ready(self) -> str | Exception:
        return self.machine.ill or self.machine.name

    def identify(self, path: Path, roots: Sequence[Path]) -> Identity | Exception:
        self.machine.asked.append(path.name)
        if not self.machine.reads(path):
            return OutOfReachError(f"{path} was not indexed", f"the machine {self.machine.name} cannot read it")
        return super().identify(path, roots)


@dataclass(eq=False)
class Call:
    work: Callable[..., Any]

    def remote(self, *arguments: Any) -> tuple[Call, tuple[Any, ...]]:
        return self, arguments


class Handle:
    def __init__(self, worker: WorkerThere) -> None:
        for name in ("ready", "identify", "watch"):
            setattr(self, name, Call(getattr(worker, name)))


class Actor:
    def __init__(self, cluster: Cluster) -> None:
        self.remote = cluster.hire


class Cluster:
    """As much of Ray as is asked for: workers are dealt out in turn, and what was asked first comes back first."""

    class exceptions:  # noqa: N801 - as Ray calls it
        class RayError(Exception):
            """A worker was lost."""

    def __init__(self, *machines: Machine) -> None:
        self._machines, self._hired, self.killed = machines, 0, 0

    def remote(self, _: type[Worker]) -> Cluster:
        return self

    def options(self, **_: object) -> Actor:
        return Actor(self)

    def hire(self, orders: Orders) -> Handle:
        machine = self._machines[self._hired % len(self._machines)]
        self._hired += 1
        return Handle(WorkerThere(orders, machine))

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": float(len(self._machines))}

    def wait(self, flights: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        came = [flight for flight in flights if cast("WorkerThere", flight[0].work.__self__).machine.comes]
        return came[:1], []

    def get(self, flight: tuple[Call, tuple[Any, ...]]) -> Any:
        call, arguments = flight
        return call.work(*arguments)

    def kill(self, _: Handle, *, no_restart: bool) -> None:
        assert no_restart
        self.killed += 1


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Iterator[Callable[..., Done]]:
    """Index four films of different bytes by some machines; they are watched the first time."""
    folder, whole = tmp_path_factory.mktemp("library"), clips("plain.mp4").read_bytes()
    footage = tmp_path_factory.mktemp("footage")
    for number in range(4):
        (footage / f"{number}.mp4").write_bytes(whole + bytes(8 + number))
    settings = Settings(channels=(Channel.PICTURE,), threads=1)
    catalog = Catalog(folder / "catalog.sqlite", create=True)

    def run(*machines: Machine) -> Done:
        ingest = Ingest(catalog, models(), settings, folder, lambda _: None, models)
        found = [(path, footage) for path in sorted(footage.iterdir())]
        dispatch(Cluster(*machines), found, ingest, Orders(models, (), Limits()), settings, lambda _: None)
        report = ingest.report
        return Done([video.name for video in (*report.added, *report.unchanged)], report.failed, report.notes)

    yield run
    catalog.close()


def test_a_machine_that_reads_nothing_costs_no_file(index: Callable[..., Done]) -> None:
    good, blind = Machine("good"), Machine("blind", reads=lambda _: False)
    report = index(blind, good)
    assert (len(report.names), report.failed) == (4, ())
    assert len(blind.asked) == OUT_OF_REACH
    assert sorted(good.asked) == [f"{number}.mp4" for number in range(4)]
    [note] = report.notes
    assert note.startswith(f"The machine blind could not read {OUT_OF_REACH} files in a row")


def test_machines_that_read_half_share_the_work(index: Callable[..., Done]) -> None:
    even = Machine("even", reads=lambda path: int(path.stem) % 2 == 0)
    odd = Machine("odd", reads=lambda path: int(path.stem) % 2 == 1)
    report = index(even, odd)
    assert (len(report.names), report.failed) == (4, ())


def test_what_no_machine_reads_fails_and_names_them_and_the_rest_goes_on(index: Callable[..., Done]) -> None:
    last = [Machine(name, reads=lambda path: path.stem == "3") for name in ("one", "two", "three")]
    report = index(*last)
    assert report.names == ["3.mp4"]
    assert {path.stem for path, _ in report.failed} == set("012")
    for _, error in report.failed:
        assert isinstance(error, OutOfReachError)
        assert "no machine with a worker can read it (one, three, two)" in str(error)


@pytest.mark.parametrize("ill", [ModelError("a model is missing"), RuntimeError("ImportError: no module")])
def test_a_worker_that_is_not_ready_gets_nothing(index: Callable[..., Done], ill: Exception) -> None:
    bad = Machine("bad", ill=ill)
    report = index(Machine("good"), bad)
    assert (len(report.names), bad.asked) == (4, [])
    with pytest.raises(WorkersError, match=f"do not start: {ill}"):
        index(bad)


def test_what_nobody_reads_does_not_wait_for_ever_for_another_machine(
    index: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_ray, "_PATIENCE_S", 0.05)
    report = index(Machine("blind", reads=lambda _: False), Machine("away", comes=False))
    assert len(report.failed) == 4
    with pytest.raises(WorkersError, match="none was ready"):
        index(Machine("away", comes=False))


def test_where_some_never_start_the_others_do_the_work(index: Callable[..., Done]) -> None:
    good, bad = Machine("good"), [Machine(f"bad{n}", ill=RuntimeError("no such package")) for n in range(TRIES)]
    report = index(good, *bad)
    assert len(report.names) == 4
    assert any("no such package" in note for note in report.notes)
