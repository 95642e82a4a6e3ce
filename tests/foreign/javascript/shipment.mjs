import { setTimeout as sleep } from "node:timers/promises";
import {
  DescribeWorkflowExecutionCommand,
  EventType,
  ListClosedWorkflowExecutionsCommand,
  TerminateWorkflowExecutionCommand,
} from "@aws-sdk/client-swf";
import { domain } from "./client.mjs";
import { closed, counted, history, start } from "./order.mjs";

// Carries out an execution that has to do with others, then terminates one with its child.
export async function shipment(client) {
  const runs = {};
  for (const name of ["watch", "shipment", "hold"]) {
    const workflowId = `${name}-1`;
    runs[name] = { workflowId, runId: (await client.send(start(name, workflowId, "deciders"))).runId };
  }
  await closed(client, runs.shipment);
  const { executionInfo: watched } = await closed(client, runs.watch);
  const { events } = await history(client, runs.shipment, false);
  const { events: watch } = await history(client, runs.watch, true);
  const children = await holding(client, runs.hold);
  await client.send(new TerminateWorkflowExecutionCommand({ domain, workflowId: "hold-1", childPolicy: "TERMINATE" }));
  return {
    result: JSON.parse(events.at(-1).workflowExecutionCompletedEventAttributes.result),
    events: counted(events),
    "unknown types": events.map((event) => event.eventType).filter((type) => !Object.values(EventType).includes(type)),
    "open children": children,
    watch: {
      closed: watched.closeStatus,
      asked: watched.cancelRequested,
      details: watch[0].workflowExecutionCanceledEventAttributes.details,
    },
    parcel: await child(client, "parcel-1"),
    held: await child(client, "held-1"),
  };
}

// Waits until an execution has an open child, and returns the number of its children.
async function holding(client, execution) {
  for (;;) {
    const { openCounts } = await client.send(new DescribeWorkflowExecutionCommand({ domain, execution }));
    if (openCounts.openChildWorkflowExecutions) return openCounts.openChildWorkflowExecutions;
    await sleep(50);
  }
}

// What the list of closed executions says of a child.
async function child(client, workflowId) {
  const startTimeFilter = { oldestDate: new Date(Date.now() - 3600_000) };
  const call = { domain, startTimeFilter, executionFilter: { workflowId } };
  const [info] = (await client.send(new ListClosedWorkflowExecutionsCommand(call))).executionInfos;
  return { closed: info.closeStatus, parent: info.parent.workflowId, tags: info.tagList };
}
