package foreign;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.swf.SwfClient;
import software.amazon.awssdk.services.swf.model.ChildPolicy;
import software.amazon.awssdk.services.swf.model.HistoryEvent;
import software.amazon.awssdk.services.swf.model.WorkflowExecution;
import software.amazon.awssdk.services.swf.model.WorkflowExecutionInfo;

/** Carries out an execution that has to do with others, then terminates one with its child. */
final class Shipment {
    private Shipment() {}

    static Map<String, Object> run(SwfClient client) throws Exception {
        Map<String, WorkflowExecution> runs = new HashMap<>();
        for (String name : List.of("watch", "shipment", "hold")) {
            String runId = Order.start(client, name, name + "-1", "deciders");
            runs.put(name, WorkflowExecution.builder().workflowId(name + "-1").runId(runId).build());
        }
        Order.closed(client, runs.get("shipment"));
        WorkflowExecutionInfo watched = Order.closed(client, runs.get("watch")).executionInfo();
        History history = History.of(client, runs.get("shipment"), false);
        List<HistoryEvent> events = history.events();
        HistoryEvent canceled = History.of(client, runs.get("watch"), true).events().get(0);
        int children = holding(client, runs.get("hold"));
        client.terminateWorkflowExecution(
                r -> r.domain(Client.DOMAIN).workflowId("hold-1").childPolicy(ChildPolicy.TERMINATE));

        String result = events.get(events.size() - 1).workflowExecutionCompletedEventAttributes().result();
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("result", new ObjectMapper().readValue(result, Map.class));
        report.put("events", history.counted());
        report.put("unknown types", history.unknown());
        report.put("open children", children);
        report.put("watch", Map.of(
                "closed", watched.closeStatus().toString(),
                "asked", watched.cancelRequested(),
                "details", canceled.workflowExecutionCanceledEventAttributes().details()));
        report.put("parcel", child(client, "parcel-1"));
        report.put("held", child(client, "held-1"));
        return report;
    }

    /** Waits until an execution has an open child, and returns the number of its children. */
    private static int holding(SwfClient client, WorkflowExecution execution) throws InterruptedException {
        while (true) {
            int children = client.describeWorkflowExecution(r -> r.domain(Client.DOMAIN).execution(execution))
                    .openCounts()
                    .openChildWorkflowExecutions();
            if (children > 0) {
                return children;
            }
            Thread.sleep(50);
        }
    }

    /** Returns what the list of closed executions says of a child. */
    private static Map<String, Object> child(SwfClient client, String id) {
        WorkflowExecutionInfo info = client.listClosedWorkflowExecutions(r -> r.domain(Client.DOMAIN)
                        .executionFilter(e -> e.workflowId(id))
                        .startTimeFilter(t -> t.oldestDate(Instant.now().minusSeconds(3600))))
                .executionInfos()
                .get(0);
        return Map.of(
                "closed", info.closeStatus().toString(),
                "parent", info.parent().workflowId(),
                "tags", info.tagList());
    }
}
