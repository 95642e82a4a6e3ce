# %% [markdown]
# # Waiting
# A customer is served by the clerk who is free first.

# %% tags=["parameters"]
config = {}

# %%
import heapq
import json

from simpleflow_nb.dialects.ductaflow import unpack_config

vars().update(unpack_config(config, "Waiting", locals()))

with open("../arrivals/customers.json") as file:
    customers = json.load(file)

# %%
free, waited = [0.0] * clerks, []
for arrival in customers:
    begin = max(arrival, heapq.heappop(free))
    waited.append(begin - arrival)
    heapq.heappush(free, begin + minutes_of_service)
mean = sum(waited) / len(waited)

# %%
print(f"{clerks} clerks, {len(customers)} customers: {mean:.1f} minutes on average")
if mean > 10:
    print("⚠️ Warning: customers wait for more than ten minutes")
with open("waiting.json", "w") as file:
    json.dump({"mean": round(mean, 1), "longest": round(max(waited), 1)}, file)
