#!/bin/sh
# What the container runs: the sensor of AUTOFLOW_INPUTS_DIR/workflows.yml with all that it needs, or any other command,
# as in `docker run ... simpleflow-nb plan --why`. A file that is wrong, or a source that cannot be asked, is said at once.
set -eu

if [ "$#" -gt 0 ]; then
    exec simpleflow-nb "$@"
fi
# 1: something is missing now. It may come, and the sensor tries again; a wrong file or command line ends this.
simpleflow-nb doctor || { code=$?; [ "$code" -eq 1 ] || exit "$code"; }
exec simpleflow-nb sensor.start --local
