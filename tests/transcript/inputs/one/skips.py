# %% tags=["parameters"]
n = 3

# %%
from simpleflow_nb.notebooks import skip  # noqa: E402

skip("nothing to do")
