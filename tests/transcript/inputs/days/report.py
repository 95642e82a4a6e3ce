# %% [markdown]
# # Report

# %% tags=["parameters"]
counted, day = "", None

# %%
print("made from", counted.rpartition("/")[2])
assert day != "2016-01-02", "bad day"
