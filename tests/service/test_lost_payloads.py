"""Payloads that are not there: what anybody may send fails alone, what else cannot be read parks the run."""

from __future__ import annotations

import pytest

from simpleflow_nb import Workflow, activity, payload
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.payload_directory import PayloadDirectory, kept

from .manual_client import attributes
from .mixed_workflow import double


@activity.with_attributes(raises_on_failure=False)
def tripled(x):
    return 3 * x


class Signalled(Workflow):
    """Takes signals one by one, and says of each what it brought."""

    name = "decider.signalled"

    def run(self, count):
        found = []
        for _ in range(count):
            signal = self.next_signal("news")
            waits = self.submit(tripled, signal)  # what needs a signal that failed is not run
            error = signal.exception
            found.append(signal.result if error is None else str(error))
            found.append(waits.wait())
        return [*found, str(self.submit(self.wait_signal("news")).exception)]


@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_a_signal_whose_payload_was_never_stored_fails_its_future_and_not_the_run(stepped, cached_events):
    played = stepped(Signalled, cached_events=cached_events)
    played.payloads.store("3")
    nothing = payload.reference("never stored")
    played.begin(Signalled, 3)
    for number, text in enumerate((nothing, payload.reference("3"), nothing)):
        if number != 1:  # the second one waits until it is asked for
            played.act()
        played.signal("news", input=text)
    played.act()
    assert played.parked == []
    sentence = f"news: PayloadMissing: payload {payload.digest('never stored')[:12]} is not where payloads are kept"
    result = payload.decode(attributes(played.events()[-1])["result"])
    assert result == [sentence, None, 3, 9, sentence, None, sentence]


class Excusing(Workflow):
    """Does something else for a signal that brings nothing."""

    name = "decider.excusing"

    def run(self):
        first = self.next_signal("news")
        said = self.submit(double, 1).result if first.exception is None else str(first.exception)
        self.submit(double, 2).result
        brought = self.next_signal("more").result
        latest = self.submit(self.wait_signal("news"))
        return [said, latest.exception is None, brought]


@pytest.mark.parametrize("cached_events", [400_000, 0])
@pytest.mark.parametrize("asked", ["before it came", "afterwards"])
def test_a_signal_without_its_payload_stays_without_when_somebody_stores_it_later(stepped, cached_events, asked):
    played = stepped(Excusing, cached_events=cached_events)
    played.begin(Excusing)
    if asked == "before it came":
        played.act()
    played.signal("news", input=payload.reference("5"))
    played.act()
    played.payloads.store("5")
    played.signal("more", input=payload.reference("5"))
    played.act()
    assert played.parked == []
    sentence = f"news: PayloadMissing: payload {payload.digest('5')[:12]} is not where payloads are kept"
    assert payload.decode(attributes(played.events()[-1])["result"]) == [sentence, False, 5]
    (signal, _) = (event for event in played.events() if event["eventType"] == "WorkflowExecutionSignaled")
    (noted,) = (attributes(event) for event in played.events() if attributes(event).get("markerName") == "_missing")
    assert noted["details"] == f"[{signal['eventId']}]"


@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_a_signal_whose_payload_was_there_is_not_without_it_when_it_goes_later(stepped, cached_events):
    played = stepped(Excusing, cached_events=cached_events)
    played.payloads.store("5")
    played.begin(Excusing)
    played.signal("news", input=payload.reference("5"))
    played.act()
    del played.payloads._texts[payload.digest("5")]
    played.signal("more", input="6")
    played.act()
    assert played.parked == []
    assert payload.decode(attributes(played.events()[-1])["result"]) == [2, True, 6]


