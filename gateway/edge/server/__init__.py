"""The HTTP server of `simojo serve`: uvicorn with bounds of its own.

serving.py      puts it together from the settings; TLS
listening.py    accepts connections, as many as there is room for
connections.py  who has how many; pure
protocol.py     one connection: heads in time and in size, bodies in decent pieces, a decent end
"""
