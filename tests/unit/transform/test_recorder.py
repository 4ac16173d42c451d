"""The recorder hears dbt's own events: a real dbt run against no warehouse at all is not needed for that."""

from __future__ import annotations

from typing import Any

from dbt.adapters.events.types import AdapterEventInfo
from dbt.events.types import JinjaLogInfo, LogModelResult, NodeFinished, NodeStart
from dbt_common.events.base_types import BaseEvent, EventLevel, msg_from_base_event

from include.transform.recorder import Recorder
from include.transform.results import STARTED, End, NodeResult

INFO = {"unique_id": "model.shop.orders", "node_name": "orders", "node_path": "marts/orders.sql"}
STARTED_AT, FINISHED_AT = "2026-11-23T10:00:00.500000", "2026-11-23T10:00:02.000000"


def event(base: BaseEvent, level: EventLevel) -> Any:
    return msg_from_base_event(base, level=level)


def finished(status: str, **response: Any) -> Any:
    result = {"status": status, "message": "SUCCESS 1", "execution_time": 1.23456, "adapter_response": response}
    info = {**INFO, "node_status": status, "node_started_at": STARTED_AT, "node_finished_at": FINISHED_AT}
    return event(NodeFinished(node_info=info, run_result=result), EventLevel.DEBUG)


def heard(*events: Any) -> tuple[list[list[NodeResult]], list[End | None]]:
    batches: list[list[NodeResult]] = []
    ends: list[End | None] = []

    def publish(results: list[NodeResult], end: End | None) -> None:
        batches.append(results)
        ends.append(end)

    recorder = Recorder(publish)
    for item in events:
        recorder.hear(item)
    recorder.close(End(complete=True))
    return batches, ends


def test_a_start_and_an_end_become_results_with_dbts_times_and_figures() -> None:
    batches, ends = heard(
        event(NodeStart(node_info={**INFO, "node_started_at": STARTED_AT}), EventLevel.DEBUG),
        finished("success", query_id="01-ab", rows_affected=1),
    )
    result = batches[-1][-1]
    assert result.unique_id == "model.shop.orders"
    assert (result.status, result.query_id, result.seconds) == ("success", "01-ab", 1.235)
    assert result.started_at == "2026-11-23T10:00:00.500000+00:00"
    assert result.finished_at == "2026-11-23T10:00:02+00:00"
    assert result.rows is None, "Snowflake's rows of a `create table as` are its message"
    assert ends[-1] == End(complete=True)


def test_a_start_alone_says_that_it_runs() -> None:
    batches, _ = heard(event(NodeStart(node_info={**INFO, "node_started_at": STARTED_AT}), EventLevel.DEBUG))
    assert [result.status for batch in batches for result in batch] == [STARTED]


def test_rows_come_from_the_projects_own_count() -> None:
    counted = event(JinjaLogInfo(node_info=INFO, msg="rows of ORDERS: 11896"), EventLevel.INFO)
    batches, _ = heard(counted, finished("success"))
    assert batches[-1][-1].rows == 11896
    assert batches[-1][-1].lines == ()


def test_the_nodes_lines_are_kept_and_those_of_others_are_not_its() -> None:
    line = LogModelResult(
        node_info=INFO, description="orders", status="SUCCESS 1", index=1, total=1, execution_time=1.0
    )
    batches, _ = heard(event(line, EventLevel.INFO), finished("success"))
    ((_, level, text),) = batches[-1][-1].lines
    assert level == "info"
    assert "orders" in text


def test_an_event_of_no_node_is_none_of_its_business() -> None:
    batches, _ = heard(event(AdapterEventInfo(name="x", base_msg="hello"), EventLevel.INFO))
    assert [result for batch in batches for result in batch] == []
