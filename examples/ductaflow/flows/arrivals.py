# %% [markdown]
# # Arrivals
# Customers of one day, as minutes after opening.

# %% tags=["parameters"]
config = {}

# %%
from simpleflow_nb.dialects.ductaflow import is_notebook_execution, load_cli_config, unpack_config

if not is_notebook_execution():
    config = load_cli_config("config/flows/arrivals.json", "Draw the arrivals of one day")

# %%
vars().update(unpack_config(config, "Arrivals", locals()))

# %%
import json
import random

draw = random.Random(seed)
moment, customers = 0.0, []
while (moment := moment + draw.expovariate(1 / minutes_between)) < 8 * 60:
    customers.append(round(moment, 2))
print(len(customers), "customers")

# %%
with open("customers.json", "w") as file:
    json.dump(customers, file)
