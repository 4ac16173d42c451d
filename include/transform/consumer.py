"""The task of one model: it takes its state from the build of its run, or builds this one model when it must.

Where the executor watches builds (executor.py) a task that only takes over a state starts no process at all, and
`execute` runs for a model that is built alone. Under any other executor `execute` does both, at the price of a process
per model.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from include.transform.producer import target_folder
from include.transform.query_tag import of_task
from include.transform.results import STATE, Build, End, NodeResult, Plan
from include.transform.story import figures, log_url, story
from include.transform.verdict import Call, Verdict, judge

if TYPE_CHECKING:
    from airflow.sdk import Context

# In Airflow's task state store, which outlives retries and clears: the build's attempt that has answered this task.
ANSWERED_KEY = "dbt_answered"
# In `executor_config`, for a watching executor: whose word this task waits for, and what asset its success is news of.
BUILD_KEY = "dbt_build_task"
ASSET_KEY = "asset"
POLL_SECONDS = 1.0


class DbtModelOperator(BaseOperator):
    """One dbt model, seed or snapshot with its tests.

    :param build_task_id: the task whose build answers for this model.
    :param node: the model's unique id.
    :param tests: unique ids of the tests that judge it.
    :param asset: the table it makes, if it makes one.
    """

    ui_color = "#dceef9"

    def __init__(
        self,
        *,
        build_task_id: str,
        node: str,
        tests: tuple[str, ...] = (),
        asset: Asset | None = None,
        **kwargs: Any,
    ) -> None:
        wanted = {BUILD_KEY: build_task_id, ASSET_KEY: [asset.name, asset.uri] if asset else None}
        super().__init__(executor_config=wanted, outlets=[asset] if asset else [], **kwargs)
        self.build_task_id = build_task_id
        self.node = node
        self.tests = tests
        self.asset = asset
        # For the firehose, which tells them beside the task's state.
        self.firehose_facts: dict[str, Any] = {}

    def execute(self, context: Context) -> dict[str, Any]:
        """Take the build's word, or build this model. Returns (XCom) its figures."""
        store = context["task_state_store"]
        build = Build()
        while True:
            self._read(build.refresh(), context)
            spent = store.get(ANSWERED_KEY)
            answered = spent if isinstance(spent, int) else 0
            verdict = judge(build, self.node, try_number=context["ti"].try_number, answered=answered)
            if verdict.call is not Call.WAIT:
                break
            time.sleep(POLL_SECONDS)
        if build.plan is not None:
            store.set(ANSWERED_KEY, build.plan.attempt)
        if verdict.call is Call.ALONE:
            self.log.info("%s Building it alone.", verdict.reason)
            build = self._build_alone(context)
            verdict = judge(build, self.node, try_number=1, answered=0)
        return self._conclude(context, verdict, build)

    def on_kill(self) -> None:
        """Cancel the queries under way."""
        from include.transform.dbt import cancel_queries_soon

        cancel_queries_soon()

    def _read(self, wanted: Generator[str | None, Any, None], context: Context) -> None:
        ti = context["ti"]
        try:
            key = next(wanted)
            while True:
                if key is STATE:
                    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=[self.build_task_id], run_ids=[ti.run_id])
                    value = states.get(ti.run_id, {}).get(self.build_task_id)
                else:
                    value = ti.xcom_pull(task_ids=self.build_task_id, key=key)
                key = wanted.send(value)
        except StopIteration:
            return

    def _build_alone(self, context: Context) -> Build:
        from include.transform.dbt import DbtError
        from include.transform.recorder import recorded

        target = target_folder(context)
        plan = Plan(attempt=1, nodes={self.node: self.tests}, tasks={}, compiled=str(target / "compiled"))
        alone = Build(state="running", plan=plan)

        def publish(results: list[NodeResult], end: End | None) -> None:
            alone.results.update({result.unique_id: result for result in results})
            alone.end = end or alone.end

        full_refresh = bool(context["params"].get("full_refresh"))
        try:
            recorded(publish, nodes=[self.node], target=target, full_refresh=full_refresh, query_tag=of_task(context))
        except DbtError as error:
            raise AirflowException(str(error)) from error
        return alone

    def _conclude(self, context: Context, verdict: Verdict, build: Build) -> dict[str, Any]:
        ti = context["ti"]
        for line in story(verdict, build.plan, log_of=log_url(ti.dag_id, ti.run_id, self.build_task_id)):
            self.log.log(line.number, line.text)
        if verdict.call in (Call.FAILED, Call.ALONE):
            raise AirflowException(verdict.reason)
        if verdict.call is Call.SKIPPED:
            raise AirflowSkipException(verdict.reason)
        facts = self.firehose_facts = figures(verdict)
        if self.asset is not None:
            context["outlet_events"][self.asset].extra = facts
        return facts
