"""The past played again: the whole desk under a manual clock, or its rules alone, on the same bars.

market   bars of whole ticks, and the prices that are made of a bar
script   which days, when runs begin, what is told next: the one order of events that both engines keep
kernel   the rules alone: one strategy, one symbol, no desk
columns, brackets, loops, grid   a strategy that is figures alone: bars and levels in whole ticks, many rules at once
feed, replay, clocks   the desk: a feed, a clock that leaps, and the loop that lets everything come to rest
trades   round trips, and what they say of a strategy
"""
