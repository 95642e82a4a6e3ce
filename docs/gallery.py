# ---
# jupyter:
#   kernelspec:
#     name: python3
#     display_name: Python 3
#     language: python
# ---

# %% [markdown]
# # What a report looks like
#
# This page is an executed notebook as ``simpleflow-nb notebook.pdf`` makes it: nobody has touched it up. Prose may be
# *emphasised*, **strong**, `code`, ~~struck~~ or [linked](https://example.org), and prices from $5 to $10 are no formula.
#
# ## Lists and quotes
#
# 1. A numbered list,
#     - with bullets in it,
#     - which may go on for more than a line, as this one does, because its author had something to say that did not fit into
#       the width of the page.
# 2. Its second item.
#
# - [x] something that is done
# - [ ] something that is not
#
# > A quotation stands apart, with a line at its side.
# >
# > It may have a second paragraph.
#
# ## Formulas
#
# Inline, as in $\hat\beta = (X^\top X)^{-1} X^\top y$, or on lines of their own:
#
# $$\frac{1}{n}\sum_{i=1}^{n}\left(x_i - \bar{x}\right)^2 = \int_{-\infty}^{\infty} (x-\mu)^2 f(x)\,dx
#   \qquad
#   R(\theta) = \begin{pmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta \end{pmatrix}$$
#
# $$\begin{aligned}
#   \mathbb{E}[T] &= \sum_{k \ge 1} k\, p (1-p)^{k-1} \\
#                 &= \frac{1}{p}
# \end{aligned}
# \qquad
# |x| = \begin{cases} x & \text{if } x \ge 0 \\ -x & \text{otherwise} \end{cases}$$

# %% tags=["remove_input"]


import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib_inline.backend_inline import set_matplotlib_formats

random = np.random.default_rng(7)
pd.set_option("display.max_rows", None)
pd.set_option("display.max_columns", None)
regions = ["Bagmati", "Gandaki", "Karnali", "Koshi", "Lumbini", "Madhesh", "Sudurpashchim"]

# %% [markdown]
# ## Tables
#
# A DataFrame as it is: numbers to the right, the index in grey.

# %%
flows = pd.DataFrame(
    {
        "region": regions,
        "flows": random.integers(10_000, 900_000, 7),
        "change": random.normal(0, 8, 7).round(1),
        "since": pd.date_range("2016-01-01", periods=7, freq="MS").strftime("%Y-%m-%d"),
    }
)
flows

# %% [markdown]
# With colours and bars of pandas' Styler:

# %%
(
    flows.set_index("region")
    .style.format({"flows": "{:,.0f}", "change": "{:+.1f} %"})
    .bar(subset="flows", color="#8fb8de")
    .background_gradient(subset="change", cmap="RdYlGn", vmin=-15, vmax=15)
    .set_caption("Flows by region")
)

# %% [markdown]
# With several levels of columns and rows:

# %%
columns = pd.MultiIndex.from_product([["2015", "2016"], ["mean", "median", "sd"]], names=["year", "statistic"])
rows = pd.MultiIndex.from_product([regions[:3], ["weekday", "weekend"]], names=["region", "day"])
pd.DataFrame(random.gamma(4, 250, (6, 6)).round(1), index=rows, columns=columns)

# %% [markdown]
# ## Figures

# %%
set_matplotlib_formats("retina")
days = pd.date_range("2016-01-01", periods=120)
figure, axes = plt.subplots(figsize=(8, 3))
for region in regions[:3]:
    axes.plot(days, random.normal(0, 1, 120).cumsum() + 20, label=region)
axes.set_ylabel("flows (thousands)")
axes.xaxis.set_major_locator(plt.MaxNLocator(5))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
set_matplotlib_formats("svg")
figure, axes = plt.subplots(figsize=(8, 2.6))
axes.barh(regions, random.uniform(10, 90, 7), color="#1f4e79")
axes.set_title("Drawn as SVG: sharp at any size", loc="left", fontsize=10)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## Wide and long
#
# A wide table is set smaller, and then split, with its index repeated:

# %%
pd.DataFrame(random.normal(0, 100, (4, 22)).round(2), index=regions[:4], columns=[f"measure_{n}" for n in range(1, 23)])

# %% [markdown]
# A long one has its heading on every page; of a very long one the first and the last rows are shown.

# %%
pd.DataFrame({"cell": range(1, 45), "users": random.poisson(400, 44), "share": random.random(44).round(3)})

# %% [markdown]
# ## What programs print
#
# Terminal colours are kept, and an error is told with its traceback:

# %%
print("\x1b[1mBuild\x1b[0m  \x1b[32m12 passed\x1b[0m, \x1b[31m1 failed\x1b[0m, \x1b[38;5;208m2 warnings\x1b[0m")

# %% tags=["raises-exception"]
flows_per_user = 1_204 / len([])

# %% [markdown]
# ## Scripts
#
# With fonts given: Zürich, Ångström, naïve, Łódź, Ελληνικά, Кириллица.
#
# नेपालको जनगणना अनुसार बागमती प्रदेशमा धेरै मानिसहरू बसोबास गर्छन्। यो प्रतिवेदन मोबाइल तथ्याङ्कमा आधारित छ।
#
# يُظهر هذا التقرير حركة السكان بين المناطق (2016) اعتمادًا على بيانات الهاتف المحمول، ويُقرأ من اليمين إلى اليسار.
#
# - البند الأول من القائمة
# - البند الثاني، وفيه رقم 42
#
# 本报告根据手机数据描述了各地区之间的人口流动。東京の人口は増えています。서울의 인구 이동。
#
# | منطقة | 地区 | क्षेत्र | flows |
# |:------|:-----|:-------|------:|
# | الشمال | 北部 | उत्तर | 1,204 |
# | الجنوب | 南部 | दक्षिण | 873 |
