"""`make bench`: the whole pipeline against plain `dbt build`, on one machine, in turn, as a ratio.

A stack of its own is started with its shop platform's clock stopped, so that every round does the same work: the syncs
find nothing new, dbt builds every model. A round is plain `dbt build` and then the pipelines, from the REST call that
starts them to the end of the marts.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import time
from pathlib import Path

from bench.machine import machine
from tests.integration.stack import Stack, running_stack
from tests.standins import ROOT


def dbt_build(stack: Stack, target: Path) -> float:
    """Seconds of one `dbt build` of the whole project on the stack's warehouse, with partial parsing kept warm."""
    command = [str(ROOT / ".venv/bin/dbt"), "--quiet", "build", "--project-dir", str(ROOT / "dbt")]
    command += ["--profiles-dir", str(ROOT / "dbt"), "--target-path", str(target), "--log-path", str(target)]
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, env=stack.environment(), check=True)
    return time.monotonic() - began


def pipelines(stack: Stack) -> float:
    """Seconds from triggering the hourly DAGs over REST to the end of the marts that they start."""
    began = time.monotonic()
    stack.run_everything()
    return time.monotonic() - began


def line(name: str, seconds: list[float]) -> str:
    median = statistics.median(seconds)
    return f"{name:<14} {min(seconds):6.1f} {median:8.1f} {max(seconds):6.1f}"


def main() -> None:
    """Run the rounds and print minimum, median and maximum of each, and the ratio round by round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with running_stack() as stack:
        stack.clock(freeze=True)
        target = stack.state / "bench-target"
        dbt_build(stack, target)
        pipelines(stack)
        plain, whole = [], []
        for number in range(1, rounds + 1):
            plain.append(dbt_build(stack, target))
            whole.append(pipelines(stack))
            print(f"round {number}: dbt build {plain[-1]:.1f} s, pipelines {whole[-1]:.1f} s", flush=True)
    ratios = [pipeline / dbt for pipeline, dbt in zip(whole, plain, strict=True)]
    print(f"\n{machine()}; {rounds} rounds\n\n{'seconds':<14} {'min':>6} {'median':>8} {'max':>6}")
    print(line("dbt build", plain))
    print(line("pipelines", whole))
    print(line("ratio", ratios))


if __name__ == "__main__":
    main()
