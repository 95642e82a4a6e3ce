// Starts a child, signals it, asks somebody else to cancel, and completes once all three have answered.
export function decideShipment(events) {
  const of = (type) => events.filter((event) => event.eventType === type);
  const [completed] = of("ChildWorkflowExecutionCompleted");
  if (!of("StartChildWorkflowExecutionInitiated").length) {
    return [startChild("parcel", "parcel-1"), startChild("nothing", "nothing-1"), signal("nobody")];
  }
  if (of("ChildWorkflowExecutionStarted").length && !of("RequestCancelExternalWorkflowExecutionInitiated").length) {
    const requestCancelExternalWorkflowExecutionDecisionAttributes = { workflowId: "watch-1" };
    return [
      signal("parcel-1"),
      { decisionType: "RequestCancelExternalWorkflowExecution", requestCancelExternalWorkflowExecutionDecisionAttributes },
    ];
  }
  if (completed && of("ExternalWorkflowExecutionSignaled").length && of("ExternalWorkflowExecutionCancelRequested").length) {
    const causes = events
      .flatMap((event) => [
        event.startChildWorkflowExecutionFailedEventAttributes?.cause,
        event.signalExternalWorkflowExecutionFailedEventAttributes?.cause,
      ])
      .filter((cause) => cause !== undefined);
    return [complete(JSON.stringify({ packed: completed.childWorkflowExecutionCompletedEventAttributes.result, causes }))];
  }
  return [];
}

// Starts a child that waits for a signal that nobody sends.
export function decideHold(events) {
  const started = events.some((event) => event.eventType === "StartChildWorkflowExecutionInitiated");
  return started ? [] : [startChild("parcel", "held-1")];
}

// Completes when it is signaled, and says by whom.
export function decideParcel(events) {
  const signaled = events.find((event) => event.eventType === "WorkflowExecutionSignaled");
  if (!signaled) return [];
  const { input, externalWorkflowExecution } = signaled.workflowExecutionSignaledEventAttributes;
  return [complete(`${input} by ${externalWorkflowExecution.workflowId}`)];
}

// Cancels itself when it is asked to, and says by whom.
export function decideWatch(events) {
  const asked = events.find((event) => event.eventType === "WorkflowExecutionCancelRequested");
  if (!asked) return [];
  const details = asked.workflowExecutionCancelRequestedEventAttributes.externalWorkflowExecution.workflowId;
  return [{ decisionType: "CancelWorkflowExecution", cancelWorkflowExecutionDecisionAttributes: { details } }];
}

function startChild(name, workflowId) {
  return {
    decisionType: "StartChildWorkflowExecution",
    startChildWorkflowExecutionDecisionAttributes: {
      workflowId,
      workflowType: { name, version: "1" },
      input: "tea",
      tagList: ["parcel"],
    },
  };
}

function signal(workflowId) {
  return {
    decisionType: "SignalExternalWorkflowExecution",
    signalExternalWorkflowExecutionDecisionAttributes: { workflowId, signalName: "pack", input: "packed" },
  };
}

export function complete(result) {
  return { decisionType: "CompleteWorkflowExecution", completeWorkflowExecutionDecisionAttributes: { result } };
}
