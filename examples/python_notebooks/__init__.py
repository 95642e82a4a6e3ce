"""A workflow in Python whose tasks are notebooks: one for each day, then one for all of them.

::

    simpleflow-nb workflow.start examples.python_notebooks.FlightsOfDays --local --input '[["2013-02-22", "2013-02-23"]]'
"""

from pathlib import Path

from simpleflow_nb import Workflow
from simpleflow_nb.notebooks import notebook

DATA = str(Path(__file__).parent.parent / "flights" / "data")


class FlightsOfDays(Workflow):
    name = "flights_of_days"
    version = "example"
    task_list = "example"

    def run(self, days):
        one_day = notebook("one_day.py", timeout_seconds=600, retry=1)
        made = self.for_each(one_day, [{"day": day, "data": DATA} for day in days], max_parallel=2).result
        read = [one for one in made if not one.was_skipped]
        summary = self.submit(notebook("summary.py"), tables=[one.file("by_airport.csv") for one in read]).result
        return {"flights": [one.scraps["flights"] for one in read], "total": summary.scraps["total"], "notebook": summary}
