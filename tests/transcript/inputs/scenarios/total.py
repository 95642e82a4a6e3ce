# %%
from IPython.display import display

# %% tags=["parameters"]
mode = "a"
number = 1

# %%
if mode == "b":
    raise ValueError("no b")
display({"application/scrapbook.scrap.json+json": {"name": "total", "data": number, "encoder": "json"}}, raw=True)
