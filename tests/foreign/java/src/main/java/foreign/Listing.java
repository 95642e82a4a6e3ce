package foreign;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.swf.SwfClient;
import software.amazon.awssdk.services.swf.model.CloseStatus;
import software.amazon.awssdk.services.swf.model.ExecutionTimeFilter;
import software.amazon.awssdk.services.swf.model.RegistrationStatus;
import software.amazon.awssdk.services.swf.model.WorkflowExecutionInfo;

/** What the lists and counts say, two items a page, of five executions that nobody decides. */
final class Listing {
    private Listing() {}

    static Map<String, Object> of(SwfClient client) {
        ExecutionTimeFilter since =
                ExecutionTimeFilter.builder().oldestDate(Instant.now().minusSeconds(3600)).build();
        for (int number = 0; number < 5; number++) {
            Order.start(client, "order", "idle-" + number, "nobody", "idle");
        }
        List<String> open = new ArrayList<>();
        for (WorkflowExecutionInfo info : client.listOpenWorkflowExecutionsPaginator(r -> r.domain(Client.DOMAIN)
                        .startTimeFilter(since)
                        .tagFilter(t -> t.tag("idle"))
                        .maximumPageSize(2)
                        .reverseOrder(true))
                .executionInfos()) {
            open.add(info.execution().workflowId());
            client.terminateWorkflowExecution(r -> r.domain(Client.DOMAIN)
                    .workflowId(info.execution().workflowId())
                    .reason("not needed"));
        }
        List<String> closed = client
                .listClosedWorkflowExecutionsPaginator(r -> r.domain(Client.DOMAIN)
                        .closeTimeFilter(since)
                        .maximumPageSize(2)
                        .reverseOrder(true))
                .executionInfos()
                .stream()
                .map(info -> info.execution().workflowId() + " " + info.closeStatus())
                .toList();
        List<String> activities = client
                .listActivityTypesPaginator(r -> r.domain(Client.DOMAIN)
                        .registrationStatus(RegistrationStatus.REGISTERED)
                        .maximumPageSize(1))
                .typeInfos()
                .stream()
                .map(info -> info.activityType().name())
                .toList();
        int terminated = client.countClosedWorkflowExecutions(r -> r.domain(Client.DOMAIN)
                        .startTimeFilter(since)
                        .closeStatusFilter(s -> s.status(CloseStatus.TERMINATED)))
                .count();
        return Map.of("open", open, "closed", closed, "activities", activities, "terminated", terminated);
    }
}
