"""Programs that run one implementation each, and their conversation."""
import array
import os
import select
import signal
import subprocess
import tempfile
import time


class Failed(Exception):
    """Something cannot be built or run, or its results are wrong."""


class Missing(Failed):
    """What an implementation needs is not on this machine."""


def command(*words, **options):
    """The output of a command; Failed with what it said."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, **options)
    except OSError as error:
        raise Failed(f"{words[0]}: {error.strerror}") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Failed(f"{words[0]}: {said[-1] if said else done.returncode}")
    return done.stdout


class Worker:
    """One process, started with the start parameters; see driver.c.

    It sleeps while it is not asked, so that many can be timed in turn: one
    of several threads is stopped, for it might wait for work without sleep.
    It runs in the folder of the start parameters. One that takes longer than
    `limit` seconds to answer is killed, and missing.
    """

    def __init__(self, words, setting, start, samples, threads, limit=None):
        self.limit = limit
        self.begun = time.perf_counter()
        self.first = 0.0  # seconds from then to the first answer
        self.setting = " ".join(f"{k}={v}" for k, v in setting.items())
        self.stops = threads > 1
        count = {name: str(threads) for name in (
            "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS")}
        waits = {"OMP_WAIT_POLICY": "active"} if threads > 1 else {}
        self.said = tempfile.TemporaryFile("w+")
        self.folder, start = os.path.split(start)
        self.process = subprocess.Popen(
            [*words, start, str(samples)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.said, text=True,
            cwd=self.folder, env={**os.environ, **count, **waits, **setting})
        self.amount = 0.0
        self.detail = ""

    def ready(self):
        """Waits until it has begun. Missing says why it cannot."""
        word, amount, self.detail = (self._line().split(" ", 2) + ["", ""])[:3]
        if word != "ready":
            raise Missing(f"{amount} {self.detail}".strip() or word)
        self.amount = float(amount)
        self._stop()

    def _stop(self):
        if self.stops:
            self.process.send_signal(signal.SIGSTOP)

    def _line(self):
        said = select.select([self.process.stdout], [], [], self.limit)[0]
        line = self.process.stdout.readline().strip() if said else ""
        if not line:
            self.process.kill()
            self.process.wait()
            raise Missing(self._last() if said else
                          f"no answer in {self.limit:.0f} s")
        return line

    def _last(self):
        """The last line that it has said to people."""
        self.said.seek(0)
        said = self.said.read().strip().splitlines()
        return said[-1] if said else "ended without a word"

    def _ask(self, *words):
        if self.stops:
            self.process.send_signal(signal.SIGCONT)
        try:
            print(*words, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass
        line = self._line()
        self.first = self.first or time.perf_counter() - self.begun
        self._stop()
        return line

    def result(self, work, batch, steps):
        """The loss, and parameters or results, after some steps."""
        words = [batch, steps] if work == "train" else [batch]
        name = f"result-{self.process.pid}.bin"
        loss = float(self._ask(work, *words, name))
        values = array.array("f")
        path = os.path.join(self.folder, name)
        with open(path, "rb") as file:
            values.frombytes(file.read())
        os.remove(path)
        return loss, values

    def seconds(self, work, batch, steps):
        """The time of one call, from a block of so many."""
        return int(self._ask("time", work, batch, steps)) / steps / 1e9

    def close(self):
        if self.stops:
            self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        self.process.wait()
        self.said.close()
