"""Amazon SWF through boto3: clients for polls, and messages for boto3's errors."""
