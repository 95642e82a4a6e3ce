package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/swf"
	"github.com/aws/aws-sdk-go-v2/service/swf/types"
)

// deciders choose the decisions of an execution from its whole history, by the name of its type.
var deciders = map[string]func([]types.HistoryEvent) []types.Decision{
	"order":    decideOrder,
	"shipment": decideShipment,
	"hold":     decideHold,
	"parcel":   decideParcel,
	"watch":    decideWatch,
}

// decide polls for decision tasks, a few events a page, until the context ends.
func decide(ctx context.Context, client *swf.Client) error {
	for {
		var events []types.HistoryEvent
		var token, name *string
		pages := swf.NewPollForDecisionTaskPaginator(client, &swf.PollForDecisionTaskInput{
			Domain: aws.String(domain), TaskList: &types.TaskList{Name: aws.String("deciders")},
			Identity: aws.String("decider"), MaximumPageSize: 5,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			events = append(events, page.Events...)
			if token = page.TaskToken; page.WorkflowType != nil {
				name = page.WorkflowType.Name
			}
		}
		if aws.ToString(token) == "" {
			continue
		}
		decisions := deciders[*name](events)
		_, err := client.RespondDecisionTaskCompleted(ctx, &swf.RespondDecisionTaskCompletedInput{
			TaskToken: token, Decisions: decisions, ExecutionContext: aws.String("decided"),
		})
		if err != nil {
			return err
		}
	}
}

// decideOrder reserves, records a marker and starts a timer; charges until it succeeds; completes once it is also approved.
func decideOrder(events []types.HistoryEvent) []types.Decision {
	activities := map[int64]string{}
	failed, scheduled, fired, approver := 0, 0, false, ""
	results := map[string]string{}
	for _, event := range events {
		switch event.EventType {
		case types.EventTypeActivityTaskScheduled:
			attributes := event.ActivityTaskScheduledEventAttributes
			activities[event.EventId] = *attributes.ActivityType.Name
			if *attributes.ActivityType.Name == "charge" {
				scheduled++
			}
		case types.EventTypeActivityTaskCompleted:
			attributes := event.ActivityTaskCompletedEventAttributes
			results[activities[attributes.ScheduledEventId]] = *attributes.Result
		case types.EventTypeActivityTaskFailed:
			failed++
		case types.EventTypeTimerFired:
			fired = true
		case types.EventTypeWorkflowExecutionSignaled:
			approver = *event.WorkflowExecutionSignaledEventAttributes.Input
		}
	}
	reserved, isReserved := results["reserve"]
	charged, isCharged := results["charge"]
	switch {
	case len(activities) == 0:
		return []types.Decision{
			schedule("reserve", 1, *events[0].WorkflowExecutionStartedEventAttributes.Input),
			{DecisionType: types.DecisionTypeRecordMarker, RecordMarkerDecisionAttributes: &types.RecordMarkerDecisionAttributes{
				MarkerName: aws.String("accepted"), Details: aws.String("é"),
			}},
			{DecisionType: types.DecisionTypeStartTimer, StartTimerDecisionAttributes: &types.StartTimerDecisionAttributes{
				TimerId: aws.String("window"), StartToFireTimeout: aws.String("1"),
			}},
		}
	case isReserved && !isCharged && scheduled == failed:
		return []types.Decision{schedule("charge", failed+1, reserved)}
	case isCharged && fired && approver != "":
		result, _ := json.Marshal(map[string]any{"charged": charged, "attempts": scheduled, "approved by": approver})
		return []types.Decision{complete(string(result))}
	}
	return nil
}

func schedule(name string, attempt int, input string) types.Decision {
	return types.Decision{
		DecisionType: types.DecisionTypeScheduleActivityTask,
		ScheduleActivityTaskDecisionAttributes: &types.ScheduleActivityTaskDecisionAttributes{
			ActivityId:   aws.String(fmt.Sprintf("%s-%d", name, attempt)),
			ActivityType: &types.ActivityType{Name: aws.String(name), Version: aws.String("1")},
			Input:        aws.String(input),
		},
	}
}

func complete(result string) types.Decision {
	return types.Decision{
		DecisionType: types.DecisionTypeCompleteWorkflowExecution,
		CompleteWorkflowExecutionDecisionAttributes: &types.CompleteWorkflowExecutionDecisionAttributes{
			Result: aws.String(result),
		},
	}
}
