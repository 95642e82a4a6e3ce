# %% tags=["parameters"]
mode, n = "", 0

# %%
print("mode", mode)
