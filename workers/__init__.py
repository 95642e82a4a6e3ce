"""The work: the bodies of the activities. Everything here may touch the outside world."""
