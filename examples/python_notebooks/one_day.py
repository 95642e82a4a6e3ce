# %% [markdown]
# Count the flights of one day, and keep those of each airport as a file.

# %% tags=["parameters"]
day = "2013-02-22"
data = "../flights/data"

# %%
from pathlib import Path

import pandas as pd
import scrapbook
from simpleflow_nb.notebooks import skip

file = Path(data) / f"{day}.csv"
if not file.is_file():
    skip(f"there are no flights of {day}")

# %%
flights = pd.read_csv(file)
flights.groupby("origin").size().rename("flights").to_csv("by_airport.csv")
scrapbook.glue("flights", len(flights))
