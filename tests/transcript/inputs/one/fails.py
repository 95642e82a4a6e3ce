# %% tags=["parameters"]
n = 3

# %%
print("dividing by", n - 3)
1 / (n - 3)
