package foreign;

import com.amazonaws.services.simpleworkflow.flow.DecisionContextProviderImpl;
import com.amazonaws.services.simpleworkflow.flow.DynamicWorkflowClientImpl;
import com.amazonaws.services.simpleworkflow.flow.StartWorkflowOptions;
import com.amazonaws.services.simpleworkflow.flow.annotations.Execute;
import com.amazonaws.services.simpleworkflow.flow.annotations.Signal;
import com.amazonaws.services.simpleworkflow.flow.annotations.Workflow;
import com.amazonaws.services.simpleworkflow.flow.annotations.WorkflowRegistrationOptions;
import com.amazonaws.services.simpleworkflow.flow.core.Functor;
import com.amazonaws.services.simpleworkflow.flow.core.Promise;
import com.amazonaws.services.simpleworkflow.flow.core.Settable;
import com.amazonaws.services.simpleworkflow.flow.core.TryCatch;
import com.amazonaws.services.simpleworkflow.flow.model.WorkflowExecution;
import com.amazonaws.services.simpleworkflow.flow.model.WorkflowType;
import java.util.List;
import java.util.concurrent.CancellationException;

/** Workflows that have to do with each other. */
final class Shipment {
    private Shipment() {}

    @Workflow
    @WorkflowRegistrationOptions(
            defaultExecutionStartToCloseTimeoutSeconds = 3600,
            defaultTaskStartToCloseTimeoutSeconds = 300,
            defaultTaskList = "deciders")
    public interface Parent {
        @Execute(name = "shipment", version = "1")
        Promise<String> ship(String what);
    }

    @Workflow
    @WorkflowRegistrationOptions(
            defaultExecutionStartToCloseTimeoutSeconds = 3600,
            defaultTaskStartToCloseTimeoutSeconds = 300,
            defaultTaskList = "deciders")
    public interface Parcel {
        @Execute(name = "parcel", version = "1")
        Promise<String> parcel(String what);

        @Signal(name = "pack")
        void pack(String how);
    }

    @Workflow
    @WorkflowRegistrationOptions(
            defaultExecutionStartToCloseTimeoutSeconds = 3600,
            defaultTaskStartToCloseTimeoutSeconds = 300,
            defaultTaskList = "deciders")
    public interface Watch {
        @Execute(name = "watch", version = "1")
        Promise<Void> watch();
    }

    /** Starts two children, signals one once it is there, and cancels the other once the first has ended. */
    public static final class ParentImplementation implements Parent {
        private static final StartWorkflowOptions OPTIONS = new StartWorkflowOptions().withTagList(List.of("child"));

        @Override
        public Promise<String> ship(String what) {
            DynamicWorkflowClientImpl watch = child("watch");
            new TryCatch() {
                @Override
                protected void doTry() {
                    watch.startWorkflowExecution(new Object[0], OPTIONS, Void.class);
                }

                @Override
                protected void doCatch(Throwable error) throws Throwable {
                    if (!(error instanceof CancellationException)) {
                        throw error;
                    }
                }
            };
            DynamicWorkflowClientImpl parcel = child("parcel");
            Promise<String> packed = parcel.startWorkflowExecution(new Object[] {what}, OPTIONS, String.class);
            parcel.signalWorkflowExecution("pack", new Object[] {"packed"}, parcel.getRunId());
            watch.requestCancelWorkflowExecution(packed);
            return packed;
        }

        private static DynamicWorkflowClientImpl child(String name) {
            return new DynamicWorkflowClientImpl(
                    WorkflowExecution.builder().workflowId(name + "-1").build(),
                    WorkflowType.builder().name(name).version("1").build(),
                    OPTIONS);
        }
    }

    /** Completes when it is signaled. */
    public static final class ParcelImplementation implements Parcel {
        private final Settable<String> how = new Settable<>();

        @Override
        public Promise<String> parcel(String what) {
            return new Functor<>(how) {
                @Override
                protected Promise<String> doExecute() {
                    return Promise.asPromise(how.get() + " " + what);
                }
            };
        }

        @Override
        public void pack(String how) {
            this.how.set(how);
        }
    }

    /** Waits until it is asked to cancel, which the framework does to its timer, and then to the execution. */
    public static final class WatchImplementation implements Watch {
        @Override
        public Promise<Void> watch() {
            return new DecisionContextProviderImpl()
                    .getDecisionContext()
                    .getWorkflowClock()
                    .createTimer(3600);
        }
    }
}
