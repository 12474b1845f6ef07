"""The diversion: a program that was written for Amazon's Selling Partner API speaks to a server of ours, unmodified."""
