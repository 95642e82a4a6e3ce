package foreign;

import com.amazonaws.services.simpleworkflow.flow.annotations.Execute;
import com.amazonaws.services.simpleworkflow.flow.annotations.GetState;
import com.amazonaws.services.simpleworkflow.flow.annotations.Signal;
import com.amazonaws.services.simpleworkflow.flow.annotations.Workflow;
import com.amazonaws.services.simpleworkflow.flow.annotations.WorkflowRegistrationOptions;
import com.amazonaws.services.simpleworkflow.flow.core.Promise;

/** The workflow. */
@Workflow
@WorkflowRegistrationOptions(
        defaultExecutionStartToCloseTimeoutSeconds = 3600,
        defaultTaskStartToCloseTimeoutSeconds = 300,
        defaultTaskList = "deciders")
public interface Order {
    @Execute(name = "order", version = "1")
    Promise<String> order(String what);

    @Signal(name = "approve")
    void approve(String who);

    @GetState
    String state();
}
