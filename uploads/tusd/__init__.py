"""tusd as second engine: our front before it keeps URLs, ids, layout, statuses and receipts the same.

tusd stores the bytes; who may send them, what clients are told, when an upload ends and what has arrived
is decided here, as for the server of our own. Next station: `uploads/tusd/front.py`.
"""
