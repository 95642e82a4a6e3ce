package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/swf"
	"github.com/aws/aws-sdk-go-v2/service/swf/types"
)

// shipment carries out an execution that has to do with others, then terminates one with its child.
func shipment(ctx context.Context, client *swf.Client) (Report, error) {
	runs := map[string]*types.WorkflowExecution{}
	for _, name := range []string{"watch", "shipment", "hold"} {
		started, err := client.StartWorkflowExecution(ctx, startInput(name, name+"-1", "deciders"))
		if err != nil {
			return nil, err
		}
		runs[name] = &types.WorkflowExecution{WorkflowId: aws.String(name + "-1"), RunId: started.RunId}
	}
	if _, err := closed(ctx, client, runs["shipment"]); err != nil {
		return nil, err
	}
	watched, err := closed(ctx, client, runs["watch"])
	if err != nil {
		return nil, err
	}
	events, _, err := history(ctx, client, runs["shipment"], false)
	if err != nil {
		return nil, err
	}
	watch, _, err := history(ctx, client, runs["watch"], true)
	if err != nil {
		return nil, err
	}
	var result any
	last := events[len(events)-1].WorkflowExecutionCompletedEventAttributes
	if err := json.Unmarshal([]byte(*last.Result), &result); err != nil {
		return nil, err
	}
	children, err := holding(ctx, client, runs["hold"])
	if err != nil {
		return nil, err
	}
	_, err = client.TerminateWorkflowExecution(ctx, &swf.TerminateWorkflowExecutionInput{
		Domain: aws.String(domain), WorkflowId: aws.String("hold-1"), ChildPolicy: types.ChildPolicyTerminate,
	})
	if err != nil {
		return nil, err
	}
	parcel, err := child(ctx, client, "parcel-1")
	if err != nil {
		return nil, err
	}
	held, err := child(ctx, client, "held-1")
	return Report{
		"result": result, "events": counted(events), "unknown types": unknown(events), "open children": children,
		"watch": Report{
			"closed": watched.ExecutionInfo.CloseStatus, "asked": watched.ExecutionInfo.CancelRequested,
			"details": *watch[0].WorkflowExecutionCanceledEventAttributes.Details,
		},
		"parcel": parcel, "held": held,
	}, err
}

// holding waits until an execution has an open child, and returns the number of its children.
func holding(ctx context.Context, client *swf.Client, execution *types.WorkflowExecution) (int32, error) {
	for {
		described, err := client.DescribeWorkflowExecution(ctx, &swf.DescribeWorkflowExecutionInput{
			Domain: aws.String(domain), Execution: execution,
		})
		if err != nil {
			return 0, err
		}
		if described.OpenCounts.OpenChildWorkflowExecutions > 0 {
			return described.OpenCounts.OpenChildWorkflowExecutions, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// child returns what the list of closed executions says of a child.
func child(ctx context.Context, client *swf.Client, id string) (Report, error) {
	page, err := client.ListClosedWorkflowExecutions(ctx, &swf.ListClosedWorkflowExecutionsInput{
		Domain: aws.String(domain), ExecutionFilter: &types.WorkflowExecutionFilter{WorkflowId: aws.String(id)},
		StartTimeFilter: &types.ExecutionTimeFilter{OldestDate: aws.Time(time.Now().Add(-time.Hour))},
	})
	if err != nil {
		return nil, err
	}
	info := page.ExecutionInfos[0]
	return Report{"closed": info.CloseStatus, "parent": info.Parent.WorkflowId, "tags": info.TagList}, nil
}
