"""Workflows that wait, fail, start others and are told things."""

from simpleflow_nb import Workflow, activity, futures, query, update


@activity.with_attributes(task_list="work", version="1")
def increment(x):
    return x + 1


@activity.with_attributes(task_list="work", version="1")
def explode():
    raise ValueError("nope")


class Adding(Workflow):
    name, version, task_list = "adding", "1", "decide"

    def run(self, x):
        first = self.submit(increment, x).result
        return self.submit(increment, first).result


class Failing(Workflow):
    name, version, task_list = "failing", "1", "decide"

    def run(self):
        return self.submit(explode).result


class Waiting(Workflow):
    """Until the signal "go" comes."""

    name, version, task_list = "waiting", "1", "decide"
    tag_list = ["kept", "waiting"]

    def run(self):
        return self.next_signal("go").result


class Parent(Workflow):
    name, version, task_list = "parent", "1", "decide"

    def run(self, x):
        return self.submit(Adding, x).result + 100


def not_a_workflow():
    pass


class Counting(Workflow):
    """Counts the signals "go" until three have come."""

    name, version, task_list = "counting", "1", "decide"

    def __init__(self, executor):
        super().__init__(executor)
        self.counted = []

    def run(self):
        while len(self.counted) < 3:
            self.count(self.next_signal("go"), self.timer(86_400))
        return self.counted

    def count(self, signal, deadline, *_):
        self.counted.append(futures.wait_any(signal, deadline).result)

    @query
    def progress(self) -> dict[str, int]:
        """Tell how many have come."""
        return {"counted": len(self.counted)}

    def is_small(self, n):
        if n > 9:
            raise ValueError(f"{n} is too much")

    @update(validator=is_small)
    def add(self, n: int) -> list[int]:
        """Count one more."""
        self.counted.append(n)
        return self.counted

    @update
    def broken(self):
        raise KeyError("gone")

    @update
    def later(self):
        return self.next_signal("later").result

    @query(name="nth value")
    def nth(self, n: int):
        return self.counted[n]

    @query
    def changes(self):
        return self.submit(increment, 1)
