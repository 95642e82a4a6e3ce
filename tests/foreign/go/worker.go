package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/swf"
	"github.com/aws/aws-sdk-go-v2/service/swf/types"
)

// work polls for activity tasks and carries them out, until the context ends. The first charge is declined.
func work(ctx context.Context, client *swf.Client) error {
	for {
		task, err := client.PollForActivityTask(ctx, &swf.PollForActivityTaskInput{
			Domain: aws.String(domain), TaskList: &types.TaskList{Name: aws.String("workers")}, Identity: aws.String("worker"),
		})
		if err != nil {
			return err
		}
		if aws.ToString(task.TaskToken) == "" {
			continue
		}
		beat, err := client.RecordActivityTaskHeartbeat(ctx, &swf.RecordActivityTaskHeartbeatInput{
			TaskToken: task.TaskToken, Details: aws.String("half"),
		})
		if err != nil {
			return err
		}
		if beat.CancelRequested {
			return fmt.Errorf("nobody has asked to cancel %s", *task.ActivityId)
		}
		if *task.ActivityId == "charge-1" {
			_, err = client.RespondActivityTaskFailed(ctx, &swf.RespondActivityTaskFailedInput{
				TaskToken: task.TaskToken, Reason: aws.String("declined"), Details: aws.String("try again"),
			})
		} else {
			_, err = client.RespondActivityTaskCompleted(ctx, &swf.RespondActivityTaskCompletedInput{
				TaskToken: task.TaskToken, Result: aws.String(fmt.Sprintf("%s(%s)", *task.ActivityType.Name, *task.Input)),
			})
		}
		if err != nil {
			return err
		}
	}
}
