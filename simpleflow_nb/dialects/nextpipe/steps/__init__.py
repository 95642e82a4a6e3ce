"""Steps: functions with what their decorators say."""
