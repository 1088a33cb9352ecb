"""The page on which a browser verifies a receipt by itself: one file, with no network and nothing from elsewhere.

document   puts the page together out of `source`, with a policy that lets in its own script and style alone
routes     serves it, to be used or to be saved
"""
