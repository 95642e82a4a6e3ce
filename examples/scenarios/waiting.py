# %% [markdown]
# # The queue
# Each customer goes to the till that is free first.

# %%
import heapq
import json
from pathlib import Path

import scrapbook

# %% tags=["parameters"]
customers = "customers.ipynb"
tills = 1
seconds = 75

# %%
moments = json.loads(Path(customers).with_name("customers.json").read_text())
free = [0.0] * tills
waits = []
for moment in moments:
    begin = max(moment, heapq.heappop(free))
    waits.append(begin - moment)
    heapq.heappush(free, begin + seconds)
end = max(free)
busy = len(moments) * seconds
longest = round(max(waits, default=0) / 60, 1)
idle = round(100 * (1 - busy / (end * tills))) if end else 100

# %%
scrapbook.glue("longest_wait_minutes", longest)
scrapbook.glue("idle_percent", idle)
if longest > 30:
    print(f"Warning: someone waits {longest} minutes")
