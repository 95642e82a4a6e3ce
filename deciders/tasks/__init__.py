"""Arguments and results of the application's activities, as values.

Each class has one ``as_json``, which is what histories hold, and one ``of_json``, which also reads the histories of former
versions. Only `deciders.values` is imported here, so that commands which merely show a history may import it.
"""
