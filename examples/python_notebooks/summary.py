# %% [markdown]
# The flights of several days, from the files that other notebooks have written.

# %% tags=["parameters"]
tables = []

# %%
import pandas as pd
import scrapbook

total = sum(pd.read_csv(table)["flights"].sum() for table in tables)
print(f"{total} flights on {len(tables)} days")
scrapbook.glue("total", int(total))
