"""Tradepost: the order process of a marketplace, from the buyer's checkout to the seller's payout."""
