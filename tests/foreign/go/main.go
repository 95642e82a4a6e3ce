// A client of SWF written with AWS's SDK for Go: an operator, a decider and a worker. It prints what it has seen as JSON.
//
// Usage: foreign SCENARIO, with AWS_ENDPOINT_URL, AWS_REGION and credentials in the environment.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/swf"
)

const domain = "foreign"

// Report is what a scenario has seen, by names that are the same in every language.
type Report map[string]any

var scenarios = map[string]func(context.Context, *swf.Client) (Report, error){
	"order":    order,
	"shipment": shipment,
	"retire":   retire,
}

func main() {
	if len(os.Args) != 2 || scenarios[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: foreign SCENARIO")
		os.Exit(2)
	}
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	report, err := beside(swf.NewFromConfig(settings), scenarios[os.Args[1]])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// beside runs a scenario while a decider and a worker poll; the polls that are open at its end are given up.
func beside(client *swf.Client, scenario func(context.Context, *swf.Client) (Report, error)) (Report, error) {
	if err := register(context.Background(), client); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	loops := []func(context.Context, *swf.Client) error{decide, work}
	failed := make(chan error, len(loops))
	var running sync.WaitGroup
	for _, loop := range loops {
		running.Add(1)
		go func() {
			defer running.Done()
			if err := loop(ctx, client); err != nil && ctx.Err() == nil {
				failed <- err
				stop()
			}
		}()
	}
	report, err := scenario(ctx, client)
	stop()
	running.Wait()
	select {
	case err = <-failed:
	default:
	}
	return report, err
}
