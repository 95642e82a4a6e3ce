package foreign;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.swf.SwfClient;
import software.amazon.awssdk.services.swf.model.Decision;
import software.amazon.awssdk.services.swf.model.DecisionType;
import software.amazon.awssdk.services.swf.model.HistoryEvent;
import software.amazon.awssdk.services.swf.model.PollForDecisionTaskResponse;

/** Chooses the decisions of an execution from its whole history, by the name of its type. */
final class Decider {
    private interface Rule {
        List<Decision> decide(List<HistoryEvent> events) throws JsonProcessingException;
    }

    private static final Map<String, Rule> RULES = Map.of(
            "order", Decider::order,
            "shipment", ShipmentRules::shipment,
            "hold", ShipmentRules::hold,
            "parcel", ShipmentRules::parcel,
            "watch", ShipmentRules::watch);

    private Decider() {}

    /** Polls for decision tasks, a few events a page, until the thread is interrupted. */
    static Map<String, Object> poll(SwfClient client) throws JsonProcessingException {
        while (true) {
            List<HistoryEvent> events = new ArrayList<>();
            PollForDecisionTaskResponse task = null;
            for (PollForDecisionTaskResponse page : client.pollForDecisionTaskPaginator(r -> r.domain(Client.DOMAIN)
                    .taskList(l -> l.name("deciders"))
                    .identity("decider")
                    .maximumPageSize(5))) {
                events.addAll(page.events());
                task = page;
            }
            if (task.taskToken() == null || task.taskToken().isEmpty()) {
                continue;
            }
            String token = task.taskToken();
            List<Decision> decisions = RULES.get(task.workflowType().name()).decide(events);
            client.respondDecisionTaskCompleted(
                    r -> r.taskToken(token).decisions(decisions).executionContext("decided"));
        }
    }

    /** Reserves, records a marker and starts a timer; charges until it succeeds; completes once it is also approved. */
    private static List<Decision> order(List<HistoryEvent> events) throws JsonProcessingException {
        Map<Long, String> activities = new HashMap<>();
        Map<String, String> results = new HashMap<>();
        int charges = 0;
        int failures = 0;
        boolean fired = false;
        String approver = null;
        for (HistoryEvent event : events) {
            switch (event.eventType()) {
                case ACTIVITY_TASK_SCHEDULED -> {
                    String name = event.activityTaskScheduledEventAttributes().activityType().name();
                    activities.put(event.eventId(), name);
                    charges += name.equals("charge") ? 1 : 0;
                }
                case ACTIVITY_TASK_COMPLETED -> {
                    var completed = event.activityTaskCompletedEventAttributes();
                    results.put(activities.get(completed.scheduledEventId()), completed.result());
                }
                case ACTIVITY_TASK_FAILED -> failures++;
                case TIMER_FIRED -> fired = true;
                case WORKFLOW_EXECUTION_SIGNALED -> approver = event.workflowExecutionSignaledEventAttributes().input();
                default -> { }
            }
        }
        String charged = results.get("charge");
        if (activities.isEmpty()) {
            return List.of(
                    schedule("reserve", 1, events.get(0).workflowExecutionStartedEventAttributes().input()),
                    Decision.builder()
                            .decisionType(DecisionType.RECORD_MARKER)
                            .recordMarkerDecisionAttributes(a -> a.markerName("accepted").details("é"))
                            .build(),
                    Decision.builder()
                            .decisionType(DecisionType.START_TIMER)
                            .startTimerDecisionAttributes(a -> a.timerId("window").startToFireTimeout("1"))
                            .build());
        }
        if (results.containsKey("reserve") && charged == null && charges == failures) {
            return List.of(schedule("charge", failures + 1, results.get("reserve")));
        }
        if (charged != null && fired && approver != null) {
            return List.of(complete(text(Map.of("charged", charged, "attempts", charges, "approved by", approver))));
        }
        return List.of();
    }

    private static Decision schedule(String name, int attempt, String input) {
        return Decision.builder()
                .decisionType(DecisionType.SCHEDULE_ACTIVITY_TASK)
                .scheduleActivityTaskDecisionAttributes(a -> a.activityId(name + "-" + attempt)
                        .activityType(t -> t.name(name).version("1"))
                        .input(input))
                .build();
    }

    static String text(Map<String, Object> result) throws JsonProcessingException {
        return new ObjectMapper().writeValueAsString(result);
    }

    static Decision complete(String result) {
        return Decision.builder()
                .decisionType(DecisionType.COMPLETE_WORKFLOW_EXECUTION)
                .completeWorkflowExecutionDecisionAttributes(a -> a.result(result))
                .build();
    }
}
