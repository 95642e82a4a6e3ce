package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/swf"
	"github.com/aws/aws-sdk-go-v2/service/swf/types"
)

// history returns all events of an execution, and the length of the longest page.
func history(
	ctx context.Context, client *swf.Client, execution *types.WorkflowExecution, reverse bool,
) ([]types.HistoryEvent, int, error) {
	var events []types.HistoryEvent
	longest := 0
	pages := swf.NewGetWorkflowExecutionHistoryPaginator(client, &swf.GetWorkflowExecutionHistoryInput{
		Domain: aws.String(domain), Execution: execution, MaximumPageSize: 4, ReverseOrder: reverse,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, 0, err
		}
		events = append(events, page.Events...)
		longest = max(longest, len(page.Events))
	}
	return events, longest, nil
}

// counted counts events by type, without decision tasks, whose number depends on who is faster.
func counted(events []types.HistoryEvent) map[string]int {
	counts := map[string]int{}
	for _, event := range events {
		if name := string(event.EventType); !strings.HasPrefix(name, "DecisionTask") {
			counts[name]++
		}
	}
	return counts
}

// marker returns the details of the last marker.
func marker(events []types.HistoryEvent) string {
	details := ""
	for _, event := range events {
		if event.EventType == types.EventTypeMarkerRecorded {
			details = *event.MarkerRecordedEventAttributes.Details
		}
	}
	return details
}

func inOrder(events []types.HistoryEvent, from time.Time) bool {
	for index, event := range events {
		if event.EventId != int64(index+1) || event.EventTimestamp.Before(from) || event.EventTimestamp.After(time.Now()) {
			return false
		}
		from = *event.EventTimestamp
	}
	return true
}

// unknown returns the types of events that the SDK has no name for.
func unknown(events []types.HistoryEvent) []string {
	found := []string{}
	for _, event := range events {
		if !slices.Contains(event.EventType.Values(), event.EventType) {
			found = append(found, string(event.EventType))
		}
	}
	return found
}

// list adds to the report what the lists and counts say, two items a page, of five executions that nobody decides.
func list(ctx context.Context, client *swf.Client, report Report) error {
	since := &types.ExecutionTimeFilter{OldestDate: aws.Time(time.Now().Add(-time.Hour))}
	for number := range 5 {
		idle := startInput("order", fmt.Sprintf("idle-%d", number), "nobody", "idle")
		if _, err := client.StartWorkflowExecution(ctx, idle); err != nil {
			return err
		}
	}
	open := []string{}
	openPages := swf.NewListOpenWorkflowExecutionsPaginator(client, &swf.ListOpenWorkflowExecutionsInput{
		Domain: aws.String(domain), StartTimeFilter: since, MaximumPageSize: 2, ReverseOrder: true,
		TagFilter: &types.TagFilter{Tag: aws.String("idle")},
	})
	for openPages.HasMorePages() {
		page, err := openPages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, info := range page.ExecutionInfos {
			open = append(open, *info.Execution.WorkflowId)
			if _, err := client.TerminateWorkflowExecution(ctx, &swf.TerminateWorkflowExecutionInput{
				Domain: aws.String(domain), WorkflowId: info.Execution.WorkflowId, Reason: aws.String("not needed"),
			}); err != nil {
				return err
			}
		}
	}
	closed := []string{}
	closedPages := swf.NewListClosedWorkflowExecutionsPaginator(client, &swf.ListClosedWorkflowExecutionsInput{
		Domain: aws.String(domain), CloseTimeFilter: since, MaximumPageSize: 2, ReverseOrder: true,
	})
	for closedPages.HasMorePages() {
		page, err := closedPages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, info := range page.ExecutionInfos {
			closed = append(closed, fmt.Sprintf("%s %s", *info.Execution.WorkflowId, info.CloseStatus))
		}
	}
	names := []string{}
	typePages := swf.NewListActivityTypesPaginator(client, &swf.ListActivityTypesInput{
		Domain: aws.String(domain), RegistrationStatus: types.RegistrationStatusRegistered, MaximumPageSize: 1,
	})
	for typePages.HasMorePages() {
		page, err := typePages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, info := range page.TypeInfos {
			names = append(names, *info.ActivityType.Name)
		}
	}
	counted, err := client.CountClosedWorkflowExecutions(ctx, &swf.CountClosedWorkflowExecutionsInput{
		Domain: aws.String(domain), StartTimeFilter: since,
		CloseStatusFilter: &types.CloseStatusFilter{Status: types.CloseStatusTerminated},
	})
	if err != nil {
		return err
	}
	report["open"], report["closed"], report["activities"], report["terminated"] = open, closed, names, counted.Count
	return nil
}