def test_more_signals_without_payloads_than_there_may_be_decisions_do_not_stop_a_run(stepped):
    count = 150
    played = stepped(Signalled)
    played.begin(Signalled, count)
    for _ in range(count):
        played.signal("news", input=payload.reference("never stored"))
    played.act()
    assert played.parked == []
    assert len(payload.decode(attributes(played.events()[-1])["result"])) == 2 * count + 1


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("asked", ["before it came", "afterwards"])
def test_a_run_waits_where_the_folder_of_payloads_is_away(stepped, shares, asked, tmp_path):
    played = stepped(Excusing)
    payloads = PayloadDirectory(tmp_path / "disk" / "payloads", shares=shares)
    played.decider.payloads = payloads
    payloads.prepare()
    payloads.store("5")
    played.begin(Excusing)
    if asked == "before it came":
        played.act()
    played.signal("news", input=payload.reference("5"))
    payloads.path.parent.rename(tmp_path / "away")
    (tmp_path / "disk").mkdir()  # where it was mounted
    if shares:
        (tmp_path / "disk" / "payloads").mkdir()
    played.act()
    digest = payload.digest("5")
    assert str(played.parked[0].error).startswith(f"payload {digest[:12]} cannot be read from {payloads.path}/")
    if shares:
        (tmp_path / "disk" / "payloads").rmdir()
    (tmp_path / "disk").rmdir()
    (tmp_path / "away").rename(tmp_path / "disk")
    played.pass_time(1)
    played.signal("more", input="6")
    played.act()
    assert payload.decode(attributes(played.events()[-1])["result"]) == [2, True, 6]
    played.begin(Excusing, workflow_id="other")
    played.signal("news", "other", input=payload.reference("never stored"))
    played.signal("more", "other", input="6")
    played.act()
    assert payload.decode(attributes(played.events("other")[-1])["result"])[1:] == [False, 6]


class Asked(Workflow):
    """Its hook looks at what signals brought, if it is to, and goes on; it may be careless about what that raises."""

    name = "decider.asked"

    def run(self, looks, careless=False):
        self.looks, self.careless, self.seen = looks, careless, []
        while self.next_signal("go").result:
            self.submit(double, len(self.seen)).result
        return self.seen

    def should_cancel(self, history):
        try:
            self.seen.append([signal["input"] for signal in history.signal_lists["news"]] if self.looks else None)
        except Exception:
            if not self.careless:
                raise
        return len(self.seen) == 3


@pytest.mark.parametrize("cached_events", [400_000, 0])
@pytest.mark.parametrize("looks", [False, True])
def test_a_hook_is_asked_also_where_a_signal_brings_nothing(stepped, cached_events, looks):
    played = stepped(Asked, cached_events=cached_events)
    played.begin(Asked, looks)
    played.act()
    played.signal("news", input=payload.reference("5"))
    played.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="run")
    played.act()
    played.payloads.store("5")
    played.signal("go", input="1")
    played.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="run")
    played.act()
    played.signal("go", input="0")
    played.act()
    assert played.parked == []
    assert payload.decode(attributes(played.events()[-1])["result"]) == [[None] if looks else None] * 2
    assert sum(attributes(event).get("markerName") == "_missing" for event in played.events()) == 1, "whoever looks"


@pytest.mark.parametrize("cached_events", [400_000, 0])
@pytest.mark.parametrize("careless", [False, True])
def test_a_hook_that_cannot_be_told_now_is_asked_again(stepped, cached_events, careless, tmp_path):
    played = stepped(Asked, cached_events=cached_events)
    played.decider.payloads = payloads = PayloadDirectory(tmp_path / "payloads")
    payloads.prepare()
    payloads.store("5")
    played.begin(Asked, True, careless)
    played.act()
    played.signal("news", input=payload.reference("5"))
    payloads.path.rename(tmp_path / "away")
    played.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="run")
    played.act()
    assert str(played.parked[0].error).startswith(f"payload {payload.digest('5')[:12]} cannot be read from {payloads.path}/")
    (tmp_path / "away").rename(payloads.path)
    played.pass_time(1)
    played.act()
    played.signal("go", input="0")
    played.act()
    assert payload.decode(attributes(played.events()[-1])["result"]) == [[5]]


@pytest.mark.parametrize("kind", ["result of an activity", "damaged signal"])
def test_what_else_cannot_be_read_parks_the_run(kind, stepped, tmp_path):
    played = stepped(Signalled)
    played.decider.payloads = payloads = PayloadDirectory(tmp_path / "payloads")
    reference = kept("x" * 40_000, payloads)
    played.begin(Signalled, 1)
    played.act()
    if kind == "damaged signal":
        next(payloads.path.glob("*/*.json")).write_text("something else")
        played.signal("news", input=reference)
    else:
        played.signal("news", input="1")
        assert played.decides()
        played.finish(payload.reference("never stored"), task_list="stepped")
    played.act()
    (parked,) = played.parked
    assert str(parked.error).startswith("payload ")
