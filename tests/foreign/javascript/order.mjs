import { setTimeout as sleep } from "node:timers/promises";
import {
  CountClosedWorkflowExecutionsCommand,
  DescribeWorkflowExecutionCommand,
  DomainAlreadyExistsFault,
  EventType,
  paginateGetWorkflowExecutionHistory,
  paginateListActivityTypes,
  paginateListClosedWorkflowExecutions,
  paginateListOpenWorkflowExecutions,
  RegisterActivityTypeCommand,
  RegisterDomainCommand,
  SignalWorkflowExecutionCommand,
  StartWorkflowExecutionCommand,
  TerminateWorkflowExecutionCommand,
  TypeAlreadyExistsFault,
  UnknownResourceFault,
  WorkflowExecutionAlreadyStartedFault,
} from "@aws-sdk/client-swf";
import { domain } from "./client.mjs";

export function start(name, workflowId, list, tagList) {
  const workflowType = { name, version: "1" };
  const taskList = { name: list };
  return new StartWorkflowExecutionCommand({ domain, workflowId, workflowType, taskList, input: "tea", tagList });
}

// Carries out one order, then lists and counts executions.
export async function order(client) {
  const before = Date.now() - 1000;
  const workflowId = "order-1";
  const { runId } = await client.send(start("order", workflowId, "deciders", ["tea", "urgent"]));
  const faults = await provoke(client);
  await client.send(new SignalWorkflowExecutionCommand({ domain, workflowId, signalName: "approve", input: "Ann" }));
  const execution = { workflowId, runId };
  const described = await closed(client, execution);
  const { events, longest } = await history(client, execution, false);
  const { events: backwards } = await history(client, execution, true);
  const inOrder = events.every(
    ({ eventId, eventTimestamp }, index) =>
      eventId === index + 1 &&
      eventTimestamp instanceof Date &&
      eventTimestamp.getTime() >= (index ? events[index - 1].eventTimestamp.getTime() : before) &&
      eventTimestamp.getTime() <= Date.now(),
  );
  return {
    faults,
    result: JSON.parse(events.at(-1).workflowExecutionCompletedEventAttributes.result),
    marker: events.find((event) => event.eventType === "MarkerRecorded").markerRecordedEventAttributes.details,
    events: counted(events),
    "longest page": longest,
    backwards: backwards.map((event) => event.eventId).reverse().join() === events.map((event) => event.eventId).join(),
    "in order": inOrder,
    "unknown types": events.map((event) => event.eventType).filter((type) => !Object.values(EventType).includes(type)),
    execution: {
      status: described.executionInfo.executionStatus,
      closed: described.executionInfo.closeStatus,
      tags: described.executionInfo.tagList,
      policy: described.executionConfiguration.childPolicy,
      context: described.latestExecutionContext,
      "open timers": described.openCounts.openTimers,
    },
    ...(await list(client)),
  };
}

// Waits until an execution has ended.
export async function closed(client, execution) {
  for (;;) {
    const described = await client.send(new DescribeWorkflowExecutionCommand({ domain, execution }));
    if (described.executionInfo.executionStatus === "CLOSED") return described;
    await sleep(50);
  }
}

// Counts events by type, without decision tasks, whose number depends on who is faster.
export function counted(events) {
  const counts = {};
  for (const { eventType } of events) {
    if (!eventType.startsWith("DecisionTask")) counts[eventType] = (counts[eventType] ?? 0) + 1;
  }
  return counts;
}

export async function history(client, execution, reverseOrder) {
  const events = [];
  let longest = 0;
  for await (const page of paginateGetWorkflowExecutionHistory({ client, pageSize: 4 }, { domain, execution, reverseOrder })) {
    events.push(...page.events);
    longest = Math.max(longest, page.events.length);
  }
  return { events, longest };
}

// Makes calls that are refused and returns the messages by the fault that the SDK has made of each.
async function provoke(client) {
  const messages = {};
  const another = new RegisterDomainCommand({ name: domain, workflowExecutionRetentionPeriodInDays: "1" });
  await note(messages, DomainAlreadyExistsFault, client.send(another));
  const activity = new RegisterActivityTypeCommand({ domain, name: "reserve", version: "1" });
  await note(messages, TypeAlreadyExistsFault, client.send(activity));
  await note(messages, WorkflowExecutionAlreadyStartedFault, client.send(start("order", "order-1", "deciders")));
  const nobody = new TerminateWorkflowExecutionCommand({ domain, workflowId: "nobody" });
  await note(messages, UnknownResourceFault, client.send(nobody));
  return messages;
}

// Keeps the message of a fault of this class; fails with any other, or with none.
export async function note(messages, Fault, call) {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    messages[error.name] = error.message;
    return;
  }
  throw new Error(`no ${Fault.name}`);
}

// What the lists and counts say, two items a page, of five executions that nobody decides.
async function list(client) {
  const since = { oldestDate: new Date(Date.now() - 3600_000) };
  for (let number = 0; number < 5; number++) await client.send(start("order", `idle-${number}`, "nobody", ["idle"]));
  const pages = { client, pageSize: 2 };
  const open = [];
  const idle = { domain, startTimeFilter: since, tagFilter: { tag: "idle" }, reverseOrder: true };
  for await (const page of paginateListOpenWorkflowExecutions(pages, idle)) {
    for (const { execution } of page.executionInfos) {
      open.push(execution.workflowId);
      await client.send(
        new TerminateWorkflowExecutionCommand({ domain, workflowId: execution.workflowId, reason: "not needed" }),
      );
    }
  }
  const closedOnes = [];
  const ended = { domain, closeTimeFilter: since, reverseOrder: true };
  for await (const page of paginateListClosedWorkflowExecutions(pages, ended)) {
    closedOnes.push(...page.executionInfos.map((info) => `${info.execution.workflowId} ${info.closeStatus}`));
  }
  const activities = [];
  for await (const page of paginateListActivityTypes({ client, pageSize: 1 }, { domain, registrationStatus: "REGISTERED" })) {
    activities.push(...page.typeInfos.map((info) => info.activityType.name));
  }
  const terminated = { domain, startTimeFilter: since, closeStatusFilter: { status: "TERMINATED" } };
  const { count } = await client.send(new CountClosedWorkflowExecutionsCommand(terminated));
  return { open, closed: closedOnes, activities, terminated: count };
}
