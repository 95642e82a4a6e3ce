"""Commands of projects of notebooks: their files, runs and sensors, and single notebooks."""
