package foreign;

import com.amazonaws.services.simpleworkflow.flow.DecisionContextProviderImpl;
import com.amazonaws.services.simpleworkflow.flow.DynamicActivitiesClient;
import com.amazonaws.services.simpleworkflow.flow.DynamicActivitiesClientImpl;
import com.amazonaws.services.simpleworkflow.flow.WorkflowClock;
import com.amazonaws.services.simpleworkflow.flow.core.Functor;
import com.amazonaws.services.simpleworkflow.flow.core.Promise;
import com.amazonaws.services.simpleworkflow.flow.core.Settable;
import com.amazonaws.services.simpleworkflow.flow.interceptors.ExponentialRetryPolicy;
import com.amazonaws.services.simpleworkflow.flow.interceptors.RetryDecorator;
import com.amazonaws.services.simpleworkflow.flow.model.ActivityType;

/** Reserves while a timer runs; charges until it succeeds; completes once it is also approved. */
public final class OrderImplementation implements Order {
    private final WorkflowClock clock =
            new DecisionContextProviderImpl().getDecisionContext().getWorkflowClock();
    private final DynamicActivitiesClient shop = new RetryDecorator(new ExponentialRetryPolicy(1).withMaximumAttempts(3))
            .decorate(DynamicActivitiesClient.class, new DynamicActivitiesClientImpl());
    private final Settable<String> approver = new Settable<>();
    private String state = "new";

    @Override
    public Promise<String> order(String what) {
        state = "open";
        Promise<Void> window = clock.createTimer(1);
        Promise<String> reserved = schedule("reserve", Promise.asPromise(what));
        Promise<String> charged = schedule("charge", reserved);
        return new Functor<>(charged, approver, window) {
            @Override
            protected Promise<String> doExecute() {
                state = "approved by " + approver.get();
                return Promise.asPromise(charged.get());
            }
        };
    }

    private Promise<String> schedule(String name, Promise<String> argument) {
        ActivityType type = ActivityType.builder().name("Shop." + name).version("1").build();
        return shop.scheduleActivity(type, new Promise<?>[] {argument}, null, String.class);
    }

    @Override
    public void approve(String who) {
        approver.set(who);
    }

    @Override
    public String state() {
        return state;
    }
}
