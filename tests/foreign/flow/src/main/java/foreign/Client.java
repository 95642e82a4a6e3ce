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
 * Workflows of the AWS Flow Framework for Java, carried out by its own decider and worker. It prints what it has seen as JSON.
 *
 * <p>Usage: Client SCENARIO, with AWS_ENDPOINT_URL, AWS_REGION and credentials in the environment.
 */
public final class Client {
    private static final String DOMAIN = "foreign";
    private final SwfClient swf = SwfClient.create();

    private Client() {}

    public static void main(String[] arguments) throws Throwable {
        if (arguments.length != 1 || !List.of("order", "shipment").contains(arguments[0])) {
            System.err.println("usage: Client SCENARIO");
            System.exit(2);
        }
        Client client = new Client();
        client.startWorkers();
        Map<String, Object> report = arguments[0].equals("order") ? client.order() : client.shipment();
        System.out.write(new ObjectMapper().writeValueAsBytes(report));
        System.out.println();
        System.exit(0); // the polls that are open are given up
    }

    private void startWorkers() throws ReflectiveOperationException {
        swf.registerDomain(r -> r.name(DOMAIN).workflowExecutionRetentionPeriodInDays("1"));
        WorkflowWorker decider = new WorkflowWorker(swf, DOMAIN, "deciders");
        decider.setWorkflowImplementationTypes(List.of(
                OrderImplementation.class,
                Shipment.ParentImplementation.class,
                Shipment.ParcelImplementation.class,
                Shipment.WatchImplementation.class));
        ActivityWorker worker = new ActivityWorker(swf, DOMAIN, "workers");
        worker.addActivitiesImplementation(new Shop.Implementation());
        decider.start();
        worker.start();
    }

    private Map<String, Object> order() throws Throwable {
        DynamicWorkflowClientExternal order = start("order", "tea");
        order.signalWorkflowExecution("approve", new Object[] {"Ann"});
        ended(order);
        return Map.of(
                "result", result(order),
                "state", order.getWorkflowExecutionState(String.class),
                "events", counted(order));
    }

    private Map<String, Object> shipment() throws InterruptedException {
        DynamicWorkflowClientExternal shipment = start("shipment", "tea");
        ended(shipment);
        return Map.of("result", result(shipment), "events", counted(shipment));
    }

    private DynamicWorkflowClientExternal start(String name, Object... arguments) {
        GenericWorkflowClientExternal external = new GenericWorkflowClientExternalImpl(swf, DOMAIN);
        DynamicWorkflowClientExternal execution = new DynamicWorkflowClientExternalImpl(
                WorkflowExecution.builder().workflowId(name + "-1").build(),
                WorkflowType.builder().name(name).version("1").build(),
                new StartWorkflowOptions().withTagList(List.of("tea", "urgent")),
                new JsonDataConverter(),
                external);
        execution.startWorkflowExecution(arguments);
        return execution;
    }

    /** Waits until an execution has ended. */
    private void ended(DynamicWorkflowClientExternal execution) throws InterruptedException {
        while (swf.describeWorkflowExecution(
                                r -> r.domain(DOMAIN).execution(execution.getWorkflowExecution().toSdkType()))
                        .executionInfo()
                        .executionStatus()
                != ExecutionStatus.CLOSED) {
            Thread.sleep(50);
        }
    }

    private List<HistoryEvent> history(DynamicWorkflowClientExternal execution) {
        return swf
                .getWorkflowExecutionHistoryPaginator(
                        r -> r.domain(DOMAIN).execution(execution.getWorkflowExecution().toSdkType()))
                .events()
                .stream()
                .toList();
    }

    private String result(DynamicWorkflowClientExternal execution) {
        List<HistoryEvent> events = history(execution);
        String result = events.get(events.size() - 1).workflowExecutionCompletedEventAttributes().result();
        return new JsonDataConverter().fromData(result, String.class);
    }

    /** Counts events by type, without decision tasks, whose number depends on who is faster. */
    private Map<String, Integer> counted(DynamicWorkflowClientExternal execution) {
        Map<String, Integer> counts = new TreeMap<>();
        for (HistoryEvent event : history(execution)) {
            if (!event.eventTypeAsString().startsWith("DecisionTask")) {
                counts.merge(event.eventTypeAsString(), 1, Integer::sum);
            }
        }
        return counts;
    }
}
