package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/swf"
	"github.com/aws/aws-sdk-go-v2/service/swf/types"
	"github.com/aws/smithy-go"
)

// retire tags and deprecates a domain, deprecates and deletes types, and calls faster than it may.
func retire(ctx context.Context, client *swf.Client) (Report, error) {
	messages := map[string]string{}
	retired := aws.String("retired")
	_, err := client.RegisterDomain(ctx, &swf.RegisterDomainInput{
		Name: retired, WorkflowExecutionRetentionPeriodInDays: aws.String("1"), Tags: []types.ResourceTag{
			{Key: aws.String("team"), Value: aws.String("thé")}, {Key: aws.String("stage"), Value: aws.String("test")},
		},
	})
	if err != nil {
		return nil, err
	}
	described, err := client.DescribeDomain(ctx, &swf.DescribeDomainInput{Name: retired})
	if err != nil {
		return nil, err
	}
	arn := described.DomainInfo.Arn
	all, err := tags(ctx, client, arn)
	if err != nil {
		return nil, err
	}
	if _, err := client.UntagResource(ctx, &swf.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"stage"}}); err != nil {
		return nil, err
	}
	left, err := tags(ctx, client, arn)
	if err != nil {
		return nil, err
	}
	many := []types.ResourceTag{}
	for number := range 51 {
		many = append(many, types.ResourceTag{Key: aws.String(fmt.Sprint(number))})
	}
	_, err = client.TagResource(ctx, &swf.TagResourceInput{ResourceArn: arn, Tags: many})
	if err := note[*types.TooManyTagsFault](messages, err); err != nil {
		return nil, err
	}
	if _, err := client.DeprecateDomain(ctx, &swf.DeprecateDomainInput{Name: retired}); err != nil {
		return nil, err
	}
	_, err = client.DeprecateDomain(ctx, &swf.DeprecateDomainInput{Name: retired})
	if err := note[*types.DomainDeprecatedFault](messages, err); err != nil {
		return nil, err
	}
	if err := retireTypes(ctx, client, messages); err != nil {
		return nil, err
	}
	throttled, err := hurry(ctx, client)
	if err != nil {
		return nil, err
	}
	// The SDK tries it again until it is let through.
	domains, err := client.ListDomains(ctx, &swf.ListDomainsInput{RegistrationStatus: types.RegistrationStatusDeprecated})
	if err != nil {
		return nil, err
	}
	return Report{
		"faults": messages, "tags": all, "tags left": left, "throttled": throttled, "retired": domains.DomainInfos[0].Name,
	}, nil
}

func tags(ctx context.Context, client *swf.Client, arn *string) (map[string]string, error) {
	found := map[string]string{}
	listed, err := client.ListTagsForResource(ctx, &swf.ListTagsForResourceInput{ResourceArn: arn})
	if err != nil {
		return nil, err
	}
	for _, tag := range listed.Tags {
		found[*tag.Key] = *tag.Value
	}
	return found, nil
}

func retireTypes(ctx context.Context, client *swf.Client, messages map[string]string) error {
	kind := &types.WorkflowType{Name: aws.String("order"), Version: aws.String("1")}
	_, err := client.DeleteWorkflowType(ctx, &swf.DeleteWorkflowTypeInput{Domain: aws.String(domain), WorkflowType: kind})
	if err := note[*types.TypeNotDeprecatedFault](messages, err); err != nil {
		return err
	}
	_, err = client.DeprecateWorkflowType(ctx, &swf.DeprecateWorkflowTypeInput{Domain: aws.String(domain), WorkflowType: kind})
	if err != nil {
		return err
	}
	_, err = client.StartWorkflowExecution(ctx, startInput("order", "late-1", "deciders"))
	if err := note[*types.TypeDeprecatedFault](messages, err); err != nil {
		return err
	}
	_, err = client.DeleteWorkflowType(ctx, &swf.DeleteWorkflowTypeInput{Domain: aws.String(domain), WorkflowType: kind})
	return err
}

// hurry calls without trying again until it is told to slow down, and returns how.
func hurry(ctx context.Context, client *swf.Client) (string, error) {
	once := func(options *swf.Options) { options.Retryer = aws.NopRetryer{} }
	for {
		_, err := client.ListDomains(ctx, &swf.ListDomainsInput{RegistrationStatus: types.RegistrationStatusDeprecated}, once)
		if err != nil {
			messages := map[string]string{}
			err := note[smithy.APIError](messages, err)
			return messages["ThrottlingException"], err
		}
	}
}
