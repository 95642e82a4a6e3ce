package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/swf"
	"github.com/aws/aws-sdk-go-v2/service/swf/types"
	"github.com/aws/smithy-go"
)

var (
	workflowNames = []string{"order", "shipment", "hold", "parcel", "watch"}
	activityNames = []string{"charge", "reserve"}
)

// register makes the domain and the types.
func register(ctx context.Context, client *swf.Client) error {
	_, err := client.RegisterDomain(ctx, &swf.RegisterDomainInput{
		Name: aws.String(domain), WorkflowExecutionRetentionPeriodInDays: aws.String("1"),
	})
	for _, name := range workflowNames {
		if err == nil {
			_, err = client.RegisterWorkflowType(ctx, workflowType(name))
		}
	}
	for _, name := range activityNames {
		if err == nil {
			_, err = client.RegisterActivityType(ctx, activityType(name))
		}
	}
	return err
}

func workflowType(name string) *swf.RegisterWorkflowTypeInput {
	return &swf.RegisterWorkflowTypeInput{
		Domain: aws.String(domain), Name: aws.String(name), Version: aws.String("1"),
		DefaultTaskList: &types.TaskList{Name: aws.String("deciders")}, DefaultChildPolicy: types.ChildPolicyTerminate,
		DefaultTaskStartToCloseTimeout: aws.String("300"), DefaultExecutionStartToCloseTimeout: aws.String("3600"),
	}
}

func activityType(name string) *swf.RegisterActivityTypeInput {
	return &swf.RegisterActivityTypeInput{
		Domain: aws.String(domain), Name: aws.String(name), Version: aws.String("1"),
		DefaultTaskList: &types.TaskList{Name: aws.String("workers")}, DefaultTaskStartToCloseTimeout: aws.String("300"),
		DefaultTaskHeartbeatTimeout: aws.String("NONE"), DefaultTaskScheduleToStartTimeout: aws.String("NONE"),
		DefaultTaskScheduleToCloseTimeout: aws.String("NONE"),
	}
}

func startInput(name, id, list string, tags ...string) *swf.StartWorkflowExecutionInput {
	return &swf.StartWorkflowExecutionInput{
		Domain: aws.String(domain), WorkflowId: aws.String(id), Input: aws.String("tea"), TagList: tags,
		WorkflowType: &types.WorkflowType{Name: aws.String(name), Version: aws.String("1")},
		TaskList:     &types.TaskList{Name: aws.String(list)},
	}
}

// order carries out one order, then lists and counts executions.
func order(ctx context.Context, client *swf.Client) (Report, error) {
	before := time.Now().Add(-time.Second)
	started, err := client.StartWorkflowExecution(ctx, startInput("order", "order-1", "deciders", "tea", "urgent"))
	if err != nil {
		return nil, err
	}
	faults, err := provoke(ctx, client)
	if err != nil {
		return nil, err
	}
	_, err = client.SignalWorkflowExecution(ctx, &swf.SignalWorkflowExecutionInput{
		Domain: aws.String(domain), WorkflowId: aws.String("order-1"), SignalName: aws.String("approve"), Input: aws.String("Ann"),
	})
	if err != nil {
		return nil, err
	}
	execution := &types.WorkflowExecution{WorkflowId: aws.String("order-1"), RunId: started.RunId}
	described, err := closed(ctx, client, execution)
	if err != nil {
		return nil, err
	}
	events, longest, err := history(ctx, client, execution, false)
	if err != nil {
		return nil, err
	}
	backwards, _, err := history(ctx, client, execution, true)
	if err != nil {
		return nil, err
	}
	slices.Reverse(backwards)
	var result any
	last := events[len(events)-1].WorkflowExecutionCompletedEventAttributes
	if err := json.Unmarshal([]byte(*last.Result), &result); err != nil {
		return nil, err
	}
	report := Report{
		"faults": faults, "result": result, "marker": marker(events), "events": counted(events), "longest page": longest,
		"backwards":     slices.EqualFunc(events, backwards, func(a, b types.HistoryEvent) bool { return a.EventId == b.EventId }),
		"in order":      inOrder(events, before),
		"unknown types": unknown(events),
		"execution": Report{
			"status": described.ExecutionInfo.ExecutionStatus, "closed": described.ExecutionInfo.CloseStatus,
			"tags": described.ExecutionInfo.TagList, "policy": described.ExecutionConfiguration.ChildPolicy,
			"context": described.LatestExecutionContext, "open timers": described.OpenCounts.OpenTimers,
		},
	}
	return report, list(ctx, client, report)
}

// closed waits until an execution has ended.
func closed(
	ctx context.Context, client *swf.Client, execution *types.WorkflowExecution,
) (*swf.DescribeWorkflowExecutionOutput, error) {
	for {
		described, err := client.DescribeWorkflowExecution(ctx, &swf.DescribeWorkflowExecutionInput{
			Domain: aws.String(domain), Execution: execution,
		})
		if err != nil || described.ExecutionInfo.ExecutionStatus == types.ExecutionStatusClosed {
			return described, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// provoke makes calls that are refused and returns the messages by the fault that the SDK has made of each.
func provoke(ctx context.Context, client *swf.Client) (map[string]string, error) {
	messages := map[string]string{}
	_, err := client.RegisterDomain(ctx, &swf.RegisterDomainInput{
		Name: aws.String(domain), WorkflowExecutionRetentionPeriodInDays: aws.String("1"),
	})
	if err := note[*types.DomainAlreadyExistsFault](messages, err); err != nil {
		return nil, err
	}
	_, err = client.RegisterActivityType(ctx, activityType("reserve"))
	if err := note[*types.TypeAlreadyExistsFault](messages, err); err != nil {
		return nil, err
	}
	_, err = client.StartWorkflowExecution(ctx, startInput("order", "order-1", "deciders"))
	if err := note[*types.WorkflowExecutionAlreadyStartedFault](messages, err); err != nil {
		return nil, err
	}
	_, err = client.TerminateWorkflowExecution(ctx, &swf.TerminateWorkflowExecutionInput{
		Domain: aws.String(domain), WorkflowId: aws.String("nobody"),
	})
	return messages, note[*types.UnknownResourceFault](messages, err)
}

// note keeps the message of a fault of this type, and returns an error that is none.
func note[Fault smithy.APIError](messages map[string]string, err error) error {
	var fault Fault
	if !errors.As(err, &fault) {
		return fmt.Errorf("not the expected fault: %w", err)
	}
	messages[fault.ErrorCode()] = fault.ErrorMessage()
	return nil
}
