"""The main figure: quality against cost, for one run or for several that agree."""
