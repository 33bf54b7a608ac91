"""Holds replay to what it promises: drift, hermetic repeats, killed runs, MiniWoB++, and what recording costs."""
