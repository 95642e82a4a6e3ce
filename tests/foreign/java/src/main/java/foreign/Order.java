package foreign;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.services.swf.SwfClient;
import software.amazon.awssdk.services.swf.model.DescribeWorkflowExecutionResponse;
import software.amazon.awssdk.services.swf.model.DomainAlreadyExistsException;
import software.amazon.awssdk.services.swf.model.ExecutionStatus;
import software.amazon.awssdk.services.swf.model.HistoryEvent;
import software.amazon.awssdk.services.swf.model.SwfException;
import software.amazon.awssdk.services.swf.model.TypeAlreadyExistsException;
import software.amazon.awssdk.services.swf.model.UnknownResourceException;
import software.amazon.awssdk.services.swf.model.WorkflowExecution;
import software.amazon.awssdk.services.swf.model.WorkflowExecutionAlreadyStartedException;

/** Carries out one order, then lists and counts executions. */
final class Order {
    private Order() {}

    static Map<String, Object> run(SwfClient client) throws Exception {
        Instant before = Instant.now().minusSeconds(1);
        String runId = start(client, "order", "order-1", "deciders", "tea", "urgent");
        Map<String, String> faults = provoke(client);
        client.signalWorkflowExecution(
                r -> r.domain(Client.DOMAIN).workflowId("order-1").signalName("approve").input("Ann"));
        WorkflowExecution execution =
                WorkflowExecution.builder().workflowId("order-1").runId(runId).build();
        DescribeWorkflowExecutionResponse described = closed(client, execution);
        History history = History.of(client, execution, false);
        List<HistoryEvent> events = history.events();
        String result = events.get(events.size() - 1).workflowExecutionCompletedEventAttributes().result();

        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("status", described.executionInfo().executionStatus().toString());
        shown.put("closed", described.executionInfo().closeStatus().toString());
        shown.put("tags", described.executionInfo().tagList());
        shown.put("policy", described.executionConfiguration().childPolicy().toString());
        shown.put("context", described.latestExecutionContext());
        shown.put("open timers", described.openCounts().openTimers());

        Map<String, Object> report = new LinkedHashMap<>();
        report.put("faults", faults);
        report.put("result", new ObjectMapper().readValue(result, Map.class));
        report.put("marker", history.marker());
        report.put("events", history.counted());
        report.put("longest page", history.longestPage());
        List<Long> backwards = History.of(client, execution, true).ids();
        Collections.reverse(backwards);
        report.put("backwards", backwards.equals(history.ids()));
        report.put("in order", history.isInOrder(before));
        report.put("unknown types", history.unknown());
        report.put("execution", shown);
        report.putAll(Listing.of(client));
        return report;
    }

    static String start(SwfClient client, String name, String id, String list, String... tags) {
        return client.startWorkflowExecution(r -> r.domain(Client.DOMAIN)
                        .workflowId(id)
                        .workflowType(t -> t.name(name).version("1"))
                        .taskList(l -> l.name(list))
                        .input("tea")
                        .tagList(tags))
                .runId();
    }

    /** Waits until an execution has ended. */
    static DescribeWorkflowExecutionResponse closed(SwfClient client, WorkflowExecution execution)
            throws InterruptedException {
        while (true) {
            DescribeWorkflowExecutionResponse described =
                    client.describeWorkflowExecution(r -> r.domain(Client.DOMAIN).execution(execution));
            if (described.executionInfo().executionStatus() == ExecutionStatus.CLOSED) {
                return described;
            }
            Thread.sleep(50);
        }
    }

    /** Makes calls that are refused and returns the messages by the fault that the SDK has made of each. */
    private static Map<String, String> provoke(SwfClient client) {
        Map<String, String> messages = new TreeMap<>();
        note(messages, DomainAlreadyExistsException.class, () -> client.registerDomain(
                r -> r.name(Client.DOMAIN).workflowExecutionRetentionPeriodInDays("1")));
        note(messages, TypeAlreadyExistsException.class, () -> client.registerActivityType(Client.activity("reserve")));
        note(messages, WorkflowExecutionAlreadyStartedException.class, () -> start(client, "order", "order-1", "deciders"));
        note(messages, UnknownResourceException.class, () -> client.terminateWorkflowExecution(
                r -> r.domain(Client.DOMAIN).workflowId("nobody")));
        return messages;
    }

    /** Keeps the message of a fault of this class; fails with any other, or with none. */
    static void note(Map<String, String> messages, Class<? extends SwfException> type, Runnable call) {
        try {
            call.run();
        } catch (SwfException fault) {
            if (!type.isInstance(fault)) {
                throw fault;
            }
            messages.put(fault.awsErrorDetails().errorCode(), fault.awsErrorDetails().errorMessage());
            return;
        }
        throw new IllegalStateException("no " + type.getSimpleName());
    }
}
