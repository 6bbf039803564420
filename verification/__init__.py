"""The rules and the queue: what arrived is checked, counted, queued, decided and published here."""
