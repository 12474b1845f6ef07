"""Tradepost: the order process of a marketplace, from checkout to shipped or canceled."""
