import {
  DeleteWorkflowTypeCommand,
  DeprecateDomainCommand,
  DeprecateWorkflowTypeCommand,
  DescribeDomainCommand,
  DomainDeprecatedFault,
  ListDomainsCommand,
  ListTagsForResourceCommand,
  RegisterDomainCommand,
  SWFClient,
  SWFServiceException,
  TagResourceCommand,
  TooManyTagsFault,
  TypeDeprecatedFault,
  TypeNotDeprecatedFault,
  UntagResourceCommand,
} from "@aws-sdk/client-swf";
import { domain } from "./client.mjs";
import { note, start } from "./order.mjs";

// Tags and deprecates a domain, deprecates and deletes types, and calls faster than it may.
export async function retire(client) {
  const messages = {};
  const tags = [
    { key: "team", value: "thé" },
    { key: "stage", value: "test" },
  ];
  const name = "retired";
  await client.send(new RegisterDomainCommand({ name, workflowExecutionRetentionPeriodInDays: "1", tags }));
  const { arn: resourceArn } = (await client.send(new DescribeDomainCommand({ name }))).domainInfo;
  const all = await listed(client, resourceArn);
  await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ["stage"] }));
  const left = await listed(client, resourceArn);
  const many = Array.from({ length: 51 }, (_, number) => ({ key: `${number}` }));
  await note(messages, TooManyTagsFault, client.send(new TagResourceCommand({ resourceArn, tags: many })));
  await client.send(new DeprecateDomainCommand({ name }));
  await note(messages, DomainDeprecatedFault, client.send(new DeprecateDomainCommand({ name })));
  await retireTypes(client, messages);
  const throttled = await hurry();
  // The SDK tries it again until it is let through.
  const { domainInfos } = await client.send(new ListDomainsCommand({ registrationStatus: "DEPRECATED" }));
  return { faults: messages, tags: all, "tags left": left, throttled, retired: domainInfos[0].name };
}

async function listed(client, resourceArn) {
  const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn }));
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

async function retireTypes(client, messages) {
  const order = { domain, workflowType: { name: "order", version: "1" } };
  await note(messages, TypeNotDeprecatedFault, client.send(new DeleteWorkflowTypeCommand(order)));
  await client.send(new DeprecateWorkflowTypeCommand(order));
  await note(messages, TypeDeprecatedFault, client.send(start("order", "late-1", "deciders")));
  await client.send(new DeleteWorkflowTypeCommand(order));
}

// Calls without trying again until it is told to slow down, and returns how.
async function hurry() {
  const client = new SWFClient({ maxAttempts: 1 });
  const messages = {};
  while (!messages.ThrottlingException) {
    try {
      await client.send(new ListDomainsCommand({ registrationStatus: "DEPRECATED" }));
    } catch (error) {
      await note(messages, SWFServiceException, Promise.reject(error));
    }
  }
  client.destroy();
  return messages.ThrottlingException;
}
