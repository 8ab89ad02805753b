"""What is learned of a symbol: models that take a day at a time, that look at the last minutes, and a network.

day            one day as models see it
dips           how far the price falls after 10:30 (dip10, dip45); volatility: how far a day reaches
memory         what a daily model keeps, and when it begins anew
momentum       the last 45 minutes, on the spot
profitability  what eleven targets would have earned, day by day
rally          a small network on the first 45 minutes, trained weekly
"""
