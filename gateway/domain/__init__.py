"""The permit case of Perwali Mojokerto 18/2020: facts, rules and periods. Pure Python, standard library only."""
