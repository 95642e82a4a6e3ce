package foreign;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.swf.model.Decision;
import software.amazon.awssdk.services.swf.model.DecisionType;
import software.amazon.awssdk.services.swf.model.EventType;
import software.amazon.awssdk.services.swf.model.HistoryEvent;

/** Decisions of executions that have to do with others. */
final class ShipmentRules {
    private ShipmentRules() {}

    /** Starts a child, signals it, asks somebody else to cancel, and completes once all three have answered. */
    static List<Decision> shipment(List<HistoryEvent> events) throws JsonProcessingException {
        String packed = null;
        List<String> causes = new ArrayList<>();
        for (HistoryEvent event : events) {
            switch (event.eventType()) {
                case CHILD_WORKFLOW_EXECUTION_COMPLETED ->
                    packed = event.childWorkflowExecutionCompletedEventAttributes().result();
                case START_CHILD_WORKFLOW_EXECUTION_FAILED ->
                    causes.add(event.startChildWorkflowExecutionFailedEventAttributes().cause().toString());
                case SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED ->
                    causes.add(event.signalExternalWorkflowExecutionFailedEventAttributes().cause().toString());
                default -> { }
            }
        }
        if (!has(events, EventType.START_CHILD_WORKFLOW_EXECUTION_INITIATED)) {
            return List.of(startChild("parcel", "parcel-1"), startChild("nothing", "nothing-1"), signal("nobody"));
        }
        if (has(events, EventType.CHILD_WORKFLOW_EXECUTION_STARTED)
                && !has(events, EventType.REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)) {
            return List.of(
                    signal("parcel-1"),
                    Decision.builder()
                            .decisionType(DecisionType.REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION)
                            .requestCancelExternalWorkflowExecutionDecisionAttributes(a -> a.workflowId("watch-1"))
                            .build());
        }
        if (packed != null
                && has(events, EventType.EXTERNAL_WORKFLOW_EXECUTION_SIGNALED)
                && has(events, EventType.EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED)) {
            return List.of(Decider.complete(Decider.text(Map.of("packed", packed, "causes", causes))));
        }
        return List.of();
    }

    /** Starts a child that waits for a signal that nobody sends. */
    static List<Decision> hold(List<HistoryEvent> events) {
        return has(events, EventType.START_CHILD_WORKFLOW_EXECUTION_INITIATED)
                ? List.of()
                : List.of(startChild("parcel", "held-1"));
    }

    /** Completes when it is signaled, and says by whom. */
    static List<Decision> parcel(List<HistoryEvent> events) {
        return events.stream()
                .filter(event -> event.eventType() == EventType.WORKFLOW_EXECUTION_SIGNALED)
                .map(HistoryEvent::workflowExecutionSignaledEventAttributes)
                .map(a -> Decider.complete(a.input() + " by " + a.externalWorkflowExecution().workflowId()))
                .limit(1)
                .toList();
    }

    /** Cancels itself when it is asked to, and says by whom. */
    static List<Decision> watch(List<HistoryEvent> events) {
        return events.stream()
                .filter(event -> event.eventType() == EventType.WORKFLOW_EXECUTION_CANCEL_REQUESTED)
                .map(event -> event.workflowExecutionCancelRequestedEventAttributes().externalWorkflowExecution())
                .map(other -> Decision.builder()
                        .decisionType(DecisionType.CANCEL_WORKFLOW_EXECUTION)
                        .cancelWorkflowExecutionDecisionAttributes(a -> a.details(other.workflowId()))
                        .build())
                .limit(1)
                .toList();
    }

    private static boolean has(List<HistoryEvent> events, EventType type) {
        return events.stream().anyMatch(event -> event.eventType() == type);
    }

    private static Decision startChild(String name, String id) {
        return Decision.builder()
                .decisionType(DecisionType.START_CHILD_WORKFLOW_EXECUTION)
                .startChildWorkflowExecutionDecisionAttributes(a -> a.workflowId(id)
                        .workflowType(t -> t.name(name).version("1"))
                        .input("tea")
                        .tagList("parcel"))
                .build();
    }

    private static Decision signal(String id) {
        return Decision.builder()
                .decisionType(DecisionType.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION)
                .signalExternalWorkflowExecutionDecisionAttributes(
                        a -> a.workflowId(id).signalName("pack").input("packed"))
                .build();
    }
}
