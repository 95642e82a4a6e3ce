package main

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/swf/types"
)

// decideShipment starts a child, signals it, asks somebody else to cancel, and completes once all three have answered.
func decideShipment(events []types.HistoryEvent) []types.Decision {
	counts := counted(events)
	packed := ""
	causes := []string{}
	for _, event := range events {
		switch event.EventType {
		case types.EventTypeChildWorkflowExecutionCompleted:
			packed = *event.ChildWorkflowExecutionCompletedEventAttributes.Result
		case types.EventTypeStartChildWorkflowExecutionFailed:
			causes = append(causes, string(event.StartChildWorkflowExecutionFailedEventAttributes.Cause))
		case types.EventTypeSignalExternalWorkflowExecutionFailed:
			causes = append(causes, string(event.SignalExternalWorkflowExecutionFailedEventAttributes.Cause))
		}
	}
	switch {
	case counts["StartChildWorkflowExecutionInitiated"] == 0:
		return []types.Decision{startChild("parcel", "parcel-1"), startChild("nothing", "nothing-1"), signal("nobody")}
	case counts["ChildWorkflowExecutionStarted"] == 1 && counts["RequestCancelExternalWorkflowExecutionInitiated"] == 0:
		return []types.Decision{signal("parcel-1"), {
			DecisionType: types.DecisionTypeRequestCancelExternalWorkflowExecution,
			RequestCancelExternalWorkflowExecutionDecisionAttributes: &types.RequestCancelExternalWorkflowExecutionDecisionAttributes{
				WorkflowId: aws.String("watch-1"),
			},
		}}
	case packed != "" && counts["ExternalWorkflowExecutionSignaled"]*counts["ExternalWorkflowExecutionCancelRequested"] > 0:
		result, _ := json.Marshal(map[string]any{"packed": packed, "causes": causes})
		return []types.Decision{complete(string(result))}
	}
	return nil
}

// decideHold starts a child that waits for a signal that nobody sends.
func decideHold(events []types.HistoryEvent) []types.Decision {
	if counted(events)["StartChildWorkflowExecutionInitiated"] == 0 {
		return []types.Decision{startChild("parcel", "held-1")}
	}
	return nil
}

// decideParcel completes when it is signaled, and says by whom.
func decideParcel(events []types.HistoryEvent) []types.Decision {
	for _, event := range events {
		if attributes := event.WorkflowExecutionSignaledEventAttributes; attributes != nil {
			return []types.Decision{complete(*attributes.Input + " by " + *attributes.ExternalWorkflowExecution.WorkflowId)}
		}
	}
	return nil
}

// decideWatch cancels itself when it is asked to, and says by whom.
func decideWatch(events []types.HistoryEvent) []types.Decision {
	for _, event := range events {
		if attributes := event.WorkflowExecutionCancelRequestedEventAttributes; attributes != nil {
			return []types.Decision{{
				DecisionType: types.DecisionTypeCancelWorkflowExecution,
				CancelWorkflowExecutionDecisionAttributes: &types.CancelWorkflowExecutionDecisionAttributes{
					Details: attributes.ExternalWorkflowExecution.WorkflowId,
				},
			}}
		}
	}
	return nil
}

func startChild(name, id string) types.Decision {
	return types.Decision{
		DecisionType: types.DecisionTypeStartChildWorkflowExecution,
		StartChildWorkflowExecutionDecisionAttributes: &types.StartChildWorkflowExecutionDecisionAttributes{
			WorkflowId: aws.String(id), WorkflowType: &types.WorkflowType{Name: aws.String(name), Version: aws.String("1")},
			Input: aws.String("tea"), TagList: []string{"parcel"},
		},
	}
}

func signal(id string) types.Decision {
	return types.Decision{
		DecisionType: types.DecisionTypeSignalExternalWorkflowExecution,
		SignalExternalWorkflowExecutionDecisionAttributes: &types.SignalExternalWorkflowExecutionDecisionAttributes{
			WorkflowId: aws.String(id), SignalName: aws.String("pack"), Input: aws.String("packed"),
		},
	}
}
