import { paginatePollForDecisionTask, RespondDecisionTaskCompletedCommand } from "@aws-sdk/client-swf";
import { domain } from "./client.mjs";
import { complete, decideHold, decideParcel, decideShipment, decideWatch } from "./shipment_rules.mjs";

// Choose the decisions of an execution from its whole history, by the name of its type.
const deciders = {
  order: decideOrder,
  shipment: decideShipment,
  hold: decideHold,
  parcel: decideParcel,
  watch: decideWatch,
};

// Polls for decision tasks, a few events a page, until the signal.
export async function decide(client, abortSignal) {
  while (!abortSignal.aborted) {
    const events = [];
    let task;
    const call = { domain, taskList: { name: "deciders" }, identity: "decider" };
    for await (const page of paginatePollForDecisionTask({ client, pageSize: 5 }, call, { abortSignal })) {
      events.push(...(page.events ?? []));
      task = page;
    }
    if (!task?.taskToken) continue;
    const decisions = deciders[task.workflowType.name](events);
    const answer = { taskToken: task.taskToken, decisions, executionContext: "decided" };
    await client.send(new RespondDecisionTaskCompletedCommand(answer), { abortSignal });
  }
}

// Reserves, records a marker and starts a timer; charges until it succeeds; completes once it is also approved.
function decideOrder(events) {
  const of = (type) => events.filter((event) => event.eventType === type);
  const scheduled = of("ActivityTaskScheduled");
  const [approval] = of("WorkflowExecutionSignaled");
  const results = {};
  for (const { activityTaskCompletedEventAttributes: completed } of of("ActivityTaskCompleted")) {
    const { activityTaskScheduledEventAttributes: activity } = events[completed.scheduledEventId - 1];
    results[activity.activityType.name] = completed.result;
  }
  const charges = scheduled.filter((event) => event.activityTaskScheduledEventAttributes.activityType.name === "charge").length;
  const failures = of("ActivityTaskFailed").length;
  if (scheduled.length === 0) {
    return [
      schedule("reserve", 1, events[0].workflowExecutionStartedEventAttributes.input),
      { decisionType: "RecordMarker", recordMarkerDecisionAttributes: { markerName: "accepted", details: "é" } },
      { decisionType: "StartTimer", startTimerDecisionAttributes: { timerId: "window", startToFireTimeout: "1" } },
    ];
  }
  if (results.reserve !== undefined && results.charge === undefined && charges === failures) {
    return [schedule("charge", failures + 1, results.reserve)];
  }
  if (results.charge !== undefined && of("TimerFired").length && approval) {
    const approver = approval.workflowExecutionSignaledEventAttributes.input;
    return [complete(JSON.stringify({ charged: results.charge, attempts: charges, "approved by": approver }))];
  }
  return [];
}

function schedule(name, attempt, input) {
  return {
    decisionType: "ScheduleActivityTask",
    scheduleActivityTaskDecisionAttributes: {
      activityId: `${name}-${attempt}`,
      activityType: { name, version: "1" },
      input,
    },
  };
}
