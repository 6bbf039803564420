"""The tus protocol and the bytes: what a party sends is stored here, durably, before it is acknowledged."""
