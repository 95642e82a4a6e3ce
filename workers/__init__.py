"""What is done: the bodies of the activities. Everything here may touch the world."""
