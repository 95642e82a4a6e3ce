package foreign;

import java.util.Map;
import software.amazon.awssdk.services.swf.SwfClient;
import software.amazon.awssdk.services.swf.model.PollForActivityTaskResponse;

/** Carries out activities. */
final class Worker {
    private Worker() {}

    /** Polls for activity tasks and carries them out, until the thread is interrupted. The first charge is declined. */
    static Map<String, Object> poll(SwfClient client) {
        while (true) {
            PollForActivityTaskResponse task = client.pollForActivityTask(
                    r -> r.domain(Client.DOMAIN).taskList(l -> l.name("workers")).identity("worker"));
            String token = task.taskToken();
            if (token == null || token.isEmpty()) {
                continue;
            }
            if (client.recordActivityTaskHeartbeat(r -> r.taskToken(token).details("half")).cancelRequested()) {
                throw new IllegalStateException("nobody has asked to cancel " + task.activityId());
            }
            if (task.activityId().equals("charge-1")) {
                client.respondActivityTaskFailed(r -> r.taskToken(token).reason("declined").details("try again"));
            } else {
                String result = task.activityType().name() + "(" + task.input() + ")";
                client.respondActivityTaskCompleted(r -> r.taskToken(token).result(result));
            }
        }
    }
}
