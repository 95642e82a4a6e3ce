package foreign;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import software.amazon.awssdk.services.swf.SwfClient;
import software.amazon.awssdk.services.swf.model.ChildPolicy;
import software.amazon.awssdk.services.swf.model.RegisterActivityTypeRequest;

/**
 * A client of SWF written with AWS's SDK for Java: an operator, a decider and a worker. It prints what it has seen as JSON.
 *
 * <p>Usage: Client SCENARIO, with AWS_ENDPOINT_URL, AWS_REGION and credentials in the environment.
 */
public final class Client {
    static final String DOMAIN = "foreign";
    private static final List<String> WORKFLOWS = List.of("order", "shipment", "hold", "parcel", "watch");
    private static final List<String> ACTIVITIES = List.of("charge", "reserve");

    private interface Scenario {
        Map<String, Object> run(SwfClient client) throws Exception;
    }

    private static final Map<String, Scenario> SCENARIOS =
            Map.of("order", Order::run, "shipment", Shipment::run, "retire", Retire::run);

    private Client() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 1 || !SCENARIOS.containsKey(arguments[0])) {
            System.err.println("usage: Client SCENARIO");
            System.exit(2);
        }
        try (SwfClient client = SwfClient.create()) {
            register(client);
            Map<String, Object> report = beside(client, SCENARIOS.get(arguments[0]));
            System.out.write(new ObjectMapper().writeValueAsBytes(report));
            System.out.println();
        }
    }

    /** Runs a scenario while a decider and a worker poll; the polls that are open at its end are given up. */
    private static Map<String, Object> beside(SwfClient client, Scenario scenario) throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        CompletionService<Map<String, Object>> running = new ExecutorCompletionService<>(threads);
        List<Callable<Map<String, Object>>> loops =
                List.of(() -> scenario.run(client), () -> Decider.poll(client), () -> Worker.poll(client));
        loops.forEach(running::submit);
        try {
            return running.take().get(); // of the scenario, since the others end by an error only
        } catch (ExecutionException error) {
            throw error.getCause() instanceof Exception cause ? cause : error;
        } finally {
            threads.shutdownNow();
        }
    }

    private static void register(SwfClient client) {
        client.registerDomain(r -> r.name(DOMAIN).workflowExecutionRetentionPeriodInDays("1"));
        for (String name : WORKFLOWS) {
            client.registerWorkflowType(r -> r.domain(DOMAIN)
                    .name(name)
                    .version("1")
                    .defaultTaskList(l -> l.name("deciders"))
                    .defaultChildPolicy(ChildPolicy.TERMINATE)
                    .defaultTaskStartToCloseTimeout("300")
                    .defaultExecutionStartToCloseTimeout("3600"));
        }
        for (String name : ACTIVITIES) {
            client.registerActivityType(activity(name));
        }
    }

    static RegisterActivityTypeRequest activity(String name) {
        return RegisterActivityTypeRequest.builder()
                .domain(DOMAIN)
                .name(name)
                .version("1")
                .defaultTaskList(l -> l.name("workers"))
                .defaultTaskStartToCloseTimeout("300")
                .defaultTaskHeartbeatTimeout("NONE")
                .defaultTaskScheduleToStartTimeout("NONE")
                .defaultTaskScheduleToCloseTimeout("NONE")
                .build();
    }
}
