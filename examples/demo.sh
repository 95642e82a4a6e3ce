#!/usr/bin/env bash
# Walks through the commands for Python workflows, on a service of its own; simpleflow-nb has to be on the PATH.
#
#     examples/demo.sh
#
# Each command is printed before its output. Everything is in a temporary folder, which is removed in the end.
set -euo pipefail

PYTHONPATH="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)${PYTHONPATH:+:$PYTHONPATH}" # the folder that holds examples
export PYTHONPATH
unset SWF_DOMAIN SIMPLEFLOW_FORMAT
folder=$(mktemp -d)
cd "$folder"
started=()

finish() {
    code=$?
    trap - EXIT INT TERM
    for _ in 1 2; do # asked twice, they do not wait for their polls
        for process in "${started[@]}"; do kill -TERM "$process" 2>/dev/null || true; done
        sleep 0.5
    done
    wait || true
    cd /
    rm -rf "$folder"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Print a command and its output; one that fails says so.
show() {
    printf '\n$ %s\n' "$1"
    eval "$1" || printf '(exit code %s)\n' "$?"
}

# Print a command and leave it running; its log goes to a file.
leave_running() {
    printf '\n$ %s &\n' "$1"
    eval "exec $1" >"$2" 2>&1 &
    started+=($!)
}

# Wait until a command prints something.
wait_until() {
    for _ in $(seq 300); do
        if eval "$1" 2>/dev/null | grep -q "$2"; then return; fi
        sleep 0.2
    done
    echo "never came: $2, from: $1" >&2
    tail -n 20 "$folder"/*.log >&2
    exit 1
}

leave_running "simpleflow-nb service.start --port 0 --domain AnyDomain --poll-seconds 5 --db service.sqlite3" service.log
wait_until "cat service.log" "AWS_ENDPOINT_URL="
AWS_ENDPOINT_URL=$(sed -n 's/^AWS_ENDPOINT_URL=\([^ ]*\).*/\1/p' service.log)
export AWS_ENDPOINT_URL AWS_DEFAULT_REGION=eu-west-1 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any

printf '\n# A decider, which registers the domain, and a worker\n'
leave_running "simpleflow-nb decider.start --domain TestDomain --create-domain --task-list example \
examples.basic.BasicWorkflow examples.simpleflow.cancellation.ObedientWorkflow" decider.log
leave_running "simpleflow-nb worker.start --domain TestDomain --create-domain --task-list quickstart" worker.log

printf '\n# A run, and what is known of it\n'
wait_until "simpleflow-nb workflow.list TestDomain && echo registered" registered
show "simpleflow-nb workflow.start --domain TestDomain examples.basic.BasicWorkflow --workflow-id basic-1 --input '[1, 1]'"
wait_until "simpleflow-nb workflow.list TestDomain --status closed" basic-1
show "simpleflow-nb --header workflow.list TestDomain --status closed"
show "SWF_DOMAIN=TestDomain simpleflow-nb --header workflow.info basic-1"
show "simpleflow-nb --format human workflow.info TestDomain basic-1"
show "simpleflow-nb --header workflow.tasks TestDomain basic-1 --nb-tasks 3"
show "simpleflow-nb --header workflow.profile TestDomain basic-1"
show "simpleflow-nb --header workflow.history TestDomain basic-1"
show "simpleflow-nb --format human task.info TestDomain basic-1 activity-examples.basic.double-1"

printf '\n# Runs that wait: for a signal, to be cancelled, to be terminated\n'
for name in told cancelled ended; do
    show "simpleflow-nb workflow.start --domain TestDomain examples.simpleflow.cancellation.ObedientWorkflow --workflow-id $name"
    wait_until "simpleflow-nb --format human workflow.info TestDomain $name" "waiting_signals *go"
done
show "simpleflow-nb --header workflow.list TestDomain"
show "simpleflow-nb workflow.signal TestDomain told --name go --input '{\"by\": \"demo\"}'"
show "simpleflow-nb workflow.cancel TestDomain cancelled"
show "simpleflow-nb workflow.terminate TestDomain ended --reason 'no longer needed'"
wait_until "simpleflow-nb workflow.list TestDomain --status closed | grep -c simpleflow-obedient" 3
show "simpleflow-nb workflow.list TestDomain --status closed"
show "simpleflow-nb --format csv workflow.filter TestDomain --close-status terminated"
show "simpleflow-nb workflow.restart TestDomain ended"
show "simpleflow-nb workflow.filter TestDomain --workflow-type-name simpleflow-obedient"

printf '\n# A run with processes of its own, one that fails, and one without any service\n'
show "simpleflow-nb standalone --domain TestDomain examples.basic.BasicWorkflow --input '[1, 0]' 2>/dev/null"
show "simpleflow-nb standalone --domain TestDomain examples.simpleflow.failing.FailingWorkflow 2>/dev/null"
show "simpleflow-nb workflow.start --local --quiet examples.basic.BasicWorkflow --input '[1, 0]' 2>/dev/null"
