"""The Python side of @backplane/runtime-python: see README.md beside this folder."""

PROTOCOL = 1
