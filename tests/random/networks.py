"""Random networks: layers as users join them (network.py), those whose rows are
short (short.py), and cells of unroll1 (stepped.py). Programs of generate.py are
small and of many operations; these are of few and larger ones.

    networks.py SEED [COUNT]    prints a file of COUNT programs
"""
import sys

import generate
from network import PRELUDE, Network
from short import Short
from stepped import Stepped


def any_network(name, rng):
    kind = rng.choices([Network, Short, Stepped], [5, 3, 2])[0]
    return kind(name, rng)


def file_text(seed, total):
    """A file of `total` networks: the seeds seed, seed + 1, …"""
    return generate.file_text(seed, total, any_network, PRELUDE)


if __name__ == "__main__":
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    sys.stdout.write(file_text(first, int(sys.argv[2])
                               if len(sys.argv) > 2 else 1))
