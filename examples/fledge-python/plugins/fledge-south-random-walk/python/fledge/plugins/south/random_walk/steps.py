"""One step to either side, for ever."""


def steps(chance):
    x = 0
    while True:
        x += chance.choice((-1, 1))
        yield x
