# %% [markdown]
# # Rows

# %% tags=["parameters"]
day = None

# %%
from simpleflow_nb.notebooks import skip  # noqa: E402

if day == "2016-01-04":
    skip("a holiday")
print("rows of", day)
if day == "2016-01-03":
    print("Warning: few rows")
