import {
  PollForActivityTaskCommand,
  RecordActivityTaskHeartbeatCommand,
  RespondActivityTaskCompletedCommand,
  RespondActivityTaskFailedCommand,
} from "@aws-sdk/client-swf";
import { domain } from "./client.mjs";

// Polls for activity tasks and carries them out, until the signal. The first charge is declined.
export async function work(client, abortSignal) {
  while (!abortSignal.aborted) {
    const call = { domain, taskList: { name: "workers" }, identity: "worker" };
    const task = await client.send(new PollForActivityTaskCommand(call), { abortSignal });
    const { taskToken, activityId, activityType, input } = task;
    if (!taskToken) continue;
    const beat = await client.send(new RecordActivityTaskHeartbeatCommand({ taskToken, details: "half" }), { abortSignal });
    if (beat.cancelRequested !== false) throw new Error(`nobody has asked to cancel ${activityId}`);
    const answer =
      activityId === "charge-1"
        ? new RespondActivityTaskFailedCommand({ taskToken, reason: "declined", details: "try again" })
        : new RespondActivityTaskCompletedCommand({ taskToken, result: `${activityType.name}(${input})` });
    await client.send(answer, { abortSignal });
  }
}
