"""What must be true of every Tradepost database, one statement for each rule."""

from tradepost.reports.invariants import belonging, history, telling, units

INVARIANTS = belonging.INVARIANTS + units.INVARIANTS + history.INVARIANTS + telling.INVARIANTS
