package foreign;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.services.swf.SwfClient;
import software.amazon.awssdk.services.swf.model.EventType;
import software.amazon.awssdk.services.swf.model.GetWorkflowExecutionHistoryResponse;
import software.amazon.awssdk.services.swf.model.HistoryEvent;
import software.amazon.awssdk.services.swf.model.WorkflowExecution;

/** All events of an execution, read four a page. */
record History(List<HistoryEvent> events, int longestPage) {

    static History of(SwfClient client, WorkflowExecution execution, boolean reverse) {
        List<HistoryEvent> events = new ArrayList<>();
        int longest = 0;
        for (GetWorkflowExecutionHistoryResponse page : client.getWorkflowExecutionHistoryPaginator(
                r -> r.domain(Client.DOMAIN).execution(execution).maximumPageSize(4).reverseOrder(reverse))) {
            events.addAll(page.events());
            longest = Math.max(longest, page.events().size());
        }
        return new History(events, longest);
    }

    List<Long> ids() {
        return new ArrayList<>(events.stream().map(HistoryEvent::eventId).toList());
    }

    /** Counts events by type, without decision tasks, whose number depends on who is faster. */
    Map<String, Integer> counted() {
        Map<String, Integer> counts = new TreeMap<>();
        for (HistoryEvent event : events) {
            if (!event.eventTypeAsString().startsWith("DecisionTask")) {
                counts.merge(event.eventTypeAsString(), 1, Integer::sum);
            }
        }
        return counts;
    }

    String marker() {
        return events.stream()
                .filter(event -> event.eventType() == EventType.MARKER_RECORDED)
                .map(event -> event.markerRecordedEventAttributes().details())
                .findFirst()
                .orElse(null);
    }

    boolean isInOrder(Instant from) {
        Instant last = from;
        for (int index = 0; index < events.size(); index++) {
            HistoryEvent event = events.get(index);
            Instant moment = event.eventTimestamp();
            if (event.eventId() != index + 1 || moment.isBefore(last) || moment.isAfter(Instant.now())) {
                return false;
            }
            last = moment;
        }
        return true;
    }

    /** Returns the types of events that the SDK has no name for. */
    List<String> unknown() {
        return events.stream()
                .filter(event -> event.eventType() == EventType.UNKNOWN_TO_SDK_VERSION)
                .map(HistoryEvent::eventTypeAsString)
                .toList();
    }
}
