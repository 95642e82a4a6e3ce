"""Amazon SWF through boto3: clients made for polling, and sentences for what can go wrong on the way."""
