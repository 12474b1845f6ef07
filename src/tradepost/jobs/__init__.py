"""Jobs that wait for a worker: feeds that are to be applied, reports that are to be made."""
