"""Pages for everybody: at first, whether a permit is valid, which is where the QR code on a permit leads."""
