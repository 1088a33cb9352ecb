"""The damage drill (`make drill`): stores are damaged at random, and each damage has to be found and named.

grounds     a store with some days of exchanges, and older copies of it
damages     the kinds of damage: how each is done, and how it has to be named
rewriting   a history written anew with the office's own key
drill       one damage on one copy, and the table of many
"""
