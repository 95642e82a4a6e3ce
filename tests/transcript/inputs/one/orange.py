# %% tags=["parameters"]
n = 3

# %%
print("Warning: few rows")
