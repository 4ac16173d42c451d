"""Check 6: answers of Slack that are lost lose and double nothing."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.integration.firehose.road import Road, whole_run

# A thousand posts take twenty minutes at Slack's pace: POSTS=1000.
POSTS = int(os.environ.get("POSTS", "60"))
PER_RUN = 2


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_check_06_a_tenth_of_the_answers_lost_doubles_and_loses_nothing(road: Road, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.integration.firehose.road.PATIENCE_SECONDS", 4 * POSTS + 120)
    runs = [f"r{number:03d}" for number in range(POSTS // PER_RUN)]
    road.fault("accept_then_drop", share=0.1, seed=7)
    road.dispatcher()
    for start in range(0, len(runs), 20):
        # A few at a time, so that none waits for so long that it would be folded into a digest.
        part = runs[start : start + 20]
        road.report(*[event for run_id in part for event in whole_run(run_id)])
        road.wait_until_told(part)
    shown = Counter(message["metadata"]["event_payload"]["delivery_id"] for message in road.messages())
    assert set(shown.values()) == {1}
    assert len(shown) == len(runs)
    for message in road.messages():
        assert road.thread(message) == ["● a", "● b", "● c"]
