package foreign;

import com.amazonaws.services.simpleworkflow.flow.ActivityWorker;
import com.amazonaws.services.simpleworkflow.flow.DynamicWorkflowClientExternal;
import com.amazonaws.services.simpleworkflow.flow.DynamicWorkflowClientExternalImpl;
import com.amazonaws.services.simpleworkflow.flow.JsonDataConverter;
import com.amazonaws.services.simpleworkflow.flow.StartWorkflowOptions;
import com.amazonaws.services.simpleworkflow.flow.WorkflowWorker;
import com.amazonaws.services.simpleworkflow.flow.generic.GenericWorkflowClientExternal;
import com.amazonaws.services.simpleworkflow.flow.model.WorkflowExecution;
import com.amazonaws.services.simpleworkflow.flow.model.WorkflowType;
import com.amazonaws.services.simpleworkflow.flow.worker.GenericWorkflowClientExternalImpl;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.services.swf.SwfClient;
import software.amazon.awssdk.services.swf.model.ExecutionStatus;
import software.amazon.awssdk.services.swf.model.HistoryEvent;

/**
 * A workflow of the AWS Flow Framework for Java, carried out by its own decider and worker. It prints what it has seen as JSON.
 *
 * <p>Usage: Client SCENARIO, with AWS_ENDPOINT_URL, AWS_REGION and credentials in the environment.
 */
public final class Client {
    private static final String DOMAIN = "foreign";

    private Client() {}

    public static void main(String[] arguments) throws Throwable {
        if (arguments.length != 1 || !arguments[0].equals("order")) {
            System.err.println("usage: Client order");
            System.exit(2);
        }
        SwfClient swf = SwfClient.create();
        swf.registerDomain(r -> r.name(DOMAIN).workflowExecutionRetentionPeriodInDays("1"));
        WorkflowWorker decider = new WorkflowWorker(swf, DOMAIN, "deciders");
        decider.addWorkflowImplementationType(OrderImplementation.class);
        ActivityWorker worker = new ActivityWorker(swf, DOMAIN, "workers");
        worker.addActivitiesImplementation(new Shop.Implementation());
        decider.start();
        worker.start();
        Map<String, Object> report = order(swf);
        System.out.write(new ObjectMapper().writeValueAsBytes(report));
        System.out.println();
        System.exit(0); // the polls that are open are given up
    }

    private static Map<String, Object> order(SwfClient swf) throws Throwable {
        GenericWorkflowClientExternal external = new GenericWorkflowClientExternalImpl(swf, DOMAIN);
        WorkflowType type = WorkflowType.builder().name("order").version("1").build();
        StartWorkflowOptions options = new StartWorkflowOptions().withTagList(List.of("tea", "urgent"));
        DynamicWorkflowClientExternal order = new DynamicWorkflowClientExternalImpl(
                WorkflowExecution.builder().workflowId("order-1").build(), type, options, new JsonDataConverter(), external);
        order.startWorkflowExecution(new Object[] {"tea"});
        String runId = order.getWorkflowExecution().getRunId();
        order.signalWorkflowExecution("approve", new Object[] {"Ann"});
        while (swf.describeWorkflowExecution(r -> r.domain(DOMAIN)
                                .execution(e -> e.workflowId("order-1").runId(runId)))
                        .executionInfo()
                        .executionStatus()
                != ExecutionStatus.CLOSED) {
            Thread.sleep(50);
        }
        List<HistoryEvent> events = swf.getWorkflowExecutionHistoryPaginator(r -> r.domain(DOMAIN)
                        .execution(e -> e.workflowId("order-1").runId(runId)))
                .events()
                .stream()
                .toList();
        Map<String, Integer> counts = new TreeMap<>(); // without decision tasks, whose number depends on who is faster
        for (HistoryEvent event : events) {
            if (!event.eventTypeAsString().startsWith("DecisionTask")) {
                counts.merge(event.eventTypeAsString(), 1, Integer::sum);
            }
        }
        String result = events.get(events.size() - 1).workflowExecutionCompletedEventAttributes().result();
        return Map.of(
                "result", new JsonDataConverter().fromData(result, String.class),
                "state", order.getWorkflowExecutionState(String.class),
                "events", counts);
    }
}
