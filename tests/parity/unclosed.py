"""Warnings about what is not closed are this program's alone (-X dev)."""
import socket

a = open(__file__)
del a
b = socket.socket()
del b
c = socket.socketpair()
