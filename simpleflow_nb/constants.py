"""SWF's limits, a few durations, and names used in several packages.

Limits: https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dg-limits.html and the service model in botocore.
"""

SECOND = 1
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MAX_DATA_CHARACTERS = 32_768  #: input, result, details, control, executionContext
MAX_REASON_CHARACTERS = 256
MAX_ID_CHARACTERS = 256
MAX_HEARTBEAT_DETAILS_CHARACTERS = 2_048
MAX_DECISIONS = 100  #: in a response; SWF limits the bytes, its own Flow framework stops at this count
MAX_REQUEST_BYTES = 1_000_000
MAX_OPEN_CHILD_COUNT = 1_000  #: child executions of one run
MAX_OPEN_ACTIVITY_COUNT = 1_000  #: of an execution
MAX_TAGS = 5
MAX_TIMEOUT_SECONDS = 99_999_999  #: eight digits, in every duration
MAX_PAGE_SIZE = 1_000
MAX_HISTORY_EVENTS = 25_000
WARN_HISTORY_EVENTS = 10_000

#: Folder of a local service, in the outputs folder or the working directory: journal, payloads, run records, scratch files.
STATE_FOLDER = ".simpleflow-nb"

#: Workflow types of the notebook application, which commands of the engine tell from others without having it.
NOTEBOOK_TYPE = "notebook_workflow"
SENSOR_TYPE = "sensor_workflow"
BACKFILL_TYPE = "backfill_workflow"
ITEMS_TYPE = "items_workflow"  #: items of runs in executions of their own, which no list of runs has
SCENARIOS_TYPE = "scenarios_workflow"

PROCESS_GONE = "the process that worked on it is gone"  #: details of the timeouts with which a local service ends tasks

DOTS = ("...", "\u2026")  #: ellipses by which tables shorten a long text

NEVER = "NONE"  #: SWF's word for no timeout

DEFAULT_VERSION = "1"  #: of an activity or workflow type
DEFAULT_HEARTBEAT_SECONDS = 120
DEFAULT_ACTIVITY_SECONDS = 5 * MINUTE
DEFAULT_DECISION_SECONDS = 60
DEFAULT_RUN_SECONDS = 7 * DAY
MAX_RUN_SECONDS = 365 * DAY

# ---- simpleflow's names, for programs that import them ----------------------------------------------------------------------

MAX_INPUT_LENGTH = MAX_RESULT_LENGTH = MAX_CONTROL_LENGTH = MAX_DATA_CHARACTERS
MAX_DETAILS_LENGTH = MAX_EXECUTION_CONTEXT_LENGTH = MAX_DATA_CHARACTERS
MAX_REASON_LENGTH = MAX_REASON_CHARACTERS
MAX_IDENTITY_LENGTH = MAX_ID_CHARACTERS
MAX_HEARTBEAT_DETAILS_LENGTH = MAX_HEARTBEAT_DETAILS_CHARACTERS
MAX_LOG_FIELD = 512_000

SIMPLEFLOW_ENV = "production"  #: and never ``test``, which has lower limits there: tests use simpleflow_nb.testing
JUMBO_FIELDS_PREFIX = "simpleflow+s3://"  #: of references to long payloads in histories of simpleflow
JUMBO_FIELDS_MAX_SIZE = 5 * 1024**2
CACHE_DIR = "/tmp/simpleflow-cache"  #: nothing is kept there
