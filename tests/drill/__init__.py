"""The damage drill (`make drill`): stores are damaged at random, and each damage has to be found and named.

grounds     a store with some days of exchanges, older copies of it, and what was handed out of it
kinds       what a kind of damage is, and how it has to be named
damages     the ledger's own rows
bodies      what is sealed, and the keys that open it
histories   stores that agree with themselves: older copies, histories written anew
rewriting   a history written anew with the office's own key
watching    a witness that has co-signed
door        `simojo ledger verify`
drill       one damage on one copy, and the table of many
"""
