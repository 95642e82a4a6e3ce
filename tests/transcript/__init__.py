"""Every command of the command line, as it was recorded: a change of what a user sees shows as a difference of text files.

``python -m tests.transcript.record [SCENE ...]`` writes ``golden/``; ``test_transcript.py`` plays the scenes again and
compares.
"""
