"""Sentences and tables in which results are told to people, as lines; whoever asks for them prints or shows them."""
