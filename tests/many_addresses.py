"""For schemathesis, which loads it: each connection comes from an address of
its own, so that no wrong token takes the places of a right one."""
import itertools

import urllib3.util.connection as connection

connect = connection.create_connection
numbers = itertools.count(1)


def create_connection(address, timeout=None, source_address=None,
                      socket_options=None):
    high, low = divmod(next(numbers), 250)
    source = "127.1.%d.%d" % (high, low + 1)
    return connect(address, timeout, (source, 0), socket_options)


connection.create_connection = create_connection
