"""`python -m include.metalayer.doctor [--connection ID] [--json]`: what keeps the meta layer from answering.

The connection is found as Airflow finds it (AIRFLOW_CONN_<ID>, or a configured secrets backend), without Airflow's
database. The exit code is 1 when a question that could be answered here is not.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass

from airflow.sdk.exceptions import AirflowNotFoundException

from include.metalayer import query, session
from include.metalayer.doctor import account, questions
from include.metalayer.doctor.finding import Finding, Problem, Session, first_line
from include.settings.connections import SNOWFLAKE_META


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that was found; `who` is empty when there was no connection."""

    who: str
    account: Sequence[Finding]
    questions: Sequence[Finding]

    @property
    def healthy(self) -> bool:
        return not any(finding.blocks for finding in (*self.account, *self.questions))

    @property
    def summary(self) -> str:
        """One line."""
        if not self.who:
            return "No question can be answered."
        kinds = Counter(finding.problem for finding in self.questions)
        silent = sum(finding.blocks or finding.problem is Problem.EDITION for finding in self.questions)
        words = f"{len(self.questions) - silent} of {len(self.questions)} questions can be answered"
        if kinds[Problem.STANDARD]:
            words += f", {kinds[Problem.STANDARD]} of them the Standard way"
        if kinds[Problem.EDITION]:
            words += f"; {kinds[Problem.EDITION]} would need Enterprise edition"
        blocking = sum(finding.blocks for finding in (*self.account, *self.questions))
        return f"{words}. " + (f"To mend: {blocking}." if blocking else "Nothing is in the way.")


def examine(connection_id: str) -> Report:
    """Look at everything a connection shows. Raises QueryError when a question's file is wrong."""
    queries = query.load()
    with ExitStack() as stack:
        try:
            patient = Session.of(stack.enter_context(session.connect("doctor", connection_id=connection_id)))
        except Exception as error:
            return Report(who="", account=[_no_connection(connection_id, error)], questions=[])
        who = f"user {patient.user}, role {patient.role}, warehouse {patient.warehouse or 'none'}"
        return Report(who=who, account=account.examine(patient), questions=questions.examine(patient, queries))


def _no_connection(connection_id: str, error: Exception) -> Finding:
    variable = f"AIRFLOW_CONN_{connection_id.upper()}"
    if isinstance(error, AirflowNotFoundException):
        words = f"Airflow knows no connection {connection_id}."
        mend = f"Set {variable}, as docs/how-to/snowflake-account.md says."
    else:
        words = f"The connection {connection_id} does not reach Snowflake. ({first_line(error)})"
        mend = f"Correct account, host, user, key and role in {variable}, and see that the network lets it through."
    return Finding(subject="connection", problem=Problem.CONNECTION, blocks=True, words=words, mend=mend)


def text(report: Report) -> str:
    """The report for a terminal."""
    lines = [f"As {report.who}:", ""] if report.who else []
    width = max(len(finding.subject) for finding in (*report.account, *report.questions))
    for findings in filter(None, (report.account, report.questions)):
        for finding in findings:
            lines.append(f"{_mark(finding):<6} {finding.subject:<{width}}  {_words(finding)}".rstrip())
            lines += [f"{'':<{width + 7}}  -> {finding.mend}"] if finding.mend else []
        lines.append("")
    return "\n".join([*lines, report.summary])


def _mark(finding: Finding) -> str:
    if finding.blocks:
        return "WRONG"
    return "ok" if finding.problem is Problem.NONE else "note"


def _words(finding: Finding) -> str:
    plain = finding.problem in (Problem.NONE, Problem.OTHER)
    return finding.words if plain else f"{finding.problem}: {finding.words}"


def as_json(report: Report) -> str:
    """The report for a program."""
    return json.dumps({**asdict(report), "healthy": report.healthy, "summary": report.summary}, indent=2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; 0 when nothing is in the way."""
    parser = argparse.ArgumentParser(prog="python -m include.metalayer.doctor", description=__doc__)
    parser.add_argument("--connection", default=SNOWFLAKE_META, help="the Airflow connection to look with")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    # What the connector and its libraries say of themselves would stand in the middle of the report.
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    report = examine(options.connection)
    print(as_json(report) if options.json else text(report))
    return 0 if report.healthy else 1


if __name__ == "__main__":
    sys.exit(main())
