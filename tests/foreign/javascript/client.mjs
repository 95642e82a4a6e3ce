// A client of SWF written with AWS's SDK for JavaScript: an operator, a decider and a worker. It prints what it has seen
// as JSON.
//
// Usage: node client.mjs SCENARIO, with AWS_ENDPOINT_URL, AWS_REGION and credentials in the environment.
import {
  RegisterActivityTypeCommand,
  RegisterDomainCommand,
  RegisterWorkflowTypeCommand,
  SWFClient,
} from "@aws-sdk/client-swf";
import { decide } from "./decider.mjs";
import { order } from "./order.mjs";
import { retire } from "./retire.mjs";
import { shipment } from "./shipment.mjs";
import { work } from "./worker.mjs";

export const domain = "foreign";
const scenarios = { order, shipment, retire };
const workflowNames = ["order", "shipment", "hold", "parcel", "watch"];
const activityNames = ["charge", "reserve"];

async function register(client) {
  await client.send(new RegisterDomainCommand({ name: domain, workflowExecutionRetentionPeriodInDays: "1" }));
  for (const name of workflowNames) {
    await client.send(
      new RegisterWorkflowTypeCommand({
        domain,
        name,
        version: "1",
        defaultTaskList: { name: "deciders" },
        defaultChildPolicy: "TERMINATE",
        defaultTaskStartToCloseTimeout: "300",
        defaultExecutionStartToCloseTimeout: "3600",
      }),
    );
  }
  for (const name of activityNames) {
    await client.send(
      new RegisterActivityTypeCommand({
        domain,
        name,
        version: "1",
        defaultTaskList: { name: "workers" },
        defaultTaskStartToCloseTimeout: "300",
        defaultTaskHeartbeatTimeout: "NONE",
        defaultTaskScheduleToStartTimeout: "NONE",
        defaultTaskScheduleToCloseTimeout: "NONE",
      }),
    );
  }
}

// Runs a scenario while a decider and a worker poll; the polls that are open at its end are given up.
async function beside(client, scenario) {
  await register(client);
  const stop = new AbortController();
  const loops = [decide, work].map((loop) =>
    loop(client, stop.signal).catch((error) => {
      if (!stop.signal.aborted) throw error;
    }),
  );
  try {
    return await Promise.race([scenario(client), Promise.all(loops)]);
  } finally {
    stop.abort();
    await Promise.all(loops);
  }
}

const [name, ...others] = process.argv.slice(2);
if (!Object.hasOwn(scenarios, name ?? "") || others.length) {
  console.error("usage: node client.mjs SCENARIO");
  process.exit(2);
}
const client = new SWFClient();
console.log(JSON.stringify(await beside(client, scenarios[name])));
client.destroy();
