"""Programs that run one implementation each, and their conversation."""
import array
import os
import subprocess


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

    It sleeps while it is not asked, so that many can be timed in turn.
    """

    def __init__(self, words, environment, start, samples):
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [*words, start, str(samples)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **threads, **environment})
        word, flop, self.detail = self._line().split(" ", 2)
        if word != "ready":
            raise Failed(self.detail)
        self.flop = float(flop)

    def _line(self):
        line = self.process.stdout.readline().strip()
        if not line:
            self.process.kill()
            said = self.process.communicate()[1].strip().splitlines()
            raise Failed(said[-1] if said else "ended without a word")
        return line

    def _ask(self, *words):
        try:
            print(*words, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass
        return self._line()

    def result(self, work, batch, steps, path):
        """The loss, and parameters or probabilities, after some steps."""
        words = [batch, steps] if work == "train" else [batch]
        loss = float(self._ask(work, *words, path))
        values = array.array("f")
        with open(path, "rb") as file:
            values.frombytes(file.read())
        return loss, values

    def seconds(self, work, batch, steps):
        """The time of one call, from a block of so many."""
        return int(self._ask("time", work, batch, steps)) / steps / 1e9

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait()
