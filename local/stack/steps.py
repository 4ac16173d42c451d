"""Steps with dependencies, run side by side: a start is as long as its longest chain, not as the sum of its steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from local.stack.errors import StackError


@dataclass(frozen=True)
class Step:
    """Something to do once the steps it needs are done."""

    title: str
    action: Callable[[], object]
    needs: tuple[str, ...] = ()


def closure(steps: Mapping[str, Step], names: Sequence[str]) -> dict[str, Step]:
    """The named steps and all they need. Raises StackError for a name that no step has."""
    found: dict[str, Step] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in steps:
            raise StackError(f"There is nothing to start named {name}; there are: {', '.join(sorted(steps))}.")
        if name not in found:
            found[name] = steps[name]
            waiting += steps[name].needs
    return found


def run_all(steps: Mapping[str, Step], report: Callable[[str, float], None]) -> None:
    """Run all steps, each as soon as what it needs is done, and report each one's title and seconds.

    The first exception of a step is raised when the steps under way have ended; no other step is started.
    """
    unknown = {need for step in steps.values() for need in step.needs} - steps.keys()
    if unknown:
        raise ValueError(f"Steps need {sorted(unknown)}, which nobody does.")
    waiting = dict(steps)
    done: set[str] = set()
    under_way: dict[Future[object], tuple[str, float]] = {}
    failure: BaseException | None = None
    with ThreadPoolExecutor(max_workers=len(steps)) as pool:
        while under_way or (waiting and failure is None):
            if failure is None:
                for name in [name for name, step in waiting.items() if done.issuperset(step.needs)]:
                    under_way[pool.submit(waiting.pop(name).action)] = (name, time.monotonic())
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                name, started = under_way.pop(future)
                if (error := future.exception()) is not None:
                    failure = failure or error
                    continue
                done.add(name)
                report(steps[name].title, time.monotonic() - started)
    if failure is not None:
        raise failure
