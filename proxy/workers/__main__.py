"""`python -m proxy.workers DESCRIPTOR PARENT`: what a supervisor starts; nothing for people."""

import sys

from proxy.workers.worker import work

if __name__ == "__main__":
    sys.exit(work(int(sys.argv[1]), int(sys.argv[2])))
