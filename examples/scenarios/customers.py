# %% [markdown]
# # Customers
# When customers come to the tills, at random through the day.

# %%
import json
import random
from pathlib import Path

# %% tags=["parameters"]
arrivals = 40
hours = 8
seed = 1

# %%
stream = random.Random(seed)
moment, moments = 0.0, []
while True:
    moment += stream.expovariate(arrivals / 3600)
    if moment > hours * 3600:
        break
    moments.append(round(moment, 1))
Path("customers.json").write_text(json.dumps(moments))
print(f"{len(moments)} customers in {hours} hours")
